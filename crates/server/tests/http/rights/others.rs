//! What belongs to somebody else is answered like what does not exist.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Authority, sample};

on_both! {
    shared: attack_06_a_token_of_somebody_else_is_answered_like_none;
}

async fn attack_06_a_token_of_somebody_else_is_answered_like_none(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let hers =
        authority.token(&alice.session, json!({"name": "hers alone", "scopes": ["Taskurai.*"]})).await.pat();
    let before = authority.record(&alice.session, &hers.id).await;
    let his = authority.pat(&bob.session, &["*"]).await;
    // The id of a person is genuine and names no token.
    let genuine = authority.get(&bob.session, &format!("/api/v1/users/{}", bob.name)).await.expect(200).body;
    let genuine = genuine["id"].as_str().unwrap();
    let forged = sample::forged(&hers.id);
    for caller in [&bob.session, &his.secret] {
        for (method, suffix, body) in [
            (Method::GET, "", Value::Null),
            (Method::PATCH, "", json!({"name": "mine now"})),
            (Method::PATCH, "", json!({})),
            (Method::DELETE, "", Value::Null),
            (Method::POST, "/rotate", json!({"overlap_minutes": 0})),
        ] {
            let call = async |id: &str| {
                let path = format!("/api/v1/tokens/{id}{suffix}");
                authority.call(caller, method.clone(), &path, body.clone()).await.refused(404, "not_found")
            };
            let theirs = call(&hers.id).await;
            for nothing in [genuine, &forged, "garbage", "hers%20alone", "0", "%00"] {
                let none = call(nothing).await;
                assert_eq!(none.without_request_id(), theirs.without_request_id(), "{nothing}");
                assert_eq!(none.steady_headers(), theirs.steady_headers(), "{nothing}");
            }
        }
        let listed = authority.get(caller, "/api/v1/tokens?name=hers%20alone&state=all").await.expect(200);
        assert_eq!(listed.body["items"], json!([]));
    }
    assert_eq!(authority.record(&alice.session, &hers.id).await, before);
    assert!(authority.is_active(&hers.secret).await);
}
