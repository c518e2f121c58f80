//! `POST /oauth2/token`: one thing that proves something in, a token out.

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;

use super::super::Doors;
use super::super::problem;
use super::{Form, session_grant};

/// The kind of proof decides.
pub(crate) async fn grant(State(doors): State<Doors>, form: Form) -> Response<Body> {
    match form.get("grant_type") {
        Some("authorization_code") => session_grant::of_code(&doors, &form).await,
        Some("urn:ietf:params:oauth:grant-type:device_code") => session_grant::of_device(&doors, &form).await,
        Some(_) => problem::oauth_error("unsupported_grant_type", "this server does not know that grant"),
        None => problem::oauth_error("invalid_request", "the parameter `grant_type` is missing"),
    }
}
