//! A client of the server: calls of the REST API, and the three doors where a verdict is had.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// Longer than the server's own deadline: one that has not answered by then hangs.
const ANSWERED_WITHIN: Duration = Duration::from_secs(15);

/// The API whose tokens are asked about.
pub const API: &str = "notes";

/// What became of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// 2xx: it is done.
    Done(Value),
    /// 503: whether it was done is not known.
    Unknown,
    /// Anything else, which a fault below must never lead to.
    Odd(String),
}

/// What a door says about a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is honoured.
    Active,
    /// It is not.
    Inactive,
    /// 503: it cannot be known.
    Unknown,
    /// Anything else.
    Odd(String),
}

/// A door where a verdict is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// `POST /oauth2/introspect`
    Introspection,
    /// `POST /api/v1/verify`
    Verify,
    /// `GET /forward-auth/notes`
    ForwardAuth,
}

impl Door {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Introspection, Self::Verify, Self::ForwardAuth];
}

/// Somebody who calls a server: an administrator, beside the API's own credential.
#[derive(Debug, Clone)]
pub struct Caller {
    http: Client,
    url: Arc<str>,
    session: Arc<str>,
    credential: Arc<str>,
}

impl Caller {
    /// Signs in at a new server, and makes the API.
    pub async fn at_new_server(url: &str, password: &str) -> Result<Self> {
        let http = Client::builder().no_proxy().timeout(ANSWERED_WITHIN).build()?;
        let mut caller = Self { http, url: url.into(), session: "".into(), credential: "".into() };
        let account = json!({"user": "admin", "password": password});
        let session = caller.call(Method::POST, "sessions", account).await.done()?;
        caller.session = text(&session, "secret")?.into();
        caller.call(Method::PUT, &format!("apis/{API}"), catalogue()).await.done()?;
        let credential =
            caller.call(Method::POST, &format!("apis/{API}/credential"), json!({})).await.done()?;
        caller.credential = text(&credential, "secret")?.into();
        Ok(caller)
    }

