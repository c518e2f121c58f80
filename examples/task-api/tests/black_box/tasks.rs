use axum::http::{StatusCode, header};
use serde_json::json;

use crate::service::{Service, new_task};

#[tokio::test]
async fn a_new_task_is_queued_on_a_worker_under_its_own_ids() {
    let service = Service::new();
    let answer = service.post("/tasks", new_task("nightly")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.headers[header::LOCATION], "/tasks/task-1");
    let created_at = answer.body["created_at"].as_str().unwrap();
    assert!(created_at.ends_with('Z'), "{created_at}");
    assert_eq!(
        answer.body,
        json!({
            "id": "task-1",
            "name": "nightly",
            "image": "images.example/tools/alpine:3.20",
            "command": ["echo", "hello"],
            "state": "queued",
            "worker_id": "worker-1",
            "command_id": "command-1",
            "correlation_id": "correlation-1",
            "created_at": created_at,
            "updated_at": created_at,
        })
    );
}

#[tokio::test]
async fn a_task_reads_back_as_it_was_created() {
    let service = Service::new();
    let task = service.task("nightly").await;
    let answer = service.get("/tasks/task-1").await;
    assert_eq!((answer.status, answer.body), (StatusCode::OK, task));
}

#[tokio::test]
async fn tasks_are_listed_newest_first_up_to_the_limit() {
    let service = Service::new();
    for name in ["first", "second", "third"] {
        service.task(name).await;
    }
    assert_eq!(service.get("/tasks").await.strings("name"), ["third", "second", "first"]);
    assert_eq!(service.get("/tasks?limit=2").await.strings("name"), ["third", "second"]);
}

#[tokio::test]
async fn a_list_can_be_narrowed_to_one_state() {
    let service = Service::new();
    service.task("waits").await;
    service.task("runs").await;
    service.patch("/tasks/task-2", json!({"state": "running"})).await;
    assert_eq!(service.get("/tasks?state=running").await.strings("name"), ["runs"]);
    assert_eq!(service.get("/tasks?state=queued").await.strings("name"), ["waits"]);
    assert!(service.get("/tasks?state=done").await.strings("name").is_empty());
}

#[tokio::test]
async fn a_task_runs_from_queued_to_done() {
    let service = Service::new();
    service.task("nightly").await;
    for state in ["running", "done"] {
        let answer = service.patch("/tasks/task-1", json!({"state": state})).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body["state"], state);
    }
}

#[tokio::test]
async fn steps_that_a_task_cannot_take_change_nothing() {
    let service = Service::new();
    service.task("nightly").await;
    for state in ["queued", "done"] {
        let answer = service.patch("/tasks/task-1", json!({"name": "other", "state": state})).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "queued to {state}");
        assert_eq!(answer.body["code"], "no_such_step");
    }
    service.patch("/tasks/task-1", json!({"state": "failed"})).await;
    for state in ["queued", "running", "done", "failed"] {
        let answer = service.patch("/tasks/task-1", json!({"state": state})).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "failed to {state}");
    }
    assert_eq!(service.get("/tasks/task-1").await.body["name"], "nightly");
}

#[tokio::test]
async fn a_task_can_be_renamed_in_any_state() {
    let service = Service::new();
    service.task("nightly").await;
    service.patch("/tasks/task-1", json!({"state": "failed"})).await;
    let answer = service.patch("/tasks/task-1", json!({"name": "weekly"})).await;
    assert_eq!(answer.body["name"], "weekly");
    assert_eq!(answer.body["state"], "failed");
}

#[tokio::test]
async fn a_deleted_task_is_gone_and_its_id_is_not_given_again() {
    let service = Service::new();
    service.task("nightly").await;
    assert_eq!(service.delete("/tasks/task-1").await.status, StatusCode::NO_CONTENT);
    assert_eq!(service.get("/tasks/task-1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(service.get("/tasks/task-1/logs").await.status, StatusCode::NOT_FOUND);
    assert_eq!(service.delete("/tasks/task-1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(service.task("next").await["id"], "task-2");
}

#[tokio::test]
async fn work_goes_to_the_worker_with_the_least_of_it() {
    let service = Service::new();
    for _ in 0..4 {
        service.task("fills the pool").await;
    }
    service.patch("/tasks/task-3", json!({"state": "failed"})).await;
    assert_eq!(service.task("goes to the free one").await["worker_id"], "worker-3");
    assert_eq!(service.task("goes to the first again").await["worker_id"], "worker-1");
}

#[tokio::test]
async fn a_full_task_list_refuses_until_one_is_deleted() {
    let service = Service::new();
    for _ in 0..1_000 {
        service.task("fills the list").await;
    }
    let answer = service.post("/tasks", new_task("one too many")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.body["code"], "too_many_tasks");
    service.delete("/tasks/task-7").await;
    assert_eq!(service.task("fits again").await["id"], "task-1001");
}

#[tokio::test]
async fn two_services_share_nothing() {
    let (one, other) = (Service::new(), Service::new());
    one.task("nightly").await;
    assert_eq!(other.get("/tasks/task-1").await.status, StatusCode::NOT_FOUND);
}
