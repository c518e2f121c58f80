//! The client of the authority's verify call.
//!
//! A credential and other people's tokens travel here. So plain HTTP is refused except on this machine, no
//! environment variable diverts the call through a proxy, and no redirect is followed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use jeton_api::{Code, Keep, Problem, Secret, VerifyRequest};
use jeton_token::{TokenKind, TokenText};
use reqwest::{Response, redirect, retry};
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::ask::Ask;
use crate::clock::Moment;
use crate::decision::{Decision, Denied, Reason};
use crate::lease::{self, Lease};
use crate::limits::{ANSWER_BYTES_MAX, IDLE_CONNECTIONS_MAX, IDLE_TIME_MAX, TIMEOUT_DEFAULT};
use crate::unavailable::Unavailable;
use crate::watch::{Line, Watched};
use crate::{answer, random};

/// Asks the authority about tokens. Clones share their connections, which are kept open between questions, and their
/// lease.
#[derive(Clone)]
pub struct Client {
    line: Line,
    timeout: Duration,
    /// With the line of its watch.
    lease: Option<(Arc<Watched>, Line)>,
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
    /// The system gives no randomness, which a lease needs.
    #[error("the system gives no random numbers; build the client without a lease")]
    Randomness,
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
        let (timeout, transport, memory) = (TIMEOUT_DEFAULT, Transport::Private, Memory::None);
        ClientBuilder { base, credential, timeout, transport, memory }
    }

    /// Asks (`POST /api/v1/verify`), or answers from memory where there is a lease.
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
        let Some((watched, line)) = &self.lease else {
            return self.asked(&token, &ask, Keeping::Nothing).await.map(|(decision, _)| decision);
        };
        let lease = watched.lease(line);
        match lease.recall(&token, &ask) {
            Some(caller) => Ok(Decision::Allowed(caller)),
            None => self.asked_to_keep(&token, &ask, lease).await,
        }
    }

    /// Whether verdicts may be answered from memory at this moment. Without [`ClientBuilder::under_lease`] they never
    /// are.
    pub fn holds_lease(&self) -> bool {
        self.lease.as_ref().is_some_and(|(watched, _)| watched.holds())
    }

    /// Asks, and keeps the answer as far as it may be kept.
    async fn asked_to_keep(
        &self,
        token: &TokenText,
        ask: &Ask<'_>,
        lease: &Lease,
    ) -> Result<Decision, Unavailable> {
        let question = lease.question(token);
        let wanted = if lease.holds() { Keeping::Wanted } else { Keeping::Nothing };
        let asked = Moment::now();
        let (decision, keep) = self.asked(token, ask, wanted).await?;
        match (question, &decision) {
            (Some(question), Decision::Denied(_)) => question.deny(),
            (Some(question), Decision::Allowed(caller)) => {
                if let Some(keeping) = keep.and_then(|keep| lease::keeping(keep, asked)) {
                    question.keep(token, ask, caller, keeping);
                }
            }
            (None, _) => {}
        }
        Ok(decision)
    }

    async fn asked(
        &self,
        token: &TokenText,
        ask: &Ask<'_>,
        keeping: Keeping,
    ) -> Result<(Decision, Option<Keep>), Unavailable> {
        let response = self.send(ask, keeping).await?;
        if response.status() != StatusCode::OK {
            return Err(self.no_answer(response, ask).await);
        }
        let body = self.read(response).await?;
        answer::read(&body, token, ask)
    }

    async fn send(&self, ask: &Ask<'_>, keeping: Keeping) -> Result<Response, Unavailable> {
        let request = VerifyRequest { keep: keeping == Keeping::Wanted, ..ask.request() };
        self.line
            .http
            .post(self.line.endpoint.clone())
            .header(header::AUTHORIZATION, self.line.credential.clone())
            .json(&request)
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
        let endpoint = self.line.endpoint.as_str();
        f.debug_struct("Client")
            .field("endpoint", &endpoint)
            .field("timeout", &self.timeout)
            .field("holds_lease", &self.holds_lease())
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
    memory: Memory,
}

/// Whether an answer shall say for what it may be kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Keeping {
    Wanted,
    Nothing,
}

/// Whether answers are kept at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Memory {
    None,
    UnderLease,
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

    /// Keeps verdicts that allow, and answers from memory while the authority grants a *lease* for that.
    ///
    /// A revoked token is refused by the very next question all the same: the authority calls nothing done before
    /// every client with a lease knows of it, or its lease, which is of two seconds, has run out. While there is none
    /// (the authority cannot be reached, or does not grant any because it is not alone at its database) every question
    /// is asked, as without this.
    ///
    /// The first question starts a task on the tokio runtime that it is asked on. The task asks twice a second what
    /// has changed, and ends with the last clone of the client.
    pub fn under_lease(self) -> Self {
        Self { memory: Memory::UnderLease, ..self }
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
        let line = Line { http, endpoint, credential };
        let lease = match self.memory {
            Memory::None => None,
            Memory::UnderLease => {
                let key = Zeroizing::new(random::key().ok_or(ClientError::Randomness)?);
                Some((Arc::new(Watched::new(&key)), watch_line(&line)?))
            }
        };
        Ok(Client { line, timeout: self.timeout, lease })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ClientBuilder");
        shown
            .field("timeout", &self.timeout)
            .field("transport", &self.transport)
            .field("memory", &self.memory);
        shown.finish_non_exhaustive()
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

/// The same authority, asked what has changed.
fn watch_line(line: &Line) -> Result<Line, ClientError> {
    let mut endpoint = line.endpoint.clone();
    endpoint.path_segments_mut().map_err(|()| ClientError::Address)?.push("watch");
    Ok(Line { endpoint, ..line.clone() })
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
