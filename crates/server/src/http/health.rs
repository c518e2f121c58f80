//! Whether the server is alive, and whether it can do its work.

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use axum::response::IntoResponse;

use super::Doors;
use super::problem::{self, Problem};
use crate::authority::Error;

/// Alive: the process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// Ready: the store answers too, and the clock is not one that was put back.
pub(super) async fn ready(State(doors): State<Doors>) -> Response<Body> {
    let authority = &doors.authority;
    match authority.seconds_behind() {
        _ if !authority.answers().await => Problem::Operation(Error::Unavailable).into_response(),
        Some(seconds) => Problem::ClockBehind { seconds }.into_response(),
        None => problem::no_store("ready\n"),
    }
}
