//! `POST /api/v1/tokens/revoke`

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Authority;
use crate::support::answer::Answer;

const PATH: &str = "/api/v1/tokens/revoke";

on_both! {
    shared:
        all_that_fits_is_revoked_and_nothing_else,
        a_dry_run_counts_and_changes_nothing,
        a_filter_that_says_nothing_is_refused,
        the_token_of_the_call_and_those_it_was_made_with_stay,
        attack_06_nobody_revokes_what_is_not_theirs_to_revoke,
        the_same_call_with_a_key_is_answered_alike;
}

async fn revoke(authority: &Authority, caller: &str, filter: Value, dry_run: bool) -> Answer {
    authority.post(caller, PATH, json!({"filter": filter, "dry_run": dry_run})).await
}

async fn all_that_fits_is_revoked_and_nothing_else(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (one, two) =
        (authority.pat(&alice.session, &["*"]).await, authority.pat(&alice.session, &["*"]).await);
    let named = authority.token(&alice.session, json!({"name": "keep", "scopes": ["*"]})).await.pat();
    authority.revoke(&alice.session, &two.id).await.expect(204);
    let by_name = revoke(&authority, &alice.session, json!({"name": "keep"}), false).await.expect(200).body;
    assert_eq!(by_name, json!({"matched": 1, "revoked": 1}));
    assert!(!authority.is_active(&named.secret).await && authority.is_active(&one.secret).await);
    let filter = json!({"owner": alice.name, "kind": "personal"});
    let by_owner = revoke(&authority, &admin, filter.clone(), false).await.expect(200).body;
    assert_eq!(by_owner, json!({"matched": 1, "revoked": 1}));
    assert!(!authority.is_active(&one.secret).await);
    authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200);
    let again = revoke(&authority, &admin, filter, false).await.expect(200).body;
    assert_eq!(again, json!({"matched": 0, "revoked": 0}));
}

async fn a_dry_run_counts_and_changes_nothing(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let counted = revoke(&authority, &alice.session, json!({"kind": "personal"}), true).await.expect(200);
    assert_eq!(counted.body, json!({"matched": 1, "revoked": 0}));
    assert!(authority.is_active(&pat.secret).await);
}

async fn a_filter_that_says_nothing_is_refused(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    revoke(&authority, &alice.session, json!({}), false).await.invalid("/filter", "invalid_field");
    revoke(&authority, &alice.session, json!({"state": "dead"}), false)
        .await
        .invalid("/filter/state", "invalid_field");
    for (body, code) in [
        (json!({}), "invalid_field"),
        (json!({"filter": null}), "invalid_field"),
        (json!({"filter": {"name": null}}), "invalid_field"),
        (json!({"filter": {"page_size": 1}}), "unknown_field"),
        (json!({"filter": {"kind": "personal"}, "all": true}), "unknown_field"),
    ] {
        authority.post(&alice.session, PATH, body).await.refused(422, code);
    }
    assert!(authority.is_active(&pat.secret).await);
}

async fn the_token_of_the_call_and_those_it_was_made_with_stay(authority: Authority) {
    let alice = authority.person("alice").await;
    let parent = authority.pat(&alice.session, &["Taskurai.*", "Jeton.Token.*"]).await;
    let child = authority.pat(&parent.secret, &["Taskurai.*", "Jeton.Token.*"]).await;
    let other = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let done = revoke(&authority, &child.secret, json!({"kind": "personal"}), false).await.expect(200).body;
    assert_eq!(done, json!({"matched": 1, "revoked": 1}));
    assert!(authority.is_active(&child.secret).await && !authority.is_active(&other.secret).await);
    let mine = revoke(&authority, &alice.session, json!({"owner": alice.name}), true).await.expect(200).body;
    assert_eq!(mine, json!({"matched": 2, "revoked": 0}), "without the session that asks");
}

async fn attack_06_nobody_revokes_what_is_not_theirs_to_revoke(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let pat = authority.token(&alice.session, json!({"name": "same", "scopes": ["*"]})).await.pat();
    revoke(&authority, &bob.session, json!({"owner": alice.name}), false)
        .await
        .refused(403, "insufficient_scope");
    let same = revoke(&authority, &bob.session, json!({"name": "same"}), false).await.expect(200).body;
    assert_eq!(same, json!({"matched": 0, "revoked": 0}));
    let reader = authority.pat(&alice.session, &["Jeton.Token.Read"]).await;
    let read = revoke(&authority, &reader.secret, json!({"kind": "personal"}), false).await.expect(200).body;
    assert_eq!(read, json!({"matched": 0, "revoked": 0}));
    assert!(authority.is_active(&pat.secret).await);
}

async fn the_same_call_with_a_key_is_answered_alike(authority: Authority) {
    let alice = authority.person("alice").await;
    for _ in 0..3 {
        authority.pat(&alice.session, &["*"]).await;
    }
    let call = async || {
        let request = authority.request(Method::POST, PATH).bearer_auth(&alice.session);
        let body = json!({"filter": {"kind": "personal"}});
        Answer::to(request.header("idempotency-key", "k").json(&body)).await.expect(200).text
    };
    let first = call().await;
    assert_eq!(first, "{\"matched\":3,\"revoked\":3}");
    assert_eq!(call().await, first);
}
