//! Identity tokens that prove nothing, shown to a running server by way of a real issuer. What each rule says exactly is
//! tested beside it, in `src/identity/tests`.

use serde_json::{Value, json};

use super::{access_token, exchange, refused, trusting};
use crate::support::Authority;
use crate::support::issuer::{AUDIENCE, Issuer};

on_both! {
    alone:
        attack_36_a_key_id_that_is_a_path_or_unknown_is_refused,
        attack_12_nobody_learns_whom_a_deployment_trusts,
        attack_12_a_doubt_about_keys_tells_nobody_whose_identity_is_trusted;
    shared:
        attack_36_a_token_without_a_signature_is_refused,
        attack_36_the_public_key_is_no_shared_secret,
        attack_36_an_algorithm_that_does_not_fit_the_key_is_refused,
        attack_36_a_header_that_brings_its_own_key_is_refused,
        attack_36_a_header_with_extensions_is_refused,
        attack_36_a_token_of_another_type_is_refused,
        attack_36_a_token_of_another_issuer_is_refused,
        attack_36_a_token_for_another_audience_is_refused,
        attack_36_a_token_without_a_sensible_end_is_refused,
        attack_36_a_token_that_is_over_or_not_yet_valid_is_refused,
        attack_36_a_token_that_was_cut_or_changed_is_refused,
        attack_36_a_token_with_two_signatures_is_refused,
        attack_36_a_claim_that_stands_twice_is_refused,
        attack_12_a_token_that_others_may_show_as_well_is_refused,
        attack_36_one_of_our_own_tokens_is_no_identity;
}

/// An issuer, a subject that it is trusted with, and a server.
struct Stage<'a> {
    authority: &'a Authority,
    issuer: Issuer,
    subject: String,
}

impl<'a> Stage<'a> {
    async fn set(authority: &'a Authority) -> Option<Self> {
        let issuer = Issuer::shared()?;
        let (_, subject) = trusting(authority, &issuer.url).await;
        let stage = Self { authority, issuer, subject };
        access_token(exchange(authority, &stage.issuer.token(&stage.subject), &[]).await);
        Some(stage)
    }

    /// Good claims, once more.
    fn claims(&self) -> Value {
        self.issuer.claims(&self.subject)
    }

    /// Good claims with one member set; null removes it.
    fn with(&self, name: &str, value: &Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
        claims
    }

    fn signed_with(&self, header: &Value, key: &str) -> String {
        self.issuer.signed(&json!({"do": "sign", "claims": self.claims(), "header": header, "key": key}))
    }

    async fn refuses(&self, identity: &str) {
        refused(exchange(self.authority, identity, &[]).await, "invalid_grant");
    }

    async fn refuses_claims(&self, claims: &Value) {
        self.refuses(&self.issuer.sign(claims)).await;
    }
}

async fn attack_36_a_token_without_a_signature_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    for name in ["none", "None", "NONE", "nOnE", ""] {
        let signed = stage.signed_with(&json!({"alg": name}), "p256");
        stage.refuses(&signed).await;
        let (message, _) = signed.rsplit_once('.').unwrap();
        stage.refuses(&format!("{message}.")).await;
    }
    let good = stage.issuer.token(&stage.subject);
    let (message, _) = good.rsplit_once('.').unwrap();
    stage.refuses(message).await;
    stage.refuses(&format!("{message}.")).await;
}

async fn attack_36_the_public_key_is_no_shared_secret(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    for with in ["pem", "jwk"] {
        for header in [json!({}), json!({"alg": "RS256"})] {
            let order = json!({"do": "hmac", "claims": stage.claims(), "with": with, "header": header});
            stage.refuses(&stage.issuer.signed(&order)).await;
        }
    }
}

