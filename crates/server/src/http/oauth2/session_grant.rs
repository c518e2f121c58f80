//! Grants at the token endpoint that end in a session: a code from the authorization page, or a device code.

use axum::Json;
use axum::body::Body;
use axum::http::Response;
use axum::response::IntoResponse as _;
use serde_json::json;

use super::super::Doors;
use super::super::page::authorize::CLIENT;
use super::super::problem::{self, Problem};
use super::Form;
use crate::authority::{GrantError, IssuedToken};

/// `grant_type=authorization_code`
pub(super) async fn of_code(doors: &Doors, form: &Form) -> Response<Body> {
    if form.get("client_id") != Some(CLIENT) {
        return problem::oauth_error("invalid_client", "the one client here is `jeton-cli`");
    }
    let (Some(code), Some(uri), Some(verifier)) =
        (form.get("code"), form.get("redirect_uri"), form.get("code_verifier"))
    else {
        let missing = "`code`, `redirect_uri` and `code_verifier` go together";
        return problem::oauth_error("invalid_request", missing);
    };
    answer(doors, doors.authority.redeem_code(code, uri, verifier).await)
}

/// `grant_type=urn:ietf:params:oauth:grant-type:device_code`
pub(super) async fn of_device(doors: &Doors, form: &Form) -> Response<Body> {
    if form.get("client_id") != Some(CLIENT) {
        return problem::oauth_error("invalid_client", "the one client here is `jeton-cli`");
    }
    let Some(code) = form.get("device_code") else {
        return problem::oauth_error("invalid_request", "the parameter `device_code` is missing");
    };
    answer(doors, doors.authority.redeem_device(code).await)
}

/// A session as OAuth 2.0 answers a token (RFC 6749, section 5.1).
fn answer(doors: &Doors, issued: Result<IssuedToken, GrantError>) -> Response<Body> {
    let (error, description) = match issued {
        Ok(issued) => return session(doors, &issued),
        Err(GrantError::Failed(error)) => return Problem::from(error).into_response(),
        Err(GrantError::Invalid) => {
            ("invalid_grant", "the code is unknown, used, over, or not for this request")
        }
        Err(GrantError::Pending) => ("authorization_pending", "nobody has said yes or no"),
        Err(GrantError::SlowDown) => ("slow_down", "ask five seconds less often from now on"),
        Err(GrantError::Denied) => ("access_denied", "it was refused"),
        Err(GrantError::Expired) => ("expired_token", "nobody said yes in time; begin again"),
    };
    problem::oauth_error(error, description)
}

fn session(doors: &Doors, issued: &IssuedToken) -> Response<Body> {
    let end = issued.token.expiry.at().unwrap_or(jeton_token::Timestamp(0));
    let seconds = end.0.saturating_sub(doors.authority.now().0).max(0) / 1000;
    problem::no_store(Json(json!({
        "access_token": issued.secret.expose(),
        "token_type": "Bearer",
        "expires_in": seconds,
    })))
}
