//! Issuers that change their keys, misbehave, or are away.

use serde_json::{Value, json};

use super::{access_token, account, exchange, put, refused, trust, trusting};
use crate::support::answer::Answer;
use crate::support::issuer::{AUDIENCE, Issuer};
use crate::support::{Authority, fresh};

on_both! {
    alone:
        new_keys_are_found_and_old_ones_forgotten,
        an_unknown_key_does_not_make_us_ask_again_and_again,
        keys_serve_a_while_after_their_issuer_is_gone;
    shared:
        an_issuer_that_cannot_be_asked_is_no_verdict,
        keys_can_be_written_down,
        attack_29_no_redirect_is_followed;
}

#[track_caller]
fn unknown(answer: Answer) {
    assert_eq!(answer.refused(503, "unavailable").header("retry-after"), "1");
}

async fn new_keys_are_found_and_old_ones_forgotten(authority: Authority) {
    let Some(issuer) = Issuer::start() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    let old = issuer.token(&subject);
    issuer.order(&json!({"do": "rotate"}));
    let fresh = issuer.token(&subject);
    // The keys were asked for a moment ago, so the new one is not known yet.
    refused(exchange(&authority, &fresh, &[]).await, "invalid_grant");
    assert_eq!(issuer.asked("/keys"), 1);
    authority.clock.advance_minutes(1);
    access_token(exchange(&authority, &fresh, &[]).await);
    assert_eq!((issuer.asked("/keys"), issuer.asked("/.well-known/openid-configuration")), (2, 1));
    refused(exchange(&authority, &old, &[]).await, "invalid_grant");
}

async fn an_unknown_key_does_not_make_us_ask_again_and_again(authority: Authority) {
    let Some(issuer) = Issuer::start() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    let sign = |id: &str| {
        issuer.signed(&json!({"do": "sign", "claims": issuer.claims(&subject), "header": {"kid": id}}))
    };
    for number in 0..50 {
        refused(exchange(&authority, &sign(&format!("made-up-{number}")), &[]).await, "invalid_grant");
    }
    assert_eq!(issuer.asked("/keys"), 1);
    authority.clock.advance_minutes(1);
    for number in 50..70 {
        refused(exchange(&authority, &sign(&format!("made-up-{number}")), &[]).await, "invalid_grant");
    }
    assert_eq!(issuer.asked("/keys"), 2);
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    let tokens: Vec<_> = (0..20).map(|_| issuer.token(&subject)).collect();
    authority.clock.advance_minutes(9);
    authority.clock.advance_minutes(1);
    let tries = tokens.iter().map(|token| exchange(&authority, token, &[]));
    for answer in futures_util::future::join_all(tries).await {
        access_token(answer);
    }
    assert_eq!(issuer.asked("/keys"), 3, "of many at once one asks");
}

async fn keys_serve_a_while_after_their_issuer_is_gone(authority: Authority) {
    let Some(issuer) = Issuer::start() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    let sign = |minutes: i64, header: &Value| {
        let mut claims = issuer.claims(&subject);
        claims["exp"] = json!(claims["exp"].as_i64().unwrap() + minutes * 60);
        issuer.signed(&json!({"do": "sign", "claims": claims, "header": header}))
    };
    access_token(exchange(&authority, &sign(0, &json!({})), &[]).await);
    for path in ["/keys", "/.well-known/openid-configuration"] {
        issuer.order(&json!({"do": "publish", "path": path, "status": 500}));
    }
    authority.clock.advance_minutes(50);
    access_token(exchange(&authority, &sign(50, &json!({})), &[]).await);
    // Whether there is such a key by now, nobody can say.
    unknown(exchange(&authority, &sign(50, &json!({"kid": "new"})), &[]).await);
    authority.clock.advance_minutes(15);
    unknown(exchange(&authority, &sign(65, &json!({})), &[]).await);
}

