//! A real server on a free port, with a clock that the test moves, and a client that speaks to it.

pub(crate) mod answer;
pub(crate) mod browser;
pub(crate) mod clock;
mod described;
pub(crate) mod history;
pub(crate) mod issuer;
pub(crate) mod nginx;
#[macro_use]
mod on_both;
pub(crate) mod provider;
pub(crate) mod python;
pub(crate) mod raw;
pub(crate) mod receiver;
pub(crate) mod rights;
pub(crate) mod sample;
mod shared;
pub(crate) mod smtp;
mod template;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use jeton_server::{ConnectionLimits, Options, Rng, Server, Settings, Store};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;

use crate::store::sql::Sql;
use answer::Answer;
use clock::TestClock;

/// The challenge for Basic.
pub(crate) const BASIC: &str = "Basic realm=\"Jeton\", charset=\"UTF-8\"";

/// The password of every user that a test makes.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running server, or one's own view of one that is shared.
pub(crate) struct Authority {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    /// The data directory; the pepper file lies beside it.
    pub(crate) data: PathBuf,
    pub(crate) clock: TestClock,
    database_url: Option<String>,
    client: reqwest::Client,
    admin: OnceCell<String>,
    api: OnceCell<String>,
    own: Option<Own>,
}

/// What only the one has who started the server.
struct Own {
    folder: TempDir,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

/// A user who is signed in.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) session: String,
}

/// A token with its secret.
pub(crate) struct Pat {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Authority {
    /// A server of one's own on SQLite, as a first start leaves it.
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        template::sqlite(folder.path()).await;
        Self::start(folder, None).await
    }

    /// The same on a database of its own; `None` as `Scratch::new` says.
    pub(crate) async fn postgres() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let database = template::postgres(folder.path()).await?;
        Some(Self::start(folder, Some(database)).await)
    }

    /// The first start itself, with passwords hashed as in use: on SQLite, or on an empty database.
    pub(crate) async fn first_start(database_url: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (settings, clock) = (settings(folder.path(), database_url.clone()), TestClock::default());
        let server = Server::start_with(&settings, clock.for_server(), Rng::system()).await.unwrap();
        Self::serving(server, folder, database_url, settings, clock)
    }

    /// On SQLite, with these limits of connections and other settings.
    pub(crate) async fn limited(limits: ConnectionLimits, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        template::sqlite(folder.path()).await;
        let mut settings = settings(folder.path(), None);
        change(&mut settings);
        Self::start_within(folder, None, settings, TestClock::default(), limits).await
    }

    /// On SQLite in the folder of a server that has stopped.
    pub(crate) async fn again(folder: TempDir) -> Self {
        Self::start(folder, None).await
    }

    /// On files and a database of some time ago, at that time: the clock stands there.
    pub(crate) async fn back_then(folder: TempDir, database_url: Option<String>, now_ms: i64) -> Self {
        let settings = settings(folder.path(), database_url.clone());
        let clock = TestClock::default();
        clock.stand_at_ms(now_ms);
        Self::start_with(folder, database_url, settings, clock).await
    }

    async fn start(folder: TempDir, database_url: Option<String>) -> Self {
        let settings = settings(folder.path(), database_url.clone());
        Self::start_as(folder, database_url, settings).await
    }

    /// The same server once more: same database, same files, same port, other settings.
    pub(crate) async fn restarted(self, change: impl FnOnce(&mut Settings)) -> Self {
        let (database_url, address) = (self.database_url.clone(), self.address);
        let folder = self.stop().await;
        let mut settings = settings(folder.path(), database_url.clone());
        settings.listen = address;
        change(&mut settings);
        Self::start_as(folder, database_url, settings).await
    }

    async fn start_as(folder: TempDir, database_url: Option<String>, settings: Settings) -> Self {
        Self::start_with(folder, database_url, settings, TestClock::default()).await
    }

    async fn start_with(
        folder: TempDir,
        database_url: Option<String>,
        settings: Settings,
        clock: TestClock,
    ) -> Self {
        Self::start_within(folder, database_url, settings, clock, ConnectionLimits::default()).await
    }

    async fn start_within(
        folder: TempDir,
        database_url: Option<String>,
        settings: Settings,
        clock: TestClock,
        limits: ConnectionLimits,
    ) -> Self {
        let server = Server::start_in_test(&settings, clock.for_server(), Rng::system()).await.unwrap();
        Self::serving(server.limited(limits), folder, database_url, settings, clock)
    }

    fn serving(
        server: Server,
        folder: TempDir,
        database_url: Option<String>,
        settings: Settings,
        clock: TestClock,
    ) -> Self {
        let (address, store) = (server.address(), server.store());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.serve(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            store,
            data: settings.data,
            clock,
            database_url,
            client: client(),
            admin: OnceCell::new(),
            api: OnceCell::new(),
            own: Some(Own { folder, stop, running }),
        }
    }

    /// Another process at the same database, with the same keys and the same sinks. SQLite has no room for one.
    pub(crate) async fn beside(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path(), Some(self.database_url.clone().unwrap()));
        settings.pepper_file = self.data.with_extension("pepper");
        change(&mut settings);
        Self::start_as(folder, self.database_url.clone(), settings).await
    }

    /// Ends the server, waits for it and hands over its files.
    pub(crate) async fn stop(self) -> TempDir {
        let Own { folder, stop, running } = self.own.unwrap();
        stop.send(()).unwrap();
        running.await.unwrap();
        folder
    }

    /// The database's address; `None` on SQLite.
    pub(crate) fn database_url(&self) -> Option<String> {
        self.database_url.clone()
    }

    /// A connection to the server's database.
    pub(crate) async fn sql(&self) -> Sql {
        match &self.database_url {
            Some(url) => Sql::postgres(url).await,
            None => Sql::sqlite(&self.data).await,
        }
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
        Answer::to(request).await
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
}

