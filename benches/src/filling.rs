//! A server with something in it: an API with many routes, owners, and their tokens, all made through the public door.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::stopwatch::Stopwatch;

/// How many routes the API has, as the figures demand.
const ROUTES: usize = 200;

/// Tokens of one owner.
const TOKENS_OF_OWNER: usize = 1000;

/// Clients that create tokens at once.
const CLIENTS: usize = 32;

/// What was made.
pub(crate) struct Filling {
    /// The API's own credential.
    pub(crate) credential: String,
    /// Texts of live tokens.
    pub(crate) tokens: Vec<String>,
    /// How many tokens were made in a second, acknowledged and durable.
    pub(crate) creates_per_second: f64,
    /// The first administrator, who made them.
    pub(crate) admin: Admin,
}

/// The API of the bench.
pub(crate) const API: &str = "bench";

/// A path of one of its routes, with a parameter in it.
pub(crate) const PATH: &str = "/resource-137/items/42";

/// Whoever calls the server.
#[derive(Clone)]
pub(crate) struct Admin {
    http: Client,
    url: String,
    secret: Arc<str>,
}

/// Signs in as the administrator of a new server and fills it.
pub(crate) async fn fill(url: &str, password: &str, count: usize) -> Result<Filling> {
    let http = Client::builder().no_proxy().build()?;
    let mut admin = Admin { http, url: url.to_owned(), secret: "".into() };
    let session =
        admin.call(Method::POST, "sessions", json!({"user": "admin", "password": password})).await?;
    admin.secret = text(&session, "secret")?.into();
    admin.call(Method::PUT, &format!("apis/{API}"), catalogue()).await?;
    let credential = admin.call(Method::POST, &format!("apis/{API}/credential"), json!({})).await?;
    let owners = count.div_ceil(TOKENS_OF_OWNER);
    for owner in 0..owners {
        admin.call(Method::PUT, &format!("users/owner-{owner}"), json!({})).await?;
    }
    let creating = Stopwatch::start();
    let tokens = create(&admin, count).await?;
    let creates_per_second = rate(tokens.len(), creating);
    Ok(Filling { credential: text(&credential, "secret")?, tokens, creates_per_second, admin })
}

async fn create(admin: &Admin, count: usize) -> Result<Vec<String>> {
    let next = Arc::new(AtomicUsize::new(0));
    let clients = (0..CLIENTS).map(|_| tokio::spawn(create_some(admin.clone(), Arc::clone(&next), count)));
    let mut tokens = Vec::with_capacity(count);
    for client in clients.collect::<Vec<_>>() {
        tokens.extend(client.await??);
    }
    Ok(tokens)
}

async fn create_some(admin: Admin, next: Arc<AtomicUsize>, count: usize) -> Result<Vec<String>> {
    let mut made = Vec::new();
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= count {
            return Ok(made);
        }
        if at > 0 && at.is_multiple_of(10_000) {
            crate::say(&format!("  {at} tokens"));
        }
        let owner = format!("owner-{}", at / TOKENS_OF_OWNER);
        let wanted =
            json!({"owner": owner, "kind": "personal", "scopes": ["Bench.Task.*", "Bench.Log.Read"]});
        made.push(text(&admin.call(Method::POST, "tokens", wanted).await?, "secret")?);
    }
}

impl Admin {
    /// The same server, called with another credential.
    pub(crate) fn with(&self, secret: &str) -> Self {
        Self { secret: secret.into(), ..self.clone() }
    }

    /// The answer to a call below `/api/v1/`.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        let request = self.http.request(method, format!("{}/api/v1/{path}", self.url)).json(&body);
        let request = if self.secret.is_empty() { request } else { request.bearer_auth(&self.secret) };
        let response = request.send().await?;
        let status = response.status();
        let answer = response.text().await?;
        if !status.is_success() {
            bail!("`{path}` answered {status}: {answer}");
        }
        Ok(serde_json::from_str(&answer)?)
    }
}

/// Four scopes, and as many routes as the goal says, each with a parameter.
fn catalogue() -> Value {
    let scope = |name: &str| json!({"name": format!("Bench.{name}"), "description": name});
    let scopes: Vec<Value> = ["Task.Read", "Task.Write", "Log.Read", "Log.Write"].map(scope).into();
    let route = |at: usize| json!({"method": "GET", "path": format!("/resource-{at}/items/{{item}}"), "scope": "Bench.Task.Read"});
    let routes: Vec<Value> = (0..ROUTES).map(route).collect();
    json!({"title": "Bench", "namespace": "Bench", "audience": "https://bench.example", "scopes": scopes, "routes": routes})
}

/// A text in an answer.
pub(crate) fn text(answer: &Value, field: &str) -> Result<String> {
    let text = answer.get(field).and_then(Value::as_str);
    Ok(text.with_context(|| format!("no `{field}` in the answer"))?.to_owned())
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a figure to show")]
fn rate(count: usize, since: Stopwatch) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}
