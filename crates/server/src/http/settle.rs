//! Nobody is told that something is done before every verifier knows of it: one layer around all that changes anything.
//!
//! It does not ask whether this call changed something. A call that is answered once more, or that finds its work done,
//! rests on what another call changed, which may not be known everywhere yet.
//!
//! A layer, and not a part of each write: an operation that writes many times waits once, and nobody who waits has a
//! turn or a connection to the database.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::middleware::Next;

use super::{ANY, RouteEntry};
use crate::store::Store;

impl RouteEntry {
    /// Whether whoever calls may be told that something is done. Questions about tokens are answered at once, and so is
    /// what only shows something.
    pub(super) fn may_change(&self) -> bool {
        match self.method {
            // A provider sends people back with GET.
            "GET" => self.path.ends_with("/callback"),
            "OPTIONS" | ANY => false,
            _ => self.action != "an API's own credential",
        }
    }
}

/// What says that something else stood in the way.
const CONFLICT: u16 = 409;

/// Does a call, and answers it when what was done so far is known everywhere.
pub(super) async fn layer(State(store): State<Store>, request: Request, next: Next) -> Response<Body> {
    let response = next.run(request).await;
    // A conflict may come after a part of the work was done.
    if !response.status().is_client_error() || response.status().as_u16() == CONFLICT {
        store.settled().await;
    }
    response
}
