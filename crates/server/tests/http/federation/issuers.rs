//! Issuers that change their keys, misbehave, or are away.

use serde_json::{Value, json};

use super::{access_token, account, exchange, path, put, refused, trust, trusting};
use crate::support::answer::Answer;
use crate::support::issuer::{AUDIENCE, Issuer};
use crate::support::{Authority, fresh};

on_both! {
    alone:
        new_keys_are_found_and_old_ones_forgotten,
        an_unknown_key_does_not_make_us_ask_again_and_again,
        attack_36_invented_keys_keep_no_new_key_out,
        attack_36_invented_keys_are_refused_by_several_trusts_alike,
        keys_without_an_id_change_as_well,
        keys_that_have_moved_are_found,
        keys_serve_a_while_after_their_issuer_is_gone,
        attack_29_a_trust_makes_us_ask_nothing_that_only_we_can_reach;
    shared:
        an_issuer_that_cannot_be_asked_is_no_verdict,
        keys_can_be_written_down,
        attack_29_no_redirect_is_followed;
}

const DISCOVERY: &str = "/.well-known/openid-configuration";

#[track_caller]
fn unknown(answer: Answer) {
    unknown_for(answer, "1");
}

#[track_caller]
fn unknown_for(answer: Answer, seconds: &str) {
    assert_eq!(answer.refused_in_oauth(503, "temporarily_unavailable").header("retry-after"), seconds);
}

async fn new_keys_are_found_and_old_ones_forgotten(authority: Authority) {
    let Some(issuer) = Issuer::start() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    authority.clock.stand_after_seconds(0);
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    let old = issuer.token(&subject);
    issuer.order(&json!({"do": "rotate"}));
    let fresh = issuer.token(&subject);
    // The keys were asked for a moment ago, so whether there is a new one is not known yet.
    unknown_for(exchange(&authority, &fresh, &[]).await, "10");
    assert_eq!(issuer.asked("/keys"), 1);
    authority.clock.stand_after_seconds(10);
    access_token(exchange(&authority, &fresh, &[]).await);
    assert_eq!((issuer.asked("/keys"), issuer.asked(DISCOVERY)), (2, 1));
    unknown_for(exchange(&authority, &old, &[]).await, "10");
    authority.clock.stand_after_seconds(10);
    refused(exchange(&authority, &old, &[]).await, "invalid_grant");
}

async fn attack_36_invented_keys_keep_no_new_key_out(authority: Authority) {
    let Some(issuer) = Issuer::start() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    authority.clock.stand_after_seconds(0);
    let sign = |id: &str| {
        issuer.signed(&json!({"do": "sign", "claims": issuer.claims(&subject), "header": {"kid": id}}))
    };
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    authority.clock.stand_after_seconds(60);
    refused(exchange(&authority, &sign("garbage"), &[]).await, "invalid_grant");
    issuer.order(&json!({"do": "rotate"}));
    let honest = issuer.token(&subject);
    for second in 0..10_i64 {
        let wait = (10 - second).to_string();
        unknown_for(exchange(&authority, &honest, &[]).await, &wait);
        unknown_for(exchange(&authority, &sign(&format!("garbage-{second}")), &[]).await, &wait);
        authority.clock.stand_after_seconds(1);
    }
    // Whoever asks first: what comes of it is there for all.
    refused(exchange(&authority, &sign("garbage"), &[]).await, "invalid_grant");
    access_token(exchange(&authority, &honest, &[]).await);
    assert_eq!(issuer.asked("/keys"), 3);
}

async fn attack_36_invented_keys_are_refused_by_several_trusts_alike(authority: Authority) {
    let Some(issuer) = Issuer::start() else { return };
    let (account, subject) = trusting(&authority, &issuer.url).await;
    authority.clock.stand_after_seconds(0);
    let admin = authority.admin().await;
    authority.put(&admin, &path(&account, "second"), trust(&issuer.url, &subject)).await.expect(201);
    let garbage =
        issuer.signed(&json!({"do": "sign", "claims": issuer.claims(&subject), "header": {"kid": "x"}}));
    refused(exchange(&authority, &garbage, &[]).await, "invalid_grant");
    assert_eq!(issuer.asked("/keys"), 1);
}

