//! Heads that are too large or cannot be read: the address says in whose words that is answered.

use reqwest::Method;
use serde_json::json;

use crate::support::Authority;
use crate::support::answer::Answer;
use crate::support::raw::{head, send, status};

const SECURITY: [&str; 4] = [
    "content-security-policy: default-src 'none'",
    "x-content-type-options: nosniff",
    "x-request-id: ",
    "date: ",
];

fn is_answered_like_any_other(answer: &str) {
    for field in SECURITY {
        assert!(answer.contains(&format!("\r\n{field}")), "{field} in {answer}");
    }
}

/// A gateway knows 401, 403 and 503. It turns anything else into a fault of its own.
#[tokio::test]
async fn a_gateway_is_told_what_it_understands_whatever_its_client_wrote() {
    let authority = Authority::sqlite().await;
    let api = authority.api().await;
    let gateway = format!("x-jeton-gateway-authorization: Bearer {api}");
    let large = "x".repeat(20 * 1024);
    let huge = "x".repeat(300 * 1024);
    let many = (0..90).map(|at| format!("x-{at}: y")).collect::<Vec<_>>().join("\r\n");
    let too_many = (0..500).map(|at| format!("x-{at}: y")).collect::<Vec<_>>().join("\r\n");
    let (wants, path) = ("x-forwarded-method: GET\r\nx-forwarded-uri: /tasks", "GET /forward-auth/taskurai");
    for (line, field, expected) in [
        (path.to_owned(), format!("authorization: Bearer {large}"), "401"),
        (format!("{path}?{large}"), "x: y".to_owned(), "401"),
        (path.to_owned(), format!("cookie: {large}"), "401"),
        (path.to_owned(), many, "401"),
        (path.to_owned(), format!("authorization: Bearer {huge}"), "403"),
        (format!("{path}?{huge}"), "x: y".to_owned(), "403"),
        (path.to_owned(), too_many, "403"),
        (path.to_owned(), "x: \u{1}".to_owned(), "403"),
        (path.to_owned(), "bad field: y".to_owned(), "403"),
    ] {
        let answer = send(&authority, &head(&line, &[&gateway, wants, &field])).await;
        let about = field.get(..30).unwrap_or(&field);
        assert!(["401", "403"].contains(&status(&answer)), "{about}: {answer}");
        assert_eq!(status(&answer), expected, "{about}: {answer}");
        is_answered_like_any_other(&answer);
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
}

#[tokio::test]
async fn a_question_of_20_kib_is_judged() {
    let authority = Authority::sqlite().await;
    let (alice, api) = (authority.person("alice").await, authority.api().await);
    let token = authority.pat(&alice.session, &["Taskurai.*"]).await.secret;
    let ask = authority.request(Method::GET, "/forward-auth/taskurai").bearer_auth(&token);
    let ask = ask.header("x-jeton-gateway-authorization", format!("Bearer {api}"));
    let uri = format!("/tasks?q={}", "x".repeat(20 * 1024));
    let answer = Answer::to(ask.header("x-forwarded-method", "GET").header("x-forwarded-uri", uri)).await;
    assert!(answer.status == 200 || answer.code() == "no_route", "{}: {}", answer.status, answer.text);
}

#[tokio::test]
async fn other_addresses_say_what_is_too_large() {
    let authority = Authority::shared_sqlite();
    let (large, huge) = ("x".repeat(20 * 1024), "x".repeat(300 * 1024));
    let many = (0..90).map(|at| format!("x-{at}: y")).collect::<Vec<_>>().join("\r\n");
    for (line, field, expected, code) in [
        ("GET /healthz".to_owned(), format!("x: {large}"), "431", "head_too_large"),
        ("GET /healthz".to_owned(), format!("x: {huge}"), "431", "head_too_large"),
        ("GET /healthz".to_owned(), many, "431", "head_too_large"),
        (format!("GET /healthz?{large}"), "x: y".to_owned(), "414", "head_too_large"),
        (format!("GET /{huge}"), "x: y".to_owned(), "414", "head_too_large"),
        ("GET /healthz".to_owned(), "x: \u{1}".to_owned(), "400", "malformed"),
        ("GET /scim/v2/Users".to_owned(), "x: \u{1}".to_owned(), "400", "malformed"),
        ("GARBAGE".to_owned(), "x: \u{1}".to_owned(), "400", "malformed"),
    ] {
        let answer = send(&authority, &head(&line, &[&field])).await;
        assert_eq!(status(&answer), expected, "{}: {answer}", field.get(..30).unwrap_or(&field));
        assert!(answer.contains(code), "{answer}");
        is_answered_like_any_other(&answer);
        let is_scim = answer.contains("application/scim+json");
        assert_eq!(is_scim, line.contains("/scim/"), "{answer}");
    }
    // Everything that is allowed still is.
    let field = format!("x: {}", "x".repeat(15 * 1024));
    assert_eq!(status(&send(&authority, &head("GET /healthz", &[&field])).await), "200");
}

#[tokio::test]
async fn nobody_is_shown_a_request() {
    let authority = Authority::shared_sqlite();
    let trace = Method::TRACE;
    for (path, allowed) in
        [("/forward-auth/taskurai", "GET"), ("/api/v1/tokens", "POST"), ("/healthz", "GET"), ("/nowhere", "")]
    {
        let answer =
            Answer::to(authority.request(trace.clone(), path)).await.refused(405, "method_not_allowed");
        assert!(answer.header("allow").contains(allowed), "{path}: {:?}", answer.headers);
        assert!(!answer.header("allow").contains("TRACE"));
    }
    let other = Method::from_bytes(b"PROPFIND").unwrap();
    let asked = authority.request(other, "/forward-auth/taskurai").json(&json!({}));
    Answer::to(asked).await.expect(403);
}
