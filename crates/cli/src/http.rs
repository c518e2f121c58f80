//! Requests and answers: one credential, no redirects, bounded time and size, and every failure told apart.

use std::error::Error as _;
use std::time::Duration;

use anyhow::anyhow;
use jeton_api::{Code, GrantRefusal, Problem, Secret};
use reqwest::header::{DATE, HeaderMap, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;
use zeroize::Zeroizing;

use crate::access::{Credential, Server, Source};
use crate::error::{Error, Refusal, Result};
use crate::escape::safe;
use crate::login::random;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait before each repetition of a call whose outcome is unknown.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1200)];
const KEY: &str = "idempotency-key";
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A connection to one server with at most one credential.
pub(crate) struct Http {
    client: reqwest::Client,
    server: Server,
    credential: Option<Credential>,
    authorization: Option<HeaderValue>,
}

/// What came, good or bad.
pub(crate) struct Looked {
    pub(crate) status: u16,
    /// The server's clock, as it says it.
    pub(crate) date: Option<String>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Http {
    /// A connection that is opened when it is needed.
    pub(crate) fn new(server: Server, credential: Option<Credential>) -> Result<Self> {
        let authorization = credential.as_ref().map(|credential| bearer(&credential.secret)).transpose()?;
        let builder = reqwest::Client::builder()
            .user_agent(concat!("jeton/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // A credential goes where it was meant to go and nowhere else.
            .redirect(Policy::none());
        let builder = if server.is_loopback() { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| anyhow!(error).context("no connection can be made"))?;
        Ok(Self { client, server, credential, authorization })
    }

    /// The server.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// The credential.
    pub(crate) fn credential(&self) -> Option<&Credential> {
        self.credential.as_ref()
    }

    /// A request to a path below `/api/v1`; each segment is encoded. What may change something gets a key, so that it
    /// can be repeated when its answer is lost.
    pub(crate) fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder> {
        let mut headers = HeaderMap::new();
        if let Some(authorization) = &self.authorization {
            headers.insert(reqwest::header::AUTHORIZATION, authorization.clone());
            if method != Method::GET {
                headers.insert(KEY, key()?);
            }
        }
        Ok(self.client.request(method, self.address(path)?).headers(headers))
    }

    /// Sends it and reads the answer.
    pub(crate) async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let body = self.send(request).await?;
        serde_json::from_slice(&body).map_err(|error| {
            let message = "the server's answer makes no sense; is it a Jeton server of this version?";
            anyhow!(error).context(message).into()
        })
    }

    /// Sends it; the answer has nothing to read.
    pub(crate) async fn done(&self, request: RequestBuilder) -> Result<()> {
        self.send(request).await.map(drop)
    }

    /// Asks an address outside the REST API without a credential; answers whatever comes.
    pub(crate) async fn look(&self, path: &[&str]) -> Result<Looked> {
        let request = self.client.get(self.server.below(path)?);
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(self.moved(&response));
        }
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
        Ok(Looked { status: status.as_u16(), date, body: self.body(response).await? })
    }

    /// Asks an address outside the REST API without a credential; answers status and body, whatever they are.
    pub(crate) async fn get_root(&self, path: &[&str]) -> Result<(StatusCode, Zeroizing<Vec<u8>>)> {
        self.exchange(self.client.get(self.server.below(path)?)).await
    }

    /// Posts a form to an address outside the REST API without a credential.
    pub(crate) async fn post_form(
        &self,
        path: &[&str],
        fields: &[(&str, &str)],
    ) -> Result<(StatusCode, Zeroizing<Vec<u8>>)> {
        self.exchange(self.client.post(self.server.below(path)?).form(fields)).await
    }

    /// Sends it. A server that cannot know just now counts as one that does not answer.
    async fn exchange(&self, request: RequestBuilder) -> Result<(StatusCode, Zeroizing<Vec<u8>>)> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        match response.status() {
            status @ (StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT) => Err(self.refusal(status, response).await),
            status if status.is_redirection() => Err(self.moved(&response)),
            status => Ok((status, self.body(response).await?)),
        }
    }

    fn address(&self, path: &[&str]) -> Result<Url> {
        self.server.below(&[&["api", "v1"], path].concat())
    }

    /// Sends it and reads the body of the answer. A request with a key is repeated, as it is, when nobody knows what
    /// came of it: it is done once all the same.
    async fn send(&self, request: RequestBuilder) -> Result<Zeroizing<Vec<u8>>> {
        let (client, request) = request.build_split();
        let request = request.map_err(|error| self.unreachable(&error))?;
        for pause in PAUSES {
            let Some(copy) = request.try_clone().filter(|copy| copy.headers().contains_key(KEY)) else {
                break;
            };
            match self.once(&client, copy).await {
                Err(Failure::Unknown(_)) => tokio::time::sleep(pause).await,
                known => return known.map_err(Failure::into_error),
            }
        }
        self.once(&client, request).await.map_err(Failure::into_error)
    }

