//! A real server on a free port, with a clock that the test moves, and a client that speaks to it.

pub(crate) mod postgres;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jeton_server::{Clock, Options, Rng, Server, Settings, Store};
use jeton_token::Timestamp;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server.
pub(crate) struct Authority {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
    offset_ms: Arc<AtomicI64>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
    client: reqwest::Client,
}

impl Authority {
    /// On SQLite.
    pub(crate) async fn sqlite() -> Self {
        Self::start(None).await
    }

    /// On a database of its own; `None` as `Scratch::new` says.
    pub(crate) async fn postgres() -> Option<Self> {
        let scratch = postgres::Scratch::new().await?;
        Some(Self::start(Some(scratch.url().to_owned())).await)
    }

    async fn start(database_url: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            data: Some(folder.path().join("data")),
            listen: Some(([127, 0, 0, 1], 0).into()),
            database_url,
            ..Options::default()
        };
        let settings = Settings::resolve(options).unwrap();
        let offset_ms = Arc::new(AtomicI64::new(0));
        let moved = Arc::clone(&offset_ms);
        let system = Clock::system();
        let clock = Clock::new(move || Timestamp(system.now().0 + moved.load(Ordering::SeqCst)));
        let server = Server::start_with(&settings, clock, Rng::system()).await.unwrap();
        let (address, store) = (server.address(), server.store());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.serve(async {
            let _ = stopped.await;
        }));
        let client = reqwest::Client::new();
        Self { address, store, folder, offset_ms, stop: Some(stop), running, client }
    }

    /// Moves the server's clock forward.
    pub(crate) fn advance_ms(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Ends the server and waits for it.
    pub(crate) async fn stop(mut self) -> TempDir {
        let _ = self.stop.take().unwrap().send(());
        self.running.await.unwrap();
        self.folder
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A call with a credential and a JSON body; `Value::Null` is no body.
    pub(crate) async fn call(&self, secret: &str, method: Method, path: &str, body: Value) -> Answer {
        let mut request = self.request(method, path).bearer_auth(secret);
        if !body.is_null() {
            request = request.json(&body);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, secret: &str, path: &str) -> Answer {
        self.call(secret, Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, secret: &str, path: &str, body: Value) -> Answer {
        self.call(secret, Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, secret: &str, path: &str, body: Value) -> Answer {
        self.call(secret, Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, secret: &str, path: &str, body: Value) -> Answer {
        self.call(secret, Method::PATCH, path, body).await
    }

    pub(crate) async fn delete(&self, secret: &str, path: &str) -> Answer {
        self.call(secret, Method::DELETE, path, Value::Null).await
    }

    /// Signs in with a password.
    pub(crate) async fn session(&self, user: &str, password: &str) -> String {
        let body = json!({ "user": user, "password": password });
        let sent = self.request(Method::POST, "/api/v1/sessions").json(&body).send().await.unwrap();
        Answer::of(sent).await.expect(201).secret()
    }

    /// The first administrator's session.
    pub(crate) async fn admin(&self) -> String {
        let file = self.folder.path().join("data/initial-admin-password");
        let password = std::fs::read_to_string(file).unwrap();
        self.session("admin", password.trim()).await
    }

    /// Makes a user and signs them in.
    pub(crate) async fn user(&self, admin: &str, name: &str) -> String {
        let password = "correct horse battery";
        self.put(admin, &format!("/api/v1/users/{name}"), json!({ "password": password })).await.expect(201);
        self.session(name, password).await
    }

    /// Registers a small API of this namespace and answers its credential.
    pub(crate) async fn api(&self, admin: &str, name: &str, namespace: &str) -> String {
        let scopes = ["Task.Read", "Task.Create", "Task.Logs.Read", "Log.Query.Read"];
        let scopes: Vec<_> = scopes
            .iter()
            .map(|scope| json!({"name": format!("{namespace}.{scope}"), "description": ""}))
            .collect();
        let body = json!({
            "title": name, "namespace": namespace, "audience": format!("https://{name}.example"), "scopes": scopes,
            "routes": [{"method": "GET", "path": "/tasks", "scope": format!("{namespace}.Task.Read")}],
        });
        self.put(admin, &format!("/api/v1/apis/{name}"), body).await.expect(201);
        self.post(admin, &format!("/api/v1/apis/{name}/credential"), Value::Null).await.expect(201).secret()
    }

    /// Makes a token.
    pub(crate) async fn token(&self, secret: &str, body: Value) -> Answer {
        self.post(secret, "/api/v1/tokens", body).await
    }

    /// What an API is told about a token.
    pub(crate) async fn verify(&self, api: &str, token: &str, scope: Option<&str>) -> Value {
        let mut body = json!({ "token": token });
        if let Some(scope) = scope {
            body["scope"] = json!(scope);
        }
        self.post(api, "/api/v1/verify", body).await.expect(200).body
    }

    /// RFC 7662.
    pub(crate) async fn introspect(&self, api: &str, token: &str) -> Value {
        let sent =
            self.request(Method::POST, "/oauth2/introspect").bearer_auth(api).form(&[("token", token)]);
        Answer::of(sent.send().await.unwrap()).await.expect(200).body
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, text, body }
    }

    /// This answer, provided that it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// This answer, provided that it is a problem with this status and code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.body["code"], code, "{}", answer.text);
        answer
    }

    #[track_caller]
    pub(crate) fn secret(&self) -> String {
        self.body["secret"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.body["token"]["id"].as_str().unwrap().to_owned()
    }
}
