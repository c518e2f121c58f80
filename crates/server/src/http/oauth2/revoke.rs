//! Token revocation (RFC 7009). Possession suffices, and the answer does not tell what the text was.

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use axum::response::IntoResponse as _;

use super::super::Doors;
use super::super::problem::{self, Problem};
use super::Form;

/// `POST /oauth2/revoke`.
pub(crate) async fn revoke(State(doors): State<Doors>, form: Form) -> Response<Body> {
    let Some(token) = form.get("token") else {
        return problem::oauth_error("invalid_request", "the parameter `token` is missing");
    };
    match doors.authority.revoke_presented(token).await {
        Ok(()) => problem::no_store(""),
        Err(error) => Problem::from(error).into_response(),
    }
}
