//! Exactly one credential, in a header.

use axum::http::Method;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::api::{Answer, Api};
use crate::authority::Authority;
use crate::tokens::personal;

const INVALID: (u16, &str, Option<&str>) = (401, "invalid_token", Some(r#"Bearer error="invalid_token""#));
const TWO: (u16, &str, Option<&str>) = (400, "two_credentials", Some(r#"Bearer error="invalid_request""#));

/// Sends these `Authorization` headers. Only answers other than 200 must leave authority and handler alone.
async fn presented(path: &str, values: &[&str]) -> Answer {
    let authority = Authority::that_allows().await;
    let api = Api::behind(&authority);
    let headers: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
    let answer = api.send(Method::GET, path, &headers).await;
    let passes = usize::from(answer.status == 200);
    assert_eq!((authority.questions().len(), api.served()), (passes, passes), "{values:?}");
    answer
}

#[tokio::test]
async fn bearer_and_basic_are_taken() {
    let token = personal().text;
    let basic = |pair: String| format!("Basic {}", BASE64_STANDARD.encode(pair));
    for value in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER   {token}"),
        format!("Basic   {}", BASE64_STANDARD.encode(format!(":{token}"))),
        format!("Basic {}", BASE64_STANDARD.encode(format!("ab:{token}")).trim_end_matches('=')),
        format!("Basic {}", BASE64_STANDARD.encode([b"M\xfcller:", token.as_bytes()].concat())),
        basic(format!("alice:{token}")),
        basic(format!(":{token}")),
        basic(format!("älice:{token}")),
        basic(format!("alice:{token}")).replace("Basic", "bASIC"),
    ] {
        assert_eq!(presented("/tasks", &[&value]).await.status, 200, "{value}");
    }
}

#[tokio::test]
async fn no_credential_gets_the_plain_challenge() {
    assert_eq!(presented("/tasks", &[]).await.refusal(), (401, "invalid_token", Some("Bearer")));
    for value in ["", "Digest username=alice", "Negotiate abc", &personal().text] {
        let answer = presented("/tasks", &[value]).await;
        assert_eq!(answer.refusal(), (401, "invalid_token", Some("Bearer")), "{value}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_an_invalid_token() {
    let token = personal().text;
    let two_colons = format!("Basic {}", BASE64_STANDARD.encode(format!("alice:bob:{token}")));
    let as_user = format!("Basic {}", BASE64_STANDARD.encode(format!("{token}:")));
    let no_colon = format!("Basic {}", BASE64_STANDARD.encode(&token));
    for value in [
        "Bearer",
        "Bearer ",
        "Bearer garbage",
        &format!("Bearer {token} {token}"),
        &format!("Bearer {token}x"),
        &format!("Bearer \"{token}\""),
        "Basic",
        "Basic ???",
        "Basic YQ",
        "Basic //79",
        &two_colons,
        &as_user,
        &no_colon,
    ] {
        assert_eq!(presented("/tasks", &[value]).await.refusal(), INVALID, "{value}");
    }
}

#[tokio::test]
async fn two_credentials_are_refused_even_if_alike() {
    let bearer = format!("Bearer {}", personal().text);
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("alice:{}", personal().text)));
    for values in [[&bearer, &bearer], [&bearer, &basic], [&basic, &bearer], [&bearer, &"x".to_owned()]] {
        assert_eq!(presented("/tasks", &values.map(String::as_str)).await.refusal(), TWO);
    }
    for joined in [format!("{bearer}, {bearer}"), format!("{bearer},{basic}"), format!("{basic}, {bearer}")] {
        assert_eq!(presented("/tasks", &[&joined]).await.refusal(), TWO);
    }
    assert_eq!(presented("/tasks", &["Bearer a, Bearer b"]).await.refusal(), TWO);
}

#[tokio::test]
async fn a_token_in_the_query_is_refused() {
    let token = personal().text;
    let bearer = format!("Bearer {token}");
    for query in
        [format!("access_token={token}"), "x=1&access_token=".to_owned(), "%61ccess_token".to_owned()]
    {
        for values in [&[][..], &[bearer.as_str()]] {
            let answer = presented(&format!("/tasks?{query}"), values).await;
            assert_eq!(
                answer.refusal(),
                (400, "malformed", Some(r#"Bearer error="invalid_request""#)),
                "{query}"
            );
        }
    }
    assert_eq!(presented("/tasks?filter=access_token", &[&bearer]).await.status, 200);
}
