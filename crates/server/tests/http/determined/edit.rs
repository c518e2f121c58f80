//! `PATCH /compat/determined/api/v1/tokens/{id}`

use reqwest::Method;
use serde_json::{Value, json};

use super::{Refused as _, issued};
use crate::support::Authority;

on_both! {
    alone:
        what_has_expired_is_not_edited;
    shared:
        a_description_is_changed_kept_or_cleared,
        a_revoked_token_is_dead_at_once_and_stays_so,
        a_token_may_revoke_itself,
        administrators_edit_and_revoke_what_is_others,
        what_one_may_not_see_looks_like_what_is_not_there,
        whoever_may_not_change_tokens_is_told_what_is_missing;
}

async fn a_description_is_changed_kept_or_cleared(authority: Authority) {
    let alice = authority.person("alice").await;
    let (token, number) = authority.det_token(&alice.session).await;
    // As somebody else sees it: a look at itself is a use, and uses are told.
    let record = format!("/api/v1/tokens/{}", crate::support::sample::id_of(&token));
    let before = authority.get(&alice.session, &record).await.expect(200).body;
    for (body, expected) in [
        (json!({"tokenId": number.to_string(), "description": "New one", "setRevoked": false}), "New one"),
        (json!({"tokenId": "1", "description": null, "setRevoked": false}), "New one"),
        (json!({}), "New one"),
        (json!({"description": "snake", "set_revoked": null, "token_id": 7, "scopes": ["x"]}), "snake"),
        (json!({"description": ""}), ""),
    ] {
        let answer = authority.det_patch(&alice.session, number, &body).await.expect(200);
        let token = &answer.body["tokenInfo"];
        assert_eq!((&token["id"], &token["description"]), (&json!(number), &json!(expected)), "{body}");
        assert_eq!(token["revoked"], false);
    }
    let after = authority.get(&alice.session, &record).await.expect(200).body;
    assert_eq!(after, before, "and nothing else has changed");
    let long = json!({"description": "x".repeat(1025)});
    authority.det_patch(&alice.session, number, &long).await.no(400, "invalid_field", "InvalidArgument");
    let path = format!("/api/v1/tokens/{number}/");
    authority.det(&alice.session, Method::PATCH, &path, &Value::Null).await.expect(200);
}

async fn a_revoked_token_is_dead_at_once_and_stays_so(authority: Authority) {
    let alice = authority.person("alice").await;
    let (token, number) = authority.det_token(&alice.session).await;
    let revoke = json!({"tokenId": number.to_string(), "description": null, "setRevoked": true});
    let answer = authority.det_patch(&alice.session, number, &revoke).await.expect(200);
    assert_eq!(answer.body["tokenInfo"]["revoked"], true);
    authority.det_get(&token, "/api/v1/me").await.no(401, "revoked_token", "Unauthenticated");
    assert!(!authority.is_active(&token).await);

    let id = crate::support::sample::id_of(&token).to_owned();
    let first = authority.record(&alice.session, &id).await;
    let again = authority.det_patch(&alice.session, number, &revoke).await.expect(200);
    assert_eq!(again.body, answer.body);
    assert_eq!(authority.record(&alice.session, &id).await, first, "the first revocation counts");
    for body in [
        json!({"setRevoked": false}),
        json!({"description": "x"}),
        json!({"description": "x", "setRevoked": true}),
        json!({}),
    ] {
        let answer = authority.det_patch(&alice.session, number, &body).await;
        answer.no(409, "token_not_live", "FailedPrecondition");
    }
    assert_eq!(authority.record(&alice.session, &id).await, first);

    let (_, number) = authority.det_token(&alice.session).await;
    let both = json!({"description": "old", "setRevoked": true});
    let answer = authority.det_patch(&alice.session, number, &both).await.expect(200);
    let token = &answer.body["tokenInfo"];
    assert_eq!((&token["description"], &token["revoked"]), (&json!("old"), &json!(true)));
}

