//! `/assets/page.css`: how all pages look.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};

use super::super::Doors;
use super::super::fixed::Fixed;

const STYLE: &str = include_str!("../../../assets/page.css");

/// The style sheet.
pub(crate) async fn show(State(doors): State<Doors>, asked: HeaderMap) -> Response<Body> {
    doors.fixed.page_style.get_or_init(|| Fixed::style(STYLE)).answer(&asked)
}
