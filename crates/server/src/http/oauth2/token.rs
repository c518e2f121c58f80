//! The token endpoint (RFC 6749, section 3.2). Each grant carries its own proof, so nobody authenticates here otherwise.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use axum::response::IntoResponse as _;
use jeton_api::Granted;

use super::super::Doors;
use super::super::problem::{self, Problem};
use super::super::v1::shown;
use super::{Form, exchange, session_grant};
use crate::authority::{GrantError, IssuedToken};

const AUTHORIZATION_CODE: &str = "authorization_code";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The grants that this server takes, as its metadata lists them.
pub(super) const GRANTS: [&str; 3] = [AUTHORIZATION_CODE, DEVICE_CODE, TOKEN_EXCHANGE];

/// Parameters that would make the token another one than is issued here. To ignore them would be to give more than
/// was asked for.
const NOT_HONOURED: [(&str, &str); 4] = [
    ("audience", "`audience` is not taken: say with `scope` what the token shall be able to do"),
    ("resource", "`resource` is not taken: say with `scope` what the token shall be able to do"),
    ("actor_token", "`actor_token` is not taken: nobody acts for a service account"),
    ("actor_token_type", "`actor_token_type` is not taken: nobody acts for a service account"),
];

/// `POST /oauth2/token`.
pub(crate) async fn token(State(doors): State<Doors>, form: Form) -> Response<Body> {
    for (name, why) in NOT_HONOURED {
        if form.get(name).is_some() {
            return problem::oauth_error("invalid_request", why);
        }
    }
    let granted = match form.get("grant_type") {
        None => return problem::oauth_error("invalid_request", "the parameter `grant_type` is missing"),
        Some(AUTHORIZATION_CODE) => session_grant::of_code(&doors, &form).await,
        Some(DEVICE_CODE) => session_grant::of_device(&doors, &form).await,
        Some(TOKEN_EXCHANGE) => exchange::exchange(&doors, &form).await,
        Some(_) => {
            return problem::oauth_error("unsupported_grant_type", "this server does not take such a grant");
        }
    };
    granted.unwrap_or_else(refused)
}

/// The answer to a grant that was honoured.
pub(super) fn granted(issued: &IssuedToken, issued_token_type: Option<&str>) -> Response<Body> {
    let token = &issued.token;
    let patterns: Vec<_> = token.patterns.patterns().iter().map(ToString::to_string).collect();
    let lives_ms = |end: jeton_token::Timestamp| end.0 - token.secret_issued_at.0;
    problem::no_store(Json(Granted {
        access_token: shown::secret(issued),
        issued_token_type: issued_token_type.map(ToOwned::to_owned),
        token_type: "Bearer".to_owned(),
        expires_in: token.expiry.at().map(|end| lives_ms(end) / 1000),
        scope: patterns.join(" "),
        job: token.job.map(|origin| origin.job.to_string()),
    }))
}

fn refused(error: GrantError) -> Response<Body> {
    match error {
        GrantError::Grant(description) => problem::oauth_error("invalid_grant", &description),
        GrantError::Scope(description) => problem::oauth_error("invalid_scope", &description),
        GrantError::Request(description) => problem::oauth_error("invalid_request", description),
        GrantError::Client => problem::oauth_error("invalid_client", "the one client here is `jeton-cli`"),
        GrantError::Pending => problem::oauth_error("authorization_pending", "nobody has said yes or no"),
        GrantError::SlowDown => problem::oauth_error("slow_down", "ask five seconds less often from now on"),
        GrantError::Denied => problem::oauth_error("access_denied", "it was refused"),
        GrantError::Expired => problem::oauth_error("expired_token", "nobody said yes in time; begin again"),
        GrantError::Operation(error) => Problem::from(error).into_response(),
    }
}
