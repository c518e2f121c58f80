//! Clocks that are put back: what has ended stays ended.

use serde_json::{Value, json};

use crate::support::Authority;
use crate::support::answer::Answer;
use crate::support::clock::rfc3339;

const HOUR_MS: i64 = 3_600_000;

on_both! {
    alone:
        attack_37_what_has_ended_stays_so_when_the_clock_is_put_back,
        attack_37_what_has_ended_stays_so_when_the_clock_is_put_back_between_two_starts,
        a_later_time_that_was_wrong_is_given_up_when_the_operator_says_so;
}

/// A token that ends in an hour, with its secret.
async fn for_an_hour(authority: &Authority) -> String {
    let alice = authority.person("alice").await;
    let end = rfc3339(authority.clock.now_ms() + HOUR_MS);
    authority.token(&alice.session, json!({"scopes": ["*"], "expires_at": end})).await.pat().secret
}

/// Whether every door says that the token is alive.
async fn is_alive(authority: &Authority, api: &str, secret: &str) -> bool {
    let own = authority.get(secret, "/api/v1/tokens/self").await;
    let asked = authority.introspect_as(api, secret, &[]).await.expect(200).body["active"] == json!(true);
    let verified = authority.ask(api, secret, json!({})).await["allowed"] == json!(true);
    assert_eq!((own.status == 200, verified), (asked, asked), "{}", own.body);
    asked
}

async fn ready(authority: &Authority) -> Answer {
    Answer::to(authority.request(reqwest::Method::GET, "/readyz")).await
}

async fn behind_seconds(authority: &Authority) -> i64 {
    let request = authority.request(reqwest::Method::GET, "/metrics");
    let metrics = request.send().await.unwrap().text().await.unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("jeton_clock_behind_seconds "));
    line.unwrap().parse().unwrap()
}

async fn attack_37_what_has_ended_stays_so_when_the_clock_is_put_back(authority: Authority) {
    let now = authority.stop_the_clock().await;
    let works = authority.works(json!({"kind": "yaml"})).await;
    let (api, secret) = (authority.api().await, for_an_hour(&authority).await);
    let job = authority.job(&works, json!({"lease_seconds": 60})).await;
    assert!(is_alive(&authority, &api, &secret).await && authority.lives(&job.secret).await);
    authority.clock.stand_at_ms(now + HOUR_MS);
    assert!(!is_alive(&authority, &api, &secret).await && !authority.lives(&job.secret).await);
    for behind_ms in [1, 6_000, HOUR_MS, 365 * 24 * HOUR_MS] {
        authority.clock.stand_at_ms(now + HOUR_MS - behind_ms);
        assert!(!is_alive(&authority, &api, &secret).await, "{behind_ms}");
        assert!(!authority.lives(&job.secret).await, "{behind_ms}");
        let renew = format!("/api/v1/jobs/{}/renew", job.id);
        authority.post(&works.token.secret, &renew, json!({})).await.refused(409, "token_not_live");
        assert_eq!(behind_seconds(&authority).await, behind_ms / 1000);
        let (status, is_little) = (ready(&authority).await.status, behind_ms <= 5_000);
        assert_eq!(status, if is_little { 200 } else { 503 }, "{behind_ms}");
    }
    let said: Value = ready(&authority).await.body;
    assert!(said["detail"].as_str().unwrap().contains("31536000 seconds behind"), "{said}");
    authority.clock.stand_at_ms(now + 2 * HOUR_MS);
    assert_eq!(
        (ready(&authority).await.status, behind_seconds(&authority).await),
        (200, 0),
        "it has caught up"
    );
}

async fn attack_37_what_has_ended_stays_so_when_the_clock_is_put_back_between_two_starts(
    authority: Authority,
) {
    let (api, secret) = (authority.api().await, for_an_hour(&authority).await);
    authority.clock.advance_minutes(61);
    assert!(!is_alive(&authority, &api, &secret).await);
    // The server that starts again goes by the machine's clock, which is an hour behind the one of before.
    let again = authority.restarted(|_| ()).await;
    assert!(!is_alive(&again, &api, &secret).await);
    assert_eq!(ready(&again).await.status, 503);
    assert!((3600..3700).contains(&behind_seconds(&again).await));
    let once_more = again.restarted(|_| ()).await;
    assert!(!is_alive(&once_more, &api, &secret).await, "and so it is at each start");
}

async fn a_later_time_that_was_wrong_is_given_up_when_the_operator_says_so(authority: Authority) {
    let (api, secret) = (authority.api().await, for_an_hour(&authority).await);
    authority.clock.advance_minutes(61);
    assert!(!is_alive(&authority, &api, &secret).await);
    let again = authority.restarted(|settings| settings.accept_clock = true).await;
    assert!(is_alive(&again, &api, &secret).await);
    assert_eq!((ready(&again).await.status, behind_seconds(&again).await), (200, 0));
    let audited = "SELECT action, detail FROM audit WHERE action = 'clock.put_back'";
    assert_eq!(again.sql().await.rows(audited).await.len(), 1, "it is written down");
    let once_more = again.restarted(|_| ()).await;
    assert!(is_alive(&once_more, &api, &secret).await, "it is said once");
    let said_twice = once_more.restarted(|settings| settings.accept_clock = true).await;
    assert_eq!(said_twice.sql().await.rows(audited).await.len(), 1, "nothing was wrong");
}
