//! `/assets/page.css`: how all pages look.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

const STYLE: &str = include_str!("../../../assets/page.css");

/// The style sheet.
pub(crate) async fn show() -> impl IntoResponse {
    let fields = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")];
    (fields, STYLE)
}
