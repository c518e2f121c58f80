//! `PATCH /api/v1/tokens/{id}`

use serde_json::{Value, json};

use crate::support::clock::{ms, rfc3339};
use crate::support::{Authority, Pat, Person, sample};

on_both! {
    shared:
        what_is_given_is_changed_and_nothing_else,
        an_empty_change_changes_nothing,
        attack_07_what_is_not_changeable_is_refused_and_the_record_stays,
        scopes_that_are_added_must_be_known_and_old_ones_may_stay,
        a_dead_token_is_not_changed_any_more,
        a_suspended_token_is_not_shown_as_active_after_a_change,
        a_session_is_not_changed,
        the_end_of_a_token_is_moved_and_never_into_the_past;
}

async fn made(authority: &Authority, person: &Person) -> (Pat, String) {
    let pat = authority.pat(&person.session, &["Taskurai.*", "Jeton.Token.*"]).await;
    let path = format!("/api/v1/tokens/{}", pat.id);
    (pat, path)
}

async fn what_is_given_is_changed_and_nothing_else(authority: Authority) {
    let alice = authority.person("alice").await;
    let (pat, path) = made(&authority, &alice).await;
    let mut expected = authority.record(&alice.session, &pat.id).await;
    let end = rfc3339(ms(&expected["created_at"]) + 3_600_000);
    for (field, value, shown) in [
        ("name", json!("new name"), json!("new name")),
        ("description", json!("what for"), json!("what for")),
        ("description", json!(""), Value::Null),
        ("scopes", json!(["Taskurai.Task.Read"]), json!(["Taskurai.Task.Read"])),
        ("projects", json!(["default/*", "default/*"]), json!(["default/*"])),
        ("projects", json!([]), json!([])),
        ("networks", json!(["127.0.0.0/8"]), json!(["127.0.0.0/8"])),
        ("networks", json!([]), json!([])),
        ("expires_at", json!(end), json!(end)),
    ] {
        let changed = authority.patch(&alice.session, &path, json!({ field: value })).await.expect(200);
        expected[field] = shown;
        assert_eq!(changed.body, expected, "{field}");
        assert_eq!(authority.record(&alice.session, &pat.id).await, expected, "{field}");
    }
    let verdict = authority.verify(&pat.secret, None).await;
    assert_eq!(verdict["scopes"], json!(["Taskurai.Task.Read"]), "the secret goes on, with the new scopes");
}

async fn an_empty_change_changes_nothing(authority: Authority) {
    let alice = authority.person("alice").await;
    let (pat, path) = made(&authority, &alice).await;
    let before = authority.record(&alice.session, &pat.id).await;
    assert_eq!(authority.patch(&alice.session, &path, json!({})).await.expect(200).body, before);
    assert!(authority.is_active(&pat.secret).await);
}

async fn attack_07_what_is_not_changeable_is_refused_and_the_record_stays(authority: Authority) {
    let alice = authority.person("alice").await;
    let (pat, path) = made(&authority, &alice).await;
    let before = authority.record(&alice.session, &pat.id).await;
    let forbidden = json!({
        "subject": "admin", "revoked": false, "revoked_at": "2020-01-01T00:00:00Z", "created_at": 0,
        "id": pat.id, "number": 1, "kind": "session", "owner": {"type": "user", "name": "admin"},
        "created_by": pat.id, "parent_id": pat.id, "secret": pat.secret, "secret_issued_at": 0, "state": "active",
        "hint": "x", "last_used_at": 0, "expires_in_minutes": 5, "never_expires": true, "overlap_minutes": 0,
        "Scopes": ["*"], "scopes ": ["*"], "__proto__": {"scopes": ["*"]},
    });
    for (key, value) in forbidden.as_object().unwrap() {
        let body = json!({"description": "got in", key: value});
        authority.patch(&alice.session, &path, body).await.invalid(&format!("/{key}"), "unknown_field");
    }
    for field in ["name", "description", "scopes", "expires_at", "projects", "networks"] {
        authority
            .patch(&alice.session, &path, json!({ field: null }))
            .await
            .invalid(&format!("/{field}"), "invalid_field");
    }
    authority.patch(&alice.session, &path, json!({"scopes": []})).await.invalid("/scopes", "invalid_field");
    authority.patch(&alice.session, &path, json!([{"scopes": ["*"]}])).await.expect(422);
    // A token does not widen itself, nor does any other one that holds less.
    authority.patch(&pat.secret, &path, json!({"scopes": ["*"]})).await.refused(403, "scope_exceeds_grant");
    let weaker = authority.pat(&alice.session, &["Jeton.Token.*"]).await;
    let body = json!({"scopes": ["Taskurai.*", "Jeton.*"]});
    authority.patch(&weaker.secret, &path, body).await.refused(403, "scope_exceeds_grant");
    let mut after = authority.record(&alice.session, &pat.id).await;
    // It was used, to try to widen itself.
    for field in ["last_used_at", "last_used_from"] {
        assert!(after[field].is_string(), "{after}");
        after[field] = before[field].clone();
    }
    assert_eq!(after, before);
}

