//! `/api/v1/sessions`

use serde_json::json;

use crate::support::{Authority, PASSWORD};

on_both! {
    shared:
        a_sign_in_yields_a_session_token,
        wrong_unknown_and_disabled_are_refused_alike,
        a_sign_out_ends_this_session_only,
        what_works_at_home_alone_is_inactive_elsewhere,
        names_have_one_spelling_and_passwords_are_exact;
}

async fn a_sign_in_yields_a_session_token(authority: Authority) {
    let alice = authority.person("alice").await;
    let answer = authority.sign_in(&alice.name, PASSWORD).await.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.secret().starts_with("jtn_ses_"));
    let token = &answer.body["token"];
    assert_eq!(token["kind"], "session");
    assert_eq!(token["owner"], json!({"type": "user", "name": alice.name}));
    assert!(token["parent_id"].is_null() && token["created_by"].is_null());
    let listed = authority.get(&alice.session, "/api/v1/tokens?kind=session").await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "sessions are tokens, listed like any other");
}

async fn wrong_unknown_and_disabled_are_refused_alike(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (disabled, mute) = (authority.person("disabled").await, crate::support::fresh("mute"));
    let path = format!("/api/v1/users/{}", disabled.name);
    authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
    authority.put(&admin, &format!("/api/v1/users/{mute}"), json!({})).await.expect(201);
    let wrong = authority.sign_in(&alice.name, "wrong password").await.refused(401, "invalid_password");
    for (user, password) in [
        ("nobody-at-all", PASSWORD),
        (disabled.name.as_str(), PASSWORD),
        (mute.as_str(), PASSWORD),
        (mute.as_str(), ""),
        ("no name at all!", PASSWORD),
        ("", ""),
        ("taskurai", PASSWORD),
        (alice.name.as_str(), &"x".repeat(2000)),
    ] {
        let refused = authority.sign_in(user, password).await.refused(401, "invalid_password");
        assert_eq!(refused.without_request_id(), wrong.without_request_id(), "{user}");
        assert_eq!(refused.steady_headers(), wrong.steady_headers(), "{user}");
    }
    let body = json!({"user": alice.name, "password": PASSWORD, "isHashed": false});
    let request = authority.request(reqwest::Method::POST, "/api/v1/sessions").json(&body);
    crate::support::answer::Answer::to(request).await.invalid("/isHashed", "unknown_field");
}

async fn a_sign_out_ends_this_session_only(authority: Authority) {
    let alice = authority.person("alice").await;
    let other = authority.session(&alice.name, PASSWORD).await;
    authority.delete(&alice.session, "/api/v1/tokens/self").await.expect(204);
    authority.get(&alice.session, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    authority.get(&other, "/api/v1/tokens/self").await.expect(200);
}

async fn what_works_at_home_alone_is_inactive_elsewhere(authority: Authority) {
    let alice = authority.person("alice").await;
    for secret in [alice.session.clone(), authority.admin().await, authority.api().await] {
        assert_eq!(authority.introspect(&secret, &[]).await, json!({"active": false}));
        let expected = json!({"allowed": false});
        assert_eq!(authority.verify(&secret, None).await, expected);
        assert_eq!(authority.verify(&secret, Some("Taskurai.Task.Read")).await, expected);
    }
}

async fn names_have_one_spelling_and_passwords_are_exact(authority: Authority) {
    let alice = authority.person("alice").await;
    authority.sign_in(&alice.name.to_uppercase(), PASSWORD).await.expect(201);
    for password in
        [PASSWORD.to_uppercase(), format!("{PASSWORD} "), format!("{PASSWORD}\n"), format!("{PASSWORD}\0")]
    {
        authority.sign_in(&alice.name, &password).await.refused(401, "invalid_password");
    }
}
