use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::json;
use toml::{Table, Value};

use crate::service::{Service, new_task};

/// All that the platform lets anybody do, each by itself.
pub(crate) const LEAVES: [&str; 14] = [
    "Taskurai.Log.Command.Console.Read",
    "Taskurai.Log.Console.Read",
    "Taskurai.Log.ContainerImage.Console.Read",
    "Taskurai.Log.Query.Read",
    "Taskurai.Log.System.Read",
    "Taskurai.Log.Task.Console.Read",
    "Taskurai.Log.TaskCorrelation.Console.Read",
    "Taskurai.Log.Worker.Console.Read",
    "Taskurai.Log.Worker.System.Read",
    "Taskurai.Task.Create",
    "Taskurai.Task.Delete",
    "Taskurai.Task.Logs.Read",
    "Taskurai.Task.Read",
    "Taskurai.Task.Update",
];

fn catalogue() -> Table {
    task_api::CATALOGUE.parse().unwrap()
}

/// One field of each table in a list of tables.
fn column(list: &str, field: &str) -> Vec<String> {
    let catalogue = catalogue();
    let tables = catalogue[list].as_array().unwrap();
    tables.iter().map(|table| table[field].as_str().unwrap().to_owned()).collect()
}

/// A route of the catalogue, and a request for it that a service with one running task grants.
pub(crate) struct Sample {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) scope: String,
}

/// One for each route.
pub(crate) fn samples() -> Vec<Sample> {
    let routes = column("routes", "method").into_iter().zip(column("routes", "path"));
    routes
        .zip(column("routes", "scope"))
        .map(|((method, path), scope)| {
            let body = body(&method, &path);
            Sample { method, path: concrete(&path), body, scope }
        })
        .collect()
}

fn body(method: &str, path: &str) -> String {
    match (method, path) {
        ("POST", "/tasks") => new_task("second").to_string(),
        ("POST", _) => json!({"text": "hello"}).to_string(),
        ("PATCH", _) => json!({"name": "weekly"}).to_string(),
        _ => String::new(),
    }
}

/// The path of the catalogue, with something in its place that the service knows.
fn concrete(path: &str) -> String {
    let id = match path.split('/').nth(2) {
        Some("correlations") => "correlation-1",
        Some("commands") => "command-1",
        Some("workers") => "worker-1",
        _ => "task-1",
    };
    let query =
        if path.contains("container-images") { "?image=images.example/tools/alpine:3.20" } else { "" };
    path.replace("{id}", id) + query
}

#[test]
fn the_catalogue_says_who_it_is() {
    let catalogue = catalogue();
    for (field, value) in
        [("name", "taskurai"), ("namespace", "Taskurai"), ("audience", "https://taskurai.example")]
    {
        assert_eq!(catalogue[field], Value::from(value));
    }
}

#[test]
fn the_catalogue_holds_every_leaf_once_and_nothing_else() {
    let mut names = column("scopes", "name");
    names.sort();
    assert_eq!(names, LEAVES);
}

#[test]
fn every_scope_says_what_it_allows_and_opens_a_route() {
    assert!(column("scopes", "description").iter().all(|description| description.len() > 20));
    let opened: BTreeSet<String> = column("routes", "scope").into_iter().collect();
    assert_eq!(opened, LEAVES.map(str::to_owned).into());
}

#[test]
fn a_method_and_a_path_ask_for_one_scope() {
    let routes: Vec<_> = column("routes", "method").into_iter().zip(column("routes", "path")).collect();
    let unique: BTreeSet<_> = routes.iter().collect();
    assert_eq!(unique.len(), routes.len());
}

#[tokio::test]
async fn every_route_of_the_catalogue_is_answered_by_the_service() {
    for Sample { method, path, body, .. } in samples() {
        let service = Service::new();
        service.task_that_runs().await;
        let answer = service.send(&method, &path, body).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
    }
}

/// A route that the catalogue forgot would have no scope to ask for.
#[tokio::test]
async fn the_service_has_no_method_that_the_catalogue_does_not_list() {
    let listed: BTreeSet<_> = column("routes", "method").into_iter().zip(column("routes", "path")).collect();
    let service = Service::new();
    for path in column("routes", "path") {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            if !listed.contains(&(method.to_owned(), path.clone())) {
                let answer = service.send(method, &concrete(&path), String::new()).await;
                assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            }
        }
    }
}
