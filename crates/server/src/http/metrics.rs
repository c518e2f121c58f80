//! `/metrics`, and the layer that counts requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Response};
use axum::middleware::Next;
use axum::response::IntoResponse;

use super::{ANY, Doors, compat, problem, routes};
use crate::clock::Stopwatch;
use crate::limits::STORE_PROBE_SECONDS_MAX;
use crate::metrics::{Metrics, Told};

/// `GET /metrics`. It is answered whether or not the store is there.
pub(super) async fn show(State(doors): State<Doors>) -> Response<Body> {
    let limit = Duration::from_secs(STORE_PROBE_SECONDS_MAX);
    let is_up = tokio::time::timeout(limit, doors.authority.answers()).await.unwrap_or(false);
    let told = async {
        let expiring = Box::pin(doors.authority.expiring()).await.ok();
        let reporting = Box::pin(doors.authority.reporting()).await.ok();
        Told { expiring, reporting, ..Told::default() }
    };
    let told = async { if is_up { told.await } else { Told::default() } };
    let told = tokio::time::timeout(limit, told).await.unwrap_or_default();
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let verifiers = doors.authority.store.feed().verifiers();
    let told = Told { verifiers, clock_behind_ms: doors.authority.clock.behind_ms(), ..told };
    problem::no_store((kind, doors.authority.store.metrics().text(is_up, told)))
}

/// What the layer knows: where to count, and the words that may be labels.
#[derive(Clone)]
pub(super) struct Meter {
    metrics: Arc<Metrics>,
    /// By every spelling of a path: the path as the route table has it, and its methods.
    routes: Arc<BTreeMap<String, (&'static str, Vec<&'static str>)>>,
}

impl Meter {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        let mut known: BTreeMap<_, (_, Vec<_>)> = BTreeMap::new();
        for route in routes() {
            for spelling in compat::spellings(route.path) {
                known.entry(spelling).or_insert((route.path, vec![])).1.push(route.method);
            }
        }
        Self { metrics, routes: Arc::new(known) }
    }

    /// Method and path as the route table has them: what is asked for otherwise is one of `other`.
    fn labels(&self, request: &Request) -> (&'static str, &'static str) {
        // What answers GET answers HEAD.
        let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
        let matched = request.extensions().get::<MatchedPath>();
        let Some((path, methods)) = matched.and_then(|path| self.routes.get(path.as_str())) else {
            return ("other", "other");
        };
        let is_it = |known: &&&str| **known == method || **known == ANY;
        (methods.iter().find(is_it).unwrap_or(&"other"), path)
    }
}

/// Counts what passes.
pub(super) async fn count(State(meter): State<Meter>, request: Request, next: Next) -> Response<Body> {
    let (method, route) = meter.labels(&request);
    let stopwatch = Stopwatch::start();
    let response = next.run(request).await.into_response();
    meter.metrics.count_request(method, route, response.status().as_u16(), stopwatch.elapsed());
    response
}
