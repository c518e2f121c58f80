//! Rotation with overlap, and its end: `POST /api/v1/tokens/{id}/rotate/finish`

use serde_json::{Value, json};

use crate::support::clock::ms;
use crate::support::{Authority, Pat};

on_both! {
    alone:
        an_old_value_works_until_the_overlap_is_over_and_not_a_moment_longer,
        an_old_value_never_outlives_the_end_that_it_had,
        an_old_value_keeps_the_longest_life_that_a_policy_gave_it,
        the_record_shows_when_and_from_where_the_old_value_was_last_used,
        attack_02_an_overlap_that_was_prolonged_by_sql_is_not_honoured;
    shared:
        without_a_word_the_old_value_works_for_an_hour,
        finishing_ends_the_old_values_at_once_and_leaves_the_new_one,
        a_rotation_without_overlap_ends_all_old_values,
        a_shorter_overlap_shortens_the_one_before_and_a_longer_one_does_not_prolong_it,
        only_so_many_values_work_at_once,
        whoever_may_not_rotate_a_token_does_not_finish_either;
}

async fn rotated(authority: &Authority, caller: &str, id: &str, body: Value) -> Value {
    authority.post(caller, &format!("/api/v1/tokens/{id}/rotate"), body).await.expect(200).body
}

fn secret(issued: &Value) -> &str {
    issued["secret"].as_str().unwrap()
}

async fn pat(authority: &Authority, session: &str) -> Pat {
    authority.pat(session, &["Taskurai.*", "Jeton.Token.*"]).await
}

async fn an_old_value_works_until_the_overlap_is_over_and_not_a_moment_longer(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let old = pat(&authority, &alice.session).await;
    let now = authority.stop_the_clock().await;
    let new = rotated(&authority, &alice.session, &old.id, json!({"overlap_minutes": 60})).await;
    let end = now + 60 * 60_000;
    assert_eq!(ms(&new["token"]["old_secrets"][0]["works_until"]), end);
    assert_ne!(new["secret"], json!(old.secret));
    authority.clock.stand_at_ms(end - 1);
    assert!(authority.is_active(&old.secret).await && authority.is_active(secret(&new)).await);
    authority.get(&old.secret, "/api/v1/tokens/self").await.expect(200);
    authority.clock.stand_at_ms(end);
    assert!(!authority.is_active(&old.secret).await && authority.is_active(secret(&new)).await);
    authority.get(&old.secret, "/api/v1/tokens/self").await.refused(401, "invalid_token");
}

async fn an_old_value_never_outlives_the_end_that_it_had(authority: Authority) {
    let alice = authority.person("alice").await;
    authority.api().await;
    let body = json!({"scopes": ["*"], "expires_in_minutes": 10});
    let old = authority.token(&alice.session, body).await.pat();
    let body = json!({"overlap_minutes": 60, "expires_in_minutes": 500});
    let new = rotated(&authority, &alice.session, &old.id, body).await;
    authority.clock.advance_minutes(10);
    assert!(!authority.is_active(&old.secret).await);
    assert!(authority.is_active(secret(&new)).await);
}

async fn an_old_value_keeps_the_longest_life_that_a_policy_gave_it(authority: Authority) {
    let alice = authority.person("alice").await;
    authority.api().await;
    let old = pat(&authority, &alice.session).await;
    authority.clock.advance_minutes(60);
    let session = authority.session(&alice.name, crate::support::PASSWORD).await;
    let new = rotated(&authority, &session, &old.id, json!({"overlap_minutes": 600})).await;
    authority.set_policy("*", json!({"lifetime_minutes_max": 120})).await.expect(200);
    assert!(authority.is_active(&old.secret).await);
    authority.clock.advance_minutes(61);
    assert!(!authority.is_active(&old.secret).await, "two hours after it was made");
    assert!(authority.is_active(secret(&new)).await, "one hour after it was made");
}

async fn the_record_shows_when_and_from_where_the_old_value_was_last_used(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let old = pat(&authority, &alice.session).await;
    let new = rotated(&authority, &alice.session, &old.id, json!({})).await;
    let first = &new["token"]["old_secrets"][0];
    assert_eq!((&first["last_used_at"], &first["last_used_from"]), (&Value::Null, &Value::Null));
    authority.is_active(secret(&new)).await;
    let now = authority.stop_the_clock().await;
    authority.introspect(&old.secret, &[("client_ip", "203.0.113.7")]).await;
    let used = last_use(&authority, &alice.session, &old.id, now).await;
    assert_eq!(used["last_used_from"], "203.0.113.7");
    authority.clock.stand_at_ms(now + 60_000);
    authority.get(&old.secret, "/api/v1/tokens/self").await.expect(200);
    let used = last_use(&authority, &alice.session, &old.id, now + 60_000).await;
    assert_eq!(used["last_used_from"], "127.0.0.1");
}

