//! The real clients of Azure DevOps, unmodified.

use serde_json::{Value, json};

use super::client::{Scheme, names, node, python, words};
use super::{Stage, stage};
use crate::support::Authority;

const TF400813: &str = "TF400813";

async fn reader() -> Stage {
    stage(Authority::sqlite().await, &["vso.build", "vso.project"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_lists_pipelines_with_a_token_as_a_password_and_as_a_bearer() {
    let stage = reader().await;
    let token = stage.token(&["vso.build", "vso.project"]).await;
    let project = json!({ "project": stage.project });
    let calls = json!([
        ["connection", "authenticate", {}],
        ["pipelines", "list_pipelines", project],
        ["pipelines", "list_pipelines", {"project": stage.project, "order_by": "name desc", "top": 2}],
        ["build", "get_definitions", project],
        ["build", "get_definitions", {"project": stage.project, "name": "n*"}],
        ["core", "get_projects", {}],
        ["core", "get_project", {"project_id": stage.project}],
    ]);
    for scheme in [Scheme::Basic, Scheme::Bearer] {
        let Some(told) = python(&stage.base(), &token, scheme, calls.clone()).await else { return };
        assert_eq!(told[0], json!({ "is": null }), "{scheme:?}");
        assert_eq!(names(&told[1]), ["ci", "Nightly", "release"], "{scheme:?}");
        assert_eq!(names(&told[2]), ["release", "Nightly"], "{scheme:?}");
        assert_eq!(names(&told[3]), ["ci", "Nightly", "release"], "{scheme:?}");
        assert_eq!(names(&told[4]), ["Nightly"], "{scheme:?}");
        assert_eq!(names(&told[5]), [stage.project.as_str()], "{scheme:?}");
        assert_eq!(told[6]["is"]["name"], stage.project, "{scheme:?}");
        let number = told[1]["is"][0]["id"].as_i64().unwrap();
        let one = json!([["pipelines", "get_pipeline", {"project": stage.project, "pipeline_id": number}]]);
        let told = python(&stage.base(), &token, scheme, one).await.unwrap();
        assert_eq!(told[0]["is"]["name"], "ci", "{told:?}");
    }
    stage.authority.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_client_lists_pipelines_with_a_token_as_a_password_and_as_a_bearer() {
    let stage = reader().await;
    let token = stage.token(&["vso.build", "vso.project"]).await;
    let calls = json!([
        ["connection", "connect", []],
        ["Pipelines", "listPipelines", [stage.project]],
        ["Build", "getDefinitions", [stage.project]],
        ["Core", "getProjects", []],
    ]);
    for scheme in [Scheme::Basic, Scheme::Bearer] {
        let Some(told) = node(&stage.base(), &token, scheme, calls.clone()).await else { return };
        assert_eq!(told[0]["is"]["authenticatedUser"]["providerDisplayName"], stage.person.name);
        assert_eq!(names(&told[1]), ["ci", "Nightly", "release"], "{scheme:?}");
        assert_eq!(names(&told[2]), ["ci", "Nightly", "release"], "{scheme:?}");
        assert_eq!(names(&told[3]), [stage.project.as_str()], "{scheme:?}");
    }
    stage.authority.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_show_the_message_of_a_refusal() {
    let stage = stage(Authority::sqlite().await, &["vso.build", "vso.code"]).await;
    let narrow = stage.token(&["vso.code"]).await;
    let revoked = stage.authority.pat(&stage.person.session, &["vso.build"]).await;
    let good = stage.token(&["vso.build"]).await;
    stage.authority.revoke(&stage.person.session, &revoked.id).await.expect(204);
    for (token, project, expected) in [
        (&narrow, stage.project.as_str(), "`vso.build`"),
        (&good, "nope", "TF200016: The following project does not exist: nope."),
        (&revoked.secret, stage.project.as_str(), TF400813),
        (&"garbage".to_owned(), stage.project.as_str(), TF400813),
    ] {
        for scheme in [Scheme::Basic, Scheme::Bearer] {
            let calls = json!([["pipelines", "list_pipelines", {"project": project}]]);
            let Some(told) = python(&stage.base(), token, scheme, calls).await else { return };
            assert!(words(&told[0]).contains(expected), "{told:?}");
            let calls = json!([["Pipelines", "listPipelines", [project]]]);
            let told = node(&stage.base(), token, scheme, calls).await.unwrap();
            if expected.starts_with("TF200016") {
                // The Node client takes 404 for nothing there.
                assert_eq!(told[0], json!({ "is": Value::Null }));
            } else {
                assert!(words(&told[0]).contains(expected), "{told:?}");
            }
        }
    }
    stage.authority.stop().await;
}
