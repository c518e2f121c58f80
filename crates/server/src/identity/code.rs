//! Asking a provider about a person who comes back from it with a code (OpenID Connect Core 1.0, section 3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::address::Issuer;
use super::discovery::Discovery;
use super::fetch::{self, unreachable};
use super::issuers::Issuers;
use super::{Claims, Failure, Refused, object};

/// What this deployment is at the provider.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: Option<&'a jeton_api::Secret>,
}

/// A code with what belongs to it.
#[derive(Clone, Copy)]
pub(crate) struct CodeGrant<'a> {
    pub(crate) code: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: &'a str,
}

/// What the provider gives for a code.
pub(crate) struct Tokens {
    pub(crate) id_token: Zeroizing<String>,
    access_token: Option<Zeroizing<String>>,
}

impl Issuers {
    /// Changes a code into an ID token. A provider that says no has been asked; anything else tells nothing.
    pub(crate) async fn redeem(
        &self,
        issuer: &Issuer,
        client: Client<'_>,
        grant: CodeGrant<'_>,
    ) -> Result<Tokens, Failure> {
        let discovery = self.discover(issuer).await?;
        let url = needed(&discovery, issuer, "token_endpoint")?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", grant.code),
            ("redirect_uri", grant.redirect_uri),
            ("code_verifier", grant.verifier),
        ];
        let request = self.fetcher().client(&url)?;
        let mut request = request.post(url.clone()).header("accept", "application/json");
        match client.secret {
            Some(secret) if takes_basic(&discovery.all) => {
                request = request.header("authorization", basic(client.id, secret.expose()));
            }
            Some(secret) => form.extend([("client_id", client.id), ("client_secret", secret.expose())]),
            None => form.push(("client_id", client.id)),
        }
        let response = request.form(&form).send().await;
        let response = response.map_err(|_| unreachable(&url, "it does not answer"))?;
        let status = response.status().as_u16();
        let body = Zeroizing::new(fetch::read(&url, response).await?);
        match status {
            200 => tokens(&body).ok_or_else(|| unreachable(&url, "its answer has no ID token").into()),
            // RFC 6749, section 5.2: the code is not taken. A wrong client is a matter for the administrator.
            400 if error_of(&body).as_deref() == Some("invalid_grant") => Err(Refused::Code.into()),
            status => {
                let why = error_of(&body).unwrap_or_default();
                Err(unreachable(&url, &format!("it answers with status {status} {why}")).into())
            }
        }
    }

    /// The claims with what the provider tells beyond the ID token, if it tells more. What the ID token says counts.
    pub(crate) async fn with_more(
        &self,
        issuer: &Issuer,
        tokens: &Tokens,
        claims: Claims,
    ) -> Result<Claims, Failure> {
        let discovery = self.discover(issuer).await?;
        let (Some(url), Some(token)) =
            (discovery.endpoint(issuer, "userinfo_endpoint"), tokens.access_token.as_ref())
        else {
            return Ok(claims);
        };
        let request = self.fetcher().client(&url)?;
        let request =
            request.get(url.clone()).bearer_auth(token.as_str()).header("accept", "application/json");
        let response = request.send().await.map_err(|_| unreachable(&url, "it does not answer"))?;
        let status = response.status().as_u16();
        let body = fetch::read(&url, response).await?;
        if status != 200 {
            return Err(unreachable(&url, &format!("it answers with status {status}")).into());
        }
        let more = object::parse(&body).ok_or_else(|| unreachable(&url, "its answer is no JSON object"))?;
        // Section 5.3.2: without this check, somebody else's claims could be put in.
        if more.get("sub").and_then(Value::as_str) != Some(claims.subject.as_str()) {
            return Err(Refused::Subject.into());
        }
        Ok(merged(claims, more))
    }
}

fn merged(mut claims: Claims, more: Map<String, Value>) -> Claims {
    for (name, value) in more {
        claims.all.entry(name).or_insert(value);
    }
    claims
}

fn needed(discovery: &Discovery, issuer: &Issuer, name: &str) -> Result<Url, Failure> {
    let endpoint = discovery.endpoint(issuer, name);
    endpoint.ok_or_else(|| super::Unreachable::new(format!("`{issuer}` names no usable `{name}`")).into())
}

/// Basic is what a provider takes that says nothing about it.
fn takes_basic(all: &Map<String, Value>) -> bool {
    let methods = all.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
    methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
}

/// RFC 6749, section 2.3.1: both are encoded as in forms first.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(id), encoded(secret)));
    format!("Basic {}", STANDARD.encode(pair.as_bytes()))
}

fn tokens(body: &[u8]) -> Option<Tokens> {
    let body = object::parse(body)?;
    let text = |name: &str| Some(Zeroizing::new(body.get(name)?.as_str()?.to_owned()));
    Some(Tokens { id_token: text("id_token")?, access_token: text("access_token") })
}

/// The error word of an answer, if it is one.
fn error_of(body: &[u8]) -> Option<String> {
    let body = object::parse(body)?;
    let word = body.get("error")?.as_str()?;
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (word.len() <= 64 && word.bytes().all(is_word)).then(|| word.to_owned())
}
