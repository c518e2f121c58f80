//! The far end of the wire: the authority's `POST /api/v1/verify`, as far as the task API can tell.

use std::collections::BTreeSet;
use std::net::TcpListener as BlockingListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use axum::{Json, Router};
use jeton_verify::{Client, Secret, Url};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::tokens::{credential, personal};

/// It knows one token, [`personal`], and one API, whose credential is [`credential`].
pub(crate) struct Authority {
    pub(crate) base: String,
    desk: Desk,
}

#[derive(Clone)]
struct Desk {
    granted: Arc<BTreeSet<String>>,
    questions: Arc<Mutex<Vec<Value>>>,
}

impl Authority {
    /// One where the token has these scopes.
    pub(crate) async fn that_grants<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Self {
        let granted: BTreeSet<_> = scopes.into_iter().map(str::to_owned).collect();
        let desk = Desk { granted: Arc::new(granted), questions: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/api/v1/verify", post(verify)).with_state(desk.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { base, desk }
    }

    pub(crate) fn client(&self) -> Client {
        client_of(&self.base)
    }

    /// What was asked since the last look.
    pub(crate) fn questions(&self) -> Vec<Value> {
        std::mem::take(&mut *self.desk.questions.lock().unwrap())
    }
}

/// A client that is patient enough for a busy machine.
pub(crate) fn client_of(base: &str) -> Client {
    let base = Url::parse(base).unwrap();
    Client::builder(base, Secret::new(credential().text)).timeout(Duration::from_secs(20)).build().unwrap()
}

/// An address where nobody answers.
pub(crate) fn nobody() -> String {
    let listener = BlockingListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn verify(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Json(question): Json<Value>,
) -> (StatusCode, Json<Value>) {
    if headers[header::AUTHORIZATION] != format!("Bearer {}", credential().text) {
        return (StatusCode::UNAUTHORIZED, Json(json!({})));
    }
    let answer = desk.answer(&question);
    desk.questions.lock().unwrap().push(question);
    (StatusCode::OK, Json(answer))
}

impl Desk {
    fn answer(&self, question: &Value) -> Value {
        let scope = question["scope"].as_str().unwrap();
        if question["token"] != personal().text {
            json!({"allowed": false})
        } else if !self.granted.contains(scope) {
            json!({"allowed": false, "reason": "missing_scope", "missing_scope": scope})
        } else {
            json!({
                "allowed": true,
                "token": record(),
                "subject": {"type": "user", "id": "0322SbK0OGq5g2jkoFDl1U", "name": "alice"},
                "scopes": &*self.granted,
            })
        }
    }
}

/// The token's record.
fn record() -> Value {
    json!({
        "id": personal().id, "number": 7, "kind": "personal", "name": "nightly", "description": null,
        "owner": {"type": "user", "name": "alice"}, "created_by": null, "parent_id": null,
        "scopes": ["Taskurai.*"], "projects": [], "networks": [],
        "created_at": "2026-01-02T03:04:05Z", "secret_issued_at": "2026-01-02T03:04:05Z",
        "expires_at": "2031-02-03T04:05:06Z", "last_used_at": null, "last_used_from": null,
        "state": "active", "revoked_at": null, "revoked_by": null, "hint": "jtn_pat_…",
    })
}