async fn attack_36_an_algorithm_that_does_not_fit_the_key_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    for (key, others) in [
        ("p256", ["RS256", "ES384", "EdDSA", "PS256"]),
        ("rsa", ["ES256", "EdDSA", "PS256", "RS512"]),
        ("ed25519", ["ES256", "RS256", "HS256", "ES512"]),
    ] {
        for other in others {
            stage.refuses(&stage.signed_with(&json!({"alg": other}), key)).await;
        }
        access_token(exchange(&authority, &stage.signed_with(&json!({}), key), &[]).await);
    }
    // The right algorithm, under the name of another key.
    let other = stage.issuer.order(&json!({"do": "jwks"}))["jwks"]["keys"][0]["kid"].clone();
    stage.refuses(&stage.signed_with(&json!({"kid": other}), "p256")).await;
}

async fn attack_36_a_header_that_brings_its_own_key_is_refused(authority: Authority) {
    let (Some(stage), Some(evil)) = (Stage::set(&authority).await, Issuer::start()) else { return };
    let keys = evil.order(&json!({"do": "jwks"}))["jwks"].clone();
    let jwk = keys["keys"].as_array().unwrap().iter().find(|key| key["crv"] == "P-256").unwrap().clone();
    let page = format!("{}/keys", evil.url);
    for (name, value) in
        [("jwk", jwk.clone()), ("jku", json!(page)), ("x5u", json!(page)), ("x5c", json!(["MIIB"]))]
    {
        let header = json!({name: value, "kid": jwk["kid"]});
        let order = json!({"do": "sign", "claims": stage.claims(), "header": header});
        stage.refuses(&evil.signed(&order)).await;
        stage.refuses(&stage.signed_with(&json!({name: value}), "p256")).await;
    }
    assert_eq!(evil.asked("/keys"), 0, "nobody was asked");
}

async fn attack_36_a_header_with_extensions_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    for header in [
        json!({"crit": ["exp"]}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"crit": []}),
        json!({"b64": true}),
        json!({"zip": "DEF"}),
        json!({"enc": "A128GCM"}),
    ] {
        stage.refuses(&stage.signed_with(&header, "p256")).await;
    }
}

async fn attack_36_a_key_id_that_is_a_path_or_unknown_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    let ids = [
        "../../keys",
        "/etc/passwd",
        "..%2f",
        "p256-9",
        "",
        "p256-1\u{0}",
        "' OR 1=1 --",
        "http://127.0.0.1/",
    ];
    for id in ids {
        // Each is asked for, and the issuer has none of them.
        authority.clock.stand_after_seconds(10);
        stage.refuses(&stage.signed_with(&json!({"kid": id}), "p256")).await;
    }
    for id in [json!(1), json!(["p256-1"]), json!({}), json!("k".repeat(300))] {
        stage.refuses(&stage.signed_with(&json!({"kid": id}), "p256")).await;
    }
}

async fn attack_36_a_token_of_another_type_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    for kind in ["logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", ""] {
        stage.refuses(&stage.signed_with(&json!({"typ": kind}), "p256")).await;
    }
    let access = stage.signed_with(&json!({"typ": "at+jwt"}), "p256");
    let as_id_token = [("subject_token_type", "urn:ietf:params:oauth:token-type:id_token")];
    refused(exchange(&authority, &access, &as_id_token).await, "invalid_grant");
    access_token(exchange(&authority, &access, &[]).await);
}

async fn attack_36_a_token_of_another_issuer_is_refused(authority: Authority) {
    let (Some(stage), Some(evil)) = (Stage::set(&authority).await, Issuer::start()) else { return };
    stage.refuses(&evil.token(&stage.subject)).await;
    // Signed by one, and said to be of the other.
    stage.refuses(&evil.sign(&stage.claims())).await;
    let url = &stage.issuer.url;
    let spelled = [
        format!("{url}/"),
        format!("{url}//"),
        format!("{url}?"),
        format!("{url}#"),
        format!("{url}/."),
        url.to_uppercase(),
        url.replace("http://", "HTTP://"),
        url.replace("127.0.0.1", "localhost"),
        url.replace("127.0.0.1", "127.1"),
        url.replace("127.0.0.1", "2130706433"),
        url.replace("http://", "https://"),
        format!(" {url}"),
        format!("{url}\u{0}"),
    ];
    for other in spelled.map(|text| json!(text)) {
        stage.refuses_claims(&stage.with("iss", &other)).await;
    }
    for other in [json!([url]), json!({"": url}), json!(""), Value::Null] {
        stage.refuses_claims(&stage.with("iss", &other)).await;
    }
}

