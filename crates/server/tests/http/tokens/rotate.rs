//! `POST /api/v1/tokens/{id}/rotate` and `POST /api/v1/tokens/self/rotate`

use serde_json::{Value, json};

use crate::support::Authority;
use crate::support::clock::{assert_minutes, ms, rfc3339};

on_both! {
    alone: a_rotated_token_lives_as_long_again_unless_said;
    shared:
        a_rotation_gives_the_same_token_a_new_value_and_kills_the_old_one,
        an_overlap_is_a_number_of_minutes_up_to_seven_days,
        a_rotation_changes_what_is_given_with_it,
        a_token_with_the_right_rotates_itself,
        a_token_that_cannot_be_widened_is_not_rotated_wider_either;
}

async fn a_rotation_gives_the_same_token_a_new_value_and_kills_the_old_one(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority
        .token(&alice.session, json!({"name": "t", "description": "d", "scopes": ["*"]}))
        .await
        .pat();
    let before = authority.record(&alice.session, &pat.id).await;
    let path = format!("/api/v1/tokens/{}/rotate", pat.id);
    let rotated = authority.post(&alice.session, &path, json!({"overlap_minutes": 0})).await.expect(200);
    assert_eq!(rotated.header("cache-control"), "no-store");
    let (after, secret) = (&rotated.body["token"], rotated.secret());
    for field in
        ["id", "number", "name", "description", "scopes", "created_at", "created_by", "parent_id", "state"]
    {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_ne!(after["hint"], before["hint"]);
    assert_ne!(secret, pat.secret);
    assert!(secret.starts_with(&format!("jtn_pat_{}_", pat.id)));
    assert!(authority.is_active(&secret).await);
    assert!(!authority.is_active(&pat.secret).await);
    let verdict = authority.verify(&pat.secret, None).await;
    assert_eq!(verdict, json!({"allowed": false}), "a retired secret is like any wrong one");
    authority.get(&pat.secret, "/api/v1/tokens/self").await.refused(401, "invalid_token");
    let again =
        authority.post(&alice.session, &path, json!({"overlap_minutes": 0})).await.expect(200).secret();
    assert!(authority.is_active(&again).await && !authority.is_active(&secret).await);
}

async fn an_overlap_is_a_number_of_minutes_up_to_seven_days(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    for path in [format!("/api/v1/tokens/{}/rotate", pat.id), "/api/v1/tokens/self/rotate".to_owned()] {
        for minutes in [-1, 7 * 24 * 60 + 1, i64::MAX, i64::MIN] {
            let body = json!({"overlap_minutes": minutes});
            authority.post(&pat.secret, &path, body).await.invalid("/overlap_minutes", "invalid_field");
        }
        for (body, code) in [
            (json!({"overlap_minutes": null}), "invalid_field"),
            (json!({"overlap_minutes": "0"}), "invalid_field"),
            (json!({"overlap": 0}), "unknown_field"),
            (json!({"overlap_minutes": 0, "owner": "admin"}), "unknown_field"),
        ] {
            authority.post(&pat.secret, &path, body).await.refused(422, code);
        }
    }
    assert!(authority.is_active(&pat.secret).await);
}

async fn a_rotated_token_lives_as_long_again_unless_said(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["*"], "expires_in_minutes": 100});
    let pat = authority.token(&alice.session, body).await.pat();
    let path = format!("/api/v1/tokens/{}/rotate", pat.id);
    let rotate = async |more: Value| {
        let mut body = json!({"overlap_minutes": 0});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        authority.post(&alice.session, &path, body).await
    };
    let life = |token: &Value| ms(&token["expires_at"]) - ms(&token["secret_issued_at"]);
    authority.clock.advance_minutes(60);
    let rotated = rotate(json!({})).await.expect(200).body["token"].clone();
    assert_minutes(life(&rotated), 100);
    assert!(ms(&rotated["secret_issued_at"]) >= ms(&rotated["created_at"]) + 60 * 60_000);
    authority.clock.advance_minutes(60);
    let rotated = rotate(json!({"expires_in_minutes": 7})).await.expect(200).body["token"].clone();
    assert_minutes(life(&rotated), 7);
    let end = rfc3339(ms(&rotated["expires_at"]) + 1_000);
    let rotated = rotate(json!({"expires_at": end})).await.expect(200).body["token"].clone();
    assert_eq!(rotated["expires_at"], json!(end));
    rotate(json!({"expires_at": end, "expires_in_minutes": 7})).await.refused(422, "invalid_field");
    rotate(json!({"expires_in_minutes": 0})).await.invalid("/expires_in_minutes", "invalid_field");
    authority.clock.advance_minutes(60);
    rotate(json!({})).await.refused(409, "token_not_live");

    let body = json!({"scopes": ["*"], "never_expires": true});
    let never = authority.token(&alice.session, body).await.pat();
    let path = format!("/api/v1/tokens/{}/rotate", never.id);
    let rotated = authority.post(&alice.session, &path, json!({"overlap_minutes": 0})).await.expect(200);
    assert_eq!(rotated.body["token"]["expires_at"], Value::Null);
}

async fn a_rotation_changes_what_is_given_with_it(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let path = format!("/api/v1/tokens/{}/rotate", pat.id);
    let body = json!({
        "overlap_minutes": 0, "name": "renamed", "description": "new", "scopes": ["Taskurai.Task.Read"],
        "projects": ["default/*"], "networks": ["127.0.0.0/8"],
    });
    let rotated = authority.post(&alice.session, &path, body.clone()).await.expect(200);
    for field in ["name", "description", "scopes", "projects", "networks"] {
        assert_eq!(rotated.body["token"][field], body[field], "{field}");
    }
    let body = json!({"overlap_minutes": 0, "scopes": ["Nobody.*"]});
    authority.post(&alice.session, &path, body).await.invalid("/scopes/0", "unknown_scope");
}

async fn a_token_with_the_right_rotates_itself(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.Read", "Jeton.Token.Rotate"]).await;
    let body = json!({"overlap_minutes": 0});
    let rotated = authority.post(&pat.secret, "/api/v1/tokens/self/rotate", body.clone()).await.expect(200);
    assert_eq!(rotated.id(), pat.id);
    authority
        .post(&pat.secret, "/api/v1/tokens/self/rotate", body.clone())
        .await
        .refused(401, "invalid_token");
    assert!(authority.is_active(&rotated.secret()).await);
    let without = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    let denied = authority.post(&without.secret, "/api/v1/tokens/self/rotate", body).await;
    assert_eq!(denied.refused(403, "insufficient_scope").body["missing_scope"], "Jeton.Token.Rotate");
}

async fn a_token_that_cannot_be_widened_is_not_rotated_wider_either(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.Read", "Jeton.Token.*"]).await;
    for scopes in [json!(["*"]), json!(["Taskurai.Task.*"]), json!(["Taskurai.Task.Read", "Jeton.*"])] {
        let body = json!({"overlap_minutes": 0, "scopes": scopes});
        authority
            .post(&pat.secret, "/api/v1/tokens/self/rotate", body)
            .await
            .refused(403, "scope_exceeds_grant");
    }
    let body = json!({"overlap_minutes": 0, "scopes": ["Jeton.Token.Rotate"]});
    authority.post(&pat.secret, "/api/v1/tokens/self/rotate", body).await.expect(200);
}
