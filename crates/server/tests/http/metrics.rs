//! What is counted, as Prometheus reads it.

use reqwest::Method;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::{Authority, PASSWORD, sample};

async fn metrics(authority: &Authority) -> String {
    let answer = Answer::to(authority.request(Method::GET, "/metrics")).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.text
}

/// The value of the sample with exactly this name and these labels; 0 when there is none.
fn value(metrics: &str, sample: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.map_or(0, |value| value.parse().unwrap())
}

on_both! {
    alone: requests_verdicts_sign_ins_and_writes_are_counted, tokens_that_end_soon_are_counted;
}

async fn requests_verdicts_sign_ins_and_writes_are_counted(authority: Authority) {
    let admin = authority.admin().await;
    authority.api().await;
    let pat = authority.pat(&admin, &["Taskurai.*"]).await;
    let before = metrics(&authority).await;
    let count = |now: &str, sample: &str| value(now, sample) - value(&before, sample);

    authority.verify(&pat.secret, Some("Taskurai.Task.Read")).await;
    authority.verify("garbage", None).await;
    authority.sign_in("admin", "not the password").await.expect(401);
    authority.sign_in("nobody", PASSWORD).await.expect(401);
    authority.revoke(&admin, &pat.id).await.expect(204);
    authority.verify(&pat.secret, None).await;
    Answer::to(authority.request(Method::HEAD, "/healthz")).await.expect(200);
    authority.get(&admin, "/nothing/of/the/kind").await.expect(404);
    authority.call(&admin, Method::PATCH, "/api/v1/verify", json!({})).await.expect(405);

    let now = metrics(&authority).await;
    let verifies = r#"jeton_http_requests_total{method="POST",route="/api/v1/verify",status="2xx"}"#;
    assert_eq!(count(&now, verifies), 3, "{now}");
    let took = r#"{method="POST",route="/api/v1/verify""#;
    let durations = "jeton_http_request_duration_seconds";
    assert_eq!(count(&now, &format!("{durations}_count{took}}}")), 3, "{now}");
    assert_eq!(count(&now, &format!("{durations}_bucket{took},le=\"+Inf\"}}")), 3, "{now}");
    for (sample, expected) in [
        (r#"jeton_verdicts_total{asked_by="api",outcome="active",reason=""}"#, 1),
        (r#"jeton_verdicts_total{asked_by="api",outcome="unknown",reason=""}"#, 1),
        (r#"jeton_verdicts_total{asked_by="api",outcome="inactive",reason="revoked"}"#, 1),
        (r#"jeton_sign_ins_total{outcome="refused"}"#, 2),
        (r#"jeton_writes_total{action="token.revoke"}"#, 1),
        (r#"jeton_http_requests_total{method="GET",route="/healthz",status="2xx"}"#, 1),
        (r#"jeton_http_requests_total{method="other",route="other",status="4xx"}"#, 1),
        (r#"jeton_http_requests_total{method="other",route="/api/v1/verify",status="4xx"}"#, 1),
        (r#"jeton_http_requests_total{method="DELETE",route="/api/v1/tokens/{id}",status="2xx"}"#, 1),
    ] {
        assert_eq!(count(&now, sample), expected, "{sample}\n{now}");
    }
    assert_eq!(value(&now, &format!("jeton_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1);
    assert_eq!(value(&now, "jeton_store_up"), 1);
    let sign_in = r#"jeton_sign_ins_total{outcome="succeeded"}"#;
    assert!(value(&now, sign_in) >= 1, "{now}");
}

async fn tokens_that_end_soon_are_counted(authority: Authority) {
    const DAY: i64 = 24 * 60;
    let admin = authority.admin().await;
    let make = async |minutes: i64| {
        let body = json!({"scopes": ["*"], "expires_in_minutes": minutes});
        authority.token(&admin, body).await.pat()
    };
    for minutes in [60, DAY, 5 * DAY, 8 * DAY, 20 * DAY, 400 * DAY] {
        make(minutes).await;
    }
    let gone = make(9 * DAY).await;
    authority.revoke(&admin, &gone.id).await.expect(204);
    authority.token(&admin, json!({"scopes": ["*"], "never_expires": true})).await.expect(201);
    let ending = async || {
        let text = metrics(&authority).await;
        ["1d", "7d", "30d"]
            .map(|within| value(&text, &format!("jeton_tokens_expiring{{within=\"{within}\"}}")))
    };
    assert_eq!(ending().await, [0, 1, 3], "what lives for a day ends all the time");
    make(3 * DAY).await;
    assert_eq!(ending().await, [0, 1, 3], "it is counted once in a minute");
    authority.clock.advance_minutes(2);
    assert_eq!(ending().await, [0, 2, 4]);
    authority.clock.advance_minutes(2 * DAY);
    assert_eq!(ending().await, [1, 3, 4]);
    authority.clock.advance_minutes(2 * DAY);
    assert_eq!(ending().await, [1, 2, 3], "what has ended does not end soon");
}

#[tokio::test]
async fn a_store_that_is_gone_is_down_and_the_rest_is_told_all_the_same() {
    let authority = Authority::sqlite().await;
    let admin = authority.admin().await;
    authority.store.close().await;
    authority.get(&admin, "/api/v1/tokens/self").await.expect(503);
    let text = metrics(&authority).await;
    assert_eq!(value(&text, "jeton_store_up"), 0, "{text}");
    let unavailable = r#"jeton_verdicts_total{asked_by="jeton",outcome="unavailable",reason=""}"#;
    assert_eq!(value(&text, unavailable), 1, "{text}");
}

#[tokio::test]
async fn attack_01_no_metric_names_anybody_or_anything() {
    let authority = Authority::sqlite().await;
    let credential = authority.api().await;
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    authority.get(&pat.secret, &format!("/api/v1/tokens/{}", pat.id)).await.expect(403);
    authority.get(&alice.session, &format!("/api/v1/tokens/{}", pat.id)).await.expect(200);
    authority.get(&alice.session, &format!("/api/v1/{}", pat.secret)).await.expect(404);
    authority.get(&alice.session, &format!("/api/v1/tokens/{}", pat.secret)).await.expect(404);
    let odd = Method::from_bytes(b"ALICE").unwrap();
    authority.call(&alice.session, odd, "/api/v1/tokens", json!({})).await.expect(405);
    authority.sign_in(&alice.name, &pat.secret).await.expect(401);
    authority.verify(&pat.secret, None).await;
    let text = metrics(&authority).await;
    for secret in [&credential, &alice.session, &pat.secret] {
        assert!(!text.contains(sample::secret_of(secret)), "a secret is in the metrics");
        assert!(!text.contains(sample::id_of(secret)), "an id is in the metrics");
    }
    for named in [alice.name.as_str(), "alice", "ALICE", "Taskurai", "taskurai", PASSWORD] {
        assert!(!text.contains(named), "{named}\n{text}");
    }
}

#[tokio::test]
async fn the_text_is_what_prometheus_reads() {
    let authority = Authority::sqlite().await;
    authority.get(&authority.admin().await, "/api/v1/users").await.expect(200);
    let text = metrics(&authority).await;
    let mut known = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            known.push(rest.split(' ').next().unwrap().to_owned());
        } else if !line.starts_with('#') {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = sample.split('{').next().unwrap();
            assert!(known.iter().any(|family| name.starts_with(family.as_str())), "{line}");
        }
    }
    let bucket = "jeton_http_request_duration_seconds_bucket{method=\"GET\",route=\"/api/v1/users\"";
    let classes: Vec<u64> = text
        .lines()
        .filter(|line| line.starts_with(bucket))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(classes.is_sorted() && classes.last() == Some(&1), "{classes:?}");
}
