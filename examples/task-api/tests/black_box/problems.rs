use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::service::{Service, new_task};

/// Every refusal is a problem of this status and code.
async fn refuses(service: &Service, method: &str, path: &str, body: &str, status: u16, code: &str) {
    let answer = service.send(method, path, body.to_owned()).await;
    let told = (answer.status.as_u16(), answer.body["code"].as_str().unwrap());
    assert_eq!(told, (status, code), "{method} {path} {body}: {}", answer.body);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(answer.body["status"], status);
    assert!(answer.body["detail"].is_string());
}

fn task_with(field: &str, value: Value) -> String {
    let mut task = new_task("nightly");
    task[field] = value;
    task.to_string()
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let service = Service::new();
    for (path, code) in [
        ("/", "no_such_route"),
        ("/task", "no_such_route"),
        ("/tasks/", "no_such_route"),
        ("/tasks/task-1/", "no_such_route"),
        ("/tasks/task-1", "no_such_task"),
        ("/tasks/task-1/logs", "no_such_task"),
        ("/logs/tasks/task-1/console", "no_such_log"),
        ("/logs/correlations/release-7/console", "no_such_log"),
        ("/logs/commands/command-1/console", "no_such_log"),
        ("/logs/workers/worker-0/system", "no_such_log"),
        ("/logs/container-images/console?image=alpine", "no_such_log"),
    ] {
        refuses(&service, "GET", path, "", 404, code).await;
    }
}

#[tokio::test]
async fn ids_have_one_spelling() {
    let service = Service::new();
    service.task("nightly").await;
    for id in
        ["1", "task-01", "task-+1", "Task-1", "task-", "command-1", "task-1%20", "task-18446744073709551616"]
    {
        refuses(&service, "GET", &format!("/tasks/{id}"), "", 400, "bad_path").await;
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_are_bad_requests() {
    let service = Service::new();
    for body in ["", "{", "nightly", "{\"name\":"] {
        refuses(&service, "POST", "/tasks", body, 400, "bad_body").await;
    }
}

#[tokio::test]
async fn bodies_that_make_no_task_are_refused() {
    let service = Service::new();
    let bodies = [
        "{}".to_owned(),
        "[]".to_owned(),
        task_with("surprise", json!(1)),
        task_with("name", json!("")),
        task_with("name", json!("  ")),
        task_with("name", json!("two\nlines")),
        task_with("name", json!("n".repeat(129))),
        task_with("image", json!("alpine; rm")),
        task_with("image", json!("i".repeat(256))),
        task_with("command", json!("echo hello")),
        task_with("command", json!([])),
        task_with("command", json!([""])),
        task_with("command", json!(["echo", "\u{1b}[2J"])),
        task_with("command", json!(vec!["x"; 65])),
        task_with("command", json!(["x".repeat(1024)])),
        task_with("correlation_id", json!("a b")),
        task_with("correlation_id", json!("c".repeat(65))),
    ];
    for body in bodies {
        refuses(&service, "POST", "/tasks", &body, 422, "bad_body").await;
    }
    assert!(service.get("/tasks").await.strings("id").is_empty());
}

#[tokio::test]
async fn changes_that_say_nothing_or_too_much_are_refused() {
    let service = Service::new();
    service.task("nightly").await;
    refuses(&service, "PATCH", "/tasks/task-1", "{}", 422, "nothing_to_change").await;
    for body in [r#"{"state":"paused"}"#, r#"{"worker_id":"worker-2"}"#, r#"{"name":""}"#] {
        refuses(&service, "PATCH", "/tasks/task-1", body, 422, "bad_body").await;
    }
    refuses(&service, "PATCH", "/tasks/task-2", r#"{"name":"x"}"#, 404, "no_such_task").await;
}

#[tokio::test]
async fn output_cannot_forge_a_second_line() {
    let service = Service::new();
    service.task("nightly").await;
    for body in
        [r#"{"text":"one\ntask went from running to done"}"#, r#"{"text":""}"#, r#"{"text":"\u0000"}"#]
    {
        refuses(&service, "POST", "/tasks/task-1/logs", body, 422, "bad_body").await;
    }
}

#[tokio::test]
async fn queries_with_unknown_or_impossible_values_are_refused() {
    let service = Service::new();
    for path in [
        "/tasks?limit=0",
        "/tasks?limit=1001",
        "/tasks?limit=many",
        "/tasks?state=paused",
        "/tasks?owner=me",
        "/logs/query?level=loud",
        "/logs/query?task=1",
        "/logs/query?q=text",
        "/logs/console?limit=-1",
        "/logs/container-images/console",
        "/logs/container-images/console?image=a%0Ab",
    ] {
        refuses(&service, "GET", path, "", 400, "bad_query").await;
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read() {
    let service = Service::new();
    let body = task_with("name", json!("n".repeat(17 * 1024)));
    refuses(&service, "POST", "/tasks", &body, 413, "bad_body").await;
}

#[tokio::test]
async fn methods_that_a_path_has_not_are_named_so() {
    let service = Service::new();
    refuses(&service, "PUT", "/tasks", "", 405, "method_not_allowed").await;
    refuses(&service, "POST", "/logs/query", "{}", 405, "method_not_allowed").await;
}

#[tokio::test]
async fn a_name_from_any_alphabet_is_welcome() {
    let service = Service::new();
    let answer = service.post("/tasks", new_task("tâche de nuit 🌙")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.body["name"], "tâche de nuit 🌙");
}
