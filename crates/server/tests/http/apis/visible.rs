//! Who may know of an API: who may know of its organization.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::rights::user;
use crate::support::{Authority, fresh, sample};

on_both! {
    shared:
        an_api_is_hidden_like_its_organization,
        an_api_sees_itself,
        scopes_of_a_hidden_api_are_like_scopes_of_none,
        that_a_name_is_taken_is_all_that_is_told;
}

async fn an_api_is_hidden_like_its_organization(authority: Authority) {
    let (firm, eve) = (authority.firm().await, authority.person("eve").await);
    let organization = format!("/api/v1/organizations/{}", firm.name);
    authority.get(&eve.session, &organization).await.refused(404, "not_found");
    let calls = [
        (Method::GET, "", Value::Null),
        (Method::DELETE, "", Value::Null),
        (Method::GET, "/refusals", Value::Null),
        (Method::POST, "/credential", Value::Null),
    ];
    for (method, rest, body) in &calls {
        let call = async |name: &str| {
            let path = format!("/api/v1/apis/{name}{rest}");
            let answer = authority.call(&eve.session, method.clone(), &path, body.clone()).await;
            answer.refused(404, "not_found").without_request_id()
        };
        assert_eq!(call(&firm.api_name).await, call(&fresh("nothing")).await, "{method} {rest}");
    }
    let listed = authority.get(&eve.session, "/api/v1/apis").await.expect(200);
    assert!(!listed.text.contains(&firm.api_name), "{}", listed.text);

    // A right in the organization, or in a project of it, shows both.
    let project = authority.project(&firm, "web", "private").await;
    let reader = authority.role("reader", &[&format!("{}.Task.Read", firm.namespace)]).await;
    authority.bind(&reader, user(&eve.name), &format!("{}/{project}", firm.name)).await;
    authority.get(&eve.session, &organization).await.expect(200);
    let path = format!("/api/v1/apis/{}", firm.api_name);
    assert_eq!(authority.get(&eve.session, &path).await.expect(200).body["organization"], json!(firm.name));
    let listed = authority.get(&eve.session, "/api/v1/apis").await.expect(200);
    assert!(listed.text.contains(&firm.api_name), "{}", listed.text);
    authority.delete(&eve.session, &path).await.refused(403, "insufficient_scope");
}

async fn an_api_sees_itself(authority: Authority) {
    let (firm, other) = (authority.firm().await, authority.firm().await);
    let path = |name: &str| format!("/api/v1/apis/{name}");
    authority.get(&firm.api, &path(&firm.api_name)).await.expect(200);
    authority.get(&firm.api, &path(&other.api_name)).await.refused(404, "not_found");
}

async fn scopes_of_a_hidden_api_are_like_scopes_of_none(authority: Authority) {
    let (firm, eve) = (authority.firm().await, authority.person("eve").await);
    let pat = authority.pat(&eve.session, &["Jeton.Token.Read"]).await;
    let scope = format!("{}.Task.Read", firm.namespace);
    for wanted in [scope.clone(), format!("{}.Task.Raed", firm.namespace)] {
        let made = authority.token(&eve.session, json!({"scopes": [wanted]})).await;
        let made = made.invalid("/scopes/0", "unknown_scope");
        let told = made.body["detail"].as_str().unwrap();
        let near = told.split_once("near it").map_or("", |(_, near)| near);
        assert!(!near.contains(&format!("`{}.", firm.namespace)), "{told}");
        let edit = json!({"scopes": [wanted]});
        let path = format!("/api/v1/tokens/{}", pat.id);
        authority.patch(&eve.session, &path, edit).await.invalid("/scopes/0", "unknown_scope");
        let question = json!({"token_id": pat.id, "scope": wanted});
        authority.post(&eve.session, "/api/v1/explain", question).await.invalid("/scope", "unknown_scope");
    }
}

async fn that_a_name_is_taken_is_all_that_is_told(authority: Authority) {
    let (firm, own) = (authority.firm().await, authority.firm().await);
    let eve = authority.person("eve").await;
    let mut body = sample::api(&firm.api_name, &fresh("Mine"));
    body["organization"] = json!(own.name);
    let path = format!("/api/v1/apis/{}", firm.api_name);
    authority.put(&eve.session, &path, body.clone()).await.refused(403, "insufficient_scope");
    let admin = authority.role("apis", &["Jeton.Admin.Api"]).await;
    authority.bind(&admin, user(&eve.name), &format!("{}/*", own.name)).await;
    for query in ["", "?dry_run=true"] {
        let refused = authority.put(&eve.session, &format!("{path}{query}"), body.clone()).await;
        let refused = refused.refused(409, "name_taken");
        assert!(!refused.text.contains(&firm.name), "{}", refused.text);
    }
}
