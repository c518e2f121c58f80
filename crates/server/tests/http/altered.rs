//! Rows that somebody else wrote: what is changed by SQL is not honoured (threat 2).

use jeton_token::TokenKind;
use serde_json::json;

use crate::store::audit;
use crate::store::sql::Sql;
use crate::support::{Authority, Pat, Person, sample};

on_both! {
    alone:
        attack_02_a_token_whose_rows_were_changed_is_not_honoured,
        attack_02_a_planted_secret_is_not_honoured,
        attack_02_a_secret_brought_back_from_retirement_is_not_honoured,
        attack_02_a_session_or_credential_whose_rows_were_changed_is_not_honoured,
        attack_02_a_child_of_a_changed_token_is_not_honoured,
        attack_02_a_child_whose_parent_row_is_gone_is_not_honoured,
        an_altered_token_can_still_be_revoked_and_the_note_is_written_once;
}

/// A token that expires, with one scope, and its changes by SQL: what is run, and with what it is put right again.
async fn victim(authority: &Authority, person: &Person) -> Pat {
    let body =
        json!({"scopes": ["Taskurai.Task.Read"], "expires_in_minutes": 60, "networks": ["127.0.0.0/8"]});
    authority.token(&person.session, body).await.pat()
}

async fn attack_02_a_token_whose_rows_were_changed_is_not_honoured(authority: Authority) {
    let (api, alice) = (authority.api().await, authority.person("alice").await);
    let admin = authority.admin().await;
    let admin_id = authority.get(&admin, "/api/v1/users/admin").await.expect(200).body["id"].clone();
    let mut sql = authority.sql().await;
    let changes = [
        "UPDATE token_item SET value = '*' WHERE token_id = '{id}' AND kind = 'scope'",
        "UPDATE token_item SET value = 'no scope' WHERE token_id = '{id}' AND kind = 'scope'",
        "INSERT INTO token_item (token_id, kind, value, position) VALUES ('{id}', 'scope', 'Taskurai.*', 9)",
        "DELETE FROM token_item WHERE token_id = '{id}' AND kind = 'scope'",
        "DELETE FROM token_item WHERE token_id = '{id}' AND kind = 'network'",
        "DELETE FROM token_item WHERE token_id = '{id}'",
        "UPDATE token SET expires_at = NULL WHERE id = '{id}'",
        "UPDATE token SET expires_at = expires_at + 1 WHERE id = '{id}'",
        "UPDATE token SET secret_issued_at = secret_issued_at + 1 WHERE id = '{id}'",
        "UPDATE token SET owner_id = '{admin}' WHERE id = '{id}'",
        "UPDATE token SET kind = 'svc' WHERE id = '{id}'",
        "UPDATE token SET mac_version = 7 WHERE id = '{id}'",
        "UPDATE token SET mac = {bytes} WHERE id = '{id}'",
        "UPDATE token SET mac = {other}, mac_version = 1 WHERE id = '{id}'",
        "UPDATE token SET parent_id = '{other_id}' WHERE id = '{id}'",
    ];
    let other = authority.pat(&alice.session, &["*"]).await;
    for change in changes {
        // What is warm goes on as it was sealed (`memory/warm.rs`), so another one like it shows that it would be active.
        let (like, pat) = (victim(&authority, &alice).await, victim(&authority, &alice).await);
        let client = [("client_ip", "127.0.0.1")];
        assert_eq!(authority.introspect(&like.secret, &client).await["active"], true);
        let text = change
            .replace("{admin}", admin_id.as_str().unwrap())
            .replace("{bytes}", &sql.bytes("00"))
            .replace("{other}", &format!("(SELECT mac FROM token WHERE id = '{}')", other.id))
            .replace("{other_id}", &other.id)
            .replace("{id}", &pat.id);
        sql.change(&text).await;
        assert_eq!(authority.introspect(&pat.secret, &client).await, json!({"active": false}), "{change}");
        let body = json!({"token": pat.secret, "client_ip": "127.0.0.1"});
        let verdict = authority.post(&api, "/api/v1/verify", body).await.expect(200).body;
        assert_eq!(verdict["allowed"], false, "{change}: {verdict}");
        authority.get(&pat.secret, "/api/v1/tokens/self").await.refused(401, "invalid_token");
        assert_noted(&mut sql, &pat.id, 1, change).await;
        assert_eq!(authority.record(&admin, &pat.id).await["state"], "suspended", "{change}");
        let listed =
            authority.get(&admin, "/api/v1/tokens?state=suspended&page_size=1").await.expect(200).body;
        assert_eq!(listed["items"][0]["id"], json!(pat.id), "{change}");
    }
    assert!(authority.is_active(&other.secret).await);
}

async fn assert_noted(sql: &mut Sql, id: &str, times: usize, change: &str) {
    let rows = audit::rows(sql).await;
    let of_token = rows.iter().filter(|row| row.target() == id && row.detail() == "row_mac_invalid");
    assert_eq!(of_token.count(), times, "{change}");
    assert!(rows.iter().all(audit::AuditRow::is_sealed));
}

