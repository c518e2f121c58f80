//! `api apply`: the plan, the question, and where a mistake stands.

use serde_json::{Value, json};

use crate::stub::{Stub, problem, token};
use crate::support::{Home, Ran};

const FILE: &str = "\
name = \"tasks\"
title = \"Tasks\"
namespace = \"Tasks\"
audience = \"https://tasks.example\"

[[scopes]]
name = \"Tasks.Read\"
description = \"read\"
";

const PLAN: &str = "PUT /api/v1/apis/tasks?dry_run=true";
const PUT: &str = "PUT /api/v1/apis/tasks";

fn stub(plan: &Value) -> Stub {
    let api = json!({"id": "a1", "name": "tasks", "title": "Tasks", "organization": "default",
        "namespace": "Tasks", "audience": "https://tasks.example", "enforces_places": false, "scopes": [],
        "routes": [], "created_at": "2026-11-22T02:49:00Z"});
    let record = token(json!({})).to_string();
    Stub::new(vec![
        (PLAN, 200, plan.to_string()),
        (PUT, 201, api.to_string()),
        ("GET /api/v1/tokens/self", 200, record),
    ])
}

fn plan(change: &str, removed: &[&str]) -> Value {
    json!({"change": change, "scopes_added": ["Tasks.Read"], "scopes_removed": removed, "widenings": [], "routes": 0})
}

fn apply(stub: &Stub, more: &[&str]) -> Ran {
    let home = Home::new();
    home.write("tasks.toml", FILE);
    home.run_with(&[&["api", "apply", "tasks.toml"], more].concat(), &stub.variables(), "")
}

fn puts(stub: &Stub) -> usize {
    stub.lines().iter().filter(|line| *line == PUT).count()
}

#[test]
fn a_new_api_is_created_without_a_question() {
    let stub = stub(&plan("create", &[]));
    let ran = apply(&stub, &[]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "tasks: created; routes: 0\n  + Tasks.Read\n"),
        "{}",
        ran.stderr
    );
    let scopes = json!([{"name": "Tasks.Read", "description": "read"}]);
    assert_eq!(stub.body(PUT)["scopes"], scopes);
    assert_eq!(stub.body(PLAN), stub.body(PUT));
}

#[test]
fn a_dry_run_changes_nothing() {
    let stub = stub(&plan("update", &["Tasks.Old"]));
    let ran = apply(&stub, &["--dry-run"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_eq!(ran.stdout, "tasks: to update; routes: 0\n  + Tasks.Read\n  - Tasks.Old for ever\n");
    assert_eq!(puts(&stub), 0);
}

#[test]
fn what_is_as_declared_is_left_alone() {
    let stub = stub(
        &json!({"change": "none", "scopes_added": [], "scopes_removed": [], "widenings": [], "routes": 0}),
    );
    let ran = apply(&stub, &["--json"]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((answer[0]["change"].as_str(), answer[0]["applied"].as_bool()), (Some("none"), Some(false)));
    assert_eq!(puts(&stub), 0);
}

#[test]
fn taking_scopes_away_needs_a_yes() {
    let stub = stub(&plan("update", &["Tasks.Old"]));
    let ran = apply(&stub, &[]);
    assert_eq!(ran.code, 2, "{}", ran.shown());
    assert!(ran.stderr.contains("- Tasks.Old for ever") && ran.stderr.contains("--yes"), "{}", ran.stderr);
    assert_eq!(puts(&stub), 0);
    assert_eq!(apply(&stub, &["--yes"]).code, 0);
    assert_eq!(puts(&stub), 1);
}

#[test]
fn widening_needs_a_yes() {
    let widening = json!({"scope": "Tasks.Read", "adds": ["Tasks.Log"], "live_tokens": 3});
    let mut plan = plan("update", &[]);
    plan["widenings"] = json!([widening]);
    let stub = stub(&plan);
    let ran = apply(&stub, &[]);
    assert_eq!(ran.code, 2, "{}", ran.shown());
    assert!(
        ran.stderr.contains("! Tasks.Read comes to imply Tasks.Log: live tokens that widen: 3"),
        "{}",
        ran.stderr
    );
    assert_eq!(puts(&stub), 0);
}

#[test]
fn letting_gateways_refuse_nobody_needs_a_yes() {
    let mut plan = plan("create", &[]);
    plan["forward_auth"] = json!("report_only");
    let stub = stub(&plan);
    let ran = apply(&stub, &[]);
    assert_eq!((ran.code, puts(&stub)), (2, 0), "{}", ran.shown());
    assert!(
        ran.stderr.contains("! gateways refuse nobody, and report what they would refuse"),
        "{}",
        ran.stderr
    );
    assert_eq!((apply(&stub, &["--yes"]).code, puts(&stub)), (0, 1));
}

/// A folder with `a.toml`, `b.toml` and `c.toml`, of which the server takes the first one only.
#[test]
fn a_folder_is_planned_whole_and_what_fails_says_what_was_done() {
    let home = Home::new();
    for name in ["a", "b", "c"] {
        home.write(
            &format!("apis/{name}.toml"),
            &FILE.replace("name = \"tasks\"", &format!("name = \"{name}\"")),
        );
    }
    let api = json!({"id": "a1", "name": "a", "title": "Tasks", "organization": "default",
        "namespace": "Tasks", "audience": "https://tasks.example", "enforces_places": false, "scopes": [],
        "routes": [], "created_at": "2026-11-22T02:49:00Z"});
    let planned = plan("create", &[]).to_string();
    let stub = Stub::new(vec![
        ("PUT /api/v1/apis/a?dry_run=true", 200, planned.clone()),
        ("PUT /api/v1/apis/b?dry_run=true", 200, planned.clone()),
        ("PUT /api/v1/apis/c?dry_run=true", 200, planned),
        ("PUT /api/v1/apis/a", 201, api.to_string()),
        ("PUT /api/v1/apis/b", 503, problem(503, "unavailable", "the store does not answer")),
    ]);
    let run = |home: &Home| home.run_with(&["api", "apply", "apis"], &stub.variables(), "");
    let ran = run(&home);
    assert_eq!((ran.code, ran.stdout.as_str()), (8, ""), "{}", ran.shown());
    let said = "a: created; routes: 0\n  + Tasks.Read\nb: to create; routes: 0\n  + Tasks.Read\nc: to create; routes: 0\n";
    assert!(ran.stderr.starts_with(said), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: the store does not answer"), "{}", ran.stderr);
    let lines = stub.lines();
    assert!(lines.iter().all(|line| line != "PUT /api/v1/apis/c"), "{lines:?}");

    // What cannot be read is said before anything is asked.
    home.write("apis/d.toml", "name = ");
    let before = stub.lines().len();
    assert_eq!((run(&home).code, stub.lines().len()), (1, before));
}

#[test]
fn what_the_server_refuses_is_shown_where_it_stands_in_the_file() {
    let problem = json!({"type": "about:blank", "title": "t", "status": 422, "code": "invalid_field",
    "detail": "one field is wrong", "request_id": "r-1", "errors": [
        {"pointer": "/scopes/0/name", "code": "invalid_field", "detail": "a segment is missing"},
        {"pointer": "/audience", "code": "invalid_field", "detail": "it is in use"},
    ]});
    let stub = Stub::new(vec![(PLAN, 422, problem.to_string())]);
    let ran = apply(&stub, &[]);
    let expected = "error: tasks.toml:7:8: a segment is missing\n  tasks.toml:4:12: it is in use\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (1, expected));
}
