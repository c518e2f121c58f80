//! A person's token of a provider, got elsewhere for this deployment, for a session at `/oauth2/token`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::browser::Browser;
use crate::support::provider::Quick;
use crate::support::{Authority, fresh};

on_both! {
    alone:
        a_token_for_this_deployment_yields_a_session,
        attack_36_only_such_a_token_does,
        attack_36_invented_keys_keep_nobody_from_signing_in,
        the_rules_of_sign_in_hold_here_too;
}

const RULES: &str = "exchange_audience = \"api://jeton\"\nallow = { groups = [\"staff\"] }";
const KIND: &str = "urn:ietf:params:oauth:token-type:";

async fn exchange(authority: &Authority, token: &str, kind: &str, more: &[(&str, &str)]) -> Answer {
    let kind = format!("{KIND}{kind}");
    let mut form = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", token),
        ("subject_token_type", &kind),
    ];
    form.extend(more);
    Answer::to(authority.request(Method::POST, "/oauth2/token").form(&form)).await
}

fn claims(name: &str) -> Value {
    json!({"sub": name, "preferred_username": name, "groups": ["staff"], "aud": "api://jeton"})
}

async fn a_token_for_this_deployment_yields_a_session(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, RULES).await else { return };
    let name = fresh("alice");
    for (kind, header, more) in [
        ("jwt", json!({}), json!({})),
        ("access_token", json!({"typ": "at+jwt"}), json!({"azp": "the-cloud-cli"})),
        ("id_token", json!({}), json!({})),
    ] {
        let mut claims = claims(&name);
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let token = provider.token(&claims, &header);
        let issued = exchange(&authority, &token, kind, &[]).await.expect(200).body;
        assert_eq!(
            (&issued["token_type"], &issued["expires_in"]),
            (&json!("Bearer"), &json!(43200)),
            "{issued}"
        );
        let session = issued["access_token"].as_str().unwrap();
        let record = authority.get(session, "/api/v1/tokens/self").await.expect(200).body;
        assert_eq!((&record["kind"], &record["owner"]["name"]), (&json!("session"), &json!(name)));
    }
}

async fn attack_36_only_such_a_token_does(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, RULES).await else { return };
    let name = fresh("alice");
    let mut with = |change: Value, header: Value| {
        let mut claims = claims(&name);
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        provider.token(&claims, &header)
    };
    let good = with(json!({}), json!({}));
    for (what, token, kind) in [
        ("for our sign-in, not for exchange", with(json!({"aud": "jeton"}), json!({})), "jwt"),
        ("for somebody else", with(json!({"aud": "api://other"}), json!({})), "jwt"),
        ("for somebody else as well", with(json!({"aud": ["api://jeton", "api://other"]}), json!({})), "jwt"),
        ("an access token as an ID token", with(json!({}), json!({"typ": "at+jwt"})), "id_token"),
        ("an ID token of another client", with(json!({"azp": "other"}), json!({})), "id_token"),
        ("expired", with(json!({"exp": 1_600_000_000}), json!({})), "jwt"),
        ("without an end", with(json!({"exp": null}), json!({})), "jwt"),
        ("of tomorrow", with(json!({"nbf": 4_000_000_000_u64}), json!({})), "jwt"),
        ("of another issuer", with(json!({"iss": "https://evil.example"}), json!({})), "jwt"),
        ("of an unknown key", with(json!({}), json!({"kid": "two"})), "jwt"),
        ("without a subject", with(json!({"sub": ""}), json!({})), "jwt"),
        ("with another signature", format!("{}AAAA", good.get(..good.len() - 4).unwrap()), "jwt"),
    ] {
        // So that an unknown key is asked for.
        authority.clock.stand_after_seconds(10);
        let answer = exchange(&authority, &token, kind, &[]).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (400, &json!("invalid_grant")),
            "{what}: {}",
            answer.text
        );
    }
    let scoped = exchange(&authority, &good, "jwt", &[("scope", "Jeton.Token.Read")]).await.expect(400);
    assert_eq!(scoped.body["error"], "invalid_request");
    let account = exchange(&authority, &good, "jwt", &[("service_account", "robot")]).await.expect(400);
    assert_eq!(account.body["error"], "invalid_grant", "that is another matter");
    exchange(&authority, &good, "jwt", &[]).await.expect(200);
}

async fn attack_36_invented_keys_keep_nobody_from_signing_in(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, RULES).await else { return };
    authority.clock.stand_after_seconds(0);
    let name = fresh("alice");
    let garbage = provider.token(&claims(&name), &json!({"kid": "garbage"}));
    exchange(&authority, &garbage, "jwt", &[]).await.expect(400);
    provider.order(&json!({"do": "rotate"}));
    let honest = provider.token(&claims(&name), &json!({}));
    for token in [&garbage, &honest] {
        let unknown =
            exchange(&authority, token, "jwt", &[]).await.refused_in_oauth(503, "temporarily_unavailable");
        assert_eq!(unknown.header("retry-after"), "10");
    }
    // Whom the provider sends with its new key, it sends now, whatever strangers show.
    provider.person(&json!({"sub": name, "preferred_username": name, "groups": ["staff"]}));
    let mut browser = Browser::new(&authority);
    browser.follow("/sign-in/acme").await.expect(200);
    authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200);
    exchange(&authority, &honest, "jwt", &[]).await.expect(200);
}

async fn the_rules_of_sign_in_hold_here_too(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, RULES).await else { return };
    let (admin, name) = (authority.admin().await, fresh("alice"));
    let stranger =
        json!({"sub": "s", "preferred_username": name, "groups": ["guests"], "aud": "api://jeton"});
    let namesake =
        json!({"sub": "s", "preferred_username": "admin", "groups": ["staff"], "aud": "api://jeton"});
    for claims in [stranger, namesake] {
        let token = provider.token(&claims, &json!({}));
        let refused = exchange(&authority, &token, "jwt", &[]).await.expect(400);
        assert_eq!(refused.body["error"], "invalid_grant", "{}", refused.text);
    }
    let token = provider.token(&claims(&name), &json!({}));
    exchange(&authority, &token, "jwt", &[]).await.expect(200);
    let path = format!("/api/v1/users/{name}");
    authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
    let refused = exchange(&authority, &token, "jwt", &[]).await.expect(400);
    assert_eq!(refused.body["error"], "invalid_grant");
}
