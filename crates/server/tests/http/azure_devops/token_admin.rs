//! `{organization}/_apis/tokenadmin`: looking after the tokens of others in an organization.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Scheme, python};
use super::{Refused, Stage, stage};
use crate::support::Authority;
use crate::support::answer::Answer;
use crate::support::clock::rfc3339;
use crate::support::rights::user;

on_both! {
    alone: a_rule_ends_what_was_made_before_a_moment;
    shared:
        somebodys_tokens_are_listed_in_parts,
        a_list_of_tokens_is_ended_as_a_whole,
        attack_06_an_administrator_of_an_organization_reaches_no_token_of_elsewhere,
        a_rule_ends_every_token_that_matches,
        only_who_looks_after_tokens_may;
}

/// Somebody who looks after the tokens of the organization, and nothing else.
async fn steward(stage: &Stage, scope: &str) -> String {
    let person = stage.authority.person("steward").await;
    let role = stage.authority.role("Steward", &[scope]).await;
    stage.authority.bind(&role, user(&person.name), &format!("{}/*", stage.organization)).await;
    person.session
}

async fn pat(stage: &Stage, name: &str, scope: &str) -> Value {
    let path = stage.at("/_apis/tokens/pats");
    let body = json!({"displayName": name, "scope": scope});
    stage.call(&stage.person.session, Method::POST, &path, body).await.expect(200).body["patToken"].clone()
}

/// What that wire calls the person.
async fn descriptor(stage: &Stage) -> String {
    let told = stage.get(&stage.person.session, &stage.at("/_apis/connectionData")).await.expect(200).body;
    told["authenticatedUser"]["subjectDescriptor"].as_str().unwrap().to_owned()
}

async fn names(stage: &Stage, session: &str, query: &str) -> (Vec<String>, Value) {
    let path = format!("/_apis/tokenadmin/personalaccesstokens/{}?{query}", descriptor(stage).await);
    let answer = stage.get(session, &stage.at(&path)).await.expect(200);
    let tokens = answer.body["value"].as_array().unwrap();
    let names = tokens.iter().map(|token| token["displayName"].as_str().unwrap().to_owned()).collect();
    (names, answer.body["continuationToken"].clone())
}

async fn is_alive(stage: &Stage, token: &Value) -> bool {
    let own = stage.authority.get(token["token"].as_str().unwrap(), "/api/v1/tokens/self").await;
    own.status == 200
}

async fn revoke(stage: &Stage, session: &str, ids: &[&Value]) -> Answer {
    let body = ids.iter().map(|id| json!({ "authorizationId": id })).collect();
    stage.call(session, Method::POST, &stage.at("/_apis/tokenadmin/revocations?isPublic=false"), body).await
}

async fn rule(stage: &Stage, session: &str, body: Value) -> Answer {
    stage.call(session, Method::POST, &stage.at("/_apis/TokenAdmin/RevocationRules"), body).await
}

async fn somebodys_tokens_are_listed_in_parts(authority: Authority) {
    let stage = stage(authority, &["vso.build", "vso.code"]).await;
    let steward = steward(&stage, "Jeton.Admin.Token").await;
    for name in ["a", "b", "c"] {
        pat(&stage, name, "vso.build").await;
    }
    assert_eq!(names(&stage, &steward, "").await, (vec!["c".into(), "b".into(), "a".into()], Value::Null));
    let (first, next) = names(&stage, &steward, "pageSize=2").await;
    let (second, last) =
        names(&stage, &steward, &format!("pageSize=2&continuationToken={}", next.as_str().unwrap())).await;
    assert_eq!(([first, second].concat(), last), (vec!["c".into(), "b".into(), "a".into()], Value::Null));
    assert_eq!(names(&stage, &steward, "isPublic=true").await.0, Vec::<String>::new());
    for odd in ["nobody", "jeton.x", "jeton.0000000000000000000000"] {
        stage
            .get(&steward, &stage.at(&format!("/_apis/tokenadmin/personalaccesstokens/{odd}")))
            .await
            .expect(404);
    }
    let other = "continuationToken=019f1c3a-0000-7000-8000-000000000000";
    for wrong in ["pageSize=x", "continuationToken=x", other] {
        let path = format!("/_apis/tokenadmin/personalaccesstokens/{}?{wrong}", descriptor(&stage).await);
        stage.get(&steward, &stage.at(&path)).await.no(400, "VssPropertyValidationException");
    }
}