async fn an_issuer_that_cannot_be_asked_is_no_verdict(authority: Authority) {
    let Some(signer) = Issuer::shared() else { return };
    let discovery = "/.well-known/openid-configuration";
    let about = |issuer: &str, keys: &str| json!({"issuer": issuer, "jwks_uri": keys}).to_string();
    let pages: [(&str, Box<dyn Fn(&str) -> Value>); 11] = [
        (discovery, Box::new(|_| json!({"status": 404}))),
        (discovery, Box::new(|_| json!({"body": "<html>"}))),
        (discovery, Box::new(|_| json!({"body": "x".repeat(300_000)}))),
        (discovery, Box::new(|url| json!({"body": about(&format!("{url}/"), &format!("{url}/keys"))}))),
        (
            discovery,
            Box::new(|_| json!({"body": about("https://other.example", "https://other.example/keys")})),
        ),
        (discovery, Box::new(|url| json!({"body": json!({"issuer": url}).to_string()}))),
        (discovery, Box::new(|url| json!({"body": about(url, "file:///etc/passwd")}))),
        (discovery, Box::new(|url| json!({"body": about(url, "http://192.0.2.1/keys")}))),
        ("/keys", Box::new(|_| json!({"body": "{}"}))),
        ("/keys", Box::new(|_| json!({"body": r#"{"keys":[]}"#}))),
        ("/keys", Box::new(|_| json!({"status": 201, "body": r#"{"keys":[]}"#}))),
    ];
    for (path, page) in pages {
        let Some(issuer) = Issuer::start() else { return };
        let (_, subject) = trusting(&authority, &issuer.url).await;
        let mut order = page(&issuer.url);
        order["do"] = json!("publish");
        order["path"] = json!(path);
        issuer.order(&order);
        let answer = exchange(&authority, &issuer.token(&subject), &[]).await;
        assert!(!answer.text.contains("root:"), "nothing of another's answer is told");
        unknown(answer);
        drop(issuer);
    }
    // Nobody is there at all; an issuer that answers is not harmed.
    let gone = "http://127.0.0.1:9";
    let (_, subject) = trusting(&authority, gone).await;
    let mut claims = signer.claims(&subject);
    claims["iss"] = json!(gone);
    unknown(exchange(&authority, &signer.sign(&claims), &[]).await);
    let (_, subject) = trusting(&authority, &signer.url).await;
    access_token(exchange(&authority, &signer.token(&subject), &[]).await);
}

/// For issuers without discovery: a cluster behind a firewall, a SPIFFE trust domain.
async fn keys_can_be_written_down(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let name = "spiffe://acme.example";
    let keys = issuer.order(&json!({"do": "jwks"}))["jwks"].clone();
    for source in [json!({"jwks": keys}), json!({"jwks_url": format!("{}/keys", issuer.url)})] {
        let (account, subject) = (account(&authority).await, format!("{name}/ns/jobs/{}", fresh("worker")));
        let mut wanted = trust(name, &subject);
        wanted.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
        let made = put(&authority, &account, wanted).await.expect(201).body;
        assert_eq!((&made["jwks"], &made["jwks_url"]), (&source["jwks"], &source["jwks_url"]));
        let mut claims = issuer.claims(&subject);
        claims["iss"] = json!(name);
        let token = access_token(exchange(&authority, &issuer.sign(&claims), &[]).await);
        assert_eq!(authority.introspect(&token, &[]).await["username"], account);
        claims["iss"] = json!("spiffe://evil.example");
        refused(exchange(&authority, &issuer.sign(&claims), &[]).await, "invalid_grant");
        assert_eq!(made["audience"], AUDIENCE);
    }
}

async fn attack_29_no_redirect_is_followed(authority: Authority) {
    let (Some(issuer), Some(elsewhere)) = (Issuer::start(), Issuer::start()) else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    for path in ["/.well-known/openid-configuration", "/keys"] {
        let location = format!("{}{path}", elsewhere.url);
        issuer.order(&json!({"do": "publish", "path": path, "status": 302, "location": location}));
    }
    unknown(exchange(&authority, &issuer.token(&subject), &[]).await);
    assert_eq!(elsewhere.asked("/.well-known/openid-configuration"), 0);
    assert_eq!(elsewhere.asked("/keys"), 0);
}