    /// The same at another address.
    #[must_use]
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.into(), ..self.clone() }
    }

    /// The same from another address of this machine, with a connection for each call.
    pub fn from(&self, address: std::net::IpAddr) -> Result<Self> {
        let http = Client::builder().no_proxy().timeout(ANSWERED_WITHIN).local_address(address);
        Ok(Self { http: http.pool_max_idle_per_host(0).build()?, ..self.clone() })
    }

    /// The answer to a call below `/api/v1/`, as the administrator.
    pub async fn call(&self, method: Method, path: &str, body: Value) -> Reply {
        let request = self.http.request(method, format!("{}/api/v1/{path}", self.url)).json(&body);
        let signed_in = !self.session.is_empty();
        let (status, text) =
            match sent(if signed_in { request.bearer_auth(&self.session) } else { request }).await {
                Ok(answer) => answer,
                Err(why) => return Reply::Odd(format!("`{path}`: {why}")),
            };
        match status {
            200..=299 => Reply::Done(serde_json::from_str(&text).unwrap_or(Value::Null)),
            503 => Reply::Unknown,
            _ => Reply::Odd(format!("`{path}`: {status} {text}")),
        }
    }

    /// Makes a token; its id and its secret.
    pub async fn create(&self, owner: Option<&str>) -> Result<Option<(String, String)>, String> {
        let mut wanted = json!({"scopes": ["Notes.*"]});
        if let (Some(owner), Some(wanted)) = (owner, wanted.as_object_mut()) {
            wanted.insert("owner".to_owned(), owner.into());
            wanted.insert("kind".to_owned(), "personal".into());
        }
        issued(self.call(Method::POST, "tokens", wanted).await)
    }

    /// Gives a token another secret; the old one ends at once.
    pub async fn rotate(&self, id: &str) -> Result<Option<(String, String)>, String> {
        issued(self.call(Method::POST, &format!("tokens/{id}/rotate"), json!({"overlap_minutes": 0})).await)
    }

    /// Revokes a token.
    pub async fn revoke(&self, id: &str) -> Reply {
        self.call(Method::DELETE, &format!("tokens/{id}"), json!({})).await
    }

    /// What a door says.
    pub async fn ask(&self, door: Door, secret: &str) -> Verdict {
        let (status, text) = match sent(self.question(door, secret)).await {
            Ok(answer) => answer,
            Err(why) => return Verdict::Odd(format!("{door:?}: {why}")),
        };
        let answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        let said = |member: &str| answer.get(member).and_then(Value::as_bool);
        match (door, status) {
            (_, 503) => Verdict::Unknown,
            (Door::ForwardAuth, 200) => Verdict::Active,
            (Door::ForwardAuth, 401) => Verdict::Inactive,
            (Door::Introspection, 200) => verdict(said("active"), &text),
            (Door::Verify, 200) => verdict(said("allowed"), &text),
            _ => Verdict::Odd(format!("{door:?}: {status} {text}")),
        }
    }

    /// Status and body of a page that needs no credential.
    pub async fn get(&self, path: &str) -> Result<(u16, String), String> {
        sent(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Status and body of a call with another credential.
    pub async fn get_as(&self, path: &str, secret: &str) -> Result<(u16, String), String> {
        sent(self.http.get(format!("{}{path}", self.url)).bearer_auth(secret)).await
    }

    /// The administrator's own credential.
    pub fn session(&self) -> &str {
        &self.session
    }

    fn question(&self, door: Door, secret: &str) -> RequestBuilder {
        match door {
            Door::Introspection => {
                let ask =
                    self.http.post(format!("{}/oauth2/introspect", self.url)).form(&[("token", secret)]);
                ask.bearer_auth(&self.credential)
            }
            Door::Verify => {
                let body = json!({"token": secret, "scope": "Notes.Note.Read"});
                self.http
                    .post(format!("{}/api/v1/verify", self.url))
                    .json(&body)
                    .bearer_auth(&self.credential)
            }
            Door::ForwardAuth => {
                let ask = self.http.get(format!("{}/forward-auth/{API}", self.url)).bearer_auth(secret);
                let ask = ask.header("X-Forwarded-Method", "GET").header("X-Forwarded-Uri", "/notes");
                ask.header("X-Forwarded-For", "192.0.2.7")
            }
        }
    }
}

impl Reply {
    /// What was answered, or why there is nothing.
    pub fn done(self) -> Result<Value> {
        match self {
            Self::Done(answer) => Ok(answer),
            Self::Unknown => bail!("503"),
            Self::Odd(text) => bail!(text),
        }
    }
}

/// Id and secret; nothing when it is not known whether there are any.
fn issued(reply: Reply) -> Result<Option<(String, String)>, String> {
    let answer = match reply {
        Reply::Done(answer) => answer,
        Reply::Unknown => return Ok(None),
        Reply::Odd(text) => return Err(text),
    };
    let id = answer.pointer("/token/id").and_then(Value::as_str);
    let secret = answer.get("secret").and_then(Value::as_str);
    match (id, secret) {
        (Some(id), Some(secret)) => Ok(Some((id.to_owned(), secret.to_owned()))),
        _ => Err(format!("an answer without a token: {answer}")),
    }
}

async fn sent(request: RequestBuilder) -> Result<(u16, String), String> {
    let why = |error: reqwest::Error| {
        if error.is_timeout() { "no answer".to_owned() } else { format!("{error:?}") }
    };
    let response = request.send().await.map_err(why)?;
    Ok((response.status().as_u16(), response.text().await.map_err(why)?))
}

fn verdict(said: Option<bool>, text: &str) -> Verdict {
    match said {
        Some(true) => Verdict::Active,
        Some(false) => Verdict::Inactive,
        None => Verdict::Odd(format!("no verdict: {text}")),
    }
}

fn text(answer: &Value, field: &str) -> Result<String> {
    let text = answer.get(field).and_then(Value::as_str);
    Ok(text.with_context(|| format!("no `{field}` in the answer"))?.to_owned())
}

fn catalogue() -> Value {
    json!({
        "title": "Notes",
        "namespace": "Notes",
        "audience": "https://notes.example",
        "scopes": [{"name": "Notes.Note.Read", "description": "Read notes"}],
        "routes": [{"method": "GET", "path": "/notes", "scope": "Notes.Note.Read"}],
    })
}
