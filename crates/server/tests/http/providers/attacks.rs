//! Answers that nobody asked for, and providers that say something else than they were asked.

use serde_json::{Value, json};
use url::Url;

use crate::support::answer::Answer;
use crate::support::browser::Browser;
use crate::support::provider::{ANYBODY, Quick};
use crate::support::{Authority, PASSWORD, fresh};

on_both! {
    alone:
        attack_27_an_answer_is_taken_in_the_browser_that_asked,
        attack_27_an_answer_is_taken_once,
        attack_27_a_code_is_taken_in_its_own_flow,
        attack_27_an_answer_of_another_issuer_is_not_taken_to_this_one,
        attack_27_what_a_provider_says_is_not_repeated,
        attack_27_a_sign_in_does_not_wait_for_ever,
        attack_28_a_sign_in_by_a_provider_ends_the_session_before,
        attack_36_an_id_token_says_just_what_was_asked,
        attack_answers_that_no_provider_stands_by_come_to_an_end;
}

/// Goes to the provider and answers where that sends the browser, without going there.
async fn until_return(browser: &mut Browser) -> Url {
    let out = browser.open("/sign-in/acme").await.expect(303);
    let to = out.header("location").to_owned();
    for (name, value) in
        [("response_type", "code"), ("code_challenge_method", "S256"), ("client_id", "jeton")]
    {
        assert_eq!(parameter(&Url::parse(&to).unwrap(), name), value, "{to}");
    }
    let back = browser.open(&to).await.expect(302);
    Url::parse(back.header("location")).unwrap()
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[track_caller]
fn assert_not_begun(browser: &Browser, answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains("was not begun in this browser"), "{}", answer.text);
    assert_eq!(browser.cookie("jeton"), None);
}

fn somebody() -> Value {
    let name = fresh("alice");
    json!({"sub": name, "preferred_username": name})
}

async fn attack_27_an_answer_is_taken_in_the_browser_that_asked(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    provider.person(&somebody());
    let mut mallory = Browser::new(&authority);
    let planted = until_return(&mut mallory).await;

    let mut nobody = Browser::new(&authority);
    let answer = nobody.open(planted.as_str()).await;
    assert_not_begun(&nobody, &answer);
    let mut alice = Browser::new(&authority);
    until_return(&mut alice).await;
    let answer = alice.open(planted.as_str()).await;
    assert_not_begun(&alice, &answer);

    let cookie = |browser: &mut Browser| {
        browser.at = Url::parse(&authority.url("/")).unwrap();
        browser.cookie("jeton-flow").unwrap().to_owned()
    };
    let flow = cookie(&mut mallory);
    let mut parts: Vec<_> = flow.split('.').map(ToOwned::to_owned).collect();
    parts[1] = "9999999999999".to_owned();
    let (long, other) = (parts.join("."), flow.replacen(".acme.", ".other.", 1));
    for forged in ["", "garbage", "1.2.3.4.5.6", flow.get(1..).unwrap(), &long, &other, &format!("{flow}0")] {
        let mut browser = Browser::new(&authority);
        browser.plant("jeton-flow", forged);
        let answer = browser.open(planted.as_str()).await;
        assert_not_begun(&browser, &answer);
    }
    for without in ["state", "code"] {
        let mut url = planted.clone();
        let kept: Vec<_> = planted.query_pairs().filter(|(name, _)| name != without).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        let mut browser = Browser::new(&authority);
        browser.plant("jeton-flow", &flow);
        browser.open(url.as_str()).await.expect(400);
        assert_eq!(browser.cookie("jeton"), None, "without {without}");
    }
    mallory.open(planted.as_str()).await.expect(303);
}

