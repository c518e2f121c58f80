//! Bombs: bodies that would cost the server more than the client.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::Authority;
use crate::support::answer::Answer;

async fn post(authority: &Authority, session: &str, body: String) -> Answer {
    let request = authority.request(Method::POST, "/api/v1/tokens").bearer_auth(session);
    let request = request.header("content-type", "application/json").timeout(Duration::from_secs(5));
    Answer::to(request.body(body)).await
}

#[tokio::test]
async fn attack_23_json_bombs_are_refused() {
    let authority = Authority::shared_sqlite();
    let session = authority.person("alice").await.session;
    let deep =
        |open: &str, close: &str, times: usize| format!("{}{}", open.repeat(times), close.repeat(times));
    let wide = (0..2500).map(|at| format!("\"k{at}\":0")).collect::<Vec<_>>().join(",");
    for (body, statuses) in [
        (deep("[", "]", 10_000), [400, 422].as_slice()),
        (format!("{{\"name\":{}}}", deep("[", "]", 10_000)), &[400, 422]),
        (format!("{{\"scopes\":{}}}", deep("[", "]", 10_000)), &[400, 422]),
        (format!("{{\"x\":{}", deep("{\"x\":", "}", 4_000)), &[400, 413, 422]),
        (format!("{{{wide}}}"), &[400, 422]),
        ("{\"scopes\":[\"*\"],\"scopes\":[\"*\"]}".to_owned(), &[422]),
        ("{\"scopes\":[\"*\"],\"expires_in_minutes\":1e400}".to_owned(), &[400, 422]),
        ("{\"scopes\":[\"*\"],\"name\":\"\\ud800\"}".to_owned(), &[400]),
        ("{\"scopes\":[\"*\"],\"name\":\"\u{1}\"}".to_owned(), &[400]),
        (format!("{{\"name\":\"{}\"}}", "x".repeat(33_000)), &[413]),
    ] {
        let answer = post(&authority, &session, body.clone()).await;
        let start: String = body.chars().take(40).collect();
        assert!(statuses.contains(&answer.status), "{start}: {} {}", answer.status, answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{start}");
    }
    assert_eq!(authority.names(&session, "kind=personal").await, [""; 0]);
}

#[tokio::test]
async fn attack_23_a_compressed_body_is_not_unpacked() {
    let authority = Authority::shared_sqlite();
    let session = authority.person("alice").await.session;
    let request = authority.request(Method::POST, "/api/v1/tokens").bearer_auth(&session);
    let request = request.header("content-type", "application/json").header("content-encoding", "gzip");
    let answer =
        Answer::to(request.body(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xe6\x02".to_vec())).await;
    assert!([400, 415].contains(&answer.status), "{}", answer.text);
}

/// The server must refuse as soon as it knows the length, and not read 100 MB first.
#[tokio::test]
async fn attack_23_a_huge_body_is_refused_by_its_length() {
    let authority = Authority::shared_sqlite();
    let session = authority.person("alice").await.session;
    for path in ["/api/v1/tokens", "/oauth2/revoke", "/api/v1/sessions"] {
        let kind = if path.starts_with("/oauth2") {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        let fields = [
            format!("authorization: Bearer {session}"),
            format!("content-type: {kind}"),
            "content-length: 104857600".to_owned(),
        ];
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let answer = crate::support::raw::send(
            &authority,
            &crate::support::raw::head(&format!("POST {path}"), &fields),
        )
        .await;
        assert_eq!(crate::support::raw::status(&answer), "413", "{answer}");
    }
}

#[tokio::test]
async fn attack_24_ten_thousand_scopes_are_refused() {
    let authority = Authority::shared_sqlite();
    let session = authority.person("alice").await.session;
    let many = json!({"scopes": vec!["*"; 10_000]});
    let answer = authority.token(&session, many).await;
    assert!([413, 422].contains(&answer.status), "{}", answer.status);
    let many = json!({"scopes": vec!["*"; 8_000]});
    authority.token(&session, many).await.invalid("/scopes", "invalid_field");
    let api = authority.admin().await;
    let scopes: Vec<_> =
        (0..10_000).map(|at| json!({"name": format!("X.S{at}"), "description": ""})).collect();
    let body = json!({"title": "x", "namespace": "X", "audience": "x", "scopes": scopes});
    authority.put(&api, "/api/v1/apis/many", body).await.invalid("/scopes", "invalid_field");
}

/// 256 patterns, the most that there may be, are stored, judged and listed.
#[tokio::test]
async fn attack_24_a_token_of_the_largest_size_works() {
    let authority = Authority::shared_sqlite();
    let alice = authority.person("alice").await;
    let (name, namespace) = (crate::support::fresh("big"), crate::support::fresh("Big"));
    let scope = |at: usize| format!("{namespace}.S{at}");
    let scopes: Vec<_> = (0..256).map(|at| json!({"name": scope(at), "description": ""})).collect();
    let body = json!({"title": "x", "namespace": namespace, "audience": "x", "scopes": scopes});
    authority.put(&authority.admin().await, &format!("/api/v1/apis/{name}"), body).await.expect(201);
    let scopes: Vec<_> = (0..256).map(scope).collect();
    let made = authority.token(&alice.session, json!({ "scopes": scopes })).await.expect(201);
    assert_eq!(made.body["token"]["scopes"], json!(scopes), "in the order given");
    let credential = authority.credential(&name).await;
    let answer = authority.introspect_as(&credential, &made.secret(), &[]).await.expect(200);
    assert_eq!(answer.body["scope"].as_str().unwrap().split(' ').count(), 256);
}
