//! What an API may declare.

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::{Authority, fresh, sample};

on_both! {
    shared:
        scopes_are_checked,
        names_that_differ_only_in_case_are_a_conflict,
        implications_are_checked,
        routes_are_checked,
        limits_hold,
        texts_with_nul_are_refused_and_not_blamed_on_the_store;
}

/// The answer to an API of a fresh name, changed by `change`.
async fn put(authority: &Authority, change: impl FnOnce(&mut Value, &str)) -> Answer {
    let (name, namespace) = (fresh("shop"), fresh("Shop"));
    let mut body = sample::api(&name, &namespace);
    change(&mut body, &namespace);
    authority.put(&authority.admin().await, &format!("/api/v1/apis/{name}"), body).await
}

fn scope(name: &str) -> Value {
    json!({"name": name, "description": ""})
}

async fn scopes_are_checked(authority: Authority) {
    for name in ["Other.Task.Read", "X", "", "A..B", "Task Read"] {
        let answer = put(&authority, |body, _| body["scopes"][0] = scope(name)).await;
        answer.refused(422, "invalid_field");
    }
    for wildcard in ["*", ".*", ".Task.*"] {
        let answer =
            put(&authority, |body, own| body["scopes"][0] = scope(&format!("{own}{wildcard}"))).await;
        answer.invalid("/scopes/0/name", "invalid_field");
    }
    put(&authority, |body, _| body["scopes"] = json!([])).await.invalid("/scopes", "invalid_field");
    for namespace in ["", "Two.Parts", "Space d", "*", "\u{c4}pi", &"x".repeat(65)] {
        let answer = put(&authority, |body, _| {
            body["namespace"] = json!(namespace);
            body["scopes"] = json!([scope("A.B")]);
            body["routes"] = json!([]);
        });
        answer.await.invalid("/namespace", "invalid_field");
    }
    put(&authority, |body, _| body["scopes"][0]["title"] = json!("x")).await.refused(422, "unknown_field");
    put(&authority, |body, _| body["owner"] = json!("x")).await.invalid("/owner", "unknown_field");
    put(&authority, |body, _| body["organization"] = json!("nowhere"))
        .await
        .invalid("/organization", "unknown_name");
    put(&authority, |body, _| body["organization"] = Value::Null)
        .await
        .invalid("/organization", "invalid_field");
    put(&authority, |body, _| _ = body.as_object_mut().unwrap().remove("audience"))
        .await
        .refused(422, "invalid_field");
}

async fn names_that_differ_only_in_case_are_a_conflict(authority: Authority) {
    let twin = async |suffix: &str| {
        put(&authority, |body, own| body["scopes"][1] = scope(&format!("{own}.{suffix}"))).await
    };
    twin("task.read").await.refused(409, "name_taken");
    twin("TASK.READ").await.refused(409, "name_taken");
    twin("Task.Read").await.refused(409, "name_taken");
    twin("Task.Reads").await.expect(201);
}

async fn implications_are_checked(authority: Authority) {
    let implies = async |pairs: &[(usize, &str)]| {
        put(&authority, |body, own| {
            for (at, to) in pairs {
                body["scopes"][at]["implies"] = json!([format!("{own}.{to}")]);
            }
        })
        .await
    };
    implies(&[(0, "Task.Read")]).await.invalid("/scopes", "invalid_field");
    implies(&[(0, "Task.Create"), (1, "Task.Read")]).await.invalid("/scopes", "invalid_field");
    implies(&[(0, "Task.Unheard")]).await.invalid("/scopes", "invalid_field");
    implies(&[(0, "*")]).await.invalid("/scopes/0/implies/0", "invalid_field");
    implies(&[(0, "Task.Create"), (1, "Task.Logs.Read"), (2, "Log.Query.Read")]).await.expect(201);
    let deep = async |depth: usize| {
        put(&authority, |body, own| {
            let scope = |at: usize| match at {
                0 => json!({"name": format!("{own}.S0"), "description": ""}),
                _ => json!({"name": format!("{own}.S{at}"), "description": "", "implies": [format!("{own}.S{}", at - 1)]}),
            };
            body["scopes"] = (0..=depth).map(scope).collect();
            body["routes"] = json!([]);
        })
        .await
    };
    deep(8).await.expect(201);
    deep(9).await.invalid("/scopes", "invalid_field");
}

