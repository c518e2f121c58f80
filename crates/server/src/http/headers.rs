//! What every request and every answer gets: an id, a deadline, a span without secrets, security headers.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, Response};
use axum::middleware::Next;
use axum::response::IntoResponse;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use jeton_api::Code;
use tracing::Span;

use super::problem::Problem;
use crate::authority::Error;
use crate::keys::{Rng, hex};
use crate::limits::DISCARDED_BYTES_MAX;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a browser may do with an answer. One that says nothing is data, and says nothing else to a browser.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Policy {
    /// Nothing may be loaded, framed or sent.
    #[default]
    Data,
    /// A page to read: our own style and nothing else.
    Document,
}

impl Policy {
    fn content_security(self) -> &'static str {
        match self {
            Self::Data => "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            Self::Document => {
                "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
            }
        }
    }
}

/// Names the request, in the answer's header, in a problem's body and in the log.
#[derive(Clone)]
pub(crate) struct RequestId(String);

/// Gives the request an id of our own: one from outside could be anything.
pub(super) async fn request_id(State(rng): State<Rng>, mut request: Request, next: Next) -> Response<Body> {
    // Random enough to tell requests apart; nothing relies on it.
    let id = RequestId(hex(&rng.bytes::<8>()));
    request.extensions_mut().insert(id.clone());
    let response = next.run(request).await;
    let mut response = if is_problem(&response) { with_id_in_body(response, &id).await } else { response };
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The method, path and id of a request. Never its query or header fields: a secret may be among them.
pub(super) fn span(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>().map_or("", |id| id.0.as_str());
    tracing::info_span!("request", %id, method = %request.method(), path = loggable(request.uri().path()))
}

/// The path without segments that are longer than any name or id: they may be a token that was put there.
fn loggable(path: &str) -> String {
    const SEGMENT_BYTES_MAX: usize = 64;
    let segments =
        path.split('/').map(|segment| if segment.len() > SEGMENT_BYTES_MAX { "…" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// On every answer, errors and unknown addresses too.
pub(super) async fn security(request: Request, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    let policy = response.extensions().get::<Policy>().copied().unwrap_or_default();
    let fields = [
        (CONTENT_SECURITY_POLICY, policy.content_security()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fields {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Answers 503 when an operation takes longer; the change it may have begun is atomic all the same.
pub(super) fn deadline(
    limit: Duration,
) -> impl Fn(Request, Next) -> BoxFuture<'static, Response<Body>> + Clone + Send + Sync + 'static {
    move |request, next| {
        Box::pin(async move {
            let answer = tokio::time::timeout(limit, next.run(request)).await;
            answer.unwrap_or_else(|_| Problem::Deadline.into_response())
        })
    }
}

/// Refuses a body by its declared length. One that is not much too large is read and thrown away first, because a
/// client that is still sending when the connection closes does not get to see the answer.
pub(super) fn length(
    limit: usize,
) -> impl Fn(Request, Next) -> BoxFuture<'static, Response<Body>> + Clone + Send + Sync + 'static {
    move |request, next| {
        let declared = request.headers().get(CONTENT_LENGTH);
        let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok()).unwrap_or(0);
        Box::pin(async move {
            if declared <= limit {
                return next.run(request).await;
            }
            let mut body = request.into_body();
            while declared <= DISCARDED_BYTES_MAX && matches!(body.frame().await, Some(Ok(_))) {}
            Problem::TooLarge.into_response()
        })
    }
}

/// Refuses what this server cannot honour yet, rather than ignore it: a client that sends a key relies on it.
pub(super) async fn no_idempotency_key(request: Request, next: Next) -> Response<Body> {
    let mutates = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if mutates && request.headers().contains_key("idempotency-key") {
        let detail = "this server does not keep idempotency keys yet; send the request without one";
        let error = Error::invalid("Idempotency-Key", Code::IdempotencyKeyUnsupported, detail);
        return Problem::from(error).into_response();
    }
    next.run(request).await
}

fn is_problem(response: &Response<Body>) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json")
}

/// Our own problem bodies are small, so reading one again is cheap.
async fn with_id_in_body(response: Response<Body>, id: &RequestId) -> Response<Body> {
    const PROBLEM_BYTES_MAX: usize = 256 * 1024;
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, PROBLEM_BYTES_MAX).await else {
        return Problem::Internal.into_response();
    };
    let Ok(mut problem) = serde_json::from_slice::<jeton_api::Problem>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    problem.request_id.clone_from(&id.0);
    parts.headers.remove(CONTENT_LENGTH);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    Response::from_parts(parts, Body::from(body))
}
