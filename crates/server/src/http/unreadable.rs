//! What is answered to bytes that are no request: in the form of the address, as far as it can be made out.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::response::IntoResponse as _;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;

use super::problem::{self, Problem};
use super::{compat, headers};
use crate::keys::Rng;
use crate::listener::{Unread, Unreadable};

/// Renders such answers, for the listener.
pub(crate) fn unreadable(rng: Rng) -> Unreadable {
    Arc::new(move |unread| answer(&rng, &unread))
}

fn answer(rng: &Rng, unread: &Unread<'_>) -> Vec<u8> {
    let path = path(unread.start);
    let problem = match unread.status {
        problem::ADDRESS_TOO_LONG => Problem::AddressTooLong,
        problem::HEAD_TOO_LARGE if path.len() >= SEEN_ADDRESS_BYTES => Problem::AddressTooLong,
        problem::HEAD_TOO_LARGE => Problem::HeadTooLarge,
        _ => Problem::Malformed("the request is not HTTP/1.1, or one of its header fields is not".to_owned()),
    };
    let mut response = problem.into_response();
    headers::secure(&mut response);
    let response = headers::named(response, compat::wire(path), &headers::new_id(rng));
    let (parts, body) = response.into_parts();
    let body = body.collect().now_or_never().and_then(Result::ok).map(http_body_util::Collected::to_bytes);
    let body = body.unwrap_or_default();
    let (status, length, date) = (parts.status, body.len(), unread.date);
    let mut head = format!("HTTP/1.1 {status}\r\n{date}connection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in &parts.headers {
        // Writing into a text does not fail.
        let _ = write!(head, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    [head.as_bytes(), b"\r\n", &body].concat()
}

/// The path that the bytes name, if they begin like a request.
fn path(seen: &[u8]) -> &str {
    let line = seen.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
    let target = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    std::str::from_utf8(path).ok().filter(|path| path.starts_with('/')).unwrap_or_default()
}

/// An address of which the beginning alone is so long is what is too large.
const SEEN_ADDRESS_BYTES: usize = 256;