async fn attack_36_a_token_for_another_audience_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    let slash = format!("{AUDIENCE}/");
    for other in
        [json!("https://taskurai.example"), json!(slash), json!(""), json!([]), json!({}), Value::Null]
    {
        stage.refuses_claims(&stage.with("aud", &other)).await;
    }
}

async fn attack_36_a_token_without_a_sensible_end_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    let soon = stage.claims()["exp"].as_i64().unwrap();
    for end in [
        Value::Null,
        json!(soon.to_string()),
        json!(1_900_000_000.5),
        json!(-soon),
        json!(1_i64 << 31),
        json!(u64::MAX),
        json!(soon + 25 * 60 * 60),
        json!([soon]),
        json!(true),
    ] {
        stage.refuses_claims(&stage.with("exp", &end)).await;
    }
    let claims = stage.claims();
    let text = claims.to_string().replace(&format!("\"exp\":{}", claims["exp"]), "\"exp\":1e10");
    assert!(text.contains("1e10"), "{text}");
    let header = json!({"alg": "ES256", "kid": "p256-1"}).to_string();
    let order = json!({"do": "sign_text", "header": header, "claims": text});
    stage.refuses(&stage.issuer.signed(&order)).await;
}

async fn attack_36_a_token_that_is_over_or_not_yet_valid_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    let now = stage.claims()["iat"].as_i64().unwrap();
    for (name, moment) in [("exp", now - 61), ("exp", 0), ("nbf", now + 120), ("iat", now + 120)] {
        stage.refuses_claims(&stage.with(name, &json!(moment))).await;
    }
    for (name, strange) in [("nbf", json!("0")), ("iat", json!(0.5)), ("nbf", json!({}))] {
        stage.refuses_claims(&stage.with(name, &strange)).await;
    }
}

async fn attack_36_a_token_that_was_cut_or_changed_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    let good = stage.issuer.token(&stage.subject);
    let other = stage.issuer.token("repo:acme/other");
    let parts: Vec<_> = good.split('.').collect();
    let others: Vec<_> = other.split('.').collect();
    let mixed = format!("{}.{}.{}", parts[0], parts[1], others[2]);
    let changed = format!("{}.{}.{}", parts[0], others[1], parts[2]);
    let longer = format!("{good}.{}", parts[2]);
    let padded = format!("{good}==");
    let spaced = format!("{good} ");
    for text in [
        good.get(..good.len() - 1).unwrap(),
        good.get(1..).unwrap(),
        good.get(..good.len() / 2).unwrap(),
        &mixed,
        &changed,
        &longer,
        &padded,
        &spaced,
        "a.b.c",
        "..",
        "garbage",
    ] {
        stage.refuses(text).await;
    }
    stage.refuses(&"a".repeat(20_000)).await;
    access_token(exchange(&authority, &good, &[]).await);
}

async fn attack_36_a_token_with_two_signatures_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    let good = stage.issuer.token(&stage.subject);
    let parts: Vec<_> = good.split('.').collect();
    let signature = json!({"protected": parts[0], "signature": parts[2]});
    let general = json!({"payload": parts[1], "signatures": [signature, signature]});
    let flat = json!({"payload": parts[1], "protected": parts[0], "signature": parts[2]});
    for form in [general, flat] {
        stage.refuses(&form.to_string()).await;
    }
}

