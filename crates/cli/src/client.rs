//! The calls of the REST API that the commands make, one function each.

use std::time::Duration;

use anyhow::anyhow;
use jeton_api::{
    Api, ApiPlan, ApiRefusal, CreateJob, CreateSession, CreateToken, Issued, Job, JobQuery, List, PatchToken,
    PatchUser, Policy, PolicyEffect, PutApi, PutUser, RenewJob, RevokeTokens, RevokedTokens, RotateToken,
    StartedJob, Token, TokenQuery, User,
};
use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::access::{Credential, Server};
use crate::error::{Error, Exit, Result};
use crate::escape::safe;
use crate::http::Http;

/// The most that the server puts on one page.
const PAGE_SIZE: u32 = 1000;
const SOON: Duration = Duration::from_secs(2);

/// A server, seen by somebody who has a credential, or by nobody in particular.
pub(crate) struct Client(Http);

impl Client {
    /// A client of that server.
    pub(crate) fn new(server: Server, credential: Option<Credential>) -> Result<Self> {
        Http::new(server, credential).map(Self)
    }

    /// The server.
    pub(crate) fn server(&self) -> &Server {
        self.0.server()
    }

    /// The credential.
    pub(crate) fn credential(&self) -> Option<&Credential> {
        self.0.credential()
    }

    /// Signs in.
    pub(crate) async fn create_session(&self, request: &CreateSession) -> Result<Issued> {
        self.send(Method::POST, &["sessions"], request).await
    }

    /// The credential's own record.
    pub(crate) async fn token_self(&self) -> Result<Token> {
        self.get(&["tokens", "self"]).await
    }

    /// The same, but only if the answer comes soon.
    pub(crate) async fn token_self_soon(&self) -> Result<Token> {
        let request = self.0.request(Method::GET, &["tokens", "self"])?;
        self.0.answer(request.timeout(SOON)).await
    }

    /// Ends the credential itself.
    pub(crate) async fn revoke_self(&self) -> Result<()> {
        self.delete(&["tokens", "self"]).await
    }

    /// Makes a token.
    pub(crate) async fn create_token(&self, request: &CreateToken) -> Result<Issued> {
        self.send(Method::POST, &["tokens"], request).await
    }

    /// All tokens that fit.
    pub(crate) async fn tokens(&self, query: TokenQuery) -> Result<Vec<Token>> {
        self.all(&["tokens"], &TokenQuery { page_size: Some(PAGE_SIZE), page_token: None, ..query }).await
    }

    /// One token.
    pub(crate) async fn token(&self, id: &str) -> Result<Token> {
        self.get(&["tokens", id]).await
    }

    /// Changes a token.
    pub(crate) async fn patch_token(&self, id: &str, request: &PatchToken) -> Result<Token> {
        self.send(Method::PATCH, &["tokens", id], request).await
    }

    /// Gives a token a new secret.
    pub(crate) async fn rotate_token(&self, id: &str, request: &RotateToken) -> Result<Issued> {
        self.send(Method::POST, &["tokens", id, "rotate"], request).await
    }

    /// Ends the old secrets of a token that still work.
    pub(crate) async fn finish_rotation(&self, id: &str) -> Result<Token> {
        self.0.answer(self.0.request(Method::POST, &["tokens", id, "rotate", "finish"])?).await
    }

    /// Revokes all tokens that fit, or says how many that would be.
    pub(crate) async fn revoke_tokens(&self, request: &RevokeTokens) -> Result<RevokedTokens> {
        self.send(Method::POST, &["tokens", "revoke"], request).await
    }

    /// Revokes a token.
    pub(crate) async fn revoke_token(&self, id: &str) -> Result<()> {
        self.delete(&["tokens", id]).await
    }

    /// All APIs.
    pub(crate) async fn apis(&self) -> Result<Vec<Api>> {
        self.all(&["apis"], &()).await
    }

    /// One API.
    pub(crate) async fn api(&self, name: &str) -> Result<Api> {
        self.get(&["apis", name]).await
    }

    /// What registering the API would do.
    pub(crate) async fn plan_api(&self, name: &str, request: &PutApi) -> Result<ApiPlan> {
        let put = self.0.request(Method::PUT, &["apis", name])?.query(&[("dry_run", "true")]);
        self.0.answer(put.json(request)).await
    }

    /// Registers an API, or replaces what it declares.
    pub(crate) async fn put_api(&self, name: &str, request: &PutApi) -> Result<Api> {
        self.send(Method::PUT, &["apis", name], request).await
    }

    /// Removes an API.
    pub(crate) async fn delete_api(&self, name: &str) -> Result<()> {
        self.delete(&["apis", name]).await
    }

