//! What holds for every request on this wire: how bodies and addresses may be written, and what an error looks like.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Refused as _, at, issued};
use crate::store::audit;
use crate::support::answer::Answer;
use crate::support::{Authority, BASIC};

on_both! {
    alone:
        what_is_done_over_this_wire_is_written_down;
    shared:
        a_body_is_read_whatever_its_content_type_says,
        a_body_that_cannot_be_read_is_a_bad_request,
        whatever_is_wrong_with_a_credential_the_words_are_the_same,
        unknown_addresses_and_methods_answer_in_the_same_form,
        other_addresses_keep_the_usual_form;
}

async fn a_body_is_read_whatever_its_content_type_says(authority: Authority) {
    let alice = authority.person("alice").await;
    let user = authority.own_number(&alice.session).await;
    let post = async |kind: Option<&str>, path: &str, body: String| {
        let request = authority.request(Method::POST, &at(path)).bearer_auth(&alice.session).body(body);
        let request = kind.into_iter().fold(request, |request, kind| request.header("content-type", kind));
        Answer::to(request).await
    };
    for kind in
        [None, Some("application/json"), Some("application/x-www-form-urlencoded"), Some("text/plain; x")]
    {
        for path in ["/api/v1/tokens", "/api/v1/tokens/"] {
            let body = json!({"userId": user, "description": null, "lifespan": null}).to_string();
            issued(&post(kind, path, body).await);
        }
    }
    for body in [
        json!({"userId": user.to_string(), "scopes": ["x"], "anything": {"deep": [1, null]}}),
        json!({"user_id": user, "description": "", "lifespan": "1h"}),
        json!({"user_id": user.to_string()}),
    ] {
        issued(&authority.det_create(&alice.session, &body).await);
    }
}

async fn a_body_that_cannot_be_read_is_a_bad_request(authority: Authority) {
    let alice = authority.person("alice").await;
    let user = authority.own_number(&alice.session).await;
    let post = async |body: String| {
        let request = authority.request(Method::POST, &at("/api/v1/tokens")).bearer_auth(&alice.session);
        Answer::to(request.body(body)).await
    };
    for body in ["{", "nonsense", "{}{}", "\u{0}"] {
        post(body.to_owned()).await.no(400, "malformed", "InvalidArgument");
    }
    for (body, pointer) in [
        (json!({"userId": "x"}), "/userId"),
        (json!({"userId": 1.5}), "/userId"),
        (json!({"userId": "9223372036854775808"}), "/userId"),
        (json!({"userId": user, "user_id": user}), ""),
        (json!({"userId": user, "lifespan": 720}), "/lifespan"),
        (json!({"userId": user, "description": ["x"]}), "/description"),
        (json!([]), ""),
    ] {
        let answer = post(body.to_string()).await.no(400, "invalid_field", "InvalidArgument");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
    let large = json!({"userId": user, "description": "x".repeat(40_000)}).to_string();
    post(large).await.no(413, "body_too_large", "InvalidArgument");
}

async fn whatever_is_wrong_with_a_credential_the_words_are_the_same(authority: Authority) {
    let alice = authority.person("alice").await;
    let (token, number) = authority.det_token(&alice.session).await;
    authority.det_patch(&alice.session, number, &json!({"setRevoked": true})).await.expect(200);
    let without = Answer::to(authority.request(Method::GET, &at("/api/v1/tokens"))).await;
    let without = without.no(401, "invalid_token", "Unauthenticated");
    assert_eq!(without.challenges(), ["Bearer", BASIC]);
    let revoked =
        authority.det_get(&token, "/api/v1/tokens").await.no(401, "revoked_token", "Unauthenticated");
    let garbage =
        authority.det_get("v2.public.eyJ", "/api/v1/me").await.no(401, "invalid_token", "Unauthenticated");
    for answer in [without, revoked, garbage] {
        assert_eq!(answer.body["error"]["error"], "invalid credentials", "{}", answer.text);
        assert_eq!(answer.body["error"]["code"], 16);
    }
    let two = authority.request(Method::GET, &at("/api/v1/me")).bearer_auth("a").bearer_auth("b");
    Answer::to(two).await.no(400, "two_credentials", "InvalidArgument");
}

async fn unknown_addresses_and_methods_answer_in_the_same_form(authority: Authority) {
    let admin = authority.admin().await;
    for path in ["", "/", "/api/v1", "/api/v1/roles/search", "/api/v1/users/admin", "/api/v1/me/x", "/info//"]
    {
        authority.det_get(&admin, path).await.no(404, "not_found", "NotFound");
    }
    let answer = authority.det(&admin, Method::DELETE, "/api/v1/tokens", &Value::Null).await;
    let answer = answer.no(405, "method_not_allowed", "Unimplemented");
    assert_eq!(answer.header("allow"), "POST,GET,HEAD");
    authority.det(&admin, Method::GET, "/api/v1/auth/login", &Value::Null).await.no(
        405,
        "method_not_allowed",
        "Unimplemented",
    );
}

async fn other_addresses_keep_the_usual_form(authority: Authority) {
    let admin = authority.admin().await;
    for path in ["/compat", "/compat/", "/compat/determinedly/api/v1/me", "/api/v1/tokens/"] {
        let answer = authority.get(&admin, path).await.refused(404, "not_found");
        assert_eq!((&answer.body["error"], &answer.body["message"]), (&Value::Null, &Value::Null), "{path}");
    }
    let invalid = authority.token(&admin, json!({"scopes": []})).await.refused(422, "invalid_field");
    assert_eq!(invalid.body["error"], Value::Null);
}

async fn what_is_done_over_this_wire_is_written_down(authority: Authority) {
    let admin = authority.admin().await;
    let (_, number) = authority.det_token(&admin).await;
    authority.det_patch(&admin, number, &json!({"description": "new"})).await.expect(200);
    authority.det_patch(&admin, number, &json!({"setRevoked": true})).await.expect(200);
    authority.det_patch(&admin, number, &json!({"setRevoked": true})).await.expect(200);
    let body = json!({"username": "admin", "password": first_password(&authority)});
    authority.det_login(&body).await.expect(200);
    let mut rows = audit::rows(&mut authority.sql().await).await;
    assert!(rows.iter().all(audit::AuditRow::is_sealed));
    let actions: Vec<_> = rows.split_off(rows.len() - 4).iter().map(|row| row.action().to_owned()).collect();
    assert_eq!(actions, ["token.create", "token.update", "token.revoke", "session.create"]);
}

fn first_password(authority: &Authority) -> String {
    std::fs::read_to_string(authority.data.join("initial-admin-password")).unwrap().trim().to_owned()
}
