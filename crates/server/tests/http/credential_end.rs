//! `X-Jeton-Expires-At`: whoever calls with a credential is told when it ends.

use reqwest::Method;
use serde_json::json;

use crate::support::Authority;
use crate::support::answer::Answer;
use crate::support::clock::ms;

const HEADER: &str = "x-jeton-expires-at";

on_both! {
    alone: an_answer_says_when_the_credential_ends;
}

async fn an_answer_says_when_the_credential_ends(authority: Authority) {
    let admin = authority.admin().await;
    let body = json!({"scopes": ["Jeton.Token.Read"], "expires_in_minutes": 600});
    let made = authority.token(&admin, body).await.expect(201);
    let (pat, end) = (made.secret(), ms(&made.body["token"]["expires_at"]));
    let told = async |secret: &str, path: &str| {
        let answer = authority.get(secret, path).await;
        (answer.status, ms(&json!(answer.header(HEADER))))
    };
    assert_eq!(told(&pat, "/api/v1/tokens/self").await, (200, end));
    assert_eq!(told(&pat, "/api/v1/users").await, (403, end), "refusals say it, too");
    let session = authority.get(&admin, "/api/v1/tokens/self").await.expect(200);
    assert_eq!(json!(session.header(HEADER)), session.body["expires_at"], "a session is a credential");
    authority.set_policy("*", json!({"lifetime_minutes_max": 60})).await.expect(200);
    assert_eq!(
        told(&pat, "/api/v1/tokens/self").await,
        (200, end - 540 * 60_000),
        "a policy ends it earlier"
    );
    authority.remove_policy("*").await;

    let body = json!({"scopes": ["*"], "never_expires": true});
    let endless = authority.token(&admin, body).await.pat();
    for secret in [endless.secret.as_str(), "garbage"] {
        let answer = authority.get(secret, "/api/v1/tokens/self").await;
        assert!(!answer.headers.contains_key(HEADER), "{}", answer.text);
    }
    let open = Answer::to(authority.request(Method::GET, "/healthz")).await.expect(200);
    assert!(!open.headers.contains_key(HEADER));
}
