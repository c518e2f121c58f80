//! Tokens of jobs in the hands of the real clients.

use serde_json::{Value, json};

use super::client::{Scheme, names, node, python, words};
use super::{Refused, Stage, stage};
use crate::support::Authority;

/// Starts a job of the pipeline `ci`; answers its id and its token.
async fn job(stage: &Stage, permissions: Value) -> (String, String) {
    let mut body = json!({"organization": stage.organization, "project": stage.project, "pipeline": "ci"});
    if !permissions.is_null() {
        body["permissions"] = permissions;
    }
    let started =
        stage.authority.post(&stage.authority.admin().await, "/api/v1/jobs", body).await.expect(201);
    (started.body["job"]["id"].as_str().unwrap().to_owned(), started.secret())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_lists_the_pipelines_of_its_project_until_it_ends() {
    let stage = stage(Authority::sqlite().await, &["vso.build"]).await;
    let admin = stage.authority.admin().await;
    let other = format!("/api/v1/organizations/{}/projects/other", stage.organization);
    stage.authority.put(&admin, &other, json!({})).await.expect(201);
    let (id, token) = job(&stage, Value::Null).await;
    let pipelines = json!([
        ["pipelines", "list_pipelines", {"project": stage.project}],
        ["pipelines", "list_pipelines", {"project": "other"}],
    ]);
    for scheme in [Scheme::Bearer, Scheme::Basic] {
        let Some(told) = python(&stage.base(), &token, scheme, pipelines.clone()).await else { return };
        assert_eq!(names(&told[0]), ["ci", "Nightly", "release"], "{scheme:?}");
        assert!(words(&told[1]).contains("TF200016"), "behind the wall: {told:?}");
    }
    let calls = json!([["connection", "connect", []], ["Pipelines", "listPipelines", [stage.project]]]);
    let told = node(&stage.base(), &token, Scheme::Bearer, calls.clone()).await.unwrap();
    let account = format!("{} Build Service ({})", stage.project, stage.organization);
    assert_eq!(told[0]["is"]["authenticatedUser"]["providerDisplayName"], account, "{told:?}");
    assert_eq!(names(&told[1]), ["ci", "Nightly", "release"]);
    // One that was given nothing shows what it lacks.
    let (_, narrow) = job(&stage, json!(["vso.project"])).await;
    let told = python(&stage.base(), &narrow, Scheme::Bearer, pipelines.clone()).await.unwrap();
    assert!(words(&told[0]).contains("`vso.build`"), "{told:?}");
    stage.authority.post(&admin, &format!("/api/v1/jobs/{id}/finish"), Value::Null).await.expect(200);
    let told = python(&stage.base(), &token, Scheme::Bearer, pipelines).await.unwrap();
    assert!(words(&told[0]).contains("TF400813"), "after its end: {told:?}");
    let told = node(&stage.base(), &token, Scheme::Bearer, calls).await.unwrap();
    assert!(words(&told[1]).contains("TF400813"), "after its end: {told:?}");
    stage.authority.stop().await;
}

on_both! {
    shared: attack_33_a_job_makes_no_tokens;
}

async fn attack_33_a_job_makes_no_tokens(authority: Authority) {
    let stage = stage(authority, &["vso.build"]).await;
    let (_, first) = job(&stage, Value::Null).await;
    let admin = stage.authority.admin().await;
    let own = stage.authority.get(&first, "/api/v1/tokens/self").await.expect(200).body;
    let account = own["owner"]["name"].as_str().unwrap().to_owned();
    let role = stage.authority.role("Everything", &["vso.*"]).await;
    for place in ["*".to_owned(), format!("{}/*", stage.organization)] {
        let subject = crate::support::rights::subject("service_account", &account);
        stage.authority.bind_as(&admin, &role, subject, &place).await;
    }
    let (_, token) = job(&stage, Value::Null).await;
    stage.get(&token, &stage.in_project("/_apis/pipelines")).await.expect(200);
    for (path, body) in [
        (stage.at("/_apis/tokens/pats"), json!({"displayName": "x", "scope": "vso.build"})),
        ("/api/v1/tokens".to_owned(), json!({"scopes": ["vso.build"]})),
    ] {
        stage.authority.post(&token, &path, body).await.expect(403);
    }
    stage.get(&token, &stage.at("/_apis/tokens/pats")).await.no(403, "AccessCheckException");
}
