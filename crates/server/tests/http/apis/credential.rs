//! `POST /api/v1/apis/{name}/credential`

use serde_json::{Value, json};

use crate::support::{Authority, fresh, sample};

on_both! {
    shared:
        a_credential_is_a_token_of_the_api_itself,
        a_credential_asks_about_tokens_and_does_nothing_else,
        each_credential_is_ended_by_itself,
        an_api_does_not_go_dark_while_it_gets_another_credential,
        a_removed_or_unknown_api_gets_none;
}

async fn a_credential_is_a_token_of_the_api_itself(authority: Authority) {
    let admin = authority.admin().await;
    let (name, namespace) = (fresh("shop"), fresh("Shop"));
    authority.put(&admin, &format!("/api/v1/apis/{name}"), sample::api(&name, &namespace)).await.expect(201);
    let path = format!("/api/v1/apis/{name}/credential");
    let made = authority.post(&admin, &path, Value::Null).await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    assert!(made.secret().starts_with("jtn_api_"));
    let token = &made.body["token"];
    assert_eq!(token["kind"], "api");
    assert_eq!(token["owner"], json!({"type": "api", "name": name}));
    assert_eq!((&token["expires_at"], &token["parent_id"]), (&Value::Null, &Value::Null));
    assert_eq!(token["created_by"], json!(sample::id_of(&admin)));
    let narrow = authority.pat(&admin, &["Jeton.Admin.Api"]).await;
    let made = authority.post(&narrow.secret, &path, json!({})).await.expect(201);
    assert_eq!(made.body["token"]["parent_id"], Value::Null, "it outlives the token that asked for it");
    assert_eq!(made.body["token"]["created_by"], json!(narrow.id));
    authority.post(&admin, &path, json!({"name": "x"})).await.refused(422, "unknown_field");
}

async fn a_credential_asks_about_tokens_and_does_nothing_else(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let api = authority.api().await;
    for scopes in [json!(["*"]), json!(["Taskurai.Task.Read"])] {
        authority.token(&api, json!({ "scopes": scopes })).await.refused(403, "insufficient_scope");
    }
    authority.get(&api, "/api/v1/tokens").await.refused(403, "insufficient_scope");
    authority.get(&api, "/api/v1/tokens?owner=taskurai").await.refused(403, "insufficient_scope");
    authority.get(&api, &format!("/api/v1/tokens/{}", pat.id)).await.refused(404, "not_found");
    authority.revoke(&api, &pat.id).await.refused(404, "not_found");
    let body = json!({"overlap_minutes": 0});
    authority.post(&api, "/api/v1/tokens/self/rotate", body).await.refused(403, "insufficient_scope");
    authority.get(&api, "/api/v1/users").await.refused(403, "insufficient_scope");
    authority.get(&api, "/api/v1/users/taskurai").await.refused(404, "not_found");
    authority.get(&api, &format!("/api/v1/users/{}", alice.name)).await.refused(404, "not_found");
    let credential = "/api/v1/apis/taskurai/credential";
    authority.post(&api, credential, Value::Null).await.refused(403, "insufficient_scope");
    assert!(authority.is_active(&pat.secret).await);
}

async fn each_credential_is_ended_by_itself(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let (one, two) = (authority.credential("taskurai").await, authority.credential("taskurai").await);
    authority.revoke(&admin, sample::id_of(&one)).await.expect(204);
    authority.introspect_as(&one, &pat.secret, &[]).await.refused_in_oauth(401, "invalid_client");
    authority.post(&one, "/api/v1/verify", json!({"token": pat.secret})).await.refused(401, "revoked_token");
    assert_eq!(authority.introspect_as(&two, &pat.secret, &[]).await.expect(200).body["active"], true);
}

async fn an_api_does_not_go_dark_while_it_gets_another_credential(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (name, namespace) = (fresh("shop"), fresh("Shop"));
    authority.put(&admin, &format!("/api/v1/apis/{name}"), sample::api(&name, &namespace)).await.expect(201);
    let pat = authority.pat(&alice.session, &[&format!("{namespace}.*")]).await;
    let (one, two) = (authority.credential(&name).await, authority.credential(&name).await);
    let honours = async |credential: &str| {
        let answer = authority.introspect_as(credential, &pat.secret, &[]).await;
        (answer.status == 200).then(|| answer.body["active"].clone())
    };
    let listed = format!("/api/v1/tokens?owner={name}&kind=api");
    let items = authority.get(&admin, &listed).await.expect(200).body["items"].clone();
    let ids: Vec<_> = items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [sample::id_of(&two), sample::id_of(&one)]);
    assert_eq!((honours(&one).await, honours(&two).await), (Some(json!(true)), Some(json!(true))));
    authority.revoke(&admin, sample::id_of(&one)).await.expect(204);
    assert_eq!((honours(&one).await, honours(&two).await), (None, Some(json!(true))));
    let items = authority.get(&admin, &listed).await.expect(200).body["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1);
}

async fn a_removed_or_unknown_api_gets_none(authority: Authority) {
    let admin = authority.admin().await;
    for name in ["unheard-of", "no%20name"] {
        let path = format!("/api/v1/apis/{name}/credential");
        authority.post(&admin, &path, Value::Null).await.refused(404, "not_found");
    }
}
