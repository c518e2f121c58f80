//! `build/GeneralSettings` of an organization and of a project.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Scheme, python, words};
use super::{Refused, Stage, stage};
use crate::support::Authority;
use crate::support::answer::Answer;

on_both! {
    shared:
        the_limits_of_jobs_are_shown_and_changed,
        what_an_organization_limits_no_project_loosens,
        what_is_not_kept_here_cannot_be_turned_on,
        a_scope_is_needed_to_look_and_another_to_change;
}

const BOTH: [&str; 2] = ["vso.project_write", "vso.build"];
const PATH: &str = "/_apis/build/generalsettings";

fn all(on: bool) -> Value {
    json!({"enforceJobAuthScope": on, "enforceJobAuthScopeForReleases": on, "enforceJobAuthScopeForForks": on})
}

async fn change(stage: &Stage, token: &str, path: &str, body: Value) -> Answer {
    stage.call(token, Method::PATCH, path, body).await
}

async fn the_limits_of_jobs_are_shown_and_changed(authority: Authority) {
    let stage = stage(authority, &BOTH).await;
    let token = stage.token(&BOTH).await;
    let (organization, project) = (stage.at(PATH), stage.in_project(PATH));
    assert_eq!(stage.get(&token, &organization).await.expect(200).body, all(true));
    assert_eq!(stage.get(&token, &project).await.expect(200).body, all(true));
    assert_eq!(change(&stage, &token, &organization, all(false)).await.expect(200).body, all(false));
    let one = json!({"enforceJobAuthScopeForReleases": true});
    let mut expected = all(false);
    expected["enforceJobAuthScopeForReleases"] = json!(true);
    assert_eq!(change(&stage, &token, &project, one).await.expect(200).body, expected);
    assert_eq!(stage.get(&token, &project).await.expect(200).body, expected);
    assert_eq!(stage.get(&token, &organization).await.expect(200).body, all(false));
    let admin = stage.authority.admin().await;
    let native =
        format!("/api/v1/organizations/{}/projects/{}/job-settings", stage.organization, stage.project);
    let native = stage.authority.get(&admin, &native).await.expect(200).body;
    assert_eq!(native["effective"]["limit_release"], true, "{native}");
    assert_eq!(native["effective"]["limit_non_release"], false, "{native}");
}

async fn what_an_organization_limits_no_project_loosens(authority: Authority) {
    let stage = stage(authority, &BOTH).await;
    let token = stage.token(&BOTH).await;
    let answer = change(&stage, &token, &stage.in_project(PATH), json!({"enforceJobAuthScope": false})).await;
    assert_eq!(answer.no(400, "VssPropertyValidationException").code(), "policy_loosens");
    assert_eq!(stage.get(&token, &stage.in_project(PATH)).await.expect(200).body, all(true));
}

async fn what_is_not_kept_here_cannot_be_turned_on(authority: Authority) {
    let stage = stage(authority, &BOTH).await;
    let token = stage.token(&BOTH).await;
    for path in [stage.at(PATH), stage.in_project(PATH)] {
        let on = json!({"enforceReferencedRepoScopedToken": true});
        let answer = change(&stage, &token, &path, on).await.no(400, "VssPropertyValidationException");
        assert!(answer.words().contains("`enforceReferencedRepoScopedToken`"), "{}", answer.text);
        let off = json!({"enforceReferencedRepoScopedToken": false, "statusBadgesArePrivate": null});
        assert_eq!(change(&stage, &token, &path, off).await.expect(200).body, all(true));
        // Whatever somebody could take for on, and what would be passed over.
        for not_off in [json!("true"), json!(1), json!(0), json!("false"), json!([true]), json!({"on": true})]
        {
            let on = json!({"statusBadgesArePrivate": not_off, "enforceJobAuthScope": false});
            let answer = change(&stage, &token, &path, on).await.no(400, "VssPropertyValidationException");
            assert!(answer.words().contains("`statusBadgesArePrivate`"), "{}", answer.text);
        }
        for value in [true, false] {
            let spelled = json!({"EnforceJobAuthScope": value});
            let answer =
                change(&stage, &token, &path, spelled).await.no(400, "VssPropertyValidationException");
            assert!(answer.words().contains("`enforceJobAuthScope`"), "{}", answer.text);
        }
        assert_eq!(stage.get(&token, &path).await.expect(200).body, all(true));
        change(&stage, &token, &path, json!({"enforceJobAuthScope": "no"})).await.expect(400);
    }
}

async fn a_scope_is_needed_to_look_and_another_to_change(authority: Authority) {
    let stage = stage(authority, &BOTH).await;
    let (builds, reads) = (stage.token(&["vso.build"]).await, stage.token(&["vso.project"]).await);
    for path in [stage.at(PATH), stage.in_project(PATH)] {
        let answer = stage.get(&builds, &path).await.no(403, "AccessCheckException");
        assert!(answer.words().contains("`vso.project`"), "{}", answer.text);
        stage.get(&reads, &path).await.expect(200);
        change(&stage, &reads, &path, all(true)).await.no(403, "AccessCheckException");
    }
    let stranger = stage.authority.person("bob").await.session;
    stage.get(&stranger, &stage.in_project(PATH)).await.no(404, "ProjectDoesNotExistWithNameException");
    stage.get(&stranger, &stage.at(PATH)).await.expect(404);
    change(&stage, &stranger, &stage.at(PATH), all(false)).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_reads_and_changes_settings() {
    let stage = stage(Authority::sqlite().await, &BOTH).await;
    let token = stage.token(&BOTH).await;
    change(&stage, &token, &stage.at(PATH), all(false)).await.expect(200);
    let new = json!({"model": ["build", "PipelineGeneralSettings"], "enforce_job_auth_scope": true});
    let calls = json!([
        ["build", "get_build_general_settings", {"project": stage.project}],
        ["build", "update_build_general_settings", {"new_settings": new, "project": stage.project}],
        ["build", "get_build_general_settings", {"project": stage.project}],
    ]);
    let Some(told) = python(&stage.base(), &token, Scheme::Basic, calls.clone()).await else { return };
    let limits = told.iter().map(|outcome| &outcome["is"]["enforce_job_auth_scope"]).collect::<Vec<_>>();
    assert_eq!(limits, [&json!(false), &json!(true), &json!(true)], "{told:?}");
    let reads = stage.token(&["vso.project"]).await;
    let told = python(&stage.base(), &reads, Scheme::Basic, calls).await.unwrap();
    assert!(words(&told[1]).contains("Jeton.Admin.Job"), "{told:?}");
    stage.authority.stop().await;
}
