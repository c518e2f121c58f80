//! `DELETE /api/v1/apis/{name}`, and what comes after it.

use serde_json::json;

use crate::support::{Authority, fresh, sample};

on_both! {
    shared:
        a_removed_api_is_gone_and_its_credential_dead,
        an_api_that_comes_back_revives_no_credential;
}

async fn a_removed_api_is_gone_and_its_credential_dead(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (name, namespace) = (fresh("shop"), fresh("Shop"));
    let path = format!("/api/v1/apis/{name}");
    let credential = authority.register(&name, &namespace).await;
    let pat = authority.pat(&alice.session, &[&format!("{namespace}.Task.Read")]).await;
    assert_eq!(authority.introspect_as(&credential, &pat.secret, &[]).await.expect(200).body["active"], true);

    authority.delete(&admin, &path).await.expect(204);
    authority.delete(&admin, &path).await.refused(404, "not_found");
    authority.get(&admin, &path).await.refused(404, "not_found");
    let again = format!("{path}/credential");
    authority.post(&admin, &again, serde_json::Value::Null).await.refused(404, "not_found");
    authority.introspect_as(&credential, &pat.secret, &[]).await.refused_in_oauth(401, "invalid_client");
    let listed = authority.get(&admin, "/api/v1/apis").await.expect(200);
    assert!(!listed.text.contains(&namespace));
    let scope = format!("{namespace}.Task.Read");
    authority.token(&alice.session, json!({"scopes": [scope]})).await.invalid("/scopes/0", "unknown_scope");
}

async fn an_api_that_comes_back_revives_no_credential(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (name, namespace) = (fresh("shop"), fresh("Shop"));
    let path = format!("/api/v1/apis/{name}");
    let old = authority.register(&name, &namespace).await;
    let first = authority.get(&admin, &path).await.expect(200).body;
    let pat = authority.pat(&alice.session, &[&format!("{namespace}.Task.*")]).await;
    for _ in 0..2 {
        authority.delete(&admin, &path).await.expect(204);
        authority.put(&admin, &path, sample::api(&name, &namespace)).await.expect(201);
    }
    let back = authority.get(&admin, &path).await.expect(200).body;
    assert_eq!(back["id"], first["id"], "the same name is the same principal");
    authority.introspect_as(&old, &pat.secret, &[]).await.refused_in_oauth(401, "invalid_client");
    let new = authority.credential(&name).await;
    assert_eq!(authority.introspect_as(&new, &pat.secret, &[]).await.expect(200).body["active"], true);
}
