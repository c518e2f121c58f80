//! The token endpoint (RFC 6749, section 3.2). Each grant carries its own proof, so nobody authenticates here otherwise.

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;

use super::super::Doors;
use super::super::problem;
use super::Form;

/// The grants that this server takes, as its metadata lists them.
pub(super) const GRANTS: [&str; 0] = [];

/// `POST /oauth2/token`.
pub(crate) async fn token(State(_doors): State<Doors>, form: Form) -> Response<Body> {
    match form.get("grant_type") {
        None => problem::oauth_error("invalid_request", "the parameter `grant_type` is missing"),
        Some(_) => problem::oauth_error("unsupported_grant_type", "this server does not take such a grant"),
    }
}
