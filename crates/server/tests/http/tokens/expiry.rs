//! The moment at which a token is over.

use serde_json::json;

use crate::support::clock::{assert_minutes, ms};
use crate::support::{Authority, PASSWORD};

on_both! {
    alone:
        a_token_is_over_from_the_very_moment_of_its_end,
        a_session_lives_twelve_hours;
}

async fn a_token_is_over_from_the_very_moment_of_its_end(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*"], "expires_in_minutes": 10});
    let made = authority.token(&alice.session, body).await.expect(201);
    let (end, secret) = (ms(&made.body["token"]["expires_at"]), made.secret());

    authority.clock.stand_at_ms(end - 1);
    assert!(authority.is_active(&secret).await);
    assert_eq!(authority.verify(&secret, None).await["allowed"], true);
    authority.get(&secret, "/api/v1/tokens/self").await.expect(200);
    assert_eq!(authority.record(&alice.session, &made.id()).await["state"], "active");

    authority.clock.stand_at_ms(end);
    assert_eq!(authority.introspect(&secret, &[]).await, json!({"active": false}));
    assert_eq!(authority.verify(&secret, None).await, json!({"allowed": false, "reason": "expired"}));
    authority.get(&secret, "/api/v1/tokens/self").await.refused(401, "expired_token");
    assert_eq!(authority.record(&alice.session, &made.id()).await["state"], "expired");

    authority.revoke(&alice.session, &made.id()).await.expect(204);
    authority.get(&secret, "/api/v1/tokens/self").await.refused(401, "revoked_token");
}

async fn a_session_lives_twelve_hours(authority: Authority) {
    let alice = authority.person("alice").await;
    let signed_in = authority.sign_in(&alice.name, PASSWORD).await.expect(201);
    let token = &signed_in.body["token"];
    assert_minutes(ms(&token["expires_at"]) - ms(&token["created_at"]), 12 * 60);
    let outlives = authority.pat(&signed_in.secret(), &["*"]).await;
    authority.clock.advance_minutes(12 * 60 - 1);
    authority.get(&signed_in.secret(), "/api/v1/tokens/self").await.expect(200);
    authority.clock.advance_minutes(1);
    authority.get(&signed_in.secret(), "/api/v1/tokens/self").await.refused(401, "expired_token");
    authority.get(&outlives.secret, "/api/v1/tokens/self").await.expect(200);
}
