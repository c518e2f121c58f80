//! The general case: a server that speaks like that product stands behind nginx and Jeton, and the real client calls it
//! with tokens of one scope each.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Scheme, python};
use super::upstream::Upstream;
use super::{Stage, stage};
use crate::support::Authority;
use crate::support::nginx::{self, Admission, Nginx};

const SCOPES: [&str; 3] = ["vso.work_write", "vso.build_execute", "vso.code"];

/// One call for each of those scopes, in the same order.
fn calls(stage: &Stage) -> Value {
    let document = json!([{"model": ["work_item_tracking", "JsonPatchOperation"], "op": "add",
        "path": "/fields/System.Title", "value": "Repair the door"}]);
    let definition = json!({"model": ["build", "DefinitionReference"], "id": 1});
    let build = json!({"model": ["build", "Build"], "definition": definition});
    json!([
        ["work_item_tracking", "create_work_item", {"document": document, "project": stage.project, "type": "Task"}],
        ["build", "queue_build", {"build": build, "project": stage.project}],
        ["git", "get_repositories", {"project": stage.project}],
    ])
}

/// A token of one's own for the organization, made over that product's wire.
async fn pat(stage: &Stage, scope: &str) -> String {
    let body = json!({"displayName": scope, "scope": scope});
    let path = stage.at("/_apis/tokens/pats");
    let answer = stage.call(&stage.person.session, Method::POST, &path, body).await.expect(200);
    answer.body["patToken"]["token"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

fn nginx(stage: &Stage, upstream: &Upstream, admission: Admission<'_>) -> Option<Nginx> {
    let upstream = nginx::Upstream::at(upstream.address);
    Nginx::before(upstream, stage.authority.address, "azure-devops", admission)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_does_behind_a_gateway_what_its_token_is_for() {
    let trusted = "127.0.0.1/32".parse().unwrap();
    let authority =
        Authority::sqlite().await.restarted(|settings| settings.trusted_proxies = vec![trusted]).await;
    let (stage, upstream) = (stage(authority, &SCOPES).await, Upstream::start().await);
    let Some(nginx) = nginx(&stage, &upstream, Admission::ByAddress) else { return };
    let base = nginx.url(&format!("/{}", stage.organization));
    let person = format!("/api/v1/users/{}", stage.person.name);
    let person = stage.authority.get(&stage.authority.admin().await, &person).await.expect(200).body;
    for (at, scope) in SCOPES.into_iter().enumerate() {
        let token = pat(&stage, scope).await;
        for scheme in [Scheme::Basic, Scheme::Bearer] {
            let Some(told) = python(&base, &token, scheme, calls(&stage)).await else { return };
            for (call, outcome) in told.iter().enumerate() {
                assert_eq!(outcome["is"].is_null(), call != at, "{scope} {scheme:?} {told:?}");
            }
            let [done] = upstream.done().try_into().unwrap();
            let expected = ["POST /wit/workItems/$Task", "POST /build/builds", "GET /git/repositories"];
            assert_eq!(done, (expected[at].to_owned(), person["id"].as_str().unwrap().to_owned()), "{scope}");
            let shown = ["Repair the door", "notStarted", "shop"][at];
            assert!(told[at]["is"].to_string().contains(shown), "{told:?}");
            for outcome in told.iter().filter(|outcome| outcome["is"].is_null()) {
                let says = outcome["says"].as_str().unwrap();
                assert!(says.contains("403") && !says.contains('<'), "{outcome}");
            }
        }
    }
    stage.authority.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_may_have_a_credential_of_the_built_in_api() {
    let (stage, upstream) = (stage(Authority::sqlite().await, &SCOPES).await, Upstream::start().await);
    let credential = stage.authority.credential("azure-devops").await;
    let with = Admission::ByCredential(&credential);
    let Some(nginx) = nginx(&stage, &upstream, with) else { return };
    let base = nginx.url(&format!("/{}", stage.organization));
    let calls = json!([["git", "get_repositories", {"project": stage.project}]]);
    let token = pat(&stage, "vso.code").await;
    let Some(told) = python(&base, &token, Scheme::Basic, calls.clone()).await else { return };
    assert_eq!(told[0]["is"][0]["name"], "shop", "{told:?}");
    let told = python(&base, "garbage", Scheme::Basic, calls).await.unwrap();
    assert!(told[0]["says"].as_str().unwrap().contains("requires user authentication"), "{told:?}");
    assert_eq!(upstream.done().len(), 1);
    // Jeton itself asks nobody about its own scopes.
    let admin = stage.authority.admin().await;
    stage.authority.post(&admin, "/api/v1/apis/jeton/credential", Value::Null).await.refused(409, "built_in");
    stage.authority.stop().await;
}