async fn scopes_that_are_added_must_be_known_and_old_ones_may_stay(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (name, namespace) = (crate::support::fresh("shop"), crate::support::fresh("Shop"));
    authority.register(&name, &namespace).await;
    let old = format!("{namespace}.Log.Query.Read");
    let pat = authority.pat(&alice.session, &[&old]).await;
    let path = format!("/api/v1/tokens/{}", pat.id);

    let mut api = sample::api(&name, &namespace);
    api["scopes"].as_array_mut().unwrap().pop();
    authority.put(&admin, &format!("/api/v1/apis/{name}"), api).await.expect(200);
    let body = json!({"scopes": [old, format!("{namespace}.Task.Read")]});
    authority.patch(&alice.session, &path, body.clone()).await.expect(200);
    authority.token(&alice.session, body).await.invalid("/scopes/0", "unknown_scope");
    let body = json!({"scopes": [old, format!("{namespace}.Task.Raed")]});
    authority.patch(&alice.session, &path, body).await.refused(422, "unknown_scope");
}

async fn a_dead_token_is_not_changed_any_more(authority: Authority) {
    let alice = authority.person("alice").await;
    let (pat, path) = made(&authority, &alice).await;
    authority.revoke(&alice.session, &pat.id).await.expect(204);
    let before = authority.record(&alice.session, &pat.id).await;
    authority.patch(&alice.session, &path, json!({"description": "x"})).await.refused(409, "token_not_live");
    let rotation = json!({"overlap_minutes": 0});
    authority.post(&alice.session, &format!("{path}/rotate"), rotation).await.refused(409, "token_not_live");
    assert_eq!(authority.record(&alice.session, &pat.id).await, before);
    assert!(!authority.is_active(&pat.secret).await);
}

async fn a_suspended_token_is_not_shown_as_active_after_a_change(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (pat, path) = made(&authority, &alice).await;
    authority
        .patch(&admin, &format!("/api/v1/users/{}", alice.name), json!({"disabled": true}))
        .await
        .expect(200);
    assert_eq!(authority.record(&admin, &pat.id).await["state"], "suspended");
    let changed = authority.patch(&admin, &path, json!({"description": "x"})).await.expect(200);
    assert_eq!(changed.body["state"], "suspended");
    let body = json!({"overlap_minutes": 0});
    let rotated = authority.post(&admin, &format!("{path}/rotate"), body).await.expect(200);
    assert_eq!(rotated.body["token"]["state"], "suspended");
    let body = json!({"owner": alice.name, "scopes": ["Taskurai.*"]});
    let made = authority.token(&admin, body).await.expect(201);
    assert_eq!(made.body["token"]["state"], "suspended");
}

async fn a_session_is_not_changed(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let path = format!("/api/v1/tokens/{}", sample::id_of(&alice.session));
    authority.patch(&admin, &path, json!({"name": "x"})).await.refused(409, "token_not_live");
    let body = json!({"overlap_minutes": 0});
    authority.post(&admin, &format!("{path}/rotate"), body.clone()).await.refused(409, "token_not_live");
    authority.post(&alice.session, "/api/v1/tokens/self/rotate", body).await.refused(409, "token_not_live");
}

async fn the_end_of_a_token_is_moved_and_never_into_the_past(authority: Authority) {
    let alice = authority.person("alice").await;
    let (pat, path) = made(&authority, &alice).await;
    let now = ms(&authority.record(&alice.session, &pat.id).await["created_at"]);
    for end in [now - 1, 0] {
        let body = json!({"expires_at": rfc3339(end)});
        authority.patch(&alice.session, &path, body).await.invalid("/expires_at", "invalid_field");
    }
    let end = rfc3339(now + 400 * 24 * 3_600_000);
    let changed = authority.patch(&alice.session, &path, json!({ "expires_at": end })).await.expect(200);
    assert_eq!(changed.body["expires_at"], json!(end));
    let exp = authority.introspect(&pat.secret, &[]).await["exp"].as_i64().unwrap();
    assert_eq!(exp, (now + 400 * 24 * 3_600_000) / 1000);
}
