//! Trusts of service accounts and pipelines, and token exchange with real issuers.

mod attacks;
mod exchange;
mod issuers;
mod pipeline_attacks;
mod pipeline_ends;
mod pipelines;
mod races;
mod trusts;
mod unnamed;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::issuer::AUDIENCE;
use crate::support::{Authority, fresh};

/// A service account that may do everything at the APIs of the organization `default`.
pub(crate) async fn account(authority: &Authority) -> String {
    let (admin, name) = (authority.admin().await, fresh("worker"));
    authority.put(&admin, &format!("/api/v1/service-accounts/{name}"), json!({})).await.expect(201);
    let subject = json!({"type": "service_account", "name": name});
    let binding = json!({"role": "ApiUser", "subject": subject, "place": "default/*"});
    authority.post(&admin, "/api/v1/role-bindings", binding).await.expect(201);
    name
}

/// The address of a trust.
pub(crate) fn path(account: &str, trust: &str) -> String {
    format!("/api/v1/service-accounts/{account}/trusts/{trust}")
}

/// A trust in one subject of an issuer.
pub(crate) fn trust(issuer: &str, subject: &str) -> Value {
    json!({"issuer": issuer, "audience": AUDIENCE, "claims": [{"claim": "sub", "pattern": subject}]})
}

/// Makes it, under the name `main`.
pub(crate) async fn put(authority: &Authority, account: &str, trust: Value) -> Answer {
    authority.put(&authority.admin().await, &path(account, "main"), trust).await
}

/// An account and its trust in a subject that nobody else has.
pub(crate) async fn trusting(authority: &Authority, issuer: &str) -> (String, String) {
    let (account, subject) = (account(authority).await, format!("repo:acme/{}", fresh("site")));
    put(authority, &account, trust(issuer, &subject)).await.expect(201);
    (account, subject)
}

/// Shows an identity token, with further parameters.
pub(crate) async fn exchange(authority: &Authority, token: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ];
    for (name, value) in more {
        form.retain(|(known, _)| known != name);
        if !value.is_empty() {
            form.push((*name, *value));
        }
    }
    Answer::to(authority.request(Method::POST, "/oauth2/token").form(&form)).await
}

/// The access token in an answer.
#[track_caller]
pub(crate) fn access_token(answer: Answer) -> String {
    answer.expect(200).body["access_token"].as_str().unwrap().to_owned()
}

/// This answer, provided that it is this refusal of RFC 6749.
#[track_caller]
pub(crate) fn refused(answer: Answer, error: &str) -> Answer {
    let answer = answer.expect(400);
    assert_eq!(answer.body["error"], error, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.body.get("access_token").is_none());
    answer
}
