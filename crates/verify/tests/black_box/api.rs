//! A small protected API, and its answers in a form that is easy to look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use axum::routing::any;
use http_body_util::BodyExt;
use jeton_verify::{Caller, Layer, Route, RouteTable};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::authority::Authority;
use crate::tokens::{assert_shows_no_secret, personal};

pub(crate) struct Api {
    router: Router,
    served: Arc<AtomicUsize>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Api {
    pub(crate) fn behind(authority: &Authority) -> Self {
        Self::with(Layer::new(authority.client(), routes()))
    }

    pub(crate) fn with(layer: Layer) -> Self {
        let served = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&served);
        let handler = any(async move |request: Request| {
            counter.fetch_add(1, Ordering::SeqCst);
            what_is_seen(&request)
        });
        let router = Router::new()
            .route("/tasks", handler.clone())
            .route("/tasks/logs", handler.clone())
            .route("/tasks/{id}", handler.clone())
            .route("/organizations/{o}/projects/{p}/tasks", handler.clone())
            .route("/healthz", handler)
            .layer(layer);
        Self { router, served }
    }

    /// A GET with one good-looking token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).await
    }

    /// A call with one good-looking token.
    pub(crate) async fn call(&self, method: Method, path: &str) -> Answer {
        let bearer = format!("Bearer {}", personal().text);
        self.send(method, path, &[("authorization", &bearer)]).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request =
            headers.iter().fold(Request::builder().method(method).uri(path), |request, (name, value)| {
                request.header(*name, *value)
            });
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        assert_shows_no_secret(&format!("{head:?} {text}"));
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
        }
    }

    /// How many requests came through.
    pub(crate) fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "two `{name}` headers");
        value
    }

    /// The challenge for Bearer. Each 401 has one for Basic behind it, for both are taken.
    fn bearer_challenge(&self) -> Option<&str> {
        let challenges = self.headers.get_all("www-authenticate").iter();
        let challenges: Vec<_> = challenges.map(|value| value.to_str().unwrap()).collect();
        let basic = r#"Basic realm="Jeton", charset="UTF-8""#;
        let others = if self.status == 401 { vec![basic] } else { vec![] };
        assert_eq!(challenges.get(1..).unwrap_or_default(), others);
        challenges.first().copied()
    }

    /// Status, code and challenge: what a refusal tells programs.
    pub(crate) fn refusal(&self) -> (u16, &str, Option<&str>) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.body["status"], json!(self.status));
        (self.status, self.body["code"].as_str().unwrap(), self.bearer_challenge())
    }
}

pub(crate) fn routes() -> RouteTable {
    let route = |method: &str, path: &str, scope: &str, resource: Option<&str>| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        scope: scope.parse().unwrap(),
        resource: resource.map(str::to_owned),
    };
    RouteTable::new([
        route("GET", "/tasks", "Taskurai.Task.Read", None),
        route("POST", "/tasks", "Taskurai.Task.Create", None),
        route("GET", "/tasks/{id}", "Taskurai.Task.Read", None),
        route("HEAD", "/tasks/{id}", "Taskurai.Task.Probe", None),
        route("GET", "/tasks/logs", "Taskurai.Task.Logs.Read", None),
        route("GET", "/organizations/{o}/projects/{p}/tasks", "Taskurai.Task.Read", Some("{o}/{p}")),
    ])
    .unwrap()
}

/// What a handler finds in an allowed request.
fn what_is_seen(request: &Request) -> axum::Json<Value> {
    let caller = request.extensions().get::<Caller>();
    let authorization = request.headers().get(header::AUTHORIZATION);
    axum::Json(json!({
        "subject": caller.map(|caller| caller.subject.to_string()),
        "token_id": caller.map(|caller| caller.token_id.to_string()),
        "authorization": authorization.is_some(),
        "authorization_may_be_printed": authorization.is_some_and(|value| !value.is_sensitive()),
    }))
}
