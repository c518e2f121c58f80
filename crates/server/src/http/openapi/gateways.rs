//! For proxies that ask before they let a request through.

use jeton_api::Code::{
    AmbiguousPath, BodyTooLarge, InsufficientScope, InvalidToken, NoRoute, NotHonouredHere, TwoCredentials,
};

use super::operation::{Group, any};

/// `/forward-auth`.
pub(super) fn gateways() -> Group {
    let about = "Any method is taken alike. `X-Forwarded-Method` and `X-Forwarded-Uri`, once each, say what the client \
                 wants, and `Authorization` is the client's. The routes of the API say what that needs. Only trusted \
                 proxies are answered, and whoever shows the API's credential in `X-Jeton-Gateway-Authorization`.";
    let answer = "Let it through. Who it is stands in `X-Jeton-Subject`, `-Subject-Type`, `-Token-Id`, `-Token-Kind`, \
                  `-Scopes`, `-Organization`, `-Project`, `-Job` and `-Expires-At`: all of them always, empty where \
                  there is nothing to say. `X-Jeton-Would` is empty, too, unless the API is only to report and the \
                  request is to be refused: then it says `refuse` and why, and all others are empty.";
    let operations = vec![
        any("/forward-auth/{api}", "Ask whether a request may pass")
            .about(about)
            .accepts(answer)
            .unauthenticated(&[InvalidToken, TwoCredentials])
            .denied(&[InsufficientScope, NotHonouredHere, NoRoute, AmbiguousPath, BodyTooLarge]),
    ];
    Group { name: "Gateways", about: "For proxies in front of an API.", operations }
}
