//! Credentials, errors, locations and spellings.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Refused, listed, stage};
use crate::support::answer::Answer;
use crate::support::{Authority, sample};

on_both! {
    alone: attack_09_all_bad_credentials_look_alike, a_store_that_is_gone_is_503;
    shared:
        a_token_is_taken_as_a_password_of_anybody_and_as_a_bearer,
        attack_17_two_credentials_are_refused,
        a_path_is_known_in_any_case_and_with_more_slashes,
        a_version_is_taken_wherever_it_stands,
        locations_are_told_for_all_and_for_an_area,
        who_one_is_and_where,
        the_catalogue_is_there_and_nobodys_to_change;
}

async fn attack_09_all_bad_credentials_look_alike(authority: Authority) {
    let stage = stage(authority, &["vso.build"]).await;
    let path = stage.in_project("/_apis/pipelines");
    let revoked = stage.authority.pat(&stage.person.session, &["vso.build"]).await;
    stage.authority.revoke(&stage.person.session, &revoked.id).await.expect(204);
    let body = json!({"scopes": ["vso.build"], "expires_in_minutes": 5});
    let expired = stage.authority.token(&stage.person.session, body).await.pat();
    stage.authority.clock.advance_minutes(6);
    let wrong = sample::text_with(jeton_token::TokenKind::Personal, &revoked.id);
    let bad = ["garbage", &wrong, &revoked.secret, &expired.secret];
    let mut answers = vec![];
    for token in bad {
        for path in [path.clone(), stage.at("/_apis/connectionData"), stage.at("/_apis/projects")] {
            answers.push(stage.get(token, &path).await.no(401, "UnauthorizedRequestException"));
            let bearer = stage.authority.request(Method::GET, &path).bearer_auth(token);
            answers.push(Answer::to(bearer).await.no(401, "UnauthorizedRequestException"));
        }
        let options = stage.call(token, Method::OPTIONS, &stage.at("/_apis"), Value::Null).await;
        answers.push(options.no(401, "UnauthorizedRequestException"));
    }
    let odd = stage.authority.request(Method::GET, &path).header("authorization", "Basic !");
    answers.push(Answer::to(odd).await);
    let without = Answer::to(stage.authority.request(Method::GET, &path)).await;
    let first = &answers[0];
    assert!(first.words().starts_with("TF400813: "), "{}", first.text);
    let challenges: Vec<_> = first.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, ["Bearer error=\"invalid_token\"", "Basic realm=\"Jeton\""]);
    for answer in &answers {
        assert_eq!((&answer.text, answer.steady_headers()), (&first.text, first.steady_headers()));
    }
    assert_eq!(without.text, first.text);
    assert_eq!(without.challenges(), ["Bearer", "Basic realm=\"Jeton\""]);
    stage.authority.stop().await;
}

async fn a_store_that_is_gone_is_503(authority: Authority) {
    let stage = stage(authority, &["vso.build"]).await;
    let token = stage.token(&["vso.build"]).await;
    stage.authority.store.close().await;
    let answer = stage.get(&token, &stage.in_project("/_apis/pipelines")).await;
    answer.no(503, "VssServiceException");
    stage.authority.stop().await;
}

async fn a_token_is_taken_as_a_password_of_anybody_and_as_a_bearer(authority: Authority) {
    let stage = stage(authority, &["vso.build"]).await;
    let token = stage.token(&["vso.build"]).await;
    let path = stage.in_project("/_apis/pipelines?api-version=7.1");
    for name in ["", "PAT", "ann@example.org", "x"] {
        let request = stage.authority.request(Method::GET, &path).basic_auth(name, Some(&token));
        assert_eq!(listed(&Answer::to(request).await.expect(200), "name").len(), 3, "{name}");
    }
    let request = stage.authority.request(Method::GET, &path).bearer_auth(&token);
    assert_eq!(listed(&Answer::to(request).await.expect(200), "name").len(), 3);
}

async fn attack_17_two_credentials_are_refused(authority: Authority) {
    let stage = stage(authority, &["vso.build"]).await;
    let token = stage.token(&["vso.build"]).await;
    let request = stage.authority.request(Method::GET, &stage.in_project("/_apis/pipelines"));
    let request = request.bearer_auth(&token).header("authorization", format!("Bearer {token}"));
    Answer::to(request).await.no(400, "VssPropertyValidationException");
    let path = stage.in_project(&format!("/_apis/pipelines?access_token={token}"));
    Answer::to(stage.authority.request(Method::GET, &path)).await.no(401, "UnauthorizedRequestException");
}

