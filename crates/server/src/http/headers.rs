//! What every request and every answer gets: an id, a deadline, a span without secrets, security headers.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response};
use axum::middleware::Next;
use axum::response::IntoResponse;
use futures_util::future::BoxFuture;
use jeton_token::{Expiry, Timestamp};
use tracing::Span;

use super::compat;
use super::problem::{self, Problem, Wire};
use super::v1::shown::moment;
use crate::keys::{Rng, hex};
use crate::listener::Turn;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const EXPIRES_AT: HeaderName = HeaderName::from_static("x-jeton-expires-at");

/// What a browser may do with an answer. One that says nothing is data, and says nothing else to a browser.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Policy {
    /// Nothing may be loaded, framed or sent.
    #[default]
    Data,
    /// A page to read: our own style and nothing else.
    Document,
    /// A page with forms, which come here.
    Page,
}

impl Policy {
    fn content_security(self) -> &'static str {
        match self {
            Self::Data => "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            Self::Document => {
                "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
            }
            Self::Page => {
                "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
            }
        }
    }

    fn referrer(self) -> &'static str {
        match self {
            Self::Data | Self::Document => "no-referrer",
            // To say `no-referrer` would make browsers withhold the origin of its forms from us too.
            Self::Page => "same-origin",
        }
    }
}

/// Names the request, in the answer's header, in a problem's body and in the log.
#[derive(Clone)]
pub(crate) struct RequestId(String);

/// When the credential of a request ends, for whoever presented it.
#[derive(Clone, Default)]
pub(super) struct CredentialEnd(Arc<OnceLock<Timestamp>>);

impl CredentialEnd {
    /// Says so; a credential without an end says nothing.
    pub(super) fn say(&self, end: Expiry) {
        if let Some(at) = end.at() {
            let _ = self.0.set(at);
        }
    }
}

/// Tells whoever calls with a credential when that ends, so that nobody is surprised.
pub(super) async fn credential_end(mut request: Request, next: Next) -> Response<Body> {
    let end = CredentialEnd::default();
    request.extensions_mut().insert(end.clone());
    let mut response = next.run(request).await;
    let at = end.0.get().map(|at| moment(*at).to_string());
    if let Some(value) = at.and_then(|at| HeaderValue::from_str(&at).ok()) {
        response.headers_mut().insert(EXPIRES_AT, value);
    }
    response
}

/// Gives the request an id of our own: one from outside could be anything.
pub(super) async fn request_id(State(rng): State<Rng>, mut request: Request, next: Next) -> Response<Body> {
    let id = new_id(&rng);
    let wire = compat::wire(request.uri().path());
    request.extensions_mut().insert(id.clone());
    named(next.run(request).await, wire, &id)
}

/// A new id: random enough to tell requests apart; nothing relies on it.
pub(super) fn new_id(rng: &Rng) -> RequestId {
    RequestId(hex(&rng.bytes::<8>()))
}

/// The answer in the form of its wire, with the id of its request.
pub(super) fn named(response: Response<Body>, wire: Wire, id: &RequestId) -> Response<Body> {
    let mut response = problem::finish(response, wire, &id.0);
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
    secure(&mut response);
    response
}

/// What a browser is told about an answer.
pub(super) fn secure(response: &mut Response<Body>) {
    let policy = response.extensions().get::<Policy>().copied().unwrap_or_default();
    let fields = [
        (CONTENT_SECURITY_POLICY, policy.content_security()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, policy.referrer()),
    ];
    for (name, value) in fields {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// Answers 503 when an operation takes longer; the change it may have begun is atomic all the same. A request that has
/// not come by then is its client's.
pub(super) fn deadline(
    limit: Duration,
) -> impl Fn(Request, Next) -> BoxFuture<'static, Response<Body>> + Clone + Send + Sync + 'static {
    move |request, next| {
        let turn = request.extensions().get::<Arc<Turn>>().cloned();
        Box::pin(async move {
            let mut running = pin!(next.run(request));
            let answer = tokio::time::timeout(limit, &mut running).await;
            // Asked before the request is dropped, which ends its wait for the client.
            let is_clients = turn.is_some_and(|turn| turn.awaits_client());
            answer.unwrap_or_else(|_| {
                if is_clients { Problem::TooSlow.into_response() } else { Problem::Deadline.into_response() }
            })
        })
    }
}

/// Refuses a body by its declared length, before anything of it is read.
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
            Problem::TooLarge.into_response()
        })
    }
}
