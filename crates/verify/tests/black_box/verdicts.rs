//! From the authority's answer to the status that the API's client sees.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::http::{Method, Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use jeton_verify::{Ask, Caller, Decision, Layer, Unavailable};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::{ServiceExt, service_fn};
use tower_layer::Layer as _;

use crate::api::{Api, routes};
use crate::authority::{Authority, Reply, allowed, failures};
use crate::tokens::{assert_shows_no_secret, client_of, personal};

const INVALID: (u16, &str, Option<&str>) = (401, "invalid_token", Some(r#"Bearer error="invalid_token""#));

#[tokio::test]
async fn an_allowed_request_is_served_and_knows_its_caller() {
    let authority = Authority::that_allows().await;
    let api = Api::behind(&authority);
    let answer = api.get("/tasks").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["subject"], json!("user alice"));
    assert_eq!(answer.body["token_id"], json!(personal().id.to_string()));
    assert_eq!(api.served(), 1);
}

#[tokio::test]
async fn the_inner_service_sees_no_token_unless_that_is_wanted() {
    let authority = Authority::that_allows().await;
    let layer = || Layer::new(authority.client(), routes());
    let removed = Api::with(layer()).get("/tasks").await;
    assert_eq!(removed.body["authorization"], json!(false));
    let kept = Api::with(layer().keep_authorization()).get("/tasks").await;
    assert_eq!(kept.body["authorization"], json!(true));
    assert_eq!(kept.body["authorization_may_be_printed"], json!(false));
}

#[tokio::test]
async fn dead_and_unknown_tokens_are_refused_alike() {
    let reasons = [
        "altered",
        "revoked",
        "expired",
        "suspended",
        "pending",
        "parent_inactive",
        "kind_not_honoured",
        "policy_lifetime",
        "policy_never_expires",
        "policy_sign_in",
        "policy_unused",
        "of_tomorrow",
    ];
    let mut answers = vec![json!({ "allowed": false })];
    answers.extend(reasons.map(|reason| json!({ "allowed": false, "reason": reason })));
    let mut bodies: Vec<Value> = Vec::new();
    for answer in answers {
        let api = Api::behind(&Authority::that_says(Reply::Json(200, answer)).await);
        let refusal = api.get("/tasks").await;
        assert_eq!(refusal.refusal(), INVALID);
        assert_eq!(api.served(), 0);
        bodies.push(refusal.body);
    }
    let api = Api::behind(&Authority::that_allows().await);
    bodies.push(api.send(Method::GET, "/tasks", &[("authorization", "Bearer garbage")]).await.body);
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{bodies:?}");
}

#[tokio::test]
async fn a_missing_scope_is_named_in_header_and_body() {
    let reply =
        json!({ "allowed": false, "reason": "missing_scope", "missing_scope": "Taskurai.Log.Query.Read" });
    let api = Api::behind(&Authority::that_says(Reply::Json(200, reply)).await);
    let answer = api.get("/tasks").await;
    let challenge = r#"Bearer error="insufficient_scope", scope="Taskurai.Log.Query.Read""#;
    assert_eq!(answer.refusal(), (403, "insufficient_scope", Some(challenge)));
    assert_eq!(answer.body["missing_scope"], json!("Taskurai.Log.Query.Read"));
    assert!(answer.body["detail"].as_str().unwrap().contains("`Taskurai.Log.Query.Read`"));
    assert_eq!(api.served(), 0);
}

#[tokio::test]
async fn a_live_token_that_does_not_reach_this_far_is_told_why() {
    let reasons = [
        "nothing_effective",
        "resource_required",
        "place_not_allowed",
        "client_ip_required",
        "network_not_allowed",
        "policy_creators",
        "approval_required",
    ];
    for reason in reasons {
        let api = Api::behind(&Authority::that_denies(reason).await);
        let answer = api.get("/tasks").await;
        let challenge = format!(r#"Bearer error="insufficient_scope", error_description="{reason}""#);
        assert_eq!(answer.refusal(), (403, "insufficient_scope", Some(challenge.as_str())));
        assert!(answer.body["detail"].as_str().unwrap().contains(&format!("`{reason}`")));
        assert_eq!(answer.body.get("missing_scope"), None);
        assert_eq!(api.served(), 0);
    }
}

#[tokio::test]
async fn every_failure_to_know_is_503_and_seen_by_the_operator_alone() {
    for (reply, expected) in failures() {
        let authority = Authority::that_says(reply).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let layer = Layer::new(authority.client(), routes())
            .on_unavailable(move |error: &Unavailable| log.lock().unwrap().push(error.clone()));
        let api = Api::with(layer);
        assert_unavailable(&api).await;
        assert_eq!(*seen.lock().unwrap(), [expected]);
    }
}

#[tokio::test]
async fn garbage_and_silence_are_503() {
    for reply in
        [Reply::Text(200, "{".to_owned()), Reply::Json(200, json!({ "allowed": true })), Reply::Silence]
    {
        let authority = Authority::that_says(reply).await;
        assert_unavailable(&Api::with(Layer::new(authority.impatient_client(), routes()))).await;
    }
}

#[tokio::test]
async fn an_authority_that_is_gone_is_503() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_unavailable(&Api::with(Layer::new(client_of(&base).build().unwrap(), routes()))).await;
}

#[tokio::test]
async fn nothing_is_remembered_between_requests() {
    let authority = Authority::that_allows().await;
    let api = Api::behind(&authority);
    assert_eq!(api.get("/tasks").await.status, 200);
    authority.now_says(Reply::Json(200, json!({ "allowed": false, "reason": "revoked" })));
    assert_eq!(api.get("/tasks").await.status, 401);
    authority.now_says(Reply::Text(503, String::new()));
    assert_eq!(api.get("/tasks").await.status, 503);
    authority.now_says(Reply::Json(200, allowed()));
    assert_eq!(api.get("/tasks").await.status, 200);
    assert_eq!((api.served(), authority.questions().len()), (2, 4));
}

#[tokio::test]
async fn it_fits_around_any_service_whose_answers_can_be_made_of_text() {
    let authority = Authority::that_allows().await;
    let echo = service_fn(async |request: Request<Vec<u8>>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(request.into_body())))
    });
    let service = Layer::new(authority.client(), routes()).layer(echo);
    let request =
        |value: String| Request::get("/tasks").header("authorization", value).body(vec![b'x']).unwrap();
    let allowed = service.clone().oneshot(request(format!("Bearer {}", personal().text))).await.unwrap();
    assert_eq!(allowed.into_body().collect().await.unwrap().to_bytes(), "x");
    let refused = service.oneshot(request("Bearer garbage".to_owned())).await.unwrap();
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn a_caller_that_was_put_in_before_does_not_come_through() {
    let authority = Authority::that_allows().await;
    let Ok(Decision::Allowed(caller)) = authority.client().verify(Ask::about(&personal().text)).await else {
        panic!("not allowed")
    };
    let seen = service_fn(async |request: Request<()>| {
        let named = request.extensions().get::<Caller>().is_some();
        Ok::<_, Infallible>(Response::new(named.to_string()))
    });
    let service = Layer::new(authority.client(), routes()).public("/healthz").layer(seen);
    let request = Request::get("/healthz").extension(caller).body(()).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().into_body(), "false");
}

#[tokio::test]
async fn a_layer_can_be_printed_without_showing_a_secret() {
    let authority = Authority::that_allows().await;
    let layer = Layer::new(authority.client(), routes()).public("/healthz");
    assert_shows_no_secret(&format!("{layer:?}"));
}

async fn assert_unavailable(api: &Api) {
    let answer = api.get("/tasks").await;
    assert_eq!(answer.refusal(), (503, "unavailable", None));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(!answer.body.to_string().contains("credential"), "the client learns our own trouble");
    assert_eq!(api.served(), 0);
}