    /// Makes an API's own credential.
    pub(crate) async fn create_api_credential(&self, name: &str) -> Result<Issued> {
        let request = self.0.request(Method::POST, &["apis", name, "credential"])?;
        self.0.answer(request).await
    }

    /// What the gateways of an API would have refused.
    pub(crate) async fn refusals(&self, name: &str) -> Result<Vec<ApiRefusal>> {
        self.all(&["apis", name, "refusals"], &[("page_size", PAGE_SIZE)]).await
    }

    /// Starts a job.
    pub(crate) async fn start_job(&self, request: &CreateJob) -> Result<StartedJob> {
        self.send(Method::POST, &["jobs"], request).await
    }

    /// Renews the lease of a job.
    pub(crate) async fn renew_job(&self, id: &str) -> Result<Job> {
        self.send(Method::POST, &["jobs", id, "renew"], &RenewJob::default()).await
    }

    /// Ends a job.
    pub(crate) async fn finish_job(&self, id: &str) -> Result<Job> {
        self.send(Method::POST, &["jobs", id, "finish"], &serde_json::json!({})).await
    }

    /// All jobs that fit.
    pub(crate) async fn jobs(&self, query: JobQuery) -> Result<Vec<Job>> {
        let query = JobQuery { page_size: Some(PAGE_SIZE), page_token: None, ..query };
        self.all(&["jobs"], &query).await
    }

    /// All users.
    pub(crate) async fn users(&self) -> Result<Vec<User>> {
        self.all(&["users"], &()).await
    }

    /// One user.
    pub(crate) async fn user(&self, name: &str) -> Result<User> {
        self.get(&["users", name]).await
    }

    /// Makes a user, and only if there is none of that name.
    pub(crate) async fn create_user(&self, name: &str, request: &PutUser) -> Result<User> {
        let put = self.0.request(Method::PUT, &["users", name])?.header(IF_NONE_MATCH, "*");
        self.0.answer(put.json(request)).await
    }

    /// Changes a user.
    pub(crate) async fn patch_user(&self, name: &str, request: &PatchUser) -> Result<User> {
        self.send(Method::PATCH, &["users", name], request).await
    }

    /// Deletes a user.
    pub(crate) async fn delete_user(&self, name: &str) -> Result<()> {
        self.delete(&["users", name]).await
    }

    /// What stands at an address.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T> {
        self.0.answer(self.0.request(Method::GET, path)?).await
    }

    /// The same; nothing when there is no such thing, or not for this caller.
    pub(crate) async fn find<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Option<T>> {
        match self.get(path).await {
            Err(error) if error.exit() == Exit::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    /// Puts something where nothing is.
    pub(crate) async fn put_new<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T> {
        if self.find::<Value>(path).await?.is_some() {
            let name = path.last().copied().unwrap_or_default();
            return Err(Error::Conflict(format!("`{}` is there already", safe(name))));
        }
        self.send(Method::PUT, path, body).await
    }

    /// Asks the server whether it would do this; it does not.
    pub(crate) async fn rehearse(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<()> {
        let request = self.0.request(method, path)?.query(&[("dry_run", "true")]);
        self.0
            .done(match body {
                Some(body) => request.json(body),
                None => request,
            })
            .await
    }

    /// What a policy would do to tokens that exist.
    pub(crate) async fn policy_effect(&self, place: &str, policy: &Policy) -> Result<PolicyEffect> {
        let put = self.0.request(Method::PUT, &["policies", place])?.query(&[("dry_run", "true")]);
        self.0.answer(put.json(policy)).await
    }

    /// Sends a body there.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T> {
        self.0.answer(self.0.request(method, path)?.json(body)).await
    }

    /// Deletes what stands at an address.
    pub(crate) async fn delete(&self, path: &[&str]) -> Result<()> {
        self.0.done(self.0.request(Method::DELETE, path)?).await
    }

    /// Approves a token that waits for it.
    pub(crate) async fn approve_token(&self, id: &str) -> Result<Token> {
        self.0.answer(self.0.request(Method::POST, &["tokens", id, "approve"])?).await
    }

    /// Every page of a list.
    pub(crate) async fn all<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl Serialize,
    ) -> Result<Vec<T>> {
        let mut items = Vec::new();
        let mut page_token: Option<String> = None;
        loop {
            let request = self.0.request(Method::GET, path)?.query(query);
            let request =
                request.query(&page_token.iter().map(|token| ("page_token", token)).collect::<Vec<_>>());
            let page: List<T> = self.0.answer(request).await?;
            items.extend(page.items);
            if page.next_page_token.is_none() {
                return Ok(items);
            }
            if page.next_page_token == page_token {
                return Err(anyhow!("the server's list does not end").into());
            }
            page_token = page.next_page_token;
        }
    }
}