async fn what_has_expired_is_not_edited(authority: Authority) {
    let alice = authority.person("alice").await;
    let user = authority.own_number(&alice.session).await;
    let body = json!({"userId": user, "lifespan": "1h"});
    let (token, number) = issued(&authority.det_create(&alice.session, &body).await);
    authority.clock.advance_minutes(61);
    authority.det_get(&token, "/api/v1/me").await.no(401, "expired_token", "Unauthenticated");
    let answer = authority.det_patch(&alice.session, number, &json!({"description": "x"})).await;
    answer.no(409, "token_not_live", "FailedPrecondition");
    let answer = authority.det_patch(&alice.session, number, &json!({"setRevoked": true})).await.expect(200);
    assert_eq!(answer.body["tokenInfo"]["revoked"], true);
}

async fn a_token_may_revoke_itself(authority: Authority) {
    let alice = authority.person("alice").await;
    let (token, number) = authority.det_token(&alice.session).await;
    let answer = authority.det_patch(&token, number, &json!({"setRevoked": true})).await.expect(200);
    assert_eq!(answer.body["tokenInfo"]["revoked"], true);
    authority.det_get(&token, "/api/v1/me").await.no(401, "revoked_token", "Unauthenticated");
}

async fn administrators_edit_and_revoke_what_is_others(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (token, number) = authority.det_token(&alice.session).await;
    let answer = authority.det_patch(&admin, number, &json!({"description": "seen"})).await.expect(200);
    assert_eq!(answer.body["tokenInfo"]["userId"], json!(authority.own_number(&alice.session).await));
    authority.det_patch(&admin, number, &json!({"setRevoked": true})).await.expect(200);
    authority.det_get(&token, "/api/v1/me").await.no(401, "revoked_token", "Unauthenticated");
}

async fn what_one_may_not_see_looks_like_what_is_not_there(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let bob = authority.person("bob").await;
    let (_, of_bob) = authority.det_token(&bob.session).await;
    let own_session = authority.token_number(&alice.session).await;
    let api = authority.token_number(&authority.api().await).await;
    let mut answers = Vec::new();
    for number in [of_bob, own_session, api, 999_999_999, 0, -1] {
        for body in [json!({"setRevoked": true}), json!({"description": "x"}), json!({})] {
            let answer = authority.det_patch(&alice.session, number, &body).await;
            answers.push(answer.no(404, "not_found", "NotFound").without_request_id());
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    for number in [own_session, api, 999_999_999] {
        let answer = authority.det_patch(&admin, number, &json!({"setRevoked": true})).await;
        answer.no(404, "not_found", "NotFound");
    }
    authority.det_get(&alice.session, "/api/v1/me").await.expect(200);
    for text in ["abc", "1.5", "9223372036854775808", "%31x"] {
        let path = format!("/api/v1/tokens/{text}");
        let answer = authority.det(&alice.session, Method::PATCH, &path, &json!({"setRevoked": true})).await;
        answer.no(400, "invalid_field", "InvalidArgument");
    }
}

async fn whoever_may_not_change_tokens_is_told_what_is_missing(authority: Authority) {
    let alice = authority.person("alice").await;
    let (_, number) = authority.det_token(&alice.session).await;
    let narrow = authority.pat(&alice.session, &["Jeton.Token.Read", "Taskurai.*"]).await;
    for (body, scope) in [
        (json!({"setRevoked": true}), "Jeton.Token.Revoke"),
        (json!({"description": "x"}), "Jeton.Token.Update"),
        (json!({}), "Jeton.Token.Update"),
    ] {
        let answer = authority.det_patch(&narrow.secret, number, &body).await;
        let answer = answer.no(403, "insufficient_scope", "PermissionDenied");
        assert_eq!(answer.body["missing_scope"], scope, "{body}");
    }
    let revoker = authority.pat(&alice.session, &["Jeton.Token.Revoke"]).await;
    authority.det_patch(&revoker.secret, number, &json!({"setRevoked": true})).await.expect(200);
}