/// The attacker writes the digest of a text of their own, beside the right one or in its place.
async fn attack_02_a_planted_secret_is_not_honoured(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let mut sql = authority.sql().await;
    for plant in [
        "INSERT INTO secret (id, token_id, pepper_version, digest, issued_at, retired_at, mac_version, mac)
            SELECT '{new}', token_id, pepper_version, {digest}, issued_at, retired_at, mac_version, mac
            FROM secret WHERE token_id = '{id}'",
        "UPDATE secret SET digest = {digest} WHERE token_id = '{id}'",
        "UPDATE secret SET digest = (SELECT digest FROM secret WHERE token_id = '{other}') WHERE token_id = '{id}'",
        "UPDATE secret SET token_id = '{other}' WHERE token_id = '{id}'",
    ] {
        let (pat, other) =
            (authority.pat(&alice.session, &["*"]).await, authority.pat(&alice.session, &["*"]).await);
        let own = sample::text_with(TokenKind::Personal, &pat.id);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, own.as_bytes());
        let digest = sql.bytes(&audit::hex(digest.as_ref()));
        let text = plant
            .replace("{digest}", &digest)
            .replace("{new}", &sample::forged(&pat.id))
            .replace("{other}", &other.id)
            .replace("{id}", &pat.id);
        sql.change(&text).await;
        assert_eq!(authority.introspect(&own, &[]).await, json!({"active": false}), "{plant}");
        authority.get(&own, "/api/v1/tokens/self").await.refused(401, "invalid_token");
        let altered = if plant.contains("token_id = '{other}' WHERE") { &other } else { &pat };
        authority.introspect(&sample::text_with(TokenKind::Personal, &altered.id), &[]).await;
        assert_noted(&mut sql, &altered.id, 1, plant).await;
        assert!(authority.is_active(&other.secret).await, "a right secret beside a planted one goes on");
    }
}

async fn attack_02_a_secret_brought_back_from_retirement_is_not_honoured(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let mut sql = authority.sql().await;
    let revoked = authority.pat(&alice.session, &["*"]).await;
    authority.revoke(&alice.session, &revoked.id).await.expect(204);
    let text = format!("UPDATE token SET revoked_at = NULL, revoked_by = NULL WHERE id = '{}'", revoked.id);
    sql.change(&text).await;
    assert!(!authority.is_active(&revoked.secret).await);
    assert_noted(&mut sql, &revoked.id, 1, "revoked_at").await;

    let rotated = authority.pat(&alice.session, &["*"]).await;
    let path = format!("/api/v1/tokens/{}/rotate", rotated.id);
    let fresh =
        authority.post(&alice.session, &path, json!({"overlap_minutes": 0})).await.expect(200).secret();
    sql.change(&format!("UPDATE secret SET retired_at = NULL WHERE token_id = '{}'", rotated.id)).await;
    assert!(!authority.is_active(&rotated.secret).await);
    assert!(authority.is_active(&fresh).await);
}

async fn attack_02_a_session_or_credential_whose_rows_were_changed_is_not_honoured(authority: Authority) {
    let (api, alice) = (authority.api().await, authority.person("alice").await);
    let mut sql = authority.sql().await;
    for secret in [&alice.session, &api] {
        let id = sample::id_of(secret);
        sql.change(&format!("UPDATE token SET expires_at = 9999999999999 WHERE id = '{id}'")).await;
        authority.get(secret, "/api/v1/tokens/self").await.refused(401, "invalid_token");
        assert_noted(&mut sql, id, 1, "session").await;
    }
    authority.introspect_as(&api, "x", &[]).await.refused_in_oauth(401, "invalid_client");
}

async fn attack_02_a_child_of_a_changed_token_is_not_honoured(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let mut sql = authority.sql().await;
    let parent = authority.pat(&alice.session, &["Taskurai.Task.Read", "Jeton.Token.*"]).await;
    let like = authority.pat(&parent.secret, &["Taskurai.Task.Read"]).await;
    let child = authority.pat(&parent.secret, &["Taskurai.Task.Read"]).await;
    assert!(authority.is_active(&like.secret).await);
    let text =
        format!("UPDATE token_item SET value = '*' WHERE token_id = '{}' AND value LIKE 'Task%'", parent.id);
    sql.change(&text).await;
    assert!(!authority.is_active(&child.secret).await);
    let text = format!("UPDATE token SET parent_id = NULL WHERE id = '{}'", child.id);
    sql.change(&text).await;
    assert!(!authority.is_active(&child.secret).await);
    assert_noted(&mut sql, &child.id, 1, "parent_id").await;
}

/// The parent was narrowed and revoked; without its row the child would be bound by nothing.
async fn attack_02_a_child_whose_parent_row_is_gone_is_not_honoured(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let mut sql = authority.sql().await;
    let parent = authority.pat(&alice.session, &["Taskurai.*", "Jeton.Token.*"]).await;
    let child = authority.pat(&parent.secret, &["Taskurai.*"]).await;
    assert!(authority.is_active(&child.secret).await);
    authority.revoke(&alice.session, &parent.id).await.expect(204);
    sql.ignore_references().await;
    sql.change(&format!("DELETE FROM token WHERE id = '{}'", parent.id)).await;
    assert!(!authority.is_active(&child.secret).await);
    assert_eq!(authority.record(&alice.session, &child.id).await["state"], "suspended");
}

async fn an_altered_token_can_still_be_revoked_and_the_note_is_written_once(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let mut sql = authority.sql().await;
    let pat = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    sql.change(&format!("UPDATE token_item SET value = '*' WHERE token_id = '{}'", pat.id)).await;
    for _ in 0..5 {
        assert!(!authority.is_active(&pat.secret).await);
    }
    assert_noted(&mut sql, &pat.id, 1, "five times").await;
    let path = format!("/api/v1/tokens/{}", pat.id);
    authority.patch(&alice.session, &path, json!({"scopes": ["*"]})).await.refused(409, "token_not_live");
    let rotation = json!({"overlap_minutes": 0});
    authority.post(&alice.session, &format!("{path}/rotate"), rotation).await.refused(409, "token_not_live");
    authority.revoke(&alice.session, &pat.id).await.expect(204);
    assert_eq!(authority.record(&alice.session, &pat.id).await["state"], "revoked");
    assert!(!authority.is_active(&pat.secret).await);
}
