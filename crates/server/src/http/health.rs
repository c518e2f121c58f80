//! Whether the server is alive, and whether it can do its work.

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;

use super::{Doors, problem};

/// Alive: the process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// Ready: the store answers too.
pub(super) async fn ready(State(doors): State<Doors>) -> Response<Body> {
    if doors.authority.is_ready().await { problem::no_store("ready\n") } else { problem::not_ready() }
}
