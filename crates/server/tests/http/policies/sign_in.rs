//! Tokens of a person who no longer signs in.

use serde_json::{Value, json};

use super::LEVELS;
use crate::support::clock::ms;
use crate::support::{Authority, PASSWORD};

on_both! {
    alone:
        the_tokens_of_a_person_are_suspended_until_they_sign_in_again,
        a_service_account_never_signs_in_and_is_not_asked_to;
}

const DAY: i64 = 24 * 60;

async fn the_tokens_of_a_person_are_suspended_until_they_sign_in_again(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*"], "never_expires": true});
    let pat = authority.token(&alice.session, body).await.pat();
    for place in LEVELS {
        let admin = authority.admin_again().await;
        let path = super::policy_path(place);
        authority.put(&admin, &path, json!({"sign_in_within_days": 7})).await.expect(200);
        let seen = authority.get(&admin, &format!("/api/v1/users/{}", alice.name)).await.expect(200).body;
        let seen = ms(&seen["last_sign_in_at"]);
        let told = authority.introspect(&pat.secret, &[("resource", "default/apollo")]).await;
        assert_eq!(told["exp"].as_i64().unwrap(), (seen + 7 * DAY * 60_000) / 1000, "{place}: {told}");
        authority.clock.advance_minutes(6 * DAY);
        assert_eq!(authority.reason(&pat.secret).await, None, "{place}");
        authority.clock.advance_minutes(DAY);
        assert_eq!(authority.reason(&pat.secret).await.as_deref(), Some("policy_sign_in"), "{place}");
        let admin = authority.admin_again().await;
        let state = if place == "*" { "suspended" } else { "active" };
        assert_eq!(authority.record(&admin, &pat.id).await["state"], state, "{place}");
        let wrong = authority.sign_in(&alice.name, "not the password").await.expect(401);
        assert_eq!(wrong.body["code"], "invalid_password");
        assert!(authority.reason(&pat.secret).await.is_some(), "{place}: only who gets in has signed in");
        authority.session(&alice.name, PASSWORD).await;
        assert_eq!(authority.reason(&pat.secret).await, None, "{place}");
        authority.delete(&admin, &path).await.expect(204);
    }
}

async fn a_service_account_never_signs_in_and_is_not_asked_to(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    authority.put(&admin, "/api/v1/service-accounts/bot", json!({})).await.expect(201);
    let subject = json!({"type": "service_account", "name": "bot"});
    let body = json!({"role": "ApiUser", "subject": subject, "place": "default/*"});
    authority.post(&admin, "/api/v1/role-bindings", body).await.expect(201);
    let body = json!({"kind": "service", "owner": "bot", "scopes": ["Taskurai.*"], "never_expires": true});
    let pat = authority.token(&admin, body).await.pat();
    authority.set_policy("*", json!({"sign_in_within_days": 1})).await.expect(200);
    authority.clock.advance_minutes(30 * DAY);
    assert_eq!(authority.reason(&pat.secret).await, None);
    let told = authority.introspect(&pat.secret, &[]).await;
    assert_eq!((&told["active"], &told["exp"]), (&json!(true), &Value::Null));
}
