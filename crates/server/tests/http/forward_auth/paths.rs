//! Paths that two programs could read in two ways.

use serde_json::json;

use super::guarded;
use crate::support::Authority;

on_both! {
    shared: attack_21_an_ambiguous_path_is_refused_whatever_the_token_may;
}

async fn attack_21_an_ambiguous_path_is_refused_whatever_the_token_may(authority: Authority) {
    let guarded = guarded(&authority).await;
    let session = guarded.user(&authority).await;
    let token = guarded.pat(&authority, &session, &["*"], json!({})).await.secret;
    for uri in [
        "/public/../admin",
        "/public/./admin",
        "/public/%2e%2e/admin",
        "/public/%2E./admin",
        "/public/..",
        "/public%2fadmin",
        "/tasks/7%2F8",
        "//admin",
        "/public//admin",
        "/admin;x",
        "/public/..;/admin",
        "/admin%3bx",
        "/admin#x",
        "/admin%23x",
        "/public\\..\\admin",
        "/public%5c..%5cadmin",
        "/%252e%252e/admin",
        "/tasks/%25",
        "/tasks/%2525",
        "/tasks/%",
        "/tasks/%0a",
        "/tasks/%00",
        "/tasks/%7f",
        "/tasks/%ff",
        "/tasks/%c0%af",
        "/tasks/%c0%ae%c0%ae/admin",
        "/%74asks",
        "/%61dmin",
        "/tasks/{id}",
        "tasks",
        "*",
        "http://guarded.example/tasks",
        "?/tasks",
    ] {
        let answer = guarded.ask(&authority, &token, "GET", uri).await.refused(403, "ambiguous_path");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer error=\"invalid_request\""), "{uri}: {challenge}");
    }
    for plain in [
        "/tasks/a%20b",
        "/tasks/%c3%a4",
        "/tasks/a.b",
        "/tasks/...",
        "/tasks?x=/../admin",
        "/tasks?%2e%2e#;\\",
    ] {
        guarded.ask(&authority, &token, "GET", plain).await.expect(200);
    }
}
