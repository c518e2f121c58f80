//! From method and path to the scope and the place that are asked about.

use std::net::IpAddr;

use axum::http::Method;
use axum::http::request::Parts;
use jeton_verify::Layer;
use serde_json::{Value, json};

use crate::api::{Api, routes};
use crate::authority::Authority;

/// What the authority is asked about a request, without the token itself.
async fn question(method: Method, path: &str) -> Value {
    let authority = Authority::that_allows().await;
    let answer = Api::behind(&authority).call(method, path).await;
    assert_eq!(answer.status, 200, "{path}");
    without_token(&authority)
}

fn without_token(authority: &Authority) -> Value {
    let mut body = authority.questions().remove(0).body;
    body.as_object_mut().unwrap().remove("token").unwrap();
    body
}

#[tokio::test]
async fn each_route_asks_for_its_scope() {
    assert_eq!(question(Method::GET, "/tasks").await, json!({ "scope": "Taskurai.Task.Read" }));
    assert_eq!(question(Method::GET, "/tasks?state=done").await, json!({ "scope": "Taskurai.Task.Read" }));
    assert_eq!(question(Method::POST, "/tasks").await, json!({ "scope": "Taskurai.Task.Create" }));
    assert_eq!(question(Method::GET, "/tasks/logs").await, json!({ "scope": "Taskurai.Task.Logs.Read" }));
    assert_eq!(question(Method::GET, "/tasks/task-1").await, json!({ "scope": "Taskurai.Task.Read" }));
}

#[tokio::test]
async fn head_needs_what_get_needs_unless_it_has_a_route() {
    assert_eq!(question(Method::HEAD, "/tasks").await, json!({ "scope": "Taskurai.Task.Read" }));
    assert_eq!(question(Method::HEAD, "/tasks/task-1").await, json!({ "scope": "Taskurai.Task.Probe" }));
}

#[tokio::test]
async fn the_place_comes_from_the_path() {
    for path in ["/organizations/acme/projects/web/tasks", "/organizations/%61cme/projects/we%62/tasks"] {
        let expected = json!({ "scope": "Taskurai.Task.Read", "resource": "acme/web" });
        assert_eq!(question(Method::GET, path).await, expected);
    }
}

#[tokio::test]
async fn the_clients_address_is_asked_about_when_the_api_says_it() {
    let authority = Authority::that_allows().await;
    let find =
        |parts: &Parts| parts.extensions.get::<IpAddr>().copied().or_else(|| "2001:db8::7".parse().ok());
    let api = Api::with(Layer::new(authority.client(), routes()).client_ip(find));
    assert_eq!(api.get("/tasks").await.status, 200);
    assert_eq!(without_token(&authority)["client_ip"], json!("2001:db8::7"));
}

#[tokio::test]
async fn what_no_route_names_is_denied_without_asking() {
    let authority = Authority::that_allows().await;
    let api = Api::behind(&authority);
    for (method, path) in [
        (Method::DELETE, "/tasks"),
        (Method::HEAD, "/elsewhere"),
        (Method::OPTIONS, "/tasks"),
        (Method::TRACE, "/tasks"),
        (Method::from_bytes(b"get").unwrap(), "/tasks"),
        (Method::GET, "/tasks/"),
        (Method::GET, "/Tasks"),
        (Method::GET, "/elsewhere"),
        (Method::GET, "/healthz"),
    ] {
        let answer = api.call(method, path).await;
        assert_eq!(answer.refusal(), (403, "no_route", None), "{path}");
    }
    assert_eq!((authority.questions().len(), api.served()), (0, 0));
}

#[tokio::test]
async fn ambiguous_paths_are_refused_without_asking() {
    let authority = Authority::that_allows().await;
    let api = Api::behind(&authority);
    for path in [
        "//tasks",
        "/tasks/../tasks",
        "/./tasks",
        "/tasks/%2e%2e/tasks",
        "/tasks%2Flogs",
        "/tasks/a;b",
        "/tasks/a%5cb",
        "/tasks/%00",
        "/tasks/%",
        "/tasks/%zz",
        "/tasks/%25",
        "/tasks/%ff",
        "*",
    ] {
        assert_eq!(api.get(path).await.refusal(), (400, "ambiguous_path", None), "{path}");
    }
    assert_eq!((authority.questions().len(), api.served()), (0, 0));
}

/// axum routes `/tasks/%6cogs` to `/tasks/{id}`, and the table to `/tasks/logs`.
#[tokio::test]
async fn a_path_that_router_and_table_read_differently_is_refused() {
    let authority = Authority::that_allows().await;
    let api = Api::behind(&authority);
    for path in ["/tasks/%6cogs", "/%74asks", "/%74asks/task-1", "/organizations/acme/%70rojects/web/tasks"] {
        assert_eq!(api.get(path).await.refusal(), (400, "ambiguous_path", None), "{path}");
    }
    assert_eq!((authority.questions().len(), api.served()), (0, 0));
    assert_eq!(api.get("/tasks/a%20b%C3%A4").await.status, 200);
}

#[tokio::test]
async fn a_public_path_needs_nothing_and_names_nobody() {
    let authority = Authority::that_allows().await;
    let api = Api::with(Layer::new(authority.client(), routes()).public("/healthz"));
    for headers in
        [&[][..], &[("authorization", "Bearer garbage")], &[("authorization", "a"), ("authorization", "b")]]
    {
        let answer = api.send(Method::GET, "/healthz", headers).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["subject"], Value::Null);
        assert_eq!(answer.body["authorization"], json!(false));
    }
    assert_eq!(authority.questions().len(), 0);
}

#[tokio::test]
async fn only_exactly_that_path_is_public() {
    let authority = Authority::that_allows().await;
    let api = Api::with(Layer::new(authority.client(), routes()).public("/healthz"));
    for path in ["/healthz/", "/healthz/x", "/Healthz", "/%68ealthz", "//healthz", "/tasks?x=/healthz"] {
        assert_eq!(api.send(Method::GET, path, &[]).await.status, 401, "{path}");
    }
    assert_eq!(api.served(), 0);
}