/// Neither keys nor tokens need an id (RFC 7517, section 4.5).
async fn keys_without_an_id_change_as_well(authority: Authority) {
    let Some(issuer) = Issuer::start() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    authority.clock.stand_after_seconds(0);
    let publish_keys = || {
        let mut keys = issuer.order(&json!({"do": "jwks"}))["jwks"].clone();
        for key in keys["keys"].as_array_mut().unwrap() {
            key.as_object_mut().unwrap().remove("kid");
        }
        publish(&issuer, "/keys", &json!({"body": keys.to_string()}));
    };
    publish_keys();
    let sign = |header: &Value| {
        let order = json!({"do": "sign", "claims": issuer.claims(&subject), "header": header});
        issuer.signed(&order)
    };
    for header in [json!({}), json!({"kid": null}), json!({"kid": "another"})] {
        access_token(exchange(&authority, &sign(&header), &[]).await);
    }
    issuer.order(&json!({"do": "rotate"}));
    publish_keys();
    unknown_for(exchange(&authority, &sign(&json!({"kid": null})), &[]).await, "10");
    authority.clock.stand_after_seconds(10);
    access_token(exchange(&authority, &sign(&json!({"kid": null})), &[]).await);
    assert_eq!(issuer.asked("/keys"), 2);
}

async fn keys_that_have_moved_are_found(authority: Authority) {
    let Some(issuer) = Issuer::start() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    let about = json!({"issuer": issuer.url, "jwks_uri": format!("{}/moved", issuer.url)});
    issuer.order(&json!({"do": "rotate"}));
    let keys = issuer.order(&json!({"do": "jwks"}))["jwks"].to_string();
    publish(&issuer, DISCOVERY, &json!({"body": about.to_string()}));
    publish(&issuer, "/moved", &json!({"body": keys}));
    publish(&issuer, "/keys", &json!({"status": 404}));
    authority.clock.advance_minutes(1);
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    assert_eq!((issuer.asked(DISCOVERY), issuer.asked("/moved")), (2, 1));
}

async fn an_unknown_key_does_not_make_us_ask_again_and_again(authority: Authority) {
    let Some(issuer) = Issuer::start() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    authority.clock.stand_after_seconds(0);
    let sign = |id: &str| {
        issuer.signed(&json!({"do": "sign", "claims": issuer.claims(&subject), "header": {"kid": id}}))
    };
    refused(exchange(&authority, &sign("made-up"), &[]).await, "invalid_grant");
    for number in 0..50 {
        unknown_for(exchange(&authority, &sign(&format!("made-up-{number}")), &[]).await, "10");
    }
    assert_eq!(issuer.asked("/keys"), 1);
    authority.clock.stand_after_seconds(60);
    refused(exchange(&authority, &sign("made-up"), &[]).await, "invalid_grant");
    for number in 50..70 {
        unknown_for(exchange(&authority, &sign(&format!("made-up-{number}")), &[]).await, "10");
    }
    assert_eq!(issuer.asked("/keys"), 2);
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    let mut claims = issuer.claims(&subject);
    claims["exp"] = json!(claims["exp"].as_i64().unwrap() + 15 * 60);
    let tokens = (0..20).map(|number| {
        claims["jti"] = json!(number.to_string());
        issuer.sign(&claims)
    });
    let tokens: Vec<_> = tokens.collect();
    authority.clock.stand_after_seconds(9 * 60);
    authority.clock.stand_after_seconds(60);
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
    for path in ["/keys", DISCOVERY] {
        issuer.order(&json!({"do": "publish", "path": path, "status": 500}));
    }
    authority.clock.advance_minutes(50);
    access_token(exchange(&authority, &sign(50, &json!({})), &[]).await);
    // Whether there is such a key by now, nobody can say.
    unknown(exchange(&authority, &sign(50, &json!({"kid": "new"})), &[]).await);
    authority.clock.advance_minutes(15);
    unknown(exchange(&authority, &sign(65, &json!({})), &[]).await);
}

/// An issuer below a path of the shared one, whose pages are as they should be.
fn tenant(issuer: &Issuer) -> String {
    let path = format!("/{}", fresh("tenant"));
    let base = format!("{}{path}", issuer.url);
    let about = json!({"issuer": base, "jwks_uri": format!("{base}/keys")});
    publish(issuer, &format!("{path}{DISCOVERY}"), &json!({"body": about.to_string()}));
    let keys = issuer.order(&json!({"do": "jwks"}))["jwks"].to_string();
    publish(issuer, &format!("{path}/keys"), &json!({"body": keys}));
    base
}

fn publish(issuer: &Issuer, path: &str, page: &Value) {
    let mut order = page.clone();
    order["do"] = json!("publish");
    order["path"] = json!(path);
    issuer.order(&order);
}

/// A good token of such an issuer.
fn token_of(issuer: &Issuer, base: &str, subject: &str) -> String {
    let mut claims = issuer.claims(subject);
    claims["iss"] = json!(base);
    issuer.sign(&claims)
}

/// A path, and what is answered there by whoever has this base address.
type Page<'a> = (&'a str, &'a dyn Fn(&str) -> Value);

