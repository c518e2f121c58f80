//! Rights of Jeton's own that have another name here, where a policy wants an approval of them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Refused, Stage, stage};
use crate::support::Authority;
use crate::support::answer::Answer;
use crate::support::rights::user;

on_both! {
    alone:
        attack_06_another_name_of_a_right_passes_no_approval,
        attack_06_what_brings_another_name_along_passes_no_approval;
}

/// Another name, the right, and a call that rests on it.
fn cases(stage: &Stage, subject: &str) -> [(&'static str, &'static str, Method, String, Value); 6] {
    let list = stage.at(&format!("/_apis/tokenadmin/personalaccesstokens/{subject}"));
    let (rules, settings) =
        (stage.at("/_apis/tokenadmin/revocationrules"), stage.at("/_apis/build/generalsettings"));
    let (pats, new) = (stage.at("/_apis/tokens/pats"), json!({"displayName": "new", "scope": "vso.code"}));
    let rule = json!({"scopes": "vso.wiki"});
    [
        ("vso.tokenadministration", "Jeton.Admin.Token", Method::GET, list, Value::Null),
        ("vso.tokenadministration", "Jeton.Admin.Token", Method::POST, rules, rule),
        ("vso.project_write", "Jeton.Admin.Job", Method::PATCH, settings, json!({})),
        ("vso.pats", "Jeton.Token.Read", Method::GET, pats.clone(), Value::Null),
        ("vso.pats_manage", "Jeton.Token.Create", Method::POST, pats.clone(), new),
        ("vso.pats_manage", "Jeton.Token.Read", Method::GET, pats, Value::Null),
    ]
}

/// What that wire calls the person.
async fn subject(stage: &Stage) -> String {
    let told = stage.get(&stage.person.session, &stage.at("/_apis/connectionData")).await.expect(200).body;
    told["authenticatedUser"]["subjectDescriptor"].as_str().unwrap().to_owned()
}

/// Somebody who holds all that everywhere.
async fn whole(authority: Authority) -> Stage {
    let stage = stage(authority, &["vso.*"]).await;
    let role = stage.authority.role("All", &["vso.*"]).await;
    stage.authority.bind(&role, user(&stage.person.name), "*").await;
    stage
}

async fn approved(stage: &Stage, made: &Answer) {
    let path = format!("/api/v1/tokens/{}/approve", made.id());
    stage.authority.post(&stage.authority.admin().await, &path, Value::Null).await.expect(200);
}

async fn attack_06_another_name_of_a_right_passes_no_approval(authority: Authority) {
    let stage = whole(authority).await;
    for (alias, right, method, path, body) in cases(&stage, &subject(&stage).await) {
        let call = async |token: &str| stage.call(token, method.clone(), &path, body.clone()).await;
        let before = stage.token(&[alias, "vso.build"]).await;
        let status = call(&before).await.status;
        assert!((200..300).contains(&status), "{method} {path}: {status}");
        stage.authority.set_policy("*", json!({"approval_scopes": [right]})).await.expect(200);
        let refused = call(&before).await.no(403, "AccessCheckException");
        assert!(refused.words().contains("`Jeton."), "{}", refused.text);
        let made =
            stage.authority.token(&stage.person.session, json!({"scopes": [alias, "vso.build"]})).await;
        assert_eq!(made.body["token"]["state"], "pending", "{alias}: {}", made.text);
        call(&made.secret()).await.no(401, "UnauthorizedRequestException");
        approved(&stage, &made).await;
        assert_eq!(call(&made.secret()).await.status, status, "{method} {path}");
        stage.authority.remove_policy("*").await;
        assert_eq!(call(&before).await.status, status, "{method} {path}");
    }
    stage.authority.stop().await;
}

async fn attack_06_what_brings_another_name_along_passes_no_approval(authority: Authority) {
    let stage = whole(authority).await;
    let rights = json!({"approval_scopes": ["Jeton.Admin.*", "Jeton.Token.*"]});
    for (_, _, method, path, body) in cases(&stage, &subject(&stage).await) {
        for wide in ["vso.user_impersonation", "vso.*"] {
            let token = stage.token(&[wide]).await;
            stage.authority.set_policy("*", rights.clone()).await.expect(200);
            let refused = stage.call(&token, method.clone(), &path, body.clone()).await;
            refused.no(403, "AccessCheckException");
            stage.get(&token, &stage.in_project("/_apis/pipelines")).await.expect(200);
            stage.authority.remove_policy("*").await;
        }
    }
    stage.authority.stop().await;
}
