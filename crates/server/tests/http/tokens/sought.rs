//! `GET /api/v1/tokens`, by use, by end and by scope.

use serde_json::json;

use crate::support::{Authority, PASSWORD, Pat};

const DAY: i64 = 24 * 60;

on_both! {
    alone:
        what_nobody_used_is_found_by_its_last_use_or_its_secret,
        what_ends_soon_is_found_whatever_ends_it,
        a_list_by_use_is_stable_while_tokens_are_used;
    shared:
        a_scope_finds_what_covers_it_or_some_of_it,
        filters_that_are_not_understood_are_refused;
}

async fn make(authority: &Authority, session: &str, name: &str, days: Option<i64>) -> Pat {
    let mut body = json!({"name": name, "scopes": ["Taskurai.*"]});
    match days {
        Some(days) => body["expires_in_minutes"] = json!(days * DAY),
        None => body["never_expires"] = json!(true),
    }
    authority.token(session, body).await.pat()
}

async fn what_nobody_used_is_found_by_its_last_use_or_its_secret(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let old = make(&authority, &alice.session, "old", None).await;
    let used = make(&authority, &alice.session, "used", None).await;
    authority.clock.advance_minutes(10 * DAY);
    authority.verify(&used.secret, Some("Taskurai.Task.Read")).await;
    let session = authority.session(&alice.name, PASSWORD).await;
    let unused =
        async |days: i64| authority.names(&session, &format!("kind=personal&unused_for_days={days}")).await;
    assert_eq!(unused(10).await, ["old"]);
    assert_eq!(unused(11).await, [""; 0]);
    let path = format!("/api/v1/tokens/{}/rotate", old.id);
    authority.post(&session, &path, json!({"overlap_minutes": 0})).await.expect(200);
    assert_eq!(unused(1).await, [""; 0], "a new secret begins anew");
}

async fn what_ends_soon_is_found_whatever_ends_it(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    for (name, days) in [("past", Some(1)), ("soon", Some(4)), ("later", Some(20)), ("never", None)] {
        make(&authority, &alice.session, name, days).await;
    }
    authority.clock.advance_minutes(DAY);
    let session = authority.session(&alice.name, PASSWORD).await;
    let ending = async |days: i64| {
        let query = format!("kind=personal&state=all&expiring_in_days={days}");
        authority.names(&session, &query).await
    };
    assert_eq!(ending(2).await, [""; 0]);
    assert_eq!(ending(3).await, ["soon"]);
    assert_eq!(ending(30).await, ["later", "soon"]);
    let admin = authority.admin_again().await;
    let path = "/api/v1/policies/%2A";
    authority.put(&admin, path, json!({"lifetime_minutes_max": 6 * DAY})).await.expect(200);
    assert_eq!(ending(5).await, ["never", "later", "soon"], "a policy ends the others, too");
}

async fn a_list_by_use_is_stable_while_tokens_are_used(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let mut made = Vec::new();
    for name in ["one", "two", "three", "four", "five"] {
        made.push(make(&authority, &alice.session, name, None).await);
    }
    authority.clock.advance_minutes(2 * DAY);
    let session = authority.session(&alice.name, PASSWORD).await;
    let (mut names, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/tokens?kind=personal&unused_for_days=1&page_size=2{next}");
        let page = authority.get(&session, &path).await.expect(200).body;
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(token) = page["next_page_token"].as_str() else { break };
        next = format!("&page_token={token}");
        // What was listed is used, and one is made meanwhile: no other one is hidden or repeated.
        authority.verify(&made[4].secret, None).await;
        make(&authority, &session, &format!("new{}", names.len()), None).await;
    }
    assert_eq!(names, ["five", "four", "three", "two", "one"]);
}

async fn a_scope_finds_what_covers_it_or_some_of_it(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    for scope in ["*", "Taskurai.Task.*", "Taskurai.Task.Read", "Taskurai.Log.Query.Read"] {
        authority.token(&alice.session, json!({"name": scope, "scopes": [scope]})).await.expect(201);
    }
    for (scope, found) in [
        ("Taskurai.Task.Read", &["Taskurai.Task.Read", "Taskurai.Task.*", "*"][..]),
        ("Taskurai.Task.Create", &["Taskurai.Task.*", "*"]),
        ("Taskurai.Log.*", &["Taskurai.Log.Query.Read", "*"]),
        ("Jeton.Token.Create", &["*"]),
    ] {
        let query = format!("kind=personal&scope={scope}");
        assert_eq!(authority.names(&alice.session, &query).await, found, "{scope}");
    }
}

async fn filters_that_are_not_understood_are_refused(authority: Authority) {
    let session = authority.person("alice").await.session;
    for (query, pointer) in [
        ("unused_for_days=0", "unused_for_days"),
        ("unused_for_days=-1", "unused_for_days"),
        ("unused_for_days=9223372036854775807", "unused_for_days"),
        ("expiring_in_days=0", "expiring_in_days"),
        ("expiring_in_days=36601", "expiring_in_days"),
        ("scope=", "scope"),
        ("scope=Taskurai", "scope"),
        ("scope=Taskurai..Read", "scope"),
        ("scope=%2A.Read", "scope"),
    ] {
        let answer = authority.get(&session, &format!("/api/v1/tokens?{query}")).await;
        answer.invalid(pointer, "invalid_field");
    }
    for query in ["unused_for_days=x", "expiring_in_days=", "scope=A.B&scope=A.C"] {
        authority.get(&session, &format!("/api/v1/tokens?{query}")).await.refused(422, "invalid_field");
    }
}
