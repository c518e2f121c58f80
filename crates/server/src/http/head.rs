//! What the head of a request can say that no address takes: too much, a method for debugging, an encoded body.
//!
//! A gateway's question is the exception. It hands on what its client wrote, so it is judged whatever its size.

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue, Method, Response};
use axum::middleware::Next;
use axum::response::IntoResponse as _;

use super::forward_auth;
use super::problem::{self, Problem};
use crate::limits::{HEAD_BYTES_MAX, HEADERS_MAX};

/// Refuses such a request before anything is done for it.
pub(super) async fn layer(request: Request, next: Next) -> Response<Body> {
    let is_gateways = forward_auth::is_here(request.uri().path());
    if request.method() == Method::TRACE && is_gateways {
        return not_traced();
    }
    if is_gateways {
        return next.run(request).await;
    }
    match refusal(&request) {
        Some(problem) => problem.into_response(),
        None if request.method() == Method::TRACE => trace(next.run(request).await),
        None => next.run(request).await,
    }
}

fn refusal(request: &Request) -> Option<Problem> {
    if let Some(problem) = too_large(request) {
        return Some(problem);
    }
    let has_body = !request.body().is_end_stream();
    has_body.then(|| encoding(request.headers())).flatten().map(Problem::Encoded)
}

/// Whether the head is too large, and which part of it most of all.
fn too_large(request: &Request) -> Option<Problem> {
    let uri = request.uri();
    let address = uri.path().len() + uri.query().map_or(0, str::len);
    let fields = request.headers();
    let all: usize = fields.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES).sum();
    if address + all <= HEAD_BYTES_MAX && fields.len() <= HEADERS_MAX {
        return None;
    }
    Some(if address > HEAD_BYTES_MAX / 2 { Problem::AddressTooLong } else { Problem::HeadTooLarge })
}

/// How the body is encoded, if not as it is.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let mut said = headers.get_all(CONTENT_ENCODING).iter();
    said.find_map(|said| {
        let said = said.to_str().unwrap_or("?").trim();
        let is_as_it_is = said.is_empty() || said.eq_ignore_ascii_case("identity");
        (!is_as_it_is).then(|| said.chars().filter(char::is_ascii_graphic).take(NAMED_CHARS).collect())
    })
}

/// Nobody is shown what a proxy added to a request; not at an unknown address either, which allows no method.
fn trace(answer: Response<Body>) -> Response<Body> {
    if problem::is_of_method(&answer) { answer } else { not_allowed("") }
}

/// A gateway may ask with any method but this one.
fn not_traced() -> Response<Body> {
    not_allowed("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
}

fn not_allowed(allowed: &'static str) -> Response<Body> {
    let mut response = Problem::Method.into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// What a field takes besides its name and value: `: ` and the end of the line.
const FIELD_BYTES: usize = 4;
/// How much of a name that nobody knows is repeated.
const NAMED_CHARS: usize = 64;
