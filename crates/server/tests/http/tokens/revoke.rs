//! `DELETE /api/v1/tokens/{id}` and `DELETE /api/v1/tokens/self`

use serde_json::json;

use crate::support::{Authority, BASIC, sample};

on_both! {
    shared:
        a_revocation_is_at_once_and_for_good,
        every_credential_ends_itself_without_any_scope,
        a_token_revokes_others_only_with_the_scope,
        an_administrator_revokes_anybodys,
        the_holder_of_a_revoked_secret_is_told_and_nobody_else;
}

async fn a_revocation_is_at_once_and_for_good(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let gone = authority.revoke(&alice.session, &pat.id).await.expect(204);
    assert_eq!(gone.text, "");
    let first = authority.record(&alice.session, &pat.id).await;
    assert_eq!(first["state"], "revoked");
    assert!(!authority.is_active(&pat.secret).await);
    authority.revoke(&alice.session, &pat.id).await.expect(204);
    assert_eq!(authority.record(&alice.session, &pat.id).await, first, "the first revocation counts");
    let by = authority.get(&authority.admin().await, &format!("/api/v1/users/{}", alice.name)).await;
    assert_eq!(first["revoked_by"], by.expect(200).body["id"]);
}

async fn every_credential_ends_itself_without_any_scope(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    authority.delete(&pat.secret, "/api/v1/tokens/self").await.expect(204);
    authority.delete(&pat.secret, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    let credential = authority.credential("taskurai").await;
    authority.delete(&credential, "/api/v1/tokens/self").await.expect(204);
    let dead = authority.introspect_as(&credential, &pat.secret, &[]).await;
    assert_eq!(dead.refused_in_oauth(401, "invalid_client").code(), "revoked_token");
}

async fn a_token_revokes_others_only_with_the_scope(authority: Authority) {
    let alice = authority.person("alice").await;
    let victim = authority.pat(&alice.session, &["*"]).await;
    let without = authority.pat(&alice.session, &["Taskurai.*", "Jeton.Token.Read"]).await;
    let denied = authority.revoke(&without.secret, &victim.id).await.refused(403, "insufficient_scope");
    assert_eq!(denied.body["missing_scope"], "Jeton.Token.Revoke");
    assert!(authority.is_active(&victim.secret).await);
    let with = authority.pat(&alice.session, &["Jeton.Token.Revoke"]).await;
    authority.revoke(&with.secret, &victim.id).await.expect(204);
    assert!(!authority.is_active(&victim.secret).await, "ending something broader needs no ceiling");
}

async fn an_administrator_revokes_anybodys(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["*"]).await;
    let narrow = authority.pat(&admin, &["Jeton.Admin.Token"]).await;
    authority.revoke(&narrow.secret, &pat.id).await.expect(204);
    assert!(!authority.is_active(&pat.secret).await);
    let session = sample::id_of(&alice.session);
    authority.revoke(&admin, session).await.expect(204);
    authority.get(&alice.session, "/api/v1/tokens/self").await.refused(401, "revoked_token");
}

async fn the_holder_of_a_revoked_secret_is_told_and_nobody_else(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    authority.revoke(&alice.session, &pat.id).await.expect(204);
    let told = authority.get(&pat.secret, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    assert_eq!(told.challenges(), ["Bearer error=\"invalid_token\"", BASIC]);
    assert_eq!(authority.verify(&pat.secret, None).await, json!({"allowed": false, "reason": "revoked"}));
    assert_eq!(authority.introspect(&pat.secret, &[]).await, json!({"active": false}));
}