async fn attack_36_a_claim_that_stands_twice_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    let (header, claims) = (json!({"alg": "ES256", "kid": "p256-1"}).to_string(), stage.claims().to_string());
    let sign = |header: &str, claims: &str| {
        stage.issuer.signed(&json!({"do": "sign_text", "header": header, "claims": claims}))
    };
    for first in [r#"{"sub":"admin","#, r#"{"a":{"b":1,"b":2},"#, r#"{"exp":1,"#] {
        stage.refuses(&sign(&header, &claims.replacen('{', first, 1))).await;
    }
    stage.refuses(&sign(r#"{"alg":"ES256","kid":"p256-1","kid":"p256-1"}"#, &claims)).await;
    stage.refuses(&sign(&header, &format!("[{claims}]"))).await;
    access_token(exchange(&authority, &sign(&header, &claims), &[]).await);
}

async fn attack_12_a_token_that_others_may_show_as_well_is_refused(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    let both = json!([AUDIENCE, "https://other.example"]);
    stage.refuses_claims(&stage.with("aud", &both)).await;
    access_token(exchange(&authority, &stage.issuer.sign(&stage.with("aud", &json!([AUDIENCE]))), &[]).await);
    // Of an ID token for several, we must be the party that it was made for.
    let as_id_token = [("subject_token_type", "urn:ietf:params:oauth:token-type:id_token")];
    for (party, is_ours) in
        [(Value::Null, false), (json!("https://other.example"), false), (json!(AUDIENCE), true)]
    {
        let mut claims = stage.with("aud", &both);
        if !party.is_null() {
            claims["azp"] = party;
        }
        let answer = exchange(&authority, &stage.issuer.sign(&claims), &as_id_token).await;
        if is_ours {
            access_token(answer);
        } else {
            refused(answer, "invalid_grant");
        }
    }
}

/// Before a signature has matched, an issuer or subject that is trusted looks like one that is not.
async fn attack_12_nobody_learns_whom_a_deployment_trusts(authority: Authority) {
    let (Some(stage), Some(evil)) = (Stage::set(&authority).await, Issuer::start()) else { return };
    let strangers = [
        evil.token(&stage.subject),
        evil.sign(&stage.claims()),
        evil.sign(&stage.issuer.claims("repo:acme/nothing")),
        stage.signed_with(&json!({"kid": "unknown"}), "p256"),
        stage.signed_with(&json!({"typ": "logout+jwt"}), "p256"),
    ];
    let mut answers = Vec::new();
    for stranger in &strangers {
        authority.clock.stand_after_seconds(10);
        let answer = refused(exchange(&authority, stranger, &[]).await, "invalid_grant");
        answers.push((answer.text.clone(), answer.steady_headers()));
    }
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
}

/// While the keys of an issuer are in doubt, all who show an unknown one hear the same.
async fn attack_12_a_doubt_about_keys_tells_nobody_whose_identity_is_trusted(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    authority.clock.stand_after_seconds(0);
    let unknown = |claims: &Value| {
        stage.issuer.signed(&json!({"do": "sign", "claims": claims, "header": {"kid": "unknown"}}))
    };
    let strangers = [
        unknown(&stage.claims()),
        unknown(&stage.issuer.claims("repo:acme/nothing")),
        unknown(&stage.with("aud", &json!("https://other.example"))),
    ];
    let mut answers = Vec::new();
    for stranger in &strangers {
        for more in [&[][..], &[("service_account", "nobody-here")], &[("pipeline", "a/b/c")]] {
            let answer =
                exchange(&authority, stranger, more).await.refused_in_oauth(503, "temporarily_unavailable");
            answers.push((answer.without_request_id(), answer.header("retry-after").to_owned()));
        }
    }
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    // When it may be asked again, the issuer has no such key.
    for stranger in &strangers {
        authority.clock.stand_after_seconds(10);
        refused(exchange(&authority, stranger, &[]).await, "invalid_grant");
    }
}

async fn attack_36_one_of_our_own_tokens_is_no_identity(authority: Authority) {
    let Some(stage) = Stage::set(&authority).await else { return };
    let alice = authority.person("alice").await;
    let access = access_token(exchange(&authority, &stage.issuer.token(&stage.subject), &[]).await);
    for text in [&alice.session, &access, &authority.api().await] {
        stage.refuses(text).await;
    }
}
