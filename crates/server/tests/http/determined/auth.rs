//! `/compat/determined/api/v1/auth`

use reqwest::Method;
use serde_json::{Value, json};

use super::{Refused as _, at, hashed};
use crate::support::answer::Answer;
use crate::support::clock::{assert_minutes, ms};
use crate::support::{Authority, PASSWORD, fresh};

on_both! {
    alone:
        unknown_wrong_and_improper_passwords_are_refused_alike,
        too_many_wrong_passwords_have_to_wait;
    shared:
        a_login_by_the_clients_hash_makes_a_session,
        other_spellings_of_a_login_work_too,
        the_hash_is_a_password_on_this_wire_only,
        a_login_without_a_name_is_a_bad_request,
        only_the_right_password_tells_that_a_user_is_disabled,
        a_logout_ends_a_session_and_spares_a_token;
}

fn login(name: &str, password: &str) -> Value {
    json!({"username": name, "password": password, "isHashed": true})
}

async fn a_login_by_the_clients_hash_makes_a_session(authority: Authority) {
    let alice = authority.person("alice").await;
    let answer = authority.det_login(&login(&alice.name, &hashed(PASSWORD))).await.expect(200);
    let user = json!({
        "id": authority.own_number(&alice.session).await, "username": alice.name, "admin": false, "active": true,
        "displayName": "", "modifiedAt": answer.body["user"]["modifiedAt"], "remote": false, "lastAuthAt": null,
        "agentUserGroup": null,
    });
    assert_eq!(answer.body["user"], user);
    assert_eq!(answer.header("cache-control"), "no-store");
    let session = answer.body["token"].as_str().unwrap();
    let record = authority.get(session, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!((&record["kind"], &record["owner"]["name"]), (&json!("session"), &json!(alice.name)));
    assert_minutes(ms(&record["expires_at"]) - ms(&record["created_at"]), 12 * 60);
}

async fn other_spellings_of_a_login_work_too(authority: Authority) {
    let alice = authority.person("alice").await;
    for body in [
        json!({"username": alice.name, "password": hashed(PASSWORD), "is_hashed": true, "new": {"field": []}}),
        json!({"username": alice.name.to_uppercase(), "password": hashed(PASSWORD), "isHashed": true}),
        json!({"username": alice.name, "password": PASSWORD, "isHashed": false}),
        json!({"username": alice.name, "password": PASSWORD, "isHashed": null}),
        json!({"username": alice.name, "password": PASSWORD}),
    ] {
        let answer = authority.det_login(&body).await.expect(200);
        assert_eq!(answer.body["user"]["username"], json!(alice.name));
    }
    let request = authority.request(Method::POST, &at("/api/v1/auth/login/"));
    let body = login(&alice.name, &hashed(PASSWORD)).to_string();
    Answer::to(request.header("content-type", "text/plain").body(body)).await.expect(200);
}

async fn unknown_wrong_and_improper_passwords_are_refused_alike(authority: Authority) {
    // Too many of them would be something else: at most eight for one name.
    let people = [authority.person("alice").await.name, authority.person("alfred").await.name];
    let mut next = people.iter().cycle();
    let mut who = || next.next().unwrap().clone();
    let mute = fresh("mute");
    authority.put(&authority.admin().await, &format!("/api/v1/users/{mute}"), json!({})).await.expect(201);
    let right = hashed(PASSWORD);
    let short = right.get(1..).unwrap();
    let mut bodies = Vec::new();
    for body in [
        login(&who(), &hashed("not the one")),
        login(&who(), ""),
        login(&who(), PASSWORD),
        login(&who(), &right.to_uppercase()),
        login(&who(), short),
        login(&who(), &format!("{right}0")),
        login(&who(), &format!("{short}g")),
        login(&who(), &"0".repeat(128)),
        login(&mute, &"0".repeat(128)),
        login(&mute, ""),
        login("nobody-at-all", &right),
        login("no name", &right),
        login("determined", ""),
        json!({"username": who(), "isHashed": true}),
        json!({"username": who(), "password": null, "isHashed": true}),
        json!({"username": who(), "password": right}),
        json!({"username": who()}),
    ] {
        let answer = authority.det_login(&body).await.no(401, "invalid_password", "Unauthenticated");
        assert_eq!(answer.body["error"]["error"], "invalid credentials");
        assert_eq!(answer.header("www-authenticate"), "");
        bodies.push(answer.without_request_id());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

async fn too_many_wrong_passwords_have_to_wait(authority: Authority) {
    let alice = authority.person("alice").await;
    for _ in 0..10 {
        authority.det_login(&login(&alice.name, "")).await.no(401, "invalid_password", "Unauthenticated");
    }
    let right = authority.det_login(&login(&alice.name, &hashed(PASSWORD))).await;
    let right = right.no(429, "too_many_attempts", "ResourceExhausted");
    assert_ne!(right.header("retry-after"), "");
    // Who is signed in already stays so.
    authority.det_get(&alice.session, "/api/v1/me").await.expect(200);
}

async fn the_hash_is_a_password_on_this_wire_only(authority: Authority) {
    let alice = authority.person("alice").await;
    authority.sign_in(&alice.name, &hashed(PASSWORD)).await.refused(401, "invalid_password");
    let body = json!({"user": alice.name, "password": hashed(PASSWORD), "isHashed": true});
    let answer = Answer::to(authority.request(Method::POST, "/api/v1/sessions").json(&body)).await;
    answer.refused(422, "unknown_field");
}

async fn a_login_without_a_name_is_a_bad_request(authority: Authority) {
    let password = hashed(PASSWORD);
    for body in [json!({}), json!({"password": password}), login("", &password)] {
        let answer = authority.det_login(&body).await.no(400, "invalid_field", "InvalidArgument");
        assert_eq!(answer.body["errors"][0]["pointer"], "/username");
    }
}

async fn only_the_right_password_tells_that_a_user_is_disabled(authority: Authority) {
    let (admin, bob) = (authority.admin().await, authority.person("bob").await);
    let path = format!("/api/v1/users/{}", bob.name);
    authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
    let right = authority.det_login(&login(&bob.name, &hashed(PASSWORD))).await;
    let right = right.no(403, "user_disabled", "PermissionDenied");
    assert_eq!(right.body["message"], "the user is disabled");
    let wrong = authority.det_login(&login(&bob.name, &hashed("not the one"))).await;
    wrong.no(401, "invalid_password", "Unauthenticated");
}

async fn a_logout_ends_a_session_and_spares_a_token(authority: Authority) {
    let alice = authority.person("alice").await;
    let (token, _) = authority.det_token(&alice.session).await;
    let logout = async |secret: &str| {
        let request = authority.request(Method::POST, &at("/api/v1/auth/logout")).bearer_auth(secret);
        Answer::to(request).await
    };
    assert_eq!(logout(&token).await.expect(200).body, json!({}));
    authority.det_get(&token, "/api/v1/me").await.expect(200);
    assert_eq!(logout(&alice.session).await.expect(200).body, json!({}));
    authority.det_get(&alice.session, "/api/v1/me").await.no(401, "revoked_token", "Unauthenticated");
    logout(&alice.session).await.no(401, "revoked_token", "Unauthenticated");
    authority.det_get(&token, "/api/v1/me").await.expect(200);
}
