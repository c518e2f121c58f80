//! A token sheds none of its own limits, and gets no secret of a token that is limited less.

use serde_json::{Value, json};

use crate::support::Authority;

/// Alice's token with everything on her own tokens, limited to this machine's network.
async fn limited(authority: &Authority, more: &Value) -> (String, String, String) {
    let alice = authority.person("alice").await;
    let mut body = json!({"scopes": ["*"], "networks": ["127.0.0.0/8"], "expires_in_minutes": 60});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let made = authority.token(&alice.session, body).await.expect(201);
    (alice.session, made.id(), made.secret())
}

#[tokio::test]
async fn a_token_does_not_shed_its_own_networks() {
    let authority = Authority::shared_sqlite();
    let (_, id, secret) = limited(&authority, &json!({})).await;
    let path = format!("/api/v1/tokens/{id}");
    for networks in [json!([]), json!(["0.0.0.0/0"]), json!(["127.0.0.0/8", "10.0.0.0/8"])] {
        authority
            .patch(&secret, &path, json!({"networks": networks}))
            .await
            .refused(403, "scope_exceeds_grant");
        let body = json!({"overlap_minutes": 0, "networks": networks});
        authority.post(&secret, &format!("{path}/rotate"), body).await.refused(403, "scope_exceeds_grant");
    }
    authority.patch(&secret, &path, json!({"networks": ["127.0.0.1/32"]})).await.expect(200);
}

#[tokio::test]
async fn a_token_does_not_shed_its_own_places() {
    let authority = Authority::shared_sqlite();
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["*"], "projects": ["default/*"]});
    let made = authority.token(&alice.session, body).await.expect(201);
    let path = format!("/api/v1/tokens/{}", made.id());
    // Limited to an organization, it may not even manage tokens, which are everywhere.
    authority.patch(&made.secret(), &path, json!({"projects": []})).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_token_does_not_extend_its_own_life() {
    let authority = Authority::shared_sqlite();
    let (_, id, secret) = limited(&authority, &json!({})).await;
    let path = format!("/api/v1/tokens/{id}");
    let late = json!({"expires_at": "2099-01-01T00:00:00Z"});
    authority.patch(&secret, &path, late).await.refused(403, "scope_exceeds_grant");
    let long = json!({"overlap_minutes": 0, "expires_in_minutes": 61});
    authority.post(&secret, "/api/v1/tokens/self/rotate", long).await.refused(403, "scope_exceeds_grant");
    let same = json!({"overlap_minutes": 0});
    authority.post(&secret, "/api/v1/tokens/self/rotate", same).await.expect(200);
}

#[tokio::test]
async fn a_limited_token_does_not_get_the_secret_of_a_freer_one() {
    let authority = Authority::shared_sqlite();
    let (session, _, secret) = limited(&authority, &json!({})).await;
    let freer = authority.token(&session, json!({"scopes": ["Taskurai.Task.Read"]})).await;
    let freer =
        if freer.status == 201 { freer } else { authority.token(&session, json!({"scopes": ["*"]})).await };
    let path = format!("/api/v1/tokens/{}/rotate", freer.expect(201).id());
    authority.post(&secret, &path, json!({"overlap_minutes": 0})).await.refused(403, "scope_exceeds_grant");
}

#[tokio::test]
async fn a_token_that_rotates_a_longer_lived_one_cuts_it_to_its_own_end() {
    let authority = Authority::shared_sqlite();
    let (session, _, secret) = limited(&authority, &json!({"networks": []})).await;
    let longer = authority.token(&session, json!({"scopes": ["*"], "never_expires": true})).await.expect(201);
    let path = format!("/api/v1/tokens/{}/rotate", longer.id());
    let rotated = authority.post(&secret, &path, json!({"overlap_minutes": 0})).await.expect(200);
    let own = authority.get(&secret, "/api/v1/tokens/self").await.expect(200);
    assert_eq!(rotated.body["token"]["expires_at"], own.body["expires_at"]);
}

#[tokio::test]
async fn a_person_may_lift_every_limit_of_their_own_token() {
    let authority = Authority::shared_sqlite();
    let (session, id, _) = limited(&authority, &json!({})).await;
    let body = json!({"networks": [], "expires_at": "2099-01-01T00:00:00Z"});
    authority.patch(&session, &format!("/api/v1/tokens/{id}"), body).await.expect(200);
}

/// A password opens sessions from anywhere, so a token that is limited sets none, whatever its scopes.
#[tokio::test]
async fn a_token_limited_to_networks_sets_no_password() {
    let authority = Authority::shared_sqlite();
    let admin = authority.admin().await;
    let body = json!({"scopes": ["*"], "networks": ["127.0.0.0/8"]});
    let limited = authority.token(&admin, body).await.expect(201).secret();
    let password = json!({"password": "another horse battery"});
    let bob = authority.person("bob").await;
    let path = format!("/api/v1/users/{}", bob.name);
    authority.patch(&limited, &path, password.clone()).await.refused(403, "scope_exceeds_grant");
    authority
        .put(&limited, "/api/v1/users/newcomer-of-limits", password)
        .await
        .refused(403, "scope_exceeds_grant");
    authority.get(&bob.session, "/api/v1/tokens/self").await.expect(200);
}
