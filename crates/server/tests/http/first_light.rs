//! The main line: issue, use, revoke.

use serde_json::json;

use crate::support::Authority;

on_both! {
    alone: a_token_is_issued_used_and_dead_once_revoked;
}

async fn a_token_is_issued_used_and_dead_once_revoked(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let made = authority
        .token(&alice.session, json!({"name": "mytoken", "scopes": ["Taskurai.Task.*"]}))
        .await
        .pat();

    let verdict = authority.verify(&made.secret, Some("Taskurai.Task.Logs.Read")).await;
    assert_eq!(verdict["allowed"], true, "{verdict}");
    let verdict = authority.verify(&made.secret, Some("Taskurai.Log.Query.Read")).await;
    assert_eq!(verdict["missing_scope"], "Taskurai.Log.Query.Read", "{verdict}");
    assert!(authority.is_active(&made.secret).await);

    authority.revoke(&alice.session, &made.id).await.expect(204);
    assert_eq!(authority.verify(&made.secret, None).await["reason"], "revoked");
    assert_eq!(authority.introspect(&made.secret, &[]).await, json!({"active": false}));
    authority.revoke(&alice.session, &made.id).await.expect(204);
    authority.stop().await;
}