async fn an_issuer_that_cannot_be_asked_is_no_verdict(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let about =
        |issuer: &str, keys: &str| json!({"body": json!({"issuer": issuer, "jwks_uri": keys}).to_string()});
    let pages: [Page<'_>; 11] = [
        (DISCOVERY, &|_| json!({"status": 404})),
        (DISCOVERY, &|_| json!({"body": "<html>"})),
        (DISCOVERY, &|_| json!({"body": "x".repeat(300_000)})),
        (DISCOVERY, &|base| about(&format!("{base}/"), &format!("{base}/keys"))),
        (DISCOVERY, &|_| about("https://other.example", "https://other.example/keys")),
        (DISCOVERY, &|base| json!({"body": json!({"issuer": base}).to_string()})),
        (DISCOVERY, &|base| about(base, "file:///etc/passwd")),
        (DISCOVERY, &|base| about(base, "http://192.0.2.1/keys")),
        ("/keys", &|_| json!({"body": "{}"})),
        ("/keys", &|_| json!({"body": r#"{"keys":[]}"#})),
        ("/keys", &|_| json!({"status": 201, "body": r#"{"keys":[]}"#})),
    ];
    for (path, page) in pages {
        let base = tenant(&issuer);
        let (_, subject) = trusting(&authority, &base).await;
        publish(&issuer, &format!("{}{path}", base.strip_prefix(&issuer.url).unwrap()), &page(&base));
        unknown(exchange(&authority, &token_of(&issuer, &base, &subject), &[]).await);
    }
    let base = tenant(&issuer);
    let (_, subject) = trusting(&authority, &base).await;
    access_token(exchange(&authority, &token_of(&issuer, &base, &subject), &[]).await);
    // Nobody is there at all.
    let gone = "http://127.0.0.1:9";
    let (_, subject) = trusting(&authority, gone).await;
    unknown(exchange(&authority, &token_of(&issuer, gone, &subject), &[]).await);
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

async fn attack_29_a_trust_makes_us_ask_nothing_that_only_we_can_reach(authority: Authority) {
    let (Some(issuer), Some(inside)) = (Issuer::start(), Issuer::start()) else { return };
    let (account, subject) = trusting(&authority, &issuer.url).await;
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    let (discovered, keys) = (issuer.asked(DISCOVERY), inside.asked("/keys"));
    // Another server on the same rows, whose operator allows the one issuer and not the other.
    let only = issuer.url.parse().unwrap();
    let authority = authority.restarted(|settings| settings.private_issuers = vec![only]).await;
    let about = json!({"issuer": issuer.url, "jwks_uri": format!("{}/keys", inside.url)});
    issuer.order(&json!({"do": "publish", "path": DISCOVERY, "body": about.to_string()}));
    unknown(exchange(&authority, &issuer.token(&subject), &[]).await);
    assert_eq!((issuer.asked(DISCOVERY), inside.asked("/keys")), (discovered + 1, keys));
    // Without a word of the operator nothing here is asked, also of trusts that are there already.
    let authority = authority.restarted(|settings| settings.private_issuers.clear()).await;
    unknown(exchange(&authority, &issuer.token(&subject), &[]).await);
    assert_eq!(issuer.asked(DISCOVERY), discovered + 1);
    let port = issuer.url.rsplit(':').next().unwrap();
    for host in [
        "http://127.0.0.1",
        "http://localhost",
        "https://localhost",
        "https://127.0.0.1",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://169.254.169.254",
        "https://0",
        "https://2130706433",
        "https://0x7f.1",
        "https://10.0.0.1",
    ] {
        let address = format!("{host}:{port}");
        put(&authority, &account, trust(&address, &subject)).await.invalid("/issuer", "invalid_field");
        let mut wanted = trust("spiffe://acme.example", &subject);
        wanted["jwks_url"] = json!(format!("{address}/keys"));
        put(&authority, &account, wanted).await.invalid("/jwks_url", "invalid_field");
    }
    assert_eq!(issuer.asked(DISCOVERY), discovered + 1);
    // Keys that are written down need nobody to be asked.
    let mut wanted = trust("https://10.0.0.1", &subject);
    wanted["jwks"] = issuer.order(&json!({"do": "jwks"}))["jwks"].clone();
    put(&authority, &account, wanted).await.expect(200);
}

async fn attack_29_no_redirect_is_followed(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    for path in [DISCOVERY, "/keys"] {
        let (base, elsewhere) = (tenant(&issuer), tenant(&issuer));
        let at = |base: &str| format!("{}{path}", base.strip_prefix(&issuer.url).unwrap());
        let (_, subject) = trusting(&authority, &base).await;
        let location = format!("{elsewhere}{path}");
        publish(&issuer, &at(&base), &json!({"status": 302, "location": location}));
        unknown(exchange(&authority, &token_of(&issuer, &base, &subject), &[]).await);
        assert_eq!((issuer.asked(&at(&base)), issuer.asked(&at(&elsewhere))), (1, 0));
    }
}