async fn a_path_is_known_in_any_case_and_with_more_slashes(authority: Authority) {
    let stage = stage(authority, &["vso.build", "vso.project"]).await;
    let token = stage.token(&["vso.build", "vso.project"]).await;
    for path in [
        stage.in_project("/_APIS/Pipelines"),
        stage.in_project("/_apis/pipelines/"),
        stage.in_project("//_apis//pipelines"),
        stage.in_project("/_apis/BUILD/definitions?api-version=7.0"),
        format!(
            "/compat/azure-devops/{}",
            stage.at("/_apis/Projects").trim_start_matches("/compat/azure-devops")
        ),
        stage.at("/_apis/resourceareas"),
        stage.at("/_apis/ConnectionData"),
    ] {
        stage.get(&token, &path).await.expect(200);
    }
    let lower = stage.in_project("/_apis/pipelines").to_ascii_lowercase();
    assert_eq!(listed(&stage.get(&token, &lower).await.expect(200), "name").len(), 3);
}

async fn a_version_is_taken_wherever_it_stands(authority: Authority) {
    let stage = stage(authority, &["vso.build"]).await;
    let token = stage.token(&["vso.build"]).await;
    for version in ["7.1", "7.1-preview", "7.1-preview.1", "6.0-preview.1", "5.1", "99.9", "none"] {
        let path = stage.in_project(&format!("/_apis/pipelines?api-version={version}"));
        stage.get(&token, &path).await.expect(200);
        let request = stage.authority.request(Method::GET, &stage.in_project("/_apis/pipelines"));
        let request = request.header("accept", format!("application/json;api-version={version}"));
        Answer::to(request.bearer_auth(&token)).await.expect(200);
    }
}

async fn locations_are_told_for_all_and_for_an_area(authority: Authority) {
    let stage = stage(authority, &["vso.build"]).await;
    let token = stage.token(&["vso.build"]).await;
    let options = async |path: &str| stage.call(&token, Method::OPTIONS, &stage.at(path), Value::Null).await;
    let all = options("/_apis").await.expect(200);
    let ids: Vec<_> = listed(&all, "id").iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    assert!(ids.iter().all(|id| *id == id.to_ascii_lowercase() && id.len() == 36), "{ids:?}");
    assert!(ids.contains(&"28e1305e-2afe-47bf-abaf-cbb0e6a91988".to_owned()));
    let of_builds = options("/_apis/Build").await.expect(200);
    assert!(listed(&of_builds, "area").iter().all(|area| *area == "build"));
    assert!(!listed(&of_builds, "area").is_empty());
    assert_eq!(listed(&options("/_apis/nothing").await.expect(200), "area"), Vec::<&Value>::new());
    let areas = stage.get(&token, &stage.at("/_apis/ResourceAreas")).await.expect(200);
    assert_eq!(areas.body, json!({"count": 0, "value": null}));
}

async fn who_one_is_and_where(authority: Authority) {
    let stage = stage(authority, &["vso.build"]).await;
    let token = stage.token(&["vso.build"]).await;
    let told = stage.get(&token, &stage.at("/_apis/connectionData?connectOptions=1")).await.expect(200).body;
    assert_eq!(told["authenticatedUser"], told["authorizedUser"]);
    let who = &told["authenticatedUser"];
    assert_eq!(who["providerDisplayName"], stage.person.name);
    assert_eq!(who["properties"]["Account"]["$value"], stage.person.name);
    assert!(who["subjectDescriptor"].as_str().unwrap().starts_with("jeton."));
    assert_eq!(told["deploymentType"], "onPremises");
    assert_eq!(told["instanceId"].as_str().unwrap().len(), 36);
    // Whoever is signed in may look, too.
    stage.get(&stage.person.session, &stage.at("/_apis/connectionData")).await.expect(200);
}

async fn the_catalogue_is_there_and_nobodys_to_change(authority: Authority) {
    let admin = authority.admin().await;
    let api = authority.get(&admin, "/api/v1/apis/azure-devops").await.expect(200).body;
    assert_eq!((&api["namespace"], &api["organization"]), (&json!("vso"), &Value::Null));
    let mut own = sample::api("azure-devops", "vso");
    authority.put(&admin, "/api/v1/apis/azure-devops", own.clone()).await.expect(409);
    own["namespace"] = json!("VSO");
    authority.put(&admin, "/api/v1/apis/mine", sample::api("mine", "VSO")).await.expect(409);
    authority.delete(&admin, "/api/v1/apis/azure-devops").await.expect(409);
}
