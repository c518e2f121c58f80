//! Requests that two programs could read differently.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::raw::{head, send, status};
use crate::support::{Authority, PASSWORD};

#[tokio::test]
async fn attack_17_a_request_carries_one_credential() {
    let authority = Authority::shared_sqlite();
    let alice = authority.person("alice").await;
    let good = &alice.session;
    let ask = async |fields: &[&str]| send(&authority, &head("GET /api/v1/tokens/self", fields)).await;
    let bearer = format!("authorization: Bearer {good}");
    assert_eq!(status(&ask(&[&bearer]).await), "200");
    assert_eq!(
        status(&ask(&[&format!("Authorization:\tBearer {good} \t")]).await),
        "200",
        "RFC 9110, section 5.5"
    );
    for field in [format!("Bearer  {good}"), format!("bEARER    {good}")] {
        assert_eq!(
            status(&ask(&[&format!("authorization: {field}")]).await),
            "200",
            "RFC 9110, section 11.4"
        );
    }
    for cookie in ["jeton=an-app-of-ours", "__Host-jeton=x", "jeton=x; jeton=y"] {
        let cookie = format!("cookie: {cookie}");
        assert_eq!(status(&ask(&[&bearer, &cookie]).await), "200", "a cookie is for pages");
    }
    for fields in [
        vec![bearer.clone(), bearer.clone()],
        vec![bearer.clone(), "AUTHORIZATION: Bearer x".to_owned()],
        vec!["authorization: Bearer x".to_owned(), bearer.clone()],
        vec![bearer.clone(), "authorization:".to_owned()],
        vec![format!("authorization: Bearer {good}, Bearer {good}")],
        vec![format!("authorization: Bearer {good},{good}")],
        vec![format!("authorization: Bearer {good} {good}")],
        vec![format!("authorization: Bearer {good}%0a")],
        vec![format!("authorization: Bearer {good}\t")],
        vec![format!("authorization: Bearer \"{good}\"")],
        vec![format!("authorization: Bearer\t{good}")],
        vec![format!("authorization: Bearer={good}")],
        vec![format!("authorization: {good}")],
        vec![format!("x-api-key: {good}")],
        vec![format!("cookie: __Host-jeton={good}; session={good}; token={good}")],
        vec![format!("proxy-authorization: Bearer {good}")],
    ] {
        // White space around a field's value is no part of it.
        let is_trimmed = fields[0].ends_with('\t');
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let answer = ask(&fields).await;
        let expected: &[&str] = if is_trimmed { &["200"] } else { &["400", "401"] };
        assert!(expected.contains(&status(&answer)), "{fields:?}: {answer}");
        assert!(is_trimmed || !answer.contains(good), "{answer}");
    }
}

#[tokio::test]
async fn attack_17_a_token_in_the_address_is_no_credential() {
    let authority = Authority::shared_sqlite();
    let alice = authority.person("alice").await;
    for (method, path, body) in [
        (Method::GET, "/api/v1/tokens", Value::Null),
        (Method::GET, "/api/v1/tokens/self", Value::Null),
        (Method::POST, "/api/v1/tokens", json!({"scopes": ["*"]})),
        (Method::DELETE, "/api/v1/tokens/self", Value::Null),
        (Method::GET, "/api/v1/apis", Value::Null),
        (Method::GET, "/api/v1/users", Value::Null),
        (Method::POST, "/api/v1/verify", json!({"token": "x"})),
    ] {
        for name in ["access_token", "token", "api_key"] {
            let with = format!("{path}?{name}={}", alice.session);
            let request = authority.request(method.clone(), &with).json(&body);
            let answer = Answer::to(request).await;
            assert!([400, 401, 422].contains(&answer.status), "{method} {path}: {}", answer.text);
            let answer = authority.call(&alice.session, method.clone(), &with, body.clone()).await;
            assert!([400, 403, 422].contains(&answer.status), "{method} {path}: {}", answer.text);
            assert!(!answer.text.contains(&alice.session));
        }
    }
    let form = format!("access_token={}&token=x", alice.session);
    let request = authority.request(Method::POST, "/oauth2/introspect");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    Answer::to(request).await.refused_in_oauth(401, "invalid_client");
    authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200);
}

#[tokio::test]
async fn attack_18_a_body_has_one_length() {
    let authority = Authority::shared_sqlite();
    let body = json!({"user": "nobody-at-all", "password": PASSWORD}).to_string();
    let second = "GET /healthz HTTP/1.1\r\nhost: jeton\r\n\r\n";
    let length = format!("content-length: {}", body.len());
    let kind = "content-type: application/json";
    for fields in [
        vec![length.as_str(), "content-length: 5"],
        vec![length.as_str(), "transfer-encoding: xchunked"],
        vec!["transfer-encoding: chunked, identity"],
        vec!["content-length: +5"],
        vec!["content-length: -1"],
        vec!["content-length : 5"],
        vec![length.as_str(), " folded: x"],
    ] {
        let fields: Vec<&str> = [vec![kind], fields].concat();
        let head = head("POST /api/v1/sessions", &fields).replace("connection: close\r\n", "");
        let answer = send(&authority, &format!("{head}{body}{second}")).await;
        assert_eq!(status(&answer), "400", "{fields:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "the connection is closed: {answer}");
    }
    let both = [kind, length.as_str(), "transfer-encoding: chunked"];
    let head = head("POST /api/v1/sessions", &both).replace("connection: close\r\n", "");
    let answer = send(&authority, &format!("{head}0\r\n\r\n{second}")).await;
    assert!(["400", "422"].contains(&status(&answer)), "{answer}");
}

#[tokio::test]
async fn attack_25_a_form_of_another_site_does_nothing() {
    let authority = Authority::shared_sqlite();
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["*"]}).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "",
    ] {
        let request = authority.request(Method::POST, "/api/v1/tokens").bearer_auth(&alice.session);
        let request = request.header("content-type", kind).body(body.clone());
        Answer::to(request).await.refused(415, "unsupported_media_type");
        let sign_in = json!({"user": alice.name, "password": PASSWORD}).to_string();
        let request =
            authority.request(Method::POST, "/api/v1/sessions").header("content-type", kind).body(sign_in);
        Answer::to(request).await.refused(415, "unsupported_media_type");
    }
    for kind in ["application/json", "Application/JSON; charset=utf-8"] {
        let request = authority.request(Method::POST, "/api/v1/tokens").bearer_auth(&alice.session);
        Answer::to(request.header("content-type", kind).body(body.clone())).await.expect(201);
    }
    let preflight =
        authority.request(Method::OPTIONS, "/api/v1/tokens").header("origin", "https://evil.example");
    let answer = Answer::to(preflight.header("access-control-request-method", "POST")).await.expect(405);
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    let answer = authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200);
    assert_eq!(answer.header("set-cookie"), "");
}
