use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use jeton_verify::{Caller, Client, Unavailable};
use serde_json::json;

use crate::authority::{Authority, client_of, nobody};
use crate::catalogue::{LEAVES, Sample, samples};
use crate::service::{PEER, Service};
use crate::tokens::{assert_shows_no_secret, personal};

/// The service behind this authority, with one running task in it. Its callers have no token yet.
async fn protected(authority: &Authority) -> Service {
    let setup = Authority::that_grants(LEAVES).await;
    let router = task_api::router();
    let behind = |client: Client| Service::of(router.clone().layer(task_api::layer(client).unwrap()));
    behind(setup.client()).called_with(&personal().text).task_that_runs().await;
    behind(authority.client())
}

fn all_but(scope: &str) -> impl Iterator<Item = &'static str> {
    LEAVES.into_iter().filter(move |leaf| *leaf != scope)
}

#[tokio::test]
async fn each_route_asks_for_exactly_its_scope() {
    let samples = samples();
    assert_eq!(samples.len(), 16);
    for Sample { method, path, body, scope } in samples {
        let authority = Authority::that_grants([scope.as_str()]).await;
        let service = protected(&authority).await.called_with(&personal().text);
        let answer = service.send(&method, &path, body).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
        let peer: SocketAddr = PEER.parse().unwrap();
        let question = json!({"token": personal().text, "scope": scope, "client_ip": peer.ip()});
        assert_eq!(authority.questions(), [question], "{method} {path}");
    }
}

#[tokio::test]
async fn every_other_scope_together_does_not_help() {
    for Sample { method, path, body, scope } in samples() {
        let authority = Authority::that_grants(all_but(&scope)).await;
        let service = protected(&authority).await.called_with(&personal().text);
        let answer = service.send(&method, &path, body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        assert_eq!(answer.body["code"], "insufficient_scope");
        assert_eq!(answer.body["missing_scope"], scope);
        let challenge = format!(r#"Bearer error="insufficient_scope", scope="{scope}""#);
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], challenge);
    }
}

#[tokio::test]
async fn a_refused_request_changes_nothing() {
    let authority = Authority::that_grants(["Taskurai.Task.Read"]).await;
    let service = protected(&authority).await.called_with(&personal().text);
    let before = service.get("/tasks").await.body;
    assert_eq!(service.delete("/tasks/task-1").await.status, StatusCode::FORBIDDEN);
    assert_eq!(service.patch("/tasks/task-1", json!({"name": "x"})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(service.get("/tasks").await.body, before);
}

#[tokio::test]
async fn without_a_credential_nobody_is_asked_and_nothing_is_served() {
    let authority = Authority::that_grants(LEAVES).await;
    let service = Service::of(task_api::protected(authority.client()).unwrap());
    for Sample { method, path, body, .. } in samples() {
        let answer = service.send(&method, &path, body).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        let challenges: Vec<_> = answer.headers.get_all(header::WWW_AUTHENTICATE).iter().collect();
        assert_eq!(challenges, ["Bearer", r#"Basic realm="Jeton", charset="UTF-8""#]);
    }
    assert_eq!(authority.questions().len(), 0);
}

#[tokio::test]
async fn a_token_that_nobody_knows_is_invalid() {
    let authority = Authority::that_grants(LEAVES).await;
    let answer = protected(&authority).await.called_with("jtn_pat_garbage").get("/tasks").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers[header::WWW_AUTHENTICATE], r#"Bearer error="invalid_token""#);
}

#[tokio::test]
async fn while_the_authority_is_down_nothing_is_served_and_no_token_is_blamed() {
    let failures: Arc<Mutex<Vec<Unavailable>>> = Arc::default();
    let seen = Arc::clone(&failures);
    let layer = task_api::layer(client_of(&nobody())).unwrap();
    let layer = layer.on_unavailable(move |failure| seen.lock().unwrap().push(failure.clone()));
    let service = Service::of(task_api::router().layer(layer)).called_with(&personal().text);
    for Sample { method, path, body, .. } in samples() {
        let answer = service.send(&method, &path, body).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{method} {path}");
        assert!(answer.headers.contains_key(header::RETRY_AFTER));
        assert!(!answer.headers.contains_key(header::WWW_AUTHENTICATE));
        assert_shows_no_secret(&answer.body.to_string());
        let failure = failures.lock().unwrap().pop();
        assert!(matches!(failure, Some(Unavailable::Unreachable(_))), "{failure:?}");
    }
}

#[tokio::test]
async fn what_the_catalogue_does_not_list_is_for_nobody() {
    let authority = Authority::that_grants(LEAVES).await;
    let service = Service::of(task_api::protected(authority.client()).unwrap()).called_with(&personal().text);
    for (method, path) in [
        ("DELETE", "/tasks"),
        ("OPTIONS", "/tasks"),
        ("PUT", "/tasks/task-1"),
        ("GET", "/"),
        ("GET", "/tasks/"),
        ("GET", "/elsewhere"),
        ("GET", "/healthz/"),
    ] {
        let answer = service.send(method, path, String::new()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    assert_eq!(authority.questions().len(), 0);
}

#[tokio::test]
async fn health_is_for_everybody() {
    let protected = task_api::protected(client_of(&nobody())).unwrap();
    for service in [Service::new(), Service::of(protected)] {
        let answer = service.get("/healthz").await;
        assert_eq!((answer.status, answer.body), (StatusCode::OK, json!("ok")));
    }
}

/// What a handler could have seen of one request.
#[derive(Clone, Debug)]
struct Sight {
    headers: HeaderMap,
    caller: Option<String>,
    knows_peer: bool,
}

#[tokio::test]
async fn no_handler_sees_the_token() {
    let sights: Arc<Mutex<Vec<Sight>>> = Arc::default();
    let seen = Arc::clone(&sights);
    let spy = from_fn(move |request: Request, next: Next| {
        let sight = Sight {
            headers: request.headers().clone(),
            caller: request.extensions().get().map(|caller: &Caller| caller.subject.to_string()),
            knows_peer: request.extensions().get::<ConnectInfo<SocketAddr>>().is_some(),
        };
        seen.lock().unwrap().push(sight);
        next.run(request)
    });
    let authority = Authority::that_grants(LEAVES).await;
    let router = task_api::router().layer(spy).layer(task_api::layer(authority.client()).unwrap());
    let service = Service::of(router).called_with(&personal().text);
    for Sample { method, path, body, .. } in samples() {
        service.send(&method, &path, body).await;
        let sight = sights.lock().unwrap().pop().unwrap();
        assert!(!sight.headers.contains_key(header::AUTHORIZATION), "{method} {path}");
        assert_shows_no_secret(&format!("{sight:?}"));
        assert_eq!((sight.caller.as_deref(), sight.knows_peer), (Some("user alice"), true));
    }
    service.get("/healthz").await;
    let sight = sights.lock().unwrap().pop().unwrap();
    assert!(!sight.headers.contains_key(header::AUTHORIZATION));
    assert_eq!(sight.caller, None);
}
