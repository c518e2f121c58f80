//! The client of the authority's verify call.
//!
//! A credential and other people's tokens travel here. So plain HTTP is refused except on this machine, no
//! environment variable diverts the call through a proxy, and no redirect is followed.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use jeton_api::{Code, Problem, Secret};
use jeton_token::{TokenKind, TokenText};
use reqwest::{Response, redirect, retry};
use url::{Host, Url};

use crate::answer;
use crate::ask::Ask;
use crate::decision::{Decision, Denied, Reason};
use crate::limits::{ANSWER_BYTES_MAX, IDLE_CONNECTIONS_MAX, IDLE_TIME_MAX, TIMEOUT_DEFAULT};
use crate::unavailable::Unavailable;

/// Asks the authority about tokens. Clones share their connections, which are kept open between questions.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Url,
    credential: HeaderValue,
    timeout: Duration,
}

/// Why a client cannot be made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Not an HTTP address, or one with a user name, a query or a fragment.
    #[error(
        "the authority's address looks like `https://tokens.example.org`, with nothing behind host and path"
    )]
    Address,
    /// Plain HTTP to another machine.
    #[error("plain http to `{0}` would show the credential and all tokens to the network; use https")]
    PlainHttp(String),
    /// The credential is no token of kind `api`.
    #[error("the credential is no API credential; `jeton api credential NAME` makes one")]
    Credential,
    /// The certificates that this machine trusts cannot be loaded.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl Client {
    /// A client that asks the authority at `base` with this API's own credential, and waits at most 2 s for an
    /// answer.
    ///
    /// `base` may have a path, below which the authority is mounted.
    pub fn new(base: Url, credential: Secret) -> Result<Self, ClientError> {
        Self::builder(base, credential).build()
    }

    /// A client with other settings.
    pub fn builder(base: Url, credential: Secret) -> ClientBuilder {
        ClientBuilder { base, credential, timeout: TIMEOUT_DEFAULT, transport: Transport::Private }
    }

    /// Asks (`POST /api/v1/verify`).
    ///
    /// What cannot be a token, and kinds that are honoured by the authority alone, are denied without asking.
    /// There is one attempt, apart from a kept connection that turns out to be closed before anything was sent.
    ///
    /// # Errors
    /// [`Unavailable`] for anything but a well-formed answer. Deny then, but do not call the token bad.
    pub async fn verify(&self, ask: Ask<'_>) -> Result<Decision, Unavailable> {
        let Ok(token) = ask.text().parse::<TokenText>() else {
            return Ok(refused(Reason::Unknown));
        };
        if !token.kind().leaves_home() {
            return Ok(refused(Reason::KindNotHonoured));
        }
        let response = self.send(&ask).await?;
        if response.status() != StatusCode::OK {
            return Err(self.no_answer(response, &ask).await);
        }
        let body = self.read(response).await?;
        answer::read(&body, &token, &ask)
    }

    async fn send(&self, ask: &Ask<'_>) -> Result<Response, Unavailable> {
        self.http
            .post(self.endpoint.clone())
            .header(header::AUTHORIZATION, self.credential.clone())
            .json(&ask.request())
            .send()
            .await
            .map_err(|error| self.failure(&error))
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Unavailable> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(Unavailable::Malformed("it is too long"));
            }
        }
        Ok(body)
    }

    async fn no_answer(&self, response: Response, ask: &Ask<'_>) -> Unavailable {
        let status = response.status().as_u16();
        match status {
            403 if self.is_foreign_scope(response).await => match ask.demanded_scope() {
                Some(scope) => Unavailable::ForeignScope(scope.clone()),
                None => Unavailable::Unexpected(status),
            },
            401 | 403 => Unavailable::CredentialRefused(status),
            429 | 500..=599 => Unavailable::Failing(status),
            _ => Unavailable::Unexpected(status),
        }
    }

    async fn is_foreign_scope(&self, response: Response) -> bool {
        let body = self.read(response).await.unwrap_or_default();
        serde_json::from_slice(&body).is_ok_and(|problem: Problem| problem.code == Code::ForeignScope.word())
    }

    fn failure(&self, error: &reqwest::Error) -> Unavailable {
        if error.is_timeout() {
            Unavailable::TimedOut(self.timeout)
        } else {
            Unavailable::Unreachable(innermost(error))
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.endpoint.as_str();
        f.debug_struct("Client")
            .field("endpoint", &endpoint)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    base: Url,
    credential: Secret,
    timeout: Duration,
    transport: Transport,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Transport {
    /// HTTPS, or this machine.
    Private,
    /// Plain HTTP over a network that somebody vouched for.
    VouchedFor,
}

impl ClientBuilder {
    /// How long one question may take, from connecting to the last byte of the answer. Default: 2 s.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Lets the credential and all tokens travel unencrypted to another machine: only for a network that nobody
    /// else can read, such as one inside a mesh that encrypts by itself.
    pub fn allow_plain_http(self) -> Self {
        Self { transport: Transport::VouchedFor, ..self }
    }

    /// The client.
    ///
    /// # Errors
    /// [`ClientError`] when the address or the credential cannot be right.
    pub fn build(self) -> Result<Client, ClientError> {
        let endpoint = endpoint(self.base)?;
        check_transport(&endpoint, self.transport)?;
        let credential = authorization(&self.credential)?;
        let http = transport(&endpoint, self.timeout).map_err(|error| ClientError::Tls(innermost(&error)))?;
        Ok(Client { http, endpoint, credential, timeout: self.timeout })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ClientBuilder");
        shown.field("timeout", &self.timeout).field("transport", &self.transport).finish_non_exhaustive()
    }
}

fn refused(reason: Reason) -> Decision {
    Decision::Denied(Denied { reason, missing_scope: None })
}

fn endpoint(mut base: Url) -> Result<Url, ClientError> {
    let has_user = !base.username().is_empty() || base.password().is_some();
    let has_tail = base.query().is_some() || base.fragment().is_some();
    if has_user || has_tail || !matches!(base.scheme(), "http" | "https") {
        return Err(ClientError::Address);
    }
    let mut segments = base.path_segments_mut().map_err(|()| ClientError::Address)?;
    segments.pop_if_empty().extend(["api", "v1", "verify"]);
    drop(segments);
    Ok(base)
}

fn check_transport(endpoint: &Url, transport: Transport) -> Result<(), ClientError> {
    let host = endpoint.host().ok_or(ClientError::Address)?;
    if endpoint.scheme() == "https" || is_this_machine(&host) || transport == Transport::VouchedFor {
        Ok(())
    } else {
        Err(ClientError::PlainHttp(host.to_string()))
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn authorization(credential: &Secret) -> Result<HeaderValue, ClientError> {
    let token: TokenText = credential.expose().parse().map_err(|_| ClientError::Credential)?;
    if token.kind() != TokenKind::Api {
        return Err(ClientError::Credential);
    }
    let mut value =
        HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| ClientError::Credential)?;
    value.set_sensitive(true);
    Ok(value)
}

fn transport(endpoint: &Url, timeout: Duration) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .timeout(timeout)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_TIME_MAX)
        .user_agent(concat!("jeton-verify/", env!("CARGO_PKG_VERSION")));
    if endpoint.scheme() == "http" {
        // A container that only talks to its own machine may have no certificates at all.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

/// The cause behind all wrapping: `connection refused` rather than a sentence about a request.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
