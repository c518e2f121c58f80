//! What a refusal tells about a token to somebody who does not have its secret: nothing.

use jeton_token::TokenKind;
use reqwest::Method;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::{Authority, BASIC, sample};

on_both! {
    alone: attack_09_every_refusal_is_the_same_until_the_secret_matches;
}

async fn attack_09_every_refusal_is_the_same_until_the_secret_matches(authority: Authority) {
    let texts = texts(&authority).await;
    let refuse = async |text: &str| {
        let request = authority.request(Method::GET, "/api/v1/tokens/self");
        Answer::to(request.header("authorization", format!("Bearer {text}")))
            .await
            .refused(401, "invalid_token")
    };
    let first = refuse(&texts[0]).await;
    assert_eq!(first.challenges(), ["Bearer error=\"invalid_token\"", BASIC]);
    for text in &texts {
        let refused = refuse(text).await;
        assert_eq!(refused.without_request_id(), first.without_request_id(), "{text}");
        assert_eq!(refused.steady_headers(), first.steady_headers(), "{text}");
        for path in ["/api/v1/tokens", "/api/v1/users", "/api/v1/apis/taskurai"] {
            let elsewhere = authority.get(text, path).await.expect(401);
            assert_eq!(elsewhere.without_request_id(), first.without_request_id(), "{path}");
        }
        assert_eq!(authority.introspect(text, &[]).await, json!({"active": false}));
        assert_eq!(authority.verify(text, None).await, json!({"allowed": false}));
    }
}

/// Texts whose secret is nobody's, of every class that could be told apart.
async fn texts(authority: &Authority) -> Vec<String> {
    authority.api().await;
    let (admin, alice, bob) =
        (authority.admin().await, authority.person("alice").await, authority.person("bob").await);
    let live = authority.pat(&alice.session, &["*"]).await;
    let revoked = authority.pat(&alice.session, &["*"]).await;
    authority.revoke(&alice.session, &revoked.id).await.expect(204);
    let expired = json!({"scopes": ["*"], "expires_in_minutes": 1});
    let expired = authority.token(&alice.session, expired).await.pat();
    let of_disabled = authority.pat(&bob.session, &["*"]).await;
    let path = format!("/api/v1/users/{}", bob.name);
    let bob = authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200).body;
    authority.clock.advance_minutes(1);
    let retired = authority.pat(&alice.session, &["*"]).await;
    let path = format!("/api/v1/tokens/{}/rotate", retired.id);
    authority.post(&alice.session, &path, json!({"overlap_minutes": 0})).await.expect(200);

    let with = |id: &str| sample::text_with(TokenKind::Personal, id);
    let mut bad_checksum = live.secret.clone();
    bad_checksum.pop();
    bad_checksum.push(if live.secret.ends_with('0') { '1' } else { '0' });
    vec![
        "garbage".to_owned(),
        bad_checksum,
        live.secret.get(..68).unwrap().to_owned(),
        live.secret.replace("jtn_", "abc_"),
        with(&live.id).replacen("_pat_", "_svc_", 1),
        sample::text_with(TokenKind::Session, &live.id),
        sample::text_with(TokenKind::Api, &live.id),
        with(&sample::forged(&live.id)),
        with(bob["id"].as_str().unwrap()),
        with(&live.id),
        with(&revoked.id),
        with(&expired.id),
        with(&of_disabled.id),
        retired.secret,
    ]
}