async fn attack_27_an_answer_is_taken_once(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    provider.person(&somebody());
    let mut browser = Browser::new(&authority);
    let back = until_return(&mut browser).await;
    browser.at = Url::parse(&authority.url("/")).unwrap();
    let flow = browser.cookie("jeton-flow").unwrap().to_owned();
    browser.open(back.as_str()).await.expect(303);
    let mut again = Browser::new(&authority);
    again.plant("jeton-flow", &flow);
    again.open(back.as_str()).await.expect(400);
    assert_eq!(again.cookie("jeton"), None);

    // With a fresh code for the same state the provider would say yes once more; the state is used up.
    let mut first = Browser::new(&authority);
    let out = first.open("/sign-in/acme").await.expect(303);
    let to = out.header("location").to_owned();
    let flow = first.cookie("jeton-flow").unwrap().to_owned();
    let back = first.open(&to).await.expect(302).header("location").to_owned();
    let second = first.open(&to).await.expect(302).header("location").to_owned();
    first.open(&back).await.expect(303);
    let mut again = Browser::new(&authority);
    again.plant("jeton-flow", &flow);
    let answer = again.open(&second).await;
    assert_not_begun(&again, &answer);
}

/// Mallory puts the code of her own sign-in into the answer to Alice's, or the other way round.
async fn attack_27_a_code_is_taken_in_its_own_flow(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    provider.person(&somebody());
    let (mut mallory, mut alice) = (Browser::new(&authority), Browser::new(&authority));
    let (hers, his) = (until_return(&mut mallory).await, until_return(&mut alice).await);
    let asked = provider.asked("/token");
    for (browser, own, other) in [(&mut alice, &his, &hers), (&mut mallory, &hers, &his)] {
        let mut mixed = own.clone();
        let pairs = [("code", parameter(other, "code")), ("state", parameter(own, "state"))];
        mixed.query_pairs_mut().clear().extend_pairs(pairs);
        let answer = browser.open(mixed.as_str()).await.expect(400);
        assert!(answer.text.contains("Acme did not sign you in"), "{}", answer.text);
        assert_eq!(browser.cookie("jeton"), None);
    }
    assert_eq!(provider.asked("/token"), asked + 2, "the provider compares the proof of the flow (PKCE)");
}

/// RFC 9207: what one provider answers is not taken to another.
async fn attack_27_an_answer_of_another_issuer_is_not_taken_to_this_one(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    provider.person(&somebody());
    let asked = provider.asked("/token");
    let own = provider.url.clone();
    for issuer in ["https://evil.example", &format!("{own}/"), &own.to_uppercase()] {
        let mut browser = Browser::new(&authority);
        let mut back = until_return(&mut browser).await;
        back.query_pairs_mut().append_pair("iss", issuer);
        let answer = browser.open(back.as_str()).await.expect(400);
        assert!(answer.text.contains("Acme did not sign you in"), "{issuer}: {}", answer.text);
        assert_eq!(browser.cookie("jeton"), None);
    }
    assert_eq!(provider.asked("/token"), asked, "no code was taken anywhere");
    let mut browser = Browser::new(&authority);
    let mut back = until_return(&mut browser).await;
    back.query_pairs_mut().append_pair("iss", &own);
    browser.open(back.as_str()).await.expect(303);
}

async fn attack_27_what_a_provider_says_is_not_repeated(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    provider.person(&somebody());
    for error in ["access_denied", "<script>alert(1)</script>", "server_error"] {
        provider.order(&json!({"do": "say", "error": error}));
        let mut browser = Browser::new(&authority);
        let answer = browser.follow("/sign-in/acme").await.expect(400);
        assert!(answer.text.contains("Acme did not sign you in"), "{}", answer.text);
        assert!(!answer.text.contains("alert(1)") && !answer.text.contains(error), "{}", answer.text);
        assert_eq!(browser.cookie("jeton"), None);
    }
    let mut browser = Browser::new(&authority);
    let address =
        "/sign-in/acme/callback?error=x&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=x";
    let answer = browser.open(address).await.expect(400);
    assert!(!answer.text.contains("alert(1)"), "{}", answer.text);
}

