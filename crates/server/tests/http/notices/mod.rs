//! Telling others: webhooks and mail.

mod attacks;
mod config;
mod dead;
mod ends;
mod mail;
mod nodes;
mod webhooks;

use jeton_server::{Options, Settings};
use serde_json::{Value, json};

use crate::support::Authority;
use crate::support::receiver::soon;

/// Of the webhooks of these tests.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a configuration file says.
fn configured(text: &str) -> Result<Settings, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (file, key) = (folder.path().join("jeton.toml"), folder.path().join("key"));
    std::fs::write(&key, format!("{KEY}\n")).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&file, text.replace("KEY", &key.display().to_string())).unwrap();
    let settings = Settings::resolve(Options { config: Some(file.clone()), ..Options::default() });
    settings.map_err(|error| {
        error
            .to_string()
            .replace(&file.display().to_string(), "FILE")
            .replace(&key.display().to_string(), "KEY")
    })
}

/// The same server with the sinks of a configuration.
async fn telling(authority: Authority, text: &str) -> Authority {
    let Settings { webhooks, mail, .. } = configured(text).unwrap();
    authority
        .restarted(|settings| {
            settings.webhooks = webhooks;
            settings.mail = mail;
        })
        .await
}

/// A token that lives so many days.
async fn of_days(authority: &Authority, session: &str, name: &str, days: i64) -> Value {
    let body = json!({"name": name, "scopes": ["Jeton.Token.Read"], "expires_in_minutes": days * 24 * 60});
    authority.token(session, body).await.expect(201).body["token"].clone()
}

/// Moves the clock to noon, so that no day ends within a test. Whoever signed in before may be out again.
fn at_noon(authority: &Authority) {
    const DAY: i64 = 24 * 60;
    let minute = authority.clock.now_ms().div_euclid(60_000).rem_euclid(DAY);
    authority.clock.advance_minutes((DAY + DAY / 2 - minute) % DAY);
}

fn advance_days(authority: &Authority, days: i64) {
    authority.clock.advance_minutes(days * 24 * 60);
}

/// The target and number of days of each end that was noted, when there are so many.
async fn noted(authority: &Authority, number: usize) -> Vec<(String, String)> {
    soon(async || {
        let rows = authority
            .sql()
            .await
            .rows("SELECT target, detail FROM audit WHERE action = 'token.expiring' ORDER BY at, id")
            .await;
        let days =
            |detail: &str| detail.split("; ").find_map(|part| part.strip_prefix("days ")).unwrap().to_owned();
        let noted: Vec<_> = rows.iter().map(|row| (row[0].clone(), days(&row[1]))).collect();
        Some(noted).filter(|noted| noted.len() >= number)
    })
    .await
}

/// How much is in the outbox: what is on its way, and what was given up.
async fn outbox(authority: &Authority) -> (i64, i64) {
    let mut sql = authority.sql().await;
    let waiting = sql.number("SELECT CAST(COUNT(*) AS TEXT) FROM delivery WHERE failed_at IS NULL").await;
    let failed = sql.number("SELECT CAST(COUNT(*) AS TEXT) FROM delivery WHERE failed_at IS NOT NULL").await;
    (waiting, failed)
}

/// Waits until nothing is on its way any more.
async fn all_settled(authority: &Authority) {
    soon(async || (outbox(authority).await.0 == 0).then_some(())).await;
}
