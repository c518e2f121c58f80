//! Tokens that rotate themselves.

use serde_json::json;

use crate::support::clock::ms;
use crate::support::{Authority, PASSWORD, Pat, Person};

const DAY: i64 = 24 * 60;

on_both! {
    alone:
        a_token_rotates_itself_for_a_year_after_a_person_looked_after_it,
        attack_08_a_token_that_rotates_itself_ends_in_the_end,
        attack_08_two_tokens_do_not_keep_each_other_alive,
        who_else_rotates_a_token_begins_no_new_year;
}

async fn token(authority: &Authority, person: &Person, name: &str) -> Pat {
    let scopes = ["Taskurai.*", "Jeton.Token.Rotate"];
    let body = json!({"name": name, "scopes": scopes, "never_expires": true});
    authority.token(&person.session, body).await.pat()
}

/// The new secret, or the code of the refusal.
async fn rotated(authority: &Authority, secret: &str, id: &str) -> Result<Pat, String> {
    let path = format!("/api/v1/tokens/{id}/rotate");
    let answer = authority.post(secret, &path, json!({"overlap_minutes": 0})).await;
    if answer.status != 200 {
        return Err(answer.body["code"].to_string());
    }
    let id = answer.body["token"]["id"].as_str().unwrap().to_owned();
    Ok(Pat { id, secret: answer.secret() })
}

async fn a_token_rotates_itself_for_a_year_after_a_person_looked_after_it(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let mut pat = token(&authority, &alice, "one").await;
    authority.clock.advance_minutes(364 * DAY);
    pat = rotated(&authority, &pat.secret, "self").await.unwrap();
    authority.clock.advance_minutes(DAY);
    assert_eq!(rotated(&authority, &pat.secret, "self").await.err().unwrap(), r#""renewal_over""#);
    assert_eq!(rotated(&authority, &pat.secret, &pat.id).await.err().unwrap(), r#""renewal_over""#);
    authority.get(&pat.secret, "/api/v1/tokens/self").await.expect(200);
    let session = authority.session(&alice.name, PASSWORD).await;
    pat = rotated(&authority, &session, &pat.id).await.unwrap();
    authority.clock.advance_minutes(364 * DAY);
    pat = rotated(&authority, &pat.secret, "self").await.unwrap();
    authority.clock.advance_minutes(DAY);
    assert_eq!(rotated(&authority, &pat.secret, "self").await.err().unwrap(), r#""renewal_over""#);
    // A policy may say more than what holds where none says anything.
    let admin = authority.admin_again().await;
    let path = super::policy_path("*");
    authority.put(&admin, &path, json!({"renewable_for_days": 1000})).await.expect(200);
    rotated(&authority, &pat.secret, "self").await.unwrap();
}

async fn attack_08_a_token_that_rotates_itself_ends_in_the_end(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let policy = json!({"lifetime_minutes_max": 30 * DAY, "renewable_for_days": 90, "excess": "clamp"});
    authority.set_policy("*", policy).await.expect(200);
    let scopes = ["Taskurai.*", "Jeton.Token.Rotate"];
    let body = json!({"scopes": scopes, "expires_in_minutes": 30 * DAY});
    let mut pat = authority.token(&alice.session, body).await.pat();
    let mut days = 0;
    loop {
        authority.clock.advance_minutes(20 * DAY);
        days += 20;
        match rotated(&authority, &pat.secret, "self").await {
            Ok(next) => pat = next,
            Err(code) => {
                assert_eq!(code, r#""renewal_over""#);
                break;
            }
        }
    }
    assert_eq!(days, 100);
    authority.clock.advance_minutes(20 * DAY);
    assert!(!authority.is_active(&pat.secret).await);
}

async fn attack_08_two_tokens_do_not_keep_each_other_alive(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let (one, other) = (token(&authority, &alice, "one").await, token(&authority, &alice, "other").await);
    authority.set_policy("*", json!({"lifetime_minutes_max": 30 * DAY})).await.expect(200);
    let end = ms(&authority.record(&alice.session, &one.id).await["secret_issued_at"]) + 30 * DAY * 60_000;
    authority.clock.advance_minutes(20 * DAY);
    let other = rotated(&authority, &one.secret, &other.id).await.unwrap();
    let one = rotated(&authority, &other.secret, &one.id).await.unwrap();
    let session = authority.session(&alice.name, PASSWORD).await;
    for pat in [&one, &other] {
        let record = authority.record(&session, &pat.id).await;
        assert!(ms(&record["expires_at"]) <= end, "{record}");
    }
    authority.clock.advance_minutes(10 * DAY);
    assert!(!authority.is_active(&one.secret).await && !authority.is_active(&other.secret).await);
}

async fn who_else_rotates_a_token_begins_no_new_year(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let one = token(&authority, &alice, "one").await;
    authority.clock.advance_minutes(300 * DAY);
    let alice = Person { session: authority.session(&alice.name, PASSWORD).await, ..alice };
    let other = token(&authority, &alice, "other").await;
    let one = rotated(&authority, &other.secret, &one.id).await.unwrap();
    authority.clock.advance_minutes(100 * DAY);
    assert_eq!(rotated(&authority, &one.secret, "self").await.err().unwrap(), r#""renewal_over""#);
    let other = rotated(&authority, &other.secret, "self").await.unwrap();
    // One that ends no earlier looks after it as before, and no longer than it lives itself.
    rotated(&authority, &other.secret, &one.id).await.unwrap();
}