async fn attack_27_a_sign_in_does_not_wait_for_ever(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    provider.person(&somebody());
    let mut browser = Browser::new(&authority);
    let back = until_return(&mut browser).await;
    authority.clock.advance_minutes(10);
    let answer = browser.open(back.as_str()).await;
    assert_not_begun(&browser, &answer);
}

async fn attack_28_a_sign_in_by_a_provider_ends_the_session_before(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    let mallory = authority.person("mallory").await;
    let planted = Browser::signed_in(&authority, &mallory.name, PASSWORD).await.session();
    provider.person(&somebody());
    let mut browser = Browser::new(&authority);
    browser.plant("jeton", &planted);
    let back = until_return(&mut browser).await;
    browser.open(back.as_str()).await.expect(303);
    assert_ne!(browser.session(), planted);
    authority.get(&planted, "/api/v1/tokens/self").await.refused(401, "revoked_token");
}

async fn attack_36_an_id_token_says_just_what_was_asked(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    for (claims, header) in [
        (json!({"nonce": "another"}), json!({})),
        (json!({"nonce": null}), json!({})),
        (json!({"iss": "https://evil.example"}), json!({})),
        (json!({"iss": null}), json!({})),
        (json!({"aud": "other"}), json!({})),
        (json!({"aud": ["jeton", "other"]}), json!({})),
        (json!({"aud": ["jeton", "other"], "azp": "other"}), json!({})),
        (json!({"azp": "other"}), json!({})),
        (json!({"aud": []}), json!({})),
        (json!({"aud": null}), json!({})),
        (json!({"sub": ""}), json!({})),
        (json!({"sub": null}), json!({})),
        (json!({"sub": 7}), json!({})),
        (json!({"exp": 1_600_000_000}), json!({})),
        (json!({"exp": null}), json!({})),
        (json!({"exp": "4000000000"}), json!({})),
        (json!({"iat": 4_000_000_000_u64}), json!({})),
        (json!({"iat": null}), json!({})),
        (json!({"nbf": 4_000_000_000_u64}), json!({})),
        (json!({}), json!({"kid": "another"})),
        (json!({}), json!({"typ": "at+jwt"})),
        (json!({}), json!({"jku": "https://evil.example/keys"})),
    ] {
        provider.person(&somebody());
        provider.order(&json!({"do": "lie", "claims": claims, "header": header}));
        let mut browser = Browser::new(&authority);
        let answer = browser.follow("/sign-in/acme").await;
        assert_eq!(answer.status, 400, "{claims} {header}: {}", answer.text);
        assert!(answer.text.contains("Acme did not sign you in"), "{}", answer.text);
        assert_eq!(browser.cookie("jeton"), None);
    }
    provider.person(&somebody());
    let two = json!({"aud": ["jeton", "other"], "azp": "jeton"});
    provider.order(&json!({"do": "lie", "claims": two}));
    Browser::new(&authority).follow("/sign-in/acme").await.expect(200);
}

async fn attack_answers_that_no_provider_stands_by_come_to_an_end(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    provider.person(&somebody());
    let mut browser = Browser::new(&authority);
    let mut back = until_return(&mut browser).await;
    browser.at = Url::parse(&authority.url("/")).unwrap();
    let flow = browser.cookie("jeton-flow").unwrap().to_owned();
    let (state, good) = (parameter(&back, "state"), back.clone());
    back.query_pairs_mut().clear().extend_pairs([("code", "made-up"), ("state", state.as_str())]);
    let attempt = async |address: &Url| {
        let mut browser = Browser::new(&authority);
        browser.plant("jeton-flow", &flow);
        browser.open(address.as_str()).await
    };
    let now = authority.stop_the_clock().await;
    for _ in 0..30 {
        attempt(&back).await.expect(400);
    }
    let asked = provider.asked("/token");
    let answer = attempt(&good).await.expect(429);
    assert!(answer.text.contains("Too many attempts"), "{}", answer.text);
    assert_eq!(provider.asked("/token"), asked, "the provider is not asked any more");
    authority.clock.stand_at_ms(now + 30_000);
    attempt(&good).await.expect(303);
}