    async fn once(
        &self,
        client: &reqwest::Client,
        request: reqwest::Request,
    ) -> std::result::Result<Zeroizing<Vec<u8>>, Failure> {
        let response = client.execute(request).await.map_err(|error| {
            let told = self.unreachable(&error);
            if error.is_connect() { Failure::Known(told) } else { Failure::Unknown(told) }
        })?;
        match response.status() {
            status if status.is_success() => self.body(response).await.map_err(Failure::Unknown),
            status if status.is_redirection() => Err(Failure::Known(self.moved(&response))),
            status => Err(Failure::of_refusal(self.refusal(status, response).await)),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Zeroizing<Vec<u8>>> {
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(anyhow!("the server's answer is too large").into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            reason = deeper.to_string();
            cause = deeper.source();
        }
        let reason =
            if error.is_timeout() { "no answer in time".to_owned() } else { safe(&reason).into_owned() };
        Error::Unreachable { server: self.server.shown().to_owned(), reason }
    }

    fn moved(&self, response: &Response) -> Error {
        let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
        let from = self.server.shown();
        anyhow!("`{from}` sends us on to `{}`; name the right address with `--url`", safe(to)).into()
    }

    async fn refusal(&self, status: StatusCode, response: Response) -> Error {
        let next = (status == StatusCode::UNAUTHORIZED).then(|| self.sign_in_again()).flatten();
        match self.body(response).await {
            Ok(body) => refusal(status, &body, next),
            Err(_) => refusal(status, &[], next),
        }
    }

    /// What to do about a credential that is not honoured. Without one, a name or a password was wrong.
    fn sign_in_again(&self) -> Option<String> {
        let server = self.server.shown();
        Some(match self.credential.as_ref()?.source {
            Source::Environment => {
                format!(
                    "set `JETON_TOKEN` to another token, or unset it and sign in with: jeton login --url {server}"
                )
            }
            Source::Profile | Source::Default => format!("sign in again with: jeton login --url {server}"),
            Source::Flag => "use another token".to_owned(),
        })
    }
}

/// What came of sending a request once.
enum Failure {
    /// It was refused, or not sent.
    Known(Error),
    /// It may have been done.
    Unknown(Error),
}

impl Failure {
    fn of_refusal(error: Error) -> Self {
        let code = error.problem().map(|problem| problem.code.clone()).unwrap_or_default();
        let is_unknown = [Code::OutcomeUnknown, Code::IdempotencyInFlight].map(Code::word).contains(&&*code);
        if is_unknown { Self::Unknown(error) } else { Self::Known(error) }
    }

    fn into_error(self) -> Error {
        match self {
            Self::Known(error) | Self::Unknown(error) => error,
        }
    }
}

/// A key that no other call has.
fn key() -> Result<HeaderValue> {
    let word = Zeroizing::new(random::word()?);
    let mut value = HeaderValue::from_str(&word).map_err(|error| anyhow!(error))?;
    // With the token it is as good as the secret that the call yields.
    value.set_sensitive(true);
    Ok(value)
}

/// A refusal with this body, and what can be done about it.
pub(crate) fn refusal(status: StatusCode, body: &[u8], next: Option<String>) -> Error {
    let problem = serde_json::from_slice(body).ok().or_else(|| of_oauth(status, body));
    let problem = problem.unwrap_or_else(|| unexplained(status));
    // The status that was sent counts, not the one that the body repeats.
    Refusal { problem: Problem { status: status.as_u16(), ..problem }, next }.into()
}

fn bearer(secret: &Secret) -> Result<HeaderValue> {
    let text = secret.expose();
    let header = Zeroizing::new(format!("Bearer {text}"));
    let is_one_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::from_str(&header).ok().filter(|_| is_one_word);
    let mut value = value.ok_or_else(|| Error::usage("the token holds characters that no token has"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A refusal by an endpoint of OAuth, which has its own form.
fn of_oauth(status: StatusCode, body: &[u8]) -> Option<Problem> {
    let refused: GrantRefusal = serde_json::from_slice(body).ok()?;
    let code = refused.code.as_deref().and_then(|word| word.parse().ok()).unwrap_or(Code::Malformed);
    let request_id = refused.request_id.unwrap_or_default();
    Some(Problem { request_id, ..Problem::new(code, status.as_u16(), refused.error_description) })
}

/// A refusal by something that is not Jeton, such as a proxy in front of it.
fn unexplained(status: StatusCode) -> Problem {
    Problem {
        kind: "about:blank".to_owned(),
        title: format!("the server answered {status} and did not say why"),
        status: status.as_u16(),
        detail: String::new(),
        code: String::new(),
        errors: vec![],
        missing_scope: None,
        remedies: vec![],
        request_id: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(server: &str) -> Http {
        Http::new(Server::parse(server, Source::Flag).unwrap(), None).unwrap()
    }

    #[test]
    fn names_are_encoded_into_the_path() {
        let address = |path: &[&str]| http("http://127.0.0.1:1/below/").address(path).unwrap().to_string();
        assert_eq!(address(&["users", "a/b?c"]), "http://127.0.0.1:1/below/api/v1/users/a%2Fb%3Fc");
        assert_eq!(address(&["tokens"]), "http://127.0.0.1:1/below/api/v1/tokens");
    }

    #[test]
    fn names_that_would_change_the_path_are_refused() {
        for name in ["", ".", ".."] {
            assert!(matches!(http("http://127.0.0.1:1").address(&["users", name]), Err(Error::Usage(_))));
        }
    }

    #[test]
    fn a_token_is_one_word() {
        assert!(bearer(&Secret::new("jtn_pat_x")).is_ok_and(|value| value.is_sensitive()));
        for text in ["", "a b", "a\nb", "größe", "a\t"] {
            assert!(bearer(&Secret::new(text)).is_err(), "{text:?}");
        }
    }
}
