use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::service::{Service, new_task};

const PULL: &str = "pulling image `images.example/tools/alpine:3.20`";
const START: &str = "starting `echo hello`";

#[tokio::test]
async fn a_whole_life_is_written_into_the_log_of_its_task() {
    let service = Service::new();
    service.task("nightly").await;
    service.patch("/tasks/task-1", json!({"name": "weekly", "state": "running"})).await;
    service.post("/tasks/task-1/logs", json!({"text": "hello"})).await;
    service.patch("/tasks/task-1", json!({"state": "done"})).await;
    assert_eq!(
        service.texts("/tasks/task-1/logs").await,
        [
            "task `nightly` created",
            "task-1 assigned",
            PULL,
            START,
            "task `nightly` renamed to `weekly`",
            "task went from queued to running",
            "hello",
            "task went from running to done",
            "command exited with code 0",
            "task-1 handed back",
        ]
    );
}

#[tokio::test]
async fn a_line_carries_all_that_had_a_part_in_it() {
    let service = Service::new();
    service.task("nightly").await;
    let answer = service.get("/tasks/task-1/logs?limit=1").await;
    let line = &answer.body["items"][0];
    assert_eq!(
        *line,
        json!({
            "number": 4,
            "at": line["at"],
            "level": "info",
            "stream": "console",
            "source": "command",
            "text": START,
            "task_id": "task-1",
            "correlation_id": "correlation-1",
            "command_id": "command-1",
            "worker_id": "worker-1",
            "image": "images.example/tools/alpine:3.20",
        })
    );
}

#[tokio::test]
async fn only_a_running_task_takes_output() {
    let service = Service::new();
    service.task("nightly").await;
    let early = service.post("/tasks/task-1/logs", json!({"text": "too early"})).await;
    assert_eq!((early.status, &early.body["code"]), (StatusCode::CONFLICT, &json!("not_running")));
    service.patch("/tasks/task-1", json!({"state": "running"})).await;
    let line = service.post("/tasks/task-1/logs", json!({"text": "disk is full", "level": "warn"})).await;
    assert_eq!(line.status, StatusCode::CREATED);
    assert_eq!(line.body["level"], "warn");
    service.patch("/tasks/task-1", json!({"state": "failed"})).await;
    let late = service.post("/tasks/task-1/logs", json!({"text": "too late"})).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn each_view_shows_its_own_lines() {
    let service = Service::new();
    service.task("nightly").await;
    let image = "/logs/container-images/console?image=images.example/tools/alpine:3.20";
    assert_eq!(service.texts("/logs/console").await, [PULL, START]);
    assert_eq!(service.texts("/logs/system").await, ["task `nightly` created", "task-1 assigned"]);
    assert_eq!(service.texts("/logs/tasks/task-1/console").await, [PULL, START]);
    assert_eq!(service.texts("/logs/correlations/correlation-1/console").await, [PULL, START]);
    assert_eq!(service.texts("/logs/commands/command-1/console").await, [START]);
    assert_eq!(service.texts("/logs/workers/worker-1/console").await, [PULL, START]);
    assert_eq!(
        service.texts("/logs/workers/worker-1/system").await,
        ["task `nightly` created", "task-1 assigned"]
    );
    assert_eq!(service.texts(image).await, [PULL]);
}

#[tokio::test]
async fn a_view_shows_nothing_of_other_tasks() {
    let service = Service::new();
    service.task("mine").await;
    let mut other = new_task("other");
    other["image"] = json!("other");
    other["command"] = json!(["other"]);
    service.post("/tasks", other).await;
    for path in [
        "/logs/tasks/task-2/console",
        "/logs/correlations/correlation-2/console",
        "/logs/workers/worker-2/console",
    ] {
        assert_eq!(service.texts(path).await, ["pulling image `other`", "starting `other`"], "{path}");
    }
    assert_eq!(service.texts("/logs/commands/command-2/console").await, ["starting `other`"]);
    assert_eq!(service.texts("/logs/container-images/console?image=other").await, ["pulling image `other`"]);
}

#[tokio::test]
async fn tasks_with_one_correlation_id_share_a_log() {
    let service = Service::new();
    for command in ["extract", "load"] {
        let mut task = new_task("pipeline");
        task["correlation_id"] = json!("release-7");
        task["command"] = json!([command]);
        assert_eq!(service.post("/tasks", task).await.body["correlation_id"], "release-7");
    }
    service.task("elsewhere").await;
    assert_eq!(
        service.texts("/logs/correlations/release-7/console").await,
        [PULL, "starting `extract`", PULL, "starting `load`"]
    );
}

#[tokio::test]
async fn an_idle_worker_has_an_empty_log_and_an_unknown_one_has_none() {
    let service = Service::new();
    assert!(service.texts("/logs/workers/worker-4/console").await.is_empty());
    let answer = service.get("/logs/workers/worker-5/console").await;
    assert_eq!((answer.status, &answer.body["code"]), (StatusCode::NOT_FOUND, &json!("no_such_log")));
}

#[tokio::test]
async fn the_console_of_a_deleted_task_is_still_there() {
    let service = Service::new();
    service.task("nightly").await;
    service.delete("/tasks/task-1").await;
    assert_eq!(service.texts("/logs/tasks/task-1/console").await, [PULL, START]);
    assert_eq!(service.texts("/logs/query?text=deleted").await, ["task `nightly` deleted"]);
}

#[tokio::test]
async fn a_query_narrows_by_text_task_level_stream_and_limit() {
    let service = Service::new();
    service.task("one").await;
    service.task("two").await;
    service.patch("/tasks/task-2", json!({"state": "failed"})).await;
    let failed = ["task went from queued to failed", "command exited with code 1"];
    for (query, expected) in [
        ("text=created", vec!["task `one` created", "task `two` created"]),
        ("text=CREATED", vec![]),
        ("text=created&task=task-2", vec!["task `two` created"]),
        ("level=error", failed.to_vec()),
        ("level=error&stream=console", vec!["command exited with code 1"]),
        ("level=info&task=task-1&stream=console", vec![PULL, START]),
        ("task=task-1&limit=1", vec![START]),
        ("task=task-9", vec![]),
    ] {
        assert_eq!(service.texts(&format!("/logs/query?{query}")).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_full_log_forgets_its_oldest_lines_and_keeps_counting() {
    let service = Service::new();
    service.task("talks").await;
    service.patch("/tasks/task-1", json!({"state": "running"})).await;
    for _ in 0..10_000 {
        service.post("/tasks/task-1/logs", json!({"text": "tick"})).await;
    }
    assert!(service.texts("/logs/query?text=created").await.is_empty());
    let newest: Value = service.get("/logs/query?limit=1").await.body["items"][0].clone();
    assert_eq!(newest["number"], 10_005);
}
