//! A token that is known and dead: who has it learns why it is refused, and is never made to wait for it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::{Authority, PASSWORD};

on_both! {
    alone: a_dead_token_gets_a_clear_401_and_never_counts_towards_a_ban;
}

/// More than any count of wrong guesses allows.
const TRIES: usize = 150;

async fn a_dead_token_gets_a_clear_401_and_never_counts_towards_a_ban(authority: Authority) {
    let alice = authority.person("alice").await;
    let api = authority.api().await;
    let revoked = authority.pat(&alice.session, &["*"]).await;
    authority.revoke(&alice.session, &revoked.id).await.expect(204);
    let expired =
        authority.token(&alice.session, json!({"scopes": ["*"], "expires_in_minutes": 5})).await.pat();
    let dead_api = authority.register("other", "Other").await;
    authority.delete(&dead_api, "/api/v1/tokens/self").await.expect(204);
    authority.clock.advance_minutes(6);
    for (secret, code) in [(&revoked.secret, "revoked_token"), (&expired.secret, "expired_token")] {
        for number in 0..TRIES {
            let path = ["/api/v1/tokens/self", "/api/v1/tokens", "/api/v1/users"][number % 3];
            let answer = authority.get(secret, path).await;
            assert_eq!((answer.status, &answer.body["code"]), (401, &json!(code)), "{path}");
        }
        // As the password of anybody.
        for _ in 0..TRIES {
            let request =
                authority.request(Method::GET, "/api/v1/tokens/self").basic_auth("alice", Some(secret));
            assert_eq!(Answer::to(request).await.expect(401).body["code"], code);
        }
        // As what somebody asks about: the API that asks is not held to it either.
        for _ in 0..TRIES {
            let told = authority.verify(secret, None).await;
            assert_eq!(
                (&told["allowed"], &told["reason"]),
                (&json!(false), &json!(code.trim_end_matches("_token")))
            );
            assert_eq!(authority.introspect(secret, &[]).await, json!({"active": false}));
        }
        let form = [("token", secret.as_str())];
        for _ in 0..TRIES {
            Answer::to(authority.request(Method::POST, "/oauth2/revoke").form(&form)).await.expect(200);
        }
    }
    // As the credential of an API that asks.
    for _ in 0..TRIES {
        let answer = authority.post(&dead_api, "/api/v1/verify", json!({"token": revoked.secret})).await;
        assert_eq!((answer.status, &answer.body["code"]), (401, &json!("revoked_token")));
        let answer = authority.introspect_as(&dead_api, &revoked.secret, &[]).await;
        assert_eq!(answer.status, 401);
    }
    // Nobody waits: not the owner, from the same address, with password, token or code; and not the API.
    authority.sign_in(&alice.name, PASSWORD).await.expect(201);
    let live = authority.pat(&alice.session, &["*"]).await;
    authority.get(&live.secret, "/api/v1/tokens/self").await.expect(200);
    let device = [("client_id", "jeton-cli")];
    Answer::to(authority.request(Method::POST, "/oauth2/device_authorization").form(&device))
        .await
        .expect(200);
    let told = authority.post(&api, "/api/v1/verify", json!({"token": live.secret})).await;
    assert_ne!(told.status, 429);
    // The others that wrong guesses are counted by are as they were: ten wrong passwords are allowed.
    for _ in 0..10 {
        assert_ne!(authority.sign_in(&alice.name, "wrong password").await.status, 429);
    }
    assert_eq!(authority.sign_in(&alice.name, "wrong password").await.status, 429);
    let told: Value = authority.verify(&revoked.secret, None).await;
    assert_eq!(told["reason"], "revoked");
}
