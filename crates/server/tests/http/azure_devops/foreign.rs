//! A server on which somebody had the namespace `vso`, or the name of the built-in API, before Jeton brought them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Authority;
use crate::support::answer::Answer;
use crate::support::sample;

on_both! {
    alone:
        attack_12_scopes_of_somebodys_own_api_open_no_door_of_jeton,
        the_namespace_is_registered_by_nobody_who_does_not_have_it;
}

/// The API becomes one of somebody's, which everybody in the organization may use.
const OURS: [&str; 2] = [
    "UPDATE api SET built_in = 0, name = 'ours', audience = 'https://ours.example',
        organization_id = (SELECT id FROM organization WHERE name = 'default') WHERE namespace = 'vso'",
    "UPDATE principal SET name = 'ours', live_name = 'ours',
        organization_id = (SELECT id FROM organization WHERE name = 'default') WHERE name = 'azure-devops'",
];

/// The name is taken, and the namespace free.
const NAMED: [&str; 5] = [
    "DELETE FROM api_route WHERE api_id IN (SELECT id FROM api WHERE namespace = 'vso')",
    "DELETE FROM api_implies WHERE api_id IN (SELECT id FROM api WHERE namespace = 'vso')",
    "DELETE FROM api_scope WHERE api_id IN (SELECT id FROM api WHERE namespace = 'vso')",
    "UPDATE api SET built_in = 0, namespace = 'Mine', namespace_fold = 'mine',
        organization_id = (SELECT id FROM organization WHERE name = 'default') WHERE namespace = 'vso'",
    "INSERT INTO api_scope (api_id, name, description, position)
        SELECT id, 'Mine.Read', '', 0 FROM api WHERE namespace = 'Mine'",
];

async fn changed(authority: Authority, statements: &[&str]) -> Authority {
    let mut sql = authority.sql().await;
    sql.ignore_references().await;
    for statement in statements {
        sql.change(statement).await;
    }
    drop(sql);
    authority.restarted(|_| {}).await
}

/// Calls of which each rests on a scope of that namespace.
async fn calls(authority: &Authority, token: &str) -> Vec<(String, Answer)> {
    let at = |path: &str| format!("/compat/azure-devops/default{path}");
    let pat = json!({"displayName": "new", "scope": "vso.code"});
    let mut answers = Vec::new();
    for (method, path, body) in [
        (Method::GET, at("/_apis/projects"), Value::Null),
        (Method::GET, at("/web/_apis/pipelines"), Value::Null),
        (Method::GET, at("/_apis/tokens/pats"), Value::Null),
        (Method::POST, at("/_apis/tokens/pats"), pat),
        (Method::POST, at("/_apis/tokenadmin/revocationrules"), json!({"scopes": "vso.code"})),
        (Method::PATCH, at("/_apis/build/generalsettings"), json!({"enforceJobAuthScope": false})),
        (Method::GET, "/api/v1/tokens".to_owned(), Value::Null),
        (Method::POST, "/api/v1/tokens".to_owned(), json!({"scopes": ["vso.code"]})),
    ] {
        let answer = authority.call(token, method.clone(), &path, body).await;
        answers.push((format!("{method} {path}"), answer));
    }
    answers
}

/// Everybody is one who may use all APIs of the organization.
async fn token(authority: &Authority) -> String {
    let admin = authority.admin().await;
    let path = "/api/v1/organizations/default/projects/web";
    authority.put(&admin, path, json!({})).await;
    let ann = authority.person("ann").await;
    let role = authority.role("All", &["vso.*"]).await;
    authority.bind(&role, json!({"type": "user", "name": ann.name}), "*").await;
    authority.pat(&ann.session, &["vso.*"]).await.secret
}

async fn attack_12_scopes_of_somebodys_own_api_open_no_door_of_jeton(authority: Authority) {
    let before = token(&authority).await;
    for (call, answer) in calls(&authority, &before).await {
        assert!((200..300).contains(&answer.status), "{call}: {}", answer.text);
    }
    let authority = changed(authority, &OURS).await;
    let token = token(&authority).await;
    for (call, answer) in calls(&authority, &token).await {
        assert!([403, 404].contains(&answer.status), "{call}: {}", answer.text);
    }
    // It is a scope of their API like any other, and no job has it by itself.
    let ours = authority.credential("ours").await;
    let told = authority.ask(&ours, &token, json!({"scope": "vso.build", "resource": "default/web"})).await;
    assert_eq!(told["allowed"], true, "{told}");
    let admin = authority.admin().await;
    let role = authority.get(&admin, "/api/v1/roles/BuildService").await.expect(200).body;
    assert_eq!(role["scopes"], json!([]), "{role}");
    authority.stop().await;
}

async fn the_namespace_is_registered_by_nobody_who_does_not_have_it(authority: Authority) {
    let authority = changed(authority, &NAMED).await;
    let admin = authority.admin().await;
    let mine = authority.get(&admin, "/api/v1/apis/azure-devops").await.expect(200).body;
    assert_eq!(mine["namespace"], "Mine");
    for namespace in ["vso", "VSO"] {
        let body = sample::api("theirs", namespace);
        authority.put(&admin, "/api/v1/apis/theirs", body.clone()).await.refused(409, "namespace_taken");
        authority
            .put(&admin, "/api/v1/apis/theirs?dry_run=true", body.clone())
            .await
            .refused(409, "namespace_taken");
    }
    // Where nobody declares the scope, not even whoever may do everything has it.
    authority.get(&admin, "/compat/azure-devops/default/_apis/projects").await.expect(403);
    authority.stop().await;
}
