//! `/scim/v2`

mod discovery;
mod groups;
mod names;
mod nonsense;
mod paging;
mod providers;
mod rights;
mod spellings;
mod tester;
mod users;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Authority;
use crate::support::answer::Answer;

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A call of a provider.
pub(crate) async fn scim(
    authority: &Authority,
    secret: &str,
    method: Method,
    path: &str,
    body: Value,
) -> Answer {
    let mut request = authority.request(method, &format!("/scim/v2/{path}")).bearer_auth(secret);
    if !body.is_null() {
        request =
            request.header("content-type", "application/scim+json; charset=utf-8").body(body.to_string());
    }
    Answer::to(request).await
}

pub(crate) async fn get(authority: &Authority, secret: &str, path: &str) -> Answer {
    scim(authority, secret, Method::GET, path, Value::Null).await
}

pub(crate) async fn post(authority: &Authority, secret: &str, path: &str, body: Value) -> Answer {
    scim(authority, secret, Method::POST, path, body).await
}

pub(crate) async fn put(authority: &Authority, secret: &str, path: &str, body: Value) -> Answer {
    scim(authority, secret, Method::PUT, path, body).await
}

pub(crate) async fn delete(authority: &Authority, secret: &str, path: &str) -> Answer {
    scim(authority, secret, Method::DELETE, path, Value::Null).await
}

pub(crate) async fn patch(authority: &Authority, secret: &str, path: &str, operations: Value) -> Answer {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    });
    scim(authority, secret, Method::PATCH, path, body).await
}

/// A filter as a provider writes it into the address.
pub(crate) fn filter(text: &str) -> String {
    let encoded: String = url_encoded(text);
    format!("filter={encoded}")
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

/// The token of a provider.
pub(crate) async fn provider(authority: &Authority) -> String {
    let admin = authority.admin().await;
    authority.pat(&admin, &["Jeton.Admin.User", "Jeton.Admin.Group"]).await.secret
}

/// A new user's id.
pub(crate) async fn user(authority: &Authority, secret: &str, name: &str) -> String {
    let body = json!({"schemas": [USER], "userName": name, "active": true});
    id(&post(authority, secret, "Users", body).await.expect(201))
}

/// A new group's id.
pub(crate) async fn group(authority: &Authority, secret: &str, name: &str) -> String {
    let body = json!({"schemas": [GROUP], "displayName": name});
    id(&post(authority, secret, "Groups", body).await.expect(201))
}

#[track_caller]
pub(crate) fn id(answer: &Answer) -> String {
    answer.body["id"].as_str().unwrap().to_owned()
}

/// Who is in a group.
pub(crate) async fn members(authority: &Authority, secret: &str, group: &str) -> Vec<String> {
    let shown = get(authority, secret, &format!("Groups/{group}")).await.expect(200).body;
    let members = shown["members"].as_array().cloned().unwrap_or_default();
    members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}
