//! Which lane a request waits in, and for which origin it counts: that of the client, as a trusted proxy
//! names it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, Response};
use axum::middleware::Next;

use super::caller::{client, peer};
use super::page::cookie;
use super::{Doors, forward_auth};
use crate::authority::Origin;
use crate::listener::{Lane, Lanes, Turn};

/// What the layer knows.
#[derive(Clone)]
pub(super) struct Gate {
    doors: Doors,
    lanes: Arc<Lanes>,
}

impl Gate {
    pub(super) fn new(doors: &Doors) -> Self {
        Self { doors: Arc::clone(doors), lanes: Lanes::new() }
    }

    /// Proxies that do not say for whom they call have a part of their own.
    fn origin(&self, request: &Request) -> Origin {
        let trusted = &self.doors.trusted_proxies;
        let client = client(request.headers(), request.extensions(), trusted);
        client.or_else(|| peer(request.extensions())).into()
    }
}

/// Lets a request in when it is its client's turn. It waits within the request's deadline.
pub(super) async fn layer(State(gate): State<Gate>, request: Request, next: Next) -> Response<Body> {
    let turn = request.extensions().get::<Arc<Turn>>().cloned();
    if let Some((turn, lane)) = turn.zip(lane(&request)) {
        turn.enter(gate.lanes.queue(gate.origin(&request), lane)).await;
    }
    next.run(request).await
}

/// The lane; none for what takes no work, and for what waits by design.
fn lane(request: &Request) -> Option<Lane> {
    let path = request.uri().path();
    if matches!(path, "/healthz" | "/api/v1/verify/watch") {
        return None;
    }
    let asks = forward_auth::is_here(path) || matches!(path, "/oauth2/introspect" | "/api/v1/verify");
    let headers = request.headers();
    let shows_credential = headers.contains_key(AUTHORIZATION) || cookie::has_session(headers);
    let only_looks = matches!(*request.method(), Method::GET | Method::HEAD);
    Some(match (asks, shows_credential) {
        (true, true) => Lane::Question,
        // A client without a token, whose gateway asks all the same.
        (true, false) if forward_auth::is_here(path) => Lane::Question,
        (false, true) => Lane::Caller,
        _ if only_looks => Lane::Page,
        _ => Lane::Stranger,
    })
}
