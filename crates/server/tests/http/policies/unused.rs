//! Tokens that nobody uses.

use serde_json::{Value, json};

use crate::support::clock::ms;
use crate::support::{Authority, PASSWORD, Pat, Person};

const DAY: i64 = 24 * 60;

on_both! {
    alone:
        a_token_that_nobody_uses_is_suspended_until_somebody_rotates_it,
        a_refusal_is_no_use,
        what_was_used_before_a_restart_was_used,
        a_token_made_with_one_that_nobody_uses_is_suspended_with_it,
        sessions_and_api_credentials_may_rest,
        a_dry_run_tells_who_would_be_suspended;
    shared: it_is_said_for_everywhere_only;
}

async fn limited(authority: &Authority) -> (Person, Pat) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.Task.Read", "Jeton.Token.*"], "never_expires": true});
    let pat = authority.token(&alice.session, body).await.pat();
    authority.set_policy("*", json!({"used_within_days": 10})).await.expect(200);
    (alice, pat)
}

async fn a_token_that_nobody_uses_is_suspended_until_somebody_rotates_it(authority: Authority) {
    let (alice, pat) = limited(&authority).await;
    for _ in 0..3 {
        authority.clock.advance_minutes(9 * DAY);
        assert_eq!(authority.reason(&pat.secret).await, None, "each use puts it off");
    }
    let used = authority.introspect(&pat.secret, &[]).await;
    assert_eq!((&used["active"], &used["exp"]), (&json!(true), &Value::Null), "no end is known");
    authority.clock.advance_minutes(10 * DAY);
    for _ in 0..2 {
        let reason = authority.reason(&pat.secret).await;
        assert_eq!(reason.as_deref(), Some("policy_unused"), "asking again brings nothing back");
        authority.get(&pat.secret, "/api/v1/tokens/self").await.refused(401, "invalid_token");
    }
    let session = authority.session(&alice.name, PASSWORD).await;
    assert_eq!(authority.record(&session, &pat.id).await["state"], "suspended");
    let found = authority.names(&session, "kind=personal&state=suspended&unused_for_days=10").await;
    assert_eq!(found.len(), 1);
    let body = json!({"token_id": pat.id, "scope": "Taskurai.Task.Read", "resource": "default/apollo"});
    let told = authority.post(&session, "/api/v1/explain", body).await.expect(200).body;
    assert!(told.to_string().contains("policy_unused"), "{told}");
    let actions: Vec<_> = told["remedies"].as_array().unwrap().iter().map(|one| &one["action"]).collect();
    assert!(actions.contains(&&json!("rotate")), "{told}");
    let path = format!("/api/v1/tokens/{}/rotate", pat.id);
    let rotated = authority.post(&session, &path, json!({"overlap_minutes": 0})).await.expect(200);
    assert_eq!(authority.reason(&rotated.secret()).await, None);
    authority.clock.advance_minutes(9 * DAY);
    assert_eq!(authority.reason(&rotated.secret()).await, None);
}

async fn a_refusal_is_no_use(authority: Authority) {
    let (_, pat) = limited(&authority).await;
    for _ in 0..2 {
        authority.clock.advance_minutes(5 * DAY);
        let body = json!({"token": pat.secret, "scope": "Taskurai.Task.Create"});
        let told = authority.post(&authority.api().await, "/api/v1/verify", body).await.expect(200).body;
        assert_eq!(told["allowed"], false);
    }
    assert_eq!(authority.reason(&pat.secret).await.as_deref(), Some("policy_unused"));
}

async fn what_was_used_before_a_restart_was_used(authority: Authority) {
    let (_, pat) = limited(&authority).await;
    let api = authority.api().await;
    authority.clock.advance_minutes(9 * DAY);
    assert_eq!(authority.reason(&pat.secret).await, None);
    let authority = authority.restarted(|_| ()).await;
    authority.clock.advance_minutes(18 * DAY);
    let asked = async || {
        let body = json!({"token": pat.secret, "scope": "Taskurai.Task.Read"});
        authority.post(&api, "/api/v1/verify", body).await.expect(200).body["reason"].clone()
    };
    assert_eq!(asked().await, Value::Null);
    authority.clock.advance_minutes(10 * DAY);
    assert_eq!(asked().await, "policy_unused");
}

async fn a_token_made_with_one_that_nobody_uses_is_suspended_with_it(authority: Authority) {
    let (alice, pat) = limited(&authority).await;
    let child = authority.pat(&pat.secret, &["Taskurai.Task.Read"]).await;
    for _ in 0..2 {
        assert_eq!(authority.reason(&child.secret).await, None);
        authority.clock.advance_minutes(5 * DAY);
    }
    let reason = authority.reason(&child.secret).await;
    assert_eq!(reason.as_deref(), Some("policy_unused"), "using a child is no use of its parent");
    let session = authority.session(&alice.name, PASSWORD).await;
    let path = format!("/api/v1/tokens/{}/rotate", pat.id);
    authority.post(&session, &path, json!({"overlap_minutes": 0})).await.expect(200);
    assert_eq!(authority.reason(&child.secret).await, None);
}

async fn sessions_and_api_credentials_may_rest(authority: Authority) {
    limited(&authority).await;
    authority.set_policy("*", json!({"used_within_days": 1})).await.expect(200);
    let (api, now) = (authority.api().await, authority.stop_the_clock().await);
    authority.clock.stand_at_ms(now + 300 * DAY * 60_000);
    authority.post(&api, "/api/v1/verify", json!({"token": "x"})).await.expect(200);
}

async fn a_dry_run_tells_who_would_be_suspended(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let make = async |name: &str| {
        let body = json!({"name": name, "scopes": ["Taskurai.*"], "never_expires": true});
        authority.token(&alice.session, body).await.pat()
    };
    let (_, used) = (make("unused").await, make("used").await);
    authority.clock.advance_minutes(5 * DAY);
    assert_eq!(authority.reason(&used.secret).await, None);
    let admin = authority.admin_again().await;
    let path = format!("{}?dry_run=true", super::policy_path("*"));
    let told = authority.put(&admin, &path, json!({"used_within_days": 3})).await.expect(200).body;
    assert_eq!(told["tokens"], 1, "{told}");
    assert_eq!(told["owners"][0]["effects"], json!(["policy_unused"]));
    let session = authority.session(&alice.name, PASSWORD).await;
    let last = &authority.record(&session, &used.id).await["last_used_at"];
    assert!(ms(last) > ms(&authority.record(&session, &used.id).await["created_at"]));
}

async fn it_is_said_for_everywhere_only(authority: Authority) {
    for place in ["default/*"] {
        let answer = authority.set_policy(place, json!({"used_within_days": 3})).await;
        answer.invalid("/used_within_days", "invalid_field");
    }
}