/// The use is written down after the answer, so it is waited for.
async fn last_use(authority: &Authority, session: &str, id: &str, at: i64) -> Value {
    for _ in 0..500 {
        let old = authority.record(session, id).await["old_secrets"][0].clone();
        if !old["last_used_at"].is_null() && ms(&old["last_used_at"]) == at {
            return old;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the use is not in the record");
}

async fn attack_02_an_overlap_that_was_prolonged_by_sql_is_not_honoured(authority: Authority) {
    let alice = authority.person("alice").await;
    authority.api().await;
    for change in ["retired_at = retired_at + 1", "retired_at = NULL"] {
        let old = pat(&authority, &alice.session).await;
        let new = rotated(&authority, &alice.session, &old.id, json!({"overlap_minutes": 60})).await;
        // Nobody asks before, so that nothing of the token is remembered.
        let text =
            format!("UPDATE secret SET {change} WHERE token_id = '{}' AND retired_at IS NOT NULL", old.id);
        authority.sql().await.change(&text).await;
        assert!(!authority.is_active(&old.secret).await, "{change}");
        assert!(authority.is_active(secret(&new)).await, "{change}");
    }
}

async fn without_a_word_the_old_value_works_for_an_hour(authority: Authority) {
    let alice = authority.person("alice").await;
    for body in [Value::Null, json!({})] {
        let old = pat(&authority, &alice.session).await;
        let new = rotated(&authority, &alice.session, &old.id, body).await;
        let until = ms(&new["token"]["old_secrets"][0]["works_until"]);
        assert_eq!((until - ms(&new["token"]["secret_issued_at"])).div_euclid(60_000), 60);
        assert!(authority.is_active(&old.secret).await);
    }
}

async fn finishing_ends_the_old_values_at_once_and_leaves_the_new_one(authority: Authority) {
    let alice = authority.person("alice").await;
    for by_itself in [false, true] {
        let old = pat(&authority, &alice.session).await;
        let middle = rotated(&authority, &alice.session, &old.id, json!({})).await;
        let new = rotated(&authority, &alice.session, &old.id, json!({})).await;
        for text in [old.secret.as_str(), secret(&middle), secret(&new)] {
            assert!(authority.is_active(text).await);
        }
        let (caller, path) = if by_itself {
            (secret(&new), "/api/v1/tokens/self/rotate/finish".to_owned())
        } else {
            (alice.session.as_str(), format!("/api/v1/tokens/{}/rotate/finish", old.id))
        };
        let finished = authority.post(caller, &path, Value::Null).await.expect(200).body;
        assert_eq!(finished["hint"], new["token"]["hint"]);
        assert!(!authority.is_active(&old.secret).await && !authority.is_active(secret(&middle)).await);
        assert!(authority.is_active(secret(&new)).await);
        authority.post(caller, &path, Value::Null).await.expect(200);
    }
}

async fn a_rotation_without_overlap_ends_all_old_values(authority: Authority) {
    let alice = authority.person("alice").await;
    let old = pat(&authority, &alice.session).await;
    let middle = rotated(&authority, &alice.session, &old.id, json!({"overlap_minutes": 600})).await;
    let new = rotated(&authority, &alice.session, &old.id, json!({"overlap_minutes": 0})).await;
    assert!(!authority.is_active(&old.secret).await && !authority.is_active(secret(&middle)).await);
    assert!(authority.is_active(secret(&new)).await);
}

async fn a_shorter_overlap_shortens_the_one_before_and_a_longer_one_does_not_prolong_it(
    authority: Authority,
) {
    let alice = authority.person("alice").await;
    let old = pat(&authority, &alice.session).await;
    let first = rotated(&authority, &alice.session, &old.id, json!({"overlap_minutes": 100})).await;
    let end = ms(&first["token"]["old_secrets"][0]["works_until"]);
    let ends = |issued: &Value| {
        let listed = issued["token"]["old_secrets"].as_array().unwrap().clone();
        listed.iter().map(|one| ms(&one["works_until"])).collect::<Vec<_>>()
    };
    let longer = rotated(&authority, &alice.session, &old.id, json!({"overlap_minutes": 200})).await;
    assert_eq!(ends(&longer).len(), 2);
    assert_eq!(ends(&longer)[1], end);
    let shorter = rotated(&authority, &alice.session, &old.id, json!({"overlap_minutes": 5})).await;
    assert!(ends(&shorter).iter().all(|at| *at < end - 90 * 60_000), "{:?}", ends(&shorter));
}

async fn only_so_many_values_work_at_once(authority: Authority) {
    let alice = authority.person("alice").await;
    let old = pat(&authority, &alice.session).await;
    for _ in 1..8 {
        rotated(&authority, &alice.session, &old.id, json!({})).await;
    }
    let path = format!("/api/v1/tokens/{}/rotate", old.id);
    authority.post(&alice.session, &path, json!({})).await.refused(409, "limit_reached");
    authority.post(&alice.session, &format!("{path}/finish"), Value::Null).await.expect(200);
    rotated(&authority, &alice.session, &old.id, json!({})).await;
}

async fn whoever_may_not_rotate_a_token_does_not_finish_either(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let old = pat(&authority, &alice.session).await;
    rotated(&authority, &alice.session, &old.id, json!({})).await;
    let path = format!("/api/v1/tokens/{}/rotate/finish", old.id);
    authority.post(&bob.session, &path, Value::Null).await.refused(404, "not_found");
    let reader = authority.pat(&alice.session, &["Jeton.Token.Read"]).await;
    authority.post(&reader.secret, &path, Value::Null).await.refused(403, "insufficient_scope");
    assert!(authority.is_active(&old.secret).await);
    authority.post(&alice.session, &path, json!({"x": 1})).await.refused(422, "unknown_field");
}
