//! The main line: issue, use, revoke.

use crate::support::Authority;
use serde_json::json;

async fn a_token_is_issued_used_and_dead_once_revoked(authority: Authority) {
    let admin = authority.admin().await;
    let api = authority.api(&admin, "taskurai", "Taskurai").await;
    let alice = authority.user(&admin, "alice").await;
    let made =
        authority.token(&alice, json!({"name": "mytoken", "scopes": ["Taskurai.Task.*"]})).await.expect(201);
    let (id, secret) = (made.id(), made.secret());

    let verdict = authority.verify(&api, &secret, Some("Taskurai.Task.Logs.Read")).await;
    assert_eq!(verdict["allowed"], true, "{verdict}");
    let verdict = authority.verify(&api, &secret, Some("Taskurai.Log.Query.Read")).await;
    assert_eq!(verdict["missing_scope"], "Taskurai.Log.Query.Read", "{verdict}");
    assert_eq!(authority.introspect(&api, &secret).await["active"], true);

    authority.delete(&alice, &format!("/api/v1/tokens/{id}")).await.expect(204);
    assert_eq!(authority.verify(&api, &secret, None).await["reason"], "revoked");
    assert_eq!(authority.introspect(&api, &secret).await, json!({"active": false}));
    authority.delete(&alice, &format!("/api/v1/tokens/{id}")).await.expect(204);
    authority.stop().await;
}

#[tokio::test]
async fn a_token_is_issued_used_and_dead_once_revoked_on_sqlite() {
    a_token_is_issued_used_and_dead_once_revoked(Authority::sqlite().await).await;
}

#[tokio::test]
async fn a_token_is_issued_used_and_dead_once_revoked_on_postgres() {
    let Some(authority) = Authority::postgres().await else { return };
    a_token_is_issued_used_and_dead_once_revoked(authority).await;
}
