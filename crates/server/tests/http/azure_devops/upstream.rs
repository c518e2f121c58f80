//! A server that answers like that product as far as some calls go, and knows nothing of tokens: a gateway stands in
//! front of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::routing::{get, options, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// What came through: method and path, and as whose.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// A running one.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    seen: Seen,
}

impl Upstream {
    pub(super) async fn start() -> Self {
        let seen = Seen::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/{organization}/_apis", options(locations))
            .route("/{organization}/_apis/ResourceAreas", get(areas))
            .route("/{organization}/{project}/_apis/wit/workItems/{type}", post(create_work_item))
            .route("/{organization}/{project}/_apis/build/builds", post(queue_build))
            .route("/{organization}/{project}/_apis/git/repositories", get(repositories))
            .with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, seen }
    }

    /// What was done since this was asked last, but for looking for addresses.
    pub(super) fn done(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

fn note(seen: &Seen, what: &str, uri: &Uri, headers: &HeaderMap) {
    let subject = headers.get("x-jeton-subject").unwrap().to_str().unwrap().to_owned();
    let last = uri.path().split("_apis").last().unwrap();
    seen.lock().unwrap().push((format!("{what} {last}"), subject));
}

async fn locations() -> Json<Value> {
    let known = [
        ("e81700f7-3be2-46de-8624-2eb35882fcaa", "Location", "ResourceAreas", "_apis/{resource}/{areaId}", 1),
        (
            "62d3d110-0047-428c-ad3c-4fe872c91c74",
            "wit",
            "workItems",
            "{project}/_apis/{area}/{resource}/${type}",
            3,
        ),
        (
            "0cd358e1-9217-4d94-8269-1c1ee6f93dcf",
            "build",
            "builds",
            "{project}/_apis/{area}/{resource}/{buildId}",
            7,
        ),
        (
            "225f7195-f9c7-4d14-ab28-a83f7ff77e1f",
            "git",
            "repositories",
            "{project}/_apis/{area}/{resource}/{repositoryId}",
            1,
        ),
    ];
    let value = known.map(|(id, area, resource, template, version)| {
        json!({"id": id, "area": area, "resourceName": resource, "routeTemplate": template,
            "resourceVersion": version, "minVersion": "1.0", "maxVersion": "7.2", "releasedVersion": "7.1"})
    });
    Json(json!({"count": value.len(), "value": value}))
}

async fn areas() -> Json<Value> {
    Json(json!({"count": 0, "value": null}))
}

async fn create_work_item(
    State(seen): State<Seen>,
    uri: Uri,
    Path((_, _, kind)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: String,
) -> Json<Value> {
    note(&seen, "POST", &uri, &headers);
    let operations: Value = serde_json::from_str(&body).unwrap();
    let kind = kind.trim_start_matches('$');
    Json(
        json!({"id": 7, "rev": 1, "fields": {"System.WorkItemType": kind, "System.Title": operations[0]["value"]}}),
    )
}

async fn queue_build(State(seen): State<Seen>, uri: Uri, headers: HeaderMap, body: String) -> Json<Value> {
    note(&seen, "POST", &uri, &headers);
    let build: Value = serde_json::from_str(&body).unwrap();
    Json(json!({"id": 9, "buildNumber": "1", "status": "notStarted", "definition": build["definition"]}))
}

async fn repositories(State(seen): State<Seen>, uri: Uri, headers: HeaderMap) -> Json<Value> {
    note(&seen, "GET", &uri, &headers);
    let id = "3c1f3f0a-5c3d-4f8b-9d52-0d8f4d7a1111";
    Json(json!({"count": 1, "value": [{"id": id, "name": "shop", "defaultBranch": "refs/heads/main"}]}))
}
