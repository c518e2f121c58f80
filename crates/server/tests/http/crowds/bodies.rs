//! Bodies that no call takes: too large, encoded, or not coming.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::{connect, limited};
use crate::support::Authority;
use crate::support::answer::Answer;
use crate::support::raw::{head, read_to_end, status};

/// The answer can be read although the client sends all before it looks.
#[tokio::test]
async fn a_body_that_is_too_large_is_answered_and_not_reset() {
    let authority = Authority::shared_sqlite();
    let session = authority.admin().await;
    let part = format!("{:x}\r\n{}\r\n", 64 * 1024, "x".repeat(64 * 1024));
    let credential = format!("authorization: Bearer {session}");
    for (path, credential, expected) in [
        ("/api/v1/tokens", credential.as_str(), "413"),
        ("/api/v1/sessions", "x: y", "413"),
        ("/oauth2/revoke", "x: y", "413"),
        ("/api/v1/tokens", "authorization: Bearer nothing", "401"),
        ("/nowhere", "x: y", "404"),
    ] {
        let kind = if path == "/oauth2/revoke" { "x-www-form-urlencoded" } else { "json" };
        let kind = format!("content-type: application/{kind}");
        for framing in
            ["transfer-encoding: chunked".to_owned(), format!("content-length: {}", part.len() * 160)]
        {
            let mut stream = connect(&authority, 2).await;
            let fields = [credential, kind.as_str(), framing.as_str()];
            stream.write_all(head(&format!("POST {path}"), &fields).as_bytes()).await.unwrap();
            for _ in 0..160 {
                stream.write_all(part.as_bytes()).await.unwrap();
            }
            let _ = stream.write_all(b"0\r\n\r\n").await;
            let answer = read_to_end(&mut stream).await;
            let expected = if framing.contains("length") && expected == "401" { "413" } else { expected };
            assert_eq!(status(&answer), expected, "{path} {framing}: {answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{path} {framing}: {answer}");
        }
    }
}

#[tokio::test]
async fn an_endless_body_is_given_up() {
    let authority = limited(|limits| limits.linger = Duration::from_millis(300)).await;
    let mut stream = connect(&authority, 2).await;
    let fields = ["content-type: application/json", "transfer-encoding: chunked"];
    stream.write_all(head("POST /api/v1/sessions", &fields).as_bytes()).await.unwrap();
    let part = format!("{:x}\r\n{}\r\n", 1024, "x".repeat(1024));
    let mut parts = 0;
    while stream.write_all(part.as_bytes()).await.is_ok() {
        parts += 1;
        assert!(parts < 2000, "it is closed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_encoded_body_is_refused_for_that() {
    let authority = Authority::shared_sqlite();
    let session = authority.admin().await;
    for path in ["/api/v1/tokens", "/oauth2/introspect", "/scim/v2/Users"] {
        for encoding in ["gzip", "identity, br", "x"] {
            let request = authority.request(Method::POST, path).bearer_auth(&session);
            let request = request.header("content-encoding", encoding).json(&json!({"scopes": ["*"]}));
            let refused = Answer::to(request).await.expect(415);
            assert_eq!(refused.header("accept-encoding"), "identity");
            assert!(refused.text.contains("Content-Encoding"), "{}", refused.text);
        }
    }
    let request = authority.request(Method::POST, "/api/v1/tokens").bearer_auth(&session);
    let request = request.header("content-encoding", "Identity").json(&json!({"scopes": ["*"]}));
    Answer::to(request).await.expect(201);
    let request = authority.request(Method::GET, "/api/v1/tokens/self").bearer_auth(&session);
    Answer::to(request.header("content-encoding", "gzip")).await.expect(200);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_its_clients_fault() {
    let authority = limited(|limits| limits.request = Duration::from_millis(600)).await;
    let mut stream = connect(&authority, 2).await;
    let fields = ["content-type: application/json", "content-length: 100"];
    stream.write_all(head("POST /api/v1/sessions", &fields).as_bytes()).await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert_eq!(status(&answer), "408", "{answer}");
    assert!(answer.contains("\"code\":\"too_slow\""), "{answer}");
}
