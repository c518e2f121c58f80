//! Names of tokens: unique among the owner's live ones.

use serde_json::json;

use crate::support::Authority;

on_both! {
    alone:
        a_name_is_free_again_once_its_token_is_dead,
        a_name_that_looks_like_a_default_one_blocks_nobody;
    shared:
        a_name_is_unique_among_the_live_tokens_of_its_owner,
        a_name_is_one_line_of_1_to_128_bytes,
        a_token_takes_over_no_name_in_use;
}

async fn a_name_is_unique_among_the_live_tokens_of_its_owner(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let body = json!({"name": "deploy", "scopes": ["*"]});
    let first = authority.token(&alice.session, body.clone()).await.pat();
    authority.token(&alice.session, body.clone()).await.refused(409, "name_taken");
    authority.token(&bob.session, body.clone()).await.expect(201);
    authority.token(&alice.session, json!({"name": "Deploy", "scopes": ["*"]})).await.expect(201);

    authority.revoke(&alice.session, &first.id).await.expect(204);
    let second = authority.token(&alice.session, body).await.pat();
    assert_eq!(
        authority.record(&alice.session, &first.id).await["name"],
        "deploy",
        "the dead one keeps its name"
    );
    assert!(authority.is_active(&second.secret).await && !authority.is_active(&first.secret).await);
}

async fn a_name_is_free_again_once_its_token_is_dead(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let short = json!({"name": "short", "scopes": ["*"], "expires_in_minutes": 5});
    authority.token(&alice.session, short.clone()).await.expect(201);
    let other = authority.pat(&alice.session, &["*"]).await;
    authority.token(&alice.session, short.clone()).await.refused(409, "name_taken");
    authority.clock.advance_minutes(5);
    authority.token(&alice.session, short).await.expect(201);
    authority.clock.advance_minutes(5);
    let path = format!("/api/v1/tokens/{}", other.id);
    let renamed = authority.patch(&alice.session, &path, json!({"name": "short"})).await.expect(200);
    assert_eq!(renamed.body["name"], "short");
}

async fn a_token_takes_over_no_name_in_use(authority: Authority) {
    let alice = authority.person("alice").await;
    authority.token(&alice.session, json!({"name": "first", "scopes": ["*"]})).await.expect(201);
    let second = authority.token(&alice.session, json!({"name": "second", "scopes": ["*"]})).await.pat();
    let path = format!("/api/v1/tokens/{}", second.id);
    authority.patch(&alice.session, &path, json!({"name": "first"})).await.refused(409, "name_taken");
    let rotation = json!({"name": "first", "overlap_minutes": 0});
    authority.post(&alice.session, &format!("{path}/rotate"), rotation).await.refused(409, "name_taken");
    assert!(authority.is_active(&second.secret).await, "nothing was rotated");
    authority.patch(&alice.session, &path, json!({"name": "second"})).await.expect(200);
    assert_eq!(authority.record(&alice.session, &second.id).await["name"], "second");
}

async fn a_name_is_one_line_of_1_to_128_bytes(authority: Authority) {
    let alice = authority.person("alice").await;
    let long = "ü".repeat(64);
    authority.token(&alice.session, json!({"name": long, "scopes": ["*"]})).await.expect(201);
    for name in ["", &"x".repeat(129), "two\nlines", "nul\0", "escape\u{1b}[2J", "\u{85}"] {
        let body = json!({"name": name, "scopes": ["*"]});
        authority.token(&alice.session, body).await.invalid("/name", "invalid_field");
    }
    for description in ["x".repeat(1025), "nul\0".to_owned(), "\u{1b}]0;title".to_owned()] {
        let body = json!({"description": description, "scopes": ["*"]});
        authority.token(&alice.session, body).await.invalid("/description", "invalid_field");
    }
}

/// Whoever holds a token could otherwise keep its owner from signing in, by naming tokens after the next sessions.
async fn a_name_that_looks_like_a_default_one_blocks_nobody(authority: Authority) {
    let alice = authority.person("alice").await;
    let number = authority.token(&alice.session, json!({"scopes": ["*"]})).await.expect(201).body;
    let number = number["token"]["number"].as_i64().unwrap();
    for next in number + 1..number + 10 {
        let name =
            if next % 2 == 0 { format!("token-{}", next + 9) } else { format!("session-{}", next + 9) };
        authority.token(&alice.session, json!({"name": name, "scopes": ["*"]})).await.expect(201);
    }
    for _ in 0..5 {
        authority.token(&alice.session, json!({"scopes": ["*"]})).await.expect(201);
        authority.sign_in(&alice.name, crate::support::PASSWORD).await.expect(201);
    }
}
