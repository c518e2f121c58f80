//! The far end of the wire: a server that answers every question with one prepared reply and remembers the questions.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, future, stream};
use jeton_verify::{Client, Unavailable};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::tokens::{client_of, personal};

#[derive(Clone)]
pub(crate) enum Reply {
    Json(u16, Value),
    Text(u16, String),
    Redirect,
    /// Nothing, for longer than any test waits.
    Silence,
    /// A good head, half a body, and then nothing.
    HalfAndSilence,
}

pub(crate) struct Question {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) peer: SocketAddr,
}

pub(crate) struct Authority {
    pub(crate) base: String,
    desk: Desk,
}

#[derive(Clone)]
struct Desk {
    reply: Arc<Mutex<Reply>>,
    /// What it says to whoever asks what has changed.
    news: Arc<Mutex<Reply>>,
    questions: Arc<Mutex<Vec<Question>>>,
}

impl Authority {
    pub(crate) async fn that_says(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let none = Reply::Text(404, String::new());
        let (reply, news) = (Arc::new(Mutex::new(reply)), Arc::new(Mutex::new(none)));
        let desk = Desk { reply, news, questions: Arc::default() };
        let app = Router::new().fallback(answer).with_state(desk.clone());
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async { axum::serve(listener, service).await });
        Self { base, desk }
    }

    pub(crate) async fn that_allows() -> Self {
        Self::that_says(Reply::Json(200, allowed())).await
    }

    pub(crate) async fn that_denies(reason: &str) -> Self {
        Self::that_says(Reply::Json(200, json!({ "allowed": false, "reason": reason }))).await
    }

    pub(crate) fn now_says(&self, reply: Reply) {
        *self.desk.reply.lock().unwrap() = reply;
    }

    /// To a watch it says this.
    pub(crate) fn tells(&self, reply: Reply) {
        *self.desk.news.lock().unwrap() = reply;
    }

    /// A client that is patient enough for a busy machine.
    pub(crate) fn client(&self) -> Client {
        client_of(&self.base).timeout(Duration::from_secs(20)).build().unwrap()
    }

    /// A client that soon gives up.
    pub(crate) fn impatient_client(&self) -> Client {
        client_of(&self.base).timeout(Duration::from_millis(300)).build().unwrap()
    }

    pub(crate) fn questions(&self) -> Vec<Question> {
        std::mem::take(&mut *self.desk.questions.lock().unwrap())
    }
}

/// What the real one answers about [`personal`], shortened.
pub(crate) fn allowed() -> Value {
    json!({
        "allowed": true,
        "token": record(&personal().id.to_string(), "personal"),
        "subject": { "type": "user", "id": "0322SbK0OGq5g2jkoFDl1U", "name": "alice" },
        "scopes": [
            "Taskurai.Task.Create", "Taskurai.Task.Logs.Read", "Taskurai.Task.Probe", "Taskurai.Task.Read"
        ],
        "expires_at": "2031-02-03T04:05:06Z",
        "a_field_of_tomorrow": 1,
    })
}

/// A token's record.
pub(crate) fn record(id: &str, kind: &str) -> Value {
    json!({
        "id": id, "number": 7, "kind": kind, "name": "nightly", "description": null,
        "owner": { "type": "user", "name": "alice" }, "created_by": null, "parent_id": null,
        "scopes": ["Taskurai.Task.*"], "projects": [], "networks": [],
        "created_at": "2026-01-02T03:04:05Z", "secret_issued_at": "2026-01-02T03:04:05Z",
        "expires_at": "2031-02-03T04:05:06Z", "last_used_at": null, "last_used_from": null,
        "state": "active", "revoked_at": null, "revoked_by": null, "hint": "jtn_pat_…",
    })
}

/// Each way in which an authority fails to answer, and how the client calls it.
pub(crate) fn failures() -> Vec<(Reply, Unavailable)> {
    let problem = |status: u16, code: &str| {
        let body = json!({
            "type": "urn:x", "title": "t", "status": status, "detail": "d", "code": code, "request_id": "r"
        });
        Reply::Json(status, body)
    };
    vec![
        (problem(401, "revoked_token"), Unavailable::CredentialRefused(401)),
        (problem(403, "not_honoured_here"), Unavailable::CredentialRefused(403)),
        (Reply::Text(403, "blocked by a proxy".to_owned()), Unavailable::CredentialRefused(403)),
        (problem(403, "foreign_scope"), Unavailable::ForeignScope("Taskurai.Task.Read".parse().unwrap())),
        (problem(429, "busy"), Unavailable::Failing(429)),
        (problem(500, "internal"), Unavailable::Failing(500)),
        (problem(503, "unavailable"), Unavailable::Failing(503)),
        (Reply::Text(502, "<html>".to_owned()), Unavailable::Failing(502)),
        (problem(404, "not_found"), Unavailable::Unexpected(404)),
        (problem(422, "unknown_field"), Unavailable::Unexpected(422)),
        (Reply::Json(201, allowed()), Unavailable::Unexpected(201)),
        (Reply::Redirect, Unavailable::Unexpected(307)),
    ]
}

async fn answer(
    State(desk): State<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    desk.questions.lock().unwrap().push(Question { path, headers, body, peer });
    let replies = if uri.path().ends_with("/watch") { &desk.news } else { &desk.reply };
    let reply = replies.lock().unwrap().clone();
    reply.render().await
}

impl Reply {
    async fn render(self) -> Response {
        match self {
            Self::Json(status, body) => {
                (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
            }
            Self::Text(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
            Self::Redirect => {
                (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response()
            }
            Self::Silence => std::future::pending().await,
            Self::HalfAndSilence => Response::new(half_a_body()),
        }
    }
}

fn half_a_body() -> Body {
    let half = Bytes::from_static(br#"{"allowed":true,"#);
    Body::from_stream(stream::once(future::ready(Ok::<_, Infallible>(half))).chain(stream::pending()))
}
