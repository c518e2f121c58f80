//! A fresh service for each test, and its answers in a form that is easy to look at.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Where all calls come from.
pub(crate) const PEER: &str = "192.0.2.7:40000";

/// A service, and the credential of whoever calls it.
pub(crate) struct Service {
    router: Router,
    credential: Option<String>,
}

const TEXT: &str = "text/plain; charset=utf-8";

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::of(task_api::router())
    }

    pub(crate) fn of(router: Router) -> Self {
        Self { router, credential: None }
    }

    /// The same service, called with this token.
    pub(crate) fn called_with(&self, token: &str) -> Self {
        Self { router: self.router.clone(), credential: Some(format!("Bearer {token}")) }
    }

    /// Sends the body as it is, as JSON.
    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let peer: SocketAddr = PEER.parse().unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .extension(ConnectInfo(peer))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(credential) = &self.credential {
            request = request.header(header::AUTHORIZATION, credential);
        }
        let request = request.body(body.into()).unwrap();
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, Body::empty()).await
    }

    /// Creates a task that differs from others by its name only, and gives its record.
    pub(crate) async fn task(&self, name: &str) -> Value {
        let answer = self.post("/tasks", new_task(name)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.body
    }

    /// Creates the task `task-1` and lets it run.
    pub(crate) async fn task_that_runs(&self) {
        self.task("nightly").await;
        let answer = self.patch("/tasks/task-1", json!({"state": "running"})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    /// The texts of the lines at this path.
    pub(crate) async fn texts(&self, path: &str) -> Vec<String> {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.strings("text")
    }
}

impl Answer {
    async fn read(response: axum::response::Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let is_json = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind != TEXT);
        let body = if is_json { serde_json::from_str(&text).unwrap() } else { Value::from(text) };
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// One field of each item.
    pub(crate) fn strings(&self, field: &str) -> Vec<String> {
        let items = self.body["items"].as_array().unwrap();
        items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn new_task(name: &str) -> Value {
    json!({
        "name": name,
        "image": "images.example/tools/alpine:3.20",
        "command": ["echo", "hello"],
    })
}