async fn a_list_of_tokens_is_ended_as_a_whole(authority: Authority) {
    let stage = stage(authority, &["vso.build", "vso.code"]).await;
    let steward = steward(&stage, "vso.tokenadministration").await;
    let (a, b, c) = (
        pat(&stage, "a", "vso.build").await,
        pat(&stage, "b", "vso.build").await,
        pat(&stage, "c", "vso.build").await,
    );
    let unknown = json!("019f1c3a-0000-7000-8000-000000000000");
    for odd in [&unknown, &json!("x")] {
        revoke(&stage, &steward, &[&a["authorizationId"], odd]).await.expect(404);
    }
    assert!(is_alive(&stage, &a).await, "none of a list that is not all there");
    revoke(&stage, &steward, &[&a["authorizationId"], &b["authorizationId"]]).await.expect(204);
    assert_eq!(
        (is_alive(&stage, &a).await, is_alive(&stage, &b).await, is_alive(&stage, &c).await),
        (false, false, true)
    );
    revoke(&stage, &steward, &[&a["authorizationId"]]).await.expect(204);
    let path = stage.at("/_apis/tokenadmin/revocations");
    for body in [json!({}), json!([{}]), json!([7])] {
        stage.call(&steward, Method::POST, &path, body).await.no(400, "VssPropertyValidationException");
    }
    let many: Vec<_> = std::iter::repeat_n(&unknown, 257).collect();
    revoke(&stage, &steward, &many).await.no(400, "VssPropertyValidationException");
}

async fn attack_06_an_administrator_of_an_organization_reaches_no_token_of_elsewhere(authority: Authority) {
    let stage = stage(authority, &["vso.build", "vso.code"]).await;
    let steward = steward(&stage, "Jeton.Admin.Token").await;
    let other = stage.authority.organization("Other").await;
    let role = stage.authority.role("Reader", &["vso.build"]).await;
    stage.authority.bind(&role, user(&stage.person.name), &format!("{other}/*")).await;
    let own = pat(&stage, "here", "vso.build").await;
    let wide = stage.authority.pat(&stage.person.session, &["vso.build"]).await;
    let limited =
        json!({"scopes": ["vso.build"], "projects": [format!("{other}/*")], "description": "there"});
    let there = stage.authority.token(&stage.person.session, limited).await.pat();
    assert_eq!(names(&stage, &steward, "").await.0, ["here"]);
    rule(&stage, &steward, json!({"scopes": "vso.build"})).await.expect(201);
    assert!(!is_alive(&stage, &own).await);
    for token in [&wide, &there] {
        stage.authority.get(&token.secret, "/api/v1/tokens/self").await.expect(200);
    }
    // Whoever looks after all tokens ends those that are for everywhere, too.
    let admin = stage.authority.admin().await;
    let (found, _) = names(&stage, &admin, "").await;
    assert_eq!(found.len(), 2, "{found:?}");
    let path = format!("/_apis/tokenadmin/personalaccesstokens/{}", descriptor(&stage).await);
    let list = stage.get(&admin, &stage.at(&path)).await.expect(200);
    let ids: Vec<_> =
        list.body["value"].as_array().unwrap().iter().map(|token| &token["authorizationId"]).collect();
    revoke(&stage, &steward, &ids).await.expect(404);
    revoke(&stage, &admin, &ids).await.expect(204);
    stage.authority.get(&wide.secret, "/api/v1/tokens/self").await.expect(401);
    stage.authority.get(&there.secret, "/api/v1/tokens/self").await.expect(200);
}

async fn a_rule_ends_every_token_that_matches(authority: Authority) {
    let stage = stage(authority, &["vso.build", "vso.code", "vso.work_write"]).await;
    let steward = steward(&stage, "vso.tokenadministration").await;
    let builds = pat(&stage, "a", "vso.build_execute vso.work_write").await;
    let codes = pat(&stage, "b", "vso.code").await;
    let works = pat(&stage, "c", "vso.work_write").await;
    for empty in [json!({}), json!({"scopes": " "}), json!({"scopes": "vso.bu*"})] {
        rule(&stage, &steward, empty).await.no(400, "VssPropertyValidationException");
    }
    rule(&stage, &steward, json!({"scopes": "vso.build vso.code"})).await.expect(201);
    assert_eq!((is_alive(&stage, &builds).await, is_alive(&stage, &codes).await), (false, false));
    assert!(is_alive(&stage, &works).await);
    stage.get(&stage.person.session, &stage.at("/_apis/connectionData")).await.expect(200);
}

