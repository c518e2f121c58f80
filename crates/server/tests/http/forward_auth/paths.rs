//! Paths that two programs could read in two ways.

use reqwest::RequestBuilder;
use reqwest::header::HeaderValue;
use serde_json::json;

use super::{GATEWAY, Guarded, guarded};
use crate::support::Authority;
use crate::support::answer::Answer;

on_both! {
    shared:
        attack_21_an_ambiguous_path_is_refused_whatever_the_token_may,
        what_the_client_wrote_is_not_held_against_the_gateway;
}

async fn attack_21_an_ambiguous_path_is_refused_whatever_the_token_may(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    for uri in [
        "/public/../admin",
        "/public/./admin",
        "/public/%2e%2e/admin",
        "/public/%2E./admin",
        "/public/..",
        "/public%2fadmin",
        "/tasks/7%2F8",
        "//admin",
        "/public//admin",
        "/admin;x",
        "/public/..;/admin",
        "/admin%3bx",
        "/admin#x",
        "/admin%23x",
        "/public\\..\\admin",
        "/public%5c..%5cadmin",
        "/%252e%252e/admin",
        "/tasks/%25",
        "/tasks/%2525",
        "/tasks/%",
        "/tasks/%0a",
        "/tasks/%00",
        "/tasks/%7f",
        "/tasks/%ff",
        "/tasks/%c0%af",
        "/tasks/%c0%ae%c0%ae/admin",
        "/%74asks",
        "/%61dmin",
        "/tasks/{id}",
        "tasks",
        "*",
        "http://guarded.example/tasks",
        "?/tasks",
    ] {
        let answer = guarded.ask(&authority, &token, "GET", uri).await.refused(403, "ambiguous_path");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer error=\"invalid_request\""), "{uri}: {challenge}");
    }
    for plain in [
        "/tasks/a%20b",
        "/tasks/%c3%a4",
        "/tasks/a.b",
        "/tasks/...",
        "/tasks?x=/../admin",
        "/tasks?%2e%2e#;\\",
    ] {
        guarded.ask(&authority, &token, "GET", plain).await.expect(200);
    }
}

/// Bytes beyond ASCII pass through nginx as they come.
async fn what_the_client_wrote_is_not_held_against_the_gateway(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    let ask = async |method: &str, uri: &[u8]| raw(&guarded, &authority, method, uri, Some(&token)).await;
    for uri in ["/tasks?q=caf\u{e9}", "/tasks/caf\u{e9}", "/tasks/caf\u{e9}?q=\u{1f600}", "/tasks?%zz%&=&&;#"]
    {
        ask("GET", uri.as_bytes()).await.expect(200);
    }
    ask("GET", b"/tasks?q=\xff\xfe").await.expect(200);
    ask("BREW-\u{7c}", b"/tasks").await.refused(403, "no_route");
    ask("GET", "/caf\u{e9}".as_bytes()).await.refused(403, "no_route");
    for uri in
        [&b"/tasks/caf\xe9"[..], b"/tasks/\xc0\xae\xc0\xae/admin", b"/\xff?x", "/tasks/\u{85}".as_bytes()]
    {
        let answer = ask("GET", uri).await.refused(403, "ambiguous_path");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer error=\"invalid_request\""), "{}", uri.escape_ascii());
    }
    ask("GET", b"/tasks?access_token=\xff").await.refused(401, "two_credentials");
    raw(&guarded, &authority, "GET", b"/tasks?q=\xff", None).await.refused(401, "invalid_token");
}

/// The answer about a request line of any bytes.
pub(super) async fn raw(
    guarded: &Guarded,
    authority: &Authority,
    method: &str,
    uri: &[u8],
    token: Option<&str>,
) -> Answer {
    let request = authority.request(reqwest::Method::GET, &guarded.path());
    let request = request.header(GATEWAY, format!("Bearer {}", guarded.credential));
    let request = request.header("x-forwarded-method", method);
    let request = request.header("x-forwarded-uri", HeaderValue::from_bytes(uri).unwrap());
    Answer::to(token.into_iter().fold(request, RequestBuilder::bearer_auth)).await
}
