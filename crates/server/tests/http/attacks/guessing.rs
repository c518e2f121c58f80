//! Guessing passwords: what is counted, who has to wait, and who does not.

use reqwest::Method;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::{Authority, PASSWORD, fresh};

on_both! {
    alone:
        attack_guesses_at_one_name_from_one_address_come_to_an_end,
        attack_a_locked_name_locks_nobody_out_at_another_address,
        attack_guesses_at_many_names_from_one_address_come_to_an_end,
        attack_a_present_password_is_not_guessed_through_a_session;
}

/// Sign-in as somebody behind a proxy that the server trusts.
async fn sign_in_from(authority: &Authority, from: &str, user: &str, password: &str) -> Answer {
    let request = authority.request(Method::POST, "/api/v1/sessions").header("x-forwarded-for", from);
    Answer::to(request.json(&json!({"user": user, "password": password}))).await
}

async fn behind_a_proxy(authority: Authority) -> Authority {
    authority.restarted(|settings| settings.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]).await
}

async fn attack_guesses_at_one_name_from_one_address_come_to_an_end(authority: Authority) {
    let alice = authority.person("alice").await;
    let now = authority.stop_the_clock().await;
    for name in [alice.name.as_str(), "nobody-at-all", "no name at all!"] {
        for _ in 0..10 {
            authority.sign_in(name, "wrong password").await.refused(401, "invalid_password");
        }
        for password in ["wrong password", PASSWORD] {
            let refused = authority.sign_in(name, password).await.refused(429, "too_many_attempts");
            let seconds: u64 = refused.header("retry-after").parse().unwrap();
            assert!((1..=60).contains(&seconds), "{name}: {seconds}");
        }
    }
    authority.clock.stand_at_ms(now + 60_000);
    authority.sign_in(&alice.name, PASSWORD).await.expect(201);
    for _ in 0..10 {
        authority.sign_in(&alice.name, "wrong").await.refused(401, "invalid_password");
    }
    authority.sign_in(&alice.name, PASSWORD).await.refused(429, "too_many_attempts");
}

async fn attack_a_locked_name_locks_nobody_out_at_another_address(authority: Authority) {
    let alice = authority.person("alice").await;
    let authority = behind_a_proxy(authority).await;
    authority.stop_the_clock().await;
    for last in 1..=3 {
        let from = format!("192.0.2.{last}");
        for _ in 0..10 {
            let wrong = sign_in_from(&authority, &from, &alice.name, "wrong password").await;
            wrong.refused(401, "invalid_password");
        }
        let locked = sign_in_from(&authority, &from, &alice.name, PASSWORD).await;
        locked.refused(429, "too_many_attempts");
    }
    sign_in_from(&authority, "192.0.2.9", &alice.name, PASSWORD).await.expect(201);
    let claimed = sign_in_from(&authority, "192.0.2.9, 192.0.2.1", &alice.name, PASSWORD).await;
    claimed.refused(429, "too_many_attempts");
    for last in 0..10 {
        let neighbour = format!("2001:db8::{last}");
        let wrong = sign_in_from(&authority, &neighbour, &alice.name, "wrong password").await;
        wrong.refused(401, "invalid_password");
    }
    let neighbour = sign_in_from(&authority, "2001:db8::ffff", &alice.name, PASSWORD).await;
    neighbour.refused(429, "too_many_attempts");
}

async fn attack_guesses_at_many_names_from_one_address_come_to_an_end(authority: Authority) {
    let (alice, admin) = (authority.person("alice").await, authority.admin().await);
    let now = authority.stop_the_clock().await;
    for _ in 0..100 {
        authority.sign_in(&fresh("nobody"), PASSWORD).await.refused(401, "invalid_password");
    }
    authority.sign_in(&alice.name, PASSWORD).await.refused(429, "too_many_attempts");
    authority.get(&admin, "/api/v1/tokens/self").await.expect(200);
    authority.clock.stand_at_ms(now + 30_000);
    authority.sign_in(&alice.name, PASSWORD).await.expect(201);
}

async fn attack_a_present_password_is_not_guessed_through_a_session(authority: Authority) {
    let alice = authority.person("alice").await;
    let now = authority.stop_the_clock().await;
    let path = format!("/api/v1/users/{}", alice.name);
    let change = async |current: &str| {
        let body = json!({"password": "another password", "current_password": current});
        authority.patch(&alice.session, &path, body).await
    };
    for _ in 0..10 {
        change("wrong password").await.invalid("/current_password", "invalid_password");
    }
    change(PASSWORD).await.refused(429, "too_many_attempts");
    authority.sign_in(&alice.name, PASSWORD).await.refused(429, "too_many_attempts");
    authority.clock.stand_at_ms(now + 60_000);
    change(PASSWORD).await.expect(200);
}
