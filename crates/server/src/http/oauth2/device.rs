//! `POST /oauth2/device_authorization` (RFC 8628): a command line without a browser asks for a code to show.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use axum::response::IntoResponse as _;
use serde_json::json;

use super::super::Doors;
use super::super::caller::Client;
use super::super::page::authorize::CLIENT;
use super::super::problem::{self, Problem};
use super::{Form, NO_RESOURCE, NO_SCOPE};
use crate::limits::{DEVICE_INTERVAL_MS, DEVICE_MS};

/// Begins a sign-in.
pub(crate) async fn start(State(doors): State<Doors>, Client(client): Client, form: Form) -> Response<Body> {
    if form.get("client_id") != Some(CLIENT) {
        return problem::oauth_error("invalid_client", "the one client here is `jeton-cli`");
    }
    if form.get("scope").is_some() {
        return problem::oauth_error("invalid_scope", NO_SCOPE);
    }
    if form.get("resource").is_some() {
        return problem::oauth_error("invalid_target", NO_RESOURCE);
    }
    let started = match doors.authority.start_device(client) {
        Ok(started) => started,
        Err(error) => return Problem::from(error).into_response(),
    };
    let (page, user_code) = (format!("{}/device", doors.public_url), started.user_code.shown());
    problem::no_store(Json(json!({
        "device_code": started.device_code.as_str(),
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": DEVICE_MS / 1000,
        "interval": DEVICE_INTERVAL_MS / 1000,
    })))
}