async fn routes_are_checked(authority: Authority) {
    let route = async |method: &str, path: &str, scope: &str, resource: Option<&str>| {
        put(&authority, |body, own| {
            let mut route = json!({"method": method, "path": path, "scope": format!("{own}.{scope}")});
            if let Some(resource) = resource {
                route["resource"] = json!(resource);
            }
            body["routes"].as_array_mut().unwrap().push(route);
        })
        .await
    };
    route("GET", "/{o}/{p}", "Task.Read", Some("{o}/{p}")).await.expect(201);
    route("GET", "/x", "Task.Unheard", None).await.invalid("/routes/1/scope", "unknown_scope");
    for (method, path, resource) in [
        ("get", "/x", None),
        ("FETCH", "/x", None),
        ("GET", "x", None),
        ("GET", "/a/../b", None),
        ("GET", "/%61", None),
        ("GET", "/tasks", None),
        ("GET", "/{a}/{a}", None),
        ("GET", "/nul\0", None),
        ("GET", "/{o}", Some("{o}/{p}")),
        ("GET", "/{o}", Some("nul\0/x")),
        ("GET", "/{o}", Some("x")),
    ] {
        route(method, path, "Task.Read", resource).await.invalid("/routes", "invalid_field");
    }
}

async fn limits_hold(authority: Authority) {
    let scopes = async |count: usize, length: usize| {
        put(&authority, |body, own| {
            let name = |at: usize| format!("{own}.S{at:0>width$}", width = length - own.len() - 2);
            body["scopes"] = (0..count).map(|at| scope(&name(at))).collect();
            body["routes"] = json!([]);
        })
        .await
    };
    scopes(512, 32).await.expect(201);
    scopes(513, 30).await.invalid("/scopes", "invalid_field");
    scopes(512, 33).await.invalid("/scopes", "invalid_field");
    let routes = async |count: usize| {
        put(&authority, |body, own| {
            let route = |at: usize| json!({"method": "GET", "path": format!("/{at}"), "scope": format!("{own}.Task.Read")});
            body["routes"] = (0..count).map(route).collect();
        })
        .await
    };
    routes(1024).await.expect(201);
    routes(1025).await.invalid("/routes", "invalid_field");
    put(&authority, |body, _| body["title"] = json!("x".repeat(1025)))
        .await
        .invalid("/title", "invalid_field");
    put(&authority, |body, _| body["audience"] = json!("x".repeat(1025)))
        .await
        .invalid("/audience", "invalid_field");
    let long = "x".repeat(1025);
    let answer = put(&authority, |body, _| body["scopes"][2]["description"] = json!(long)).await;
    answer.invalid("/scopes/2/description", "invalid_field");
    put(&authority, |body, _| body["title"] = json!("x".repeat(600_000)))
        .await
        .refused(413, "body_too_large");
}

/// PostgreSQL takes no NUL in a text, so it must not get that far.
async fn texts_with_nul_are_refused_and_not_blamed_on_the_store(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    for field in ["title", "audience", "organization", "namespace"] {
        let answer = put(&authority, |body, _| body[field] = json!("nul\0")).await;
        assert_eq!(answer.status, 422, "{field}: {}", answer.text);
    }
    let body = json!({"scopes": ["*"], "projects": ["nul\0/*"]});
    authority.token(&alice.session, body).await.invalid("/projects/0", "unknown_name");
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let inactive = authority.introspect(&pat.secret, &[("resource", "nul\0/*")]).await;
    assert_eq!(inactive, json!({"active": false}));
    let body = json!({"token": pat.secret, "resource": "nul\0/*"});
    let verdict = authority.post(&authority.api().await, "/api/v1/verify", body).await.expect(200).body;
    assert_eq!(verdict["reason"], "place_not_allowed");
    assert_eq!(authority.get(&admin, "/api/v1/users/nul%00").await.status, 404);
    assert_eq!(authority.get(&admin, "/api/v1/tokens/nul%00").await.status, 404);
    assert_eq!(authority.get(&admin, "/api/v1/apis/nul%00").await.status, 404);
}