async fn a_rule_ends_what_was_made_before_a_moment(authority: Authority) {
    let stage = stage(authority, &["vso.build"]).await;
    let now = stage.authority.stop_the_clock().await;
    let steward = steward(&stage, "Jeton.Admin.Token").await;
    let old = pat(&stage, "old", "vso.build").await;
    stage.authority.clock.stand_at_ms(now + 1000);
    let new = pat(&stage, "new", "vso.build").await;
    rule(&stage, &steward, json!({"scopes": "vso.build", "createdBefore": rfc3339(now)})).await.expect(201);
    assert!(is_alive(&stage, &old).await);
    for strange in ["yesterday", ""] {
        rule(&stage, &steward, json!({"scopes": "vso.build", "createdBefore": strange})).await.expect(400);
    }
    let long_ago = json!({"scopes": "vso.build", "createdBefore": "2020-01-31T12:00:00"});
    rule(&stage, &steward, long_ago).await.expect(201);
    rule(&stage, &steward, json!({"scopes": "vso.build", "createdBefore": rfc3339(now + 1000)}))
        .await
        .expect(201);
    assert_eq!((is_alive(&stage, &old).await, is_alive(&stage, &new).await), (false, true));
    stage.authority.stop().await;
}

async fn only_who_looks_after_tokens_may(authority: Authority) {
    let stage = stage(authority, &["vso.build"]).await;
    let own = pat(&stage, "own", "vso.build").await;
    let path = format!("/_apis/tokenadmin/personalaccesstokens/{}", descriptor(&stage).await);
    for credential in [stage.person.session.clone(), stage.token(&["*"]).await] {
        stage.get(&credential, &stage.at(&path)).await.no(403, "AccessCheckException");
        revoke(&stage, &credential, &[&own["authorizationId"]]).await.no(403, "AccessCheckException");
        rule(&stage, &credential, json!({"scopes": "vso.build"})).await.no(403, "AccessCheckException");
    }
    assert!(is_alive(&stage, &own).await);
    let reads = steward(&stage, "Jeton.Audit.Read").await;
    stage.get(&reads, &stage.at(&path)).await.expect(200);
    revoke(&stage, &reads, &[&own["authorizationId"]]).await.no(403, "AccessCheckException");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_lists_and_ends_tokens() {
    let stage = stage(Authority::sqlite().await, &["vso.build", "vso.code"]).await;
    let steward = steward(&stage, "vso.tokenadministration").await;
    let (first, second, third) = (
        pat(&stage, "a", "vso.build").await,
        pat(&stage, "b", "vso.build").await,
        pat(&stage, "c", "vso.code").await,
    );
    let subject = descriptor(&stage).await;
    let revocation = json!({"model": ["token_admin", "TokenAdminRevocation"], "authorization_id": first["authorizationId"]});
    let rule = json!({"model": ["token_admin", "TokenAdminRevocationRule"], "scopes": "vso.code"});
    let calls = json!([
        ["token_admin", "list_personal_access_tokens", {"subject_descriptor": subject}],
        ["token_admin", "revoke_authorizations", {"revocations": [revocation]}],
        ["token_admin", "create_revocation_rule", {"revocation_rule": rule}],
    ]);
    let Some(told) = python(&stage.base(), &steward, Scheme::Bearer, calls.clone()).await else { return };
    let found = told[0]["is"]["value"].as_array().unwrap_or_else(|| panic!("{told:?}"));
    let shown: Vec<_> = found.iter().map(|token| (&token["display_name"], &token["scope"])).collect();
    assert_eq!(
        shown,
        [
            (&json!("c"), &json!("vso.code")),
            (&json!("b"), &json!("vso.build")),
            (&json!("a"), &json!("vso.build"))
        ]
    );
    assert_eq!(told[1..], [json!({ "is": null }), json!({ "is": null })]);
    let alive =
        [is_alive(&stage, &first).await, is_alive(&stage, &second).await, is_alive(&stage, &third).await];
    assert_eq!(alive, [false, true, false]);
    let own = second["token"].as_str().unwrap();
    let told = python(&stage.base(), own, Scheme::Basic, calls).await.unwrap();
    assert!(super::client::words(&told[0]).contains("Jeton.Admin.Token"), "{told:?}");
    stage.authority.stop().await;
}
