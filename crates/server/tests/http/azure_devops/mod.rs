//! `/compat/azure-devops/{organization}`: what clients of Azure DevOps ask.

mod approvals;
mod client;
mod clients;
mod foreign;
mod gateway;
mod jobs;
mod lists;
mod pats;
mod settings;
mod start;
mod token_admin;
mod upstream;
mod wire;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::rights::user;
use crate::support::{Authority, Person, fresh};

/// An organization with a project of three pipelines, and somebody who may read them.
pub(crate) struct Stage {
    pub(crate) authority: Authority,
    pub(crate) organization: String,
    pub(crate) project: String,
    pub(crate) person: Person,
}

/// Who may do this everywhere in the organization.
pub(crate) async fn stage(authority: Authority, scopes: &[&str]) -> Stage {
    let organization = authority.organization("Acme").await;
    let project = fresh("Web (2) ");
    let admin = authority.admin().await;
    let path = format!("/api/v1/organizations/{organization}/projects/{project}");
    authority.put(&admin, &path, json!({})).await.expect(201);
    for (name, kind) in [("release", "release"), ("ci", "yaml"), ("Nightly", "classic_build")] {
        let path = format!("{path}/pipelines/{name}");
        authority.put(&admin, &path, json!({ "kind": kind })).await.expect(201);
    }
    let person = authority.person("ann").await;
    let role = authority.role("Reader", scopes).await;
    authority.bind(&role, user(&person.name), &format!("{organization}/*")).await;
    Stage { authority, organization, project, person }
}

impl Stage {
    /// The address that a client is given.
    pub(crate) fn base(&self) -> String {
        self.authority.url(&format!("/compat/azure-devops/{}", self.organization))
    }

    /// The address of something in the organization.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("/compat/azure-devops/{}{path}", self.organization)
    }

    /// The same in the project.
    pub(crate) fn in_project(&self, path: &str) -> String {
        self.at(&format!("/{}{path}", self.project))
    }

    /// A token of that person with these scopes.
    pub(crate) async fn token(&self, scopes: &[&str]) -> String {
        self.authority.pat(&self.person.session, scopes).await.secret
    }

    /// What a script gets that shows its token as a password.
    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(token, Method::GET, path, Value::Null).await
    }

    /// Any call of a script.
    pub(crate) async fn call(&self, token: &str, method: Method, path: &str, body: Value) -> Answer {
        let mut request = self.authority.request(method, path).basic_auth("", Some(token));
        if !body.is_null() {
            request = request.json(&body);
        }
        Answer::to(request).await
    }
}

/// An error as clients look for it.
pub(crate) trait Refused: Sized {
    /// This answer, provided that it is an error of this status and type.
    fn no(self, status: u16, type_key: &str) -> Self;
    /// Its words.
    fn words(&self) -> &str;
}

impl Refused for Answer {
    #[track_caller]
    fn no(self, status: u16, type_key: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/json", "{}", answer.text);
        assert_eq!(answer.body["typeKey"], type_key, "{}", answer.text);
        let type_name = answer.body["typeName"].as_str().unwrap();
        assert!(type_name.contains(&format!(".{type_key}, ")), "{}", answer.text);
        assert_eq!(answer.body["$id"], "1", "{}", answer.text);
        assert!(!answer.words().is_empty(), "{}", answer.text);
        answer
    }

    #[track_caller]
    fn words(&self) -> &str {
        self.body["message"].as_str().unwrap()
    }
}

/// The members of this name of all that a list has.
#[track_caller]
pub(crate) fn listed<'a>(answer: &'a Answer, member: &str) -> Vec<&'a Value> {
    let value = answer.body["value"].as_array().unwrap();
    assert_eq!(answer.body["count"], value.len(), "{}", answer.text);
    value.iter().map(|item| &item[member]).collect()
}
