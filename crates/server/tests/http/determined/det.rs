//! The real client `det` against a running server. What it was asked and said is a page of the documentation.

use std::path::Path;

use serde_json::{Value, json};

use super::client::{Det, check_golden};
use super::{hashed, remove_token_creator};
use crate::support::Authority;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/transcripts/determined.md");

/// Good enough for the client, which warns of passwords that it finds weak.
const PASSWORD: &str = "Correct-horse-7";
/// 2027-01-01T09:00:00Z: the clock stands there, so that a transcript shows the same times in every run.
const NOW_MS: i64 = 1_798_794_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_real_det_client_works_unmodified() {
    let people = tokio::join!(an_administrator(), somebody_with_own_tokens(), somebody_without_the_role());
    let (Some(administrator), Some(owner), Some(without)) = people else { return };
    let page = include_str!("page.txt")
        .replace("{{administrator}}", &administrator.transcript())
        .replace("{{owner}}", &owner.transcript())
        .replace("{{without}}", &without.transcript());
    check_golden(Path::new(PAGE), &page);
}

async fn stage() -> (Authority, Option<Det>) {
    let authority = Authority::sqlite().await;
    authority.clock.stand_at_ms(NOW_MS);
    let admin = authority.admin().await;
    for name in ["alice", "bob"] {
        let body = json!({"password": PASSWORD});
        authority.put(&admin, &format!("/api/v1/users/{name}"), body).await.expect(201);
    }
    let det = Det::new(&authority);
    (authority, det)
}

async fn an_administrator() -> Option<Det> {
    let (authority, det) = stage().await;
    let mut det = det?;
    let first = std::fs::read_to_string(authority.data.join("initial-admin-password")).unwrap();
    let body = json!({"password": PASSWORD, "current_password": first.trim()});
    authority.patch(&authority.admin().await, "/api/v1/users/admin", body).await.expect(200);
    det.done_with_password(&["user", "login", "admin"], PASSWORD).await;
    det.done(&["user", "whoami"]).await;
    det.done(&["user", "list"]).await;
    let made = det.done(&["token", "create", "-e", "30", "-d", "Automated testing"]).await;
    let own = made.stdout.split_whitespace().nth(1).unwrap().to_owned();
    let made = det.done(&["token", "create", "alice", "-e", "-1", "--json"]).await;
    let of_alice = serde_json::from_str::<Value>(&made.stdout).unwrap()["tokenId"].to_string();
    det.refused(&["token", "create", "-e", "0"], "a lifespan is a duration").await;
    det.refused(&["token", "create", "nobody"], "not for this caller").await;
    det.done(&["token", "list"]).await;
    det.refused(&["token", "list", "nobody"], "not for this caller").await;
    det.done(&["token", "edit", &own, "-d", "Nightly tests"]).await;
    det.done(&["token", "revoke", &own]).await;
    det.done(&["token", "revoke", &own]).await;
    det.refused(&["token", "edit", &own, "-d", "too late"], "revoked or expired").await;
    det.refused(&["token", "revoke", "9999"], "Token not found").await;
    det.done(&["token", "list", "--show-inactive"]).await;
    let described = det.done(&["token", "describe", &own, &of_alice, "--json"]).await;
    let described: Value = serde_json::from_str(&described.stdout).unwrap();
    assert_eq!((&described[0]["revoked"], &described[1]["expiry"]), (&json!(true), &Value::Null));
    det.done(&["user", "logout"]).await;
    authority.stop().await;
    Some(det)
}

async fn somebody_with_own_tokens() -> Option<Det> {
    let (authority, det) = stage().await;
    let mut det = det?;
    let admin = authority.admin().await;
    let bobs = authority.det_token(&authority.session("bob", PASSWORD).await).await.1.to_string();
    det.set("DET_USER", "alice");
    det.set("DET_PASS", PASSWORD);
    let made = det.done(&["token", "create", "-d", "my own"]).await;
    let (own, token) = (word(&made.stdout, 1), word(&made.stdout, 3));
    det.unset("DET_USER");
    det.unset("DET_PASS");
    let login = det.done(&["token", "login", &token]).await;
    assert_eq!(login.stdout, "Authenticated as alice.\n");
    det.done(&["user", "whoami"]).await;
    let child = word(&det.done(&["token", "create", "-e", "90"]).await.stdout, 1);
    det.done(&["token", "list"]).await;
    det.refused(&["token", "list", "bob"], "Forbidden(this needs `Jeton.Admin.Token`").await;
    det.refused(&["token", "create", "bob"], "not for this caller").await;
    det.refused(&["token", "revoke", &bobs], "Token not found").await;
    det.done(&["token", "edit", &child, "-d", "made with a token"]).await;
    det.done(&["token", "revoke", &child]).await;
    det.done(&["token", "describe", &own, &child, &bobs]).await;
    // The credential in use: the next command would ask for a password.
    det.done(&["token", "revoke", &own]).await;
    authority.det_get(&token, "/api/v1/me").await.refused(401, "revoked_token");
    let body = json!({"username": "bob", "password": hashed(PASSWORD), "isHashed": true});
    authority.det_login(&body).await.expect(200);
    assert_eq!(authority.det_numbers(&admin, &format!("tokenIds={bobs}")).await.len(), 1);
    authority.stop().await;
    Some(det)
}

async fn somebody_without_the_role() -> Option<Det> {
    let (authority, det) = stage().await;
    let mut det = det?;
    let own = authority.det_token(&authority.session("bob", PASSWORD).await).await.1.to_string();
    remove_token_creator(&authority).await;
    det.done_with_password(&["user", "login", "bob"], PASSWORD).await;
    det.done(&["user", "whoami"]).await;
    det.refused(&["token", "create"], "Forbidden(this needs `Jeton.Token.Create`").await;
    det.refused(&["token", "list"], "Forbidden(this needs `Jeton.Token.Read`").await;
    det.refused(&["token", "describe", &own], "Forbidden(this needs `Jeton.Token.Read`").await;
    det.refused(&["token", "edit", &own, "-d", "x"], "Forbidden(this needs `Jeton.Token.Update`").await;
    det.refused(&["token", "revoke", &own], "Forbidden(this needs `Jeton.Token.Revoke`").await;
    authority.stop().await;
    Some(det)
}

fn word(text: &str, at: usize) -> String {
    text.split_whitespace().nth(at).unwrap().to_owned()
}