/// The clock.
impl Authority {
    /// Lets the clock stand, so that what a test counts does not depend on how long it takes. Answers the moment.
    pub(crate) async fn stop_the_clock(&self) -> i64 {
        self.admin_again().await;
        // Not before any moment that the server was told, or its time would stand at that one.
        let now = self.clock.now_ms() + 2;
        self.clock.stand_at_ms(now);
        now
    }
}

/// People and tokens.
impl Authority {
    /// What a sign-in answers.
    pub(crate) async fn sign_in(&self, user: &str, password: &str) -> Answer {
        let body = json!({ "user": user, "password": password });
        Answer::to(self.request(Method::POST, "/api/v1/sessions").json(&body)).await
    }

    /// A session.
    pub(crate) async fn session(&self, user: &str, password: &str) -> String {
        self.sign_in(user, password).await.expect(201).secret()
    }

    /// The first administrator's session; nobody ends it on a shared server.
    pub(crate) async fn admin(&self) -> String {
        self.admin.get_or_init(|| self.admin_again()).await.clone()
    }

    /// Another session of the first administrator.
    pub(crate) async fn admin_again(&self) -> String {
        let password = std::fs::read_to_string(self.data.join("initial-admin-password")).unwrap();
        self.session("admin", password.trim()).await
    }

    /// Makes a user with a name like this one and signs them in.
    pub(crate) async fn person(&self, like: &str) -> Person {
        let name = fresh(like);
        let body = json!({ "password": PASSWORD });
        self.put(&self.admin().await, &format!("/api/v1/users/{name}"), body).await.expect(201);
        let session = self.session(&name, PASSWORD).await;
        Person { name, session }
    }

    /// Makes a token, whatever comes of it.
    pub(crate) async fn token(&self, secret: &str, body: Value) -> Answer {
        self.post(secret, "/api/v1/tokens", body).await
    }

    /// Makes a token with these scopes.
    pub(crate) async fn pat(&self, secret: &str, scopes: &[&str]) -> Pat {
        self.token(secret, json!({ "scopes": scopes })).await.pat()
    }

    pub(crate) async fn revoke(&self, secret: &str, id: &str) -> Answer {
        self.delete(secret, &format!("/api/v1/tokens/{id}")).await
    }

    /// The record of a token, as this caller sees it.
    pub(crate) async fn record(&self, secret: &str, id: &str) -> Value {
        self.get(secret, &format!("/api/v1/tokens/{id}")).await.expect(200).body
    }

    /// The names of all tokens of a list, page by page.
    pub(crate) async fn names(&self, secret: &str, query: &str) -> Vec<String> {
        let answer = self.get(secret, &format!("/api/v1/tokens?{query}")).await.expect(200);
        let items = answer.body["items"].as_array().unwrap();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// APIs and verdicts.
impl Authority {
    /// The credential of the API `taskurai`, whose namespace is `Taskurai`; it is registered when it is first asked for.
    pub(crate) async fn api(&self) -> String {
        self.api.get_or_init(|| self.register("taskurai", "Taskurai")).await.clone()
    }

    /// Registers a small API of this namespace and answers its credential.
    pub(crate) async fn register(&self, name: &str, namespace: &str) -> String {
        let admin = self.admin().await;
        let body = sample::api(name, namespace);
        self.put(&admin, &format!("/api/v1/apis/{name}"), body).await.expect(201);
        self.credential(name).await
    }

    /// A credential of an API.
    pub(crate) async fn credential(&self, name: &str) -> String {
        let path = format!("/api/v1/apis/{name}/credential");
        self.post(&self.admin().await, &path, Value::Null).await.expect(201).secret()
    }

    /// What `taskurai` is told about a token.
    pub(crate) async fn verify(&self, token: &str, scope: Option<&str>) -> Value {
        let mut body = json!({ "token": token });
        if let Some(scope) = scope {
            body["scope"] = json!(scope);
        }
        self.post(&self.api().await, "/api/v1/verify", body).await.expect(200).body
    }

    /// What `taskurai` is told by RFC 7662, with further parameters.
    pub(crate) async fn introspect(&self, token: &str, more: &[(&str, &str)]) -> Value {
        self.introspect_as(&self.api().await, token, more).await.expect(200).body
    }

    /// Introspection with this credential.
    pub(crate) async fn introspect_as(&self, api: &str, token: &str, more: &[(&str, &str)]) -> Answer {
        let form: Vec<_> = std::iter::once(("token", token)).chain(more.iter().copied()).collect();
        Answer::to(self.request(Method::POST, "/oauth2/introspect").bearer_auth(api).form(&form)).await
    }

    /// Whether a token is honoured.
    pub(crate) async fn is_active(&self, token: &str) -> bool {
        self.introspect(token, &[]).await["active"].as_bool().unwrap()
    }
}

/// The settings of a server in this folder.
pub(crate) fn settings(folder: &Path, database_url: Option<String>) -> Settings {
    let options = Options {
        data: Some(folder.join("data")),
        listen: Some(([127, 0, 0, 1], 0).into()),
        database_url: database_url.map(|url| url.parse().unwrap()),
        ..Options::default()
    };
    // The issuers of the tests are programs on this machine.
    let private_issuers = vec!["http://127.0.0.1:*".parse().unwrap()];
    Settings { private_issuers, ..Settings::resolve(options).unwrap() }
}

/// A client of one's own, for its connections end with the test's runtime. It speaks to this machine only.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

/// A name that nothing else in this run has.
pub(crate) fn fresh(like: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{like}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
