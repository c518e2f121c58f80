//! `/oauth2/authorize`, and the code at `/oauth2/token`

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::json;
use url::Url;

use crate::support::answer::Answer;
use crate::support::browser::{Browser, attribute, hidden};
use crate::support::{Authority, PASSWORD};

on_both! {
    alone:
        attack_a_code_is_good_for_a_minute,
        a_code_outlives_no_failure_of_the_store,
        attack_28_a_yes_prolongs_no_sign_in;
    shared:
        a_command_line_is_signed_in_through_the_browser,
        a_person_may_say_no,
        attack_27_only_this_machine_is_answered,
        what_is_asked_wrongly_is_told_to_the_program,
        attack_a_code_is_worth_nothing_without_what_it_was_made_for,
        attack_a_code_shown_twice_ends_the_session_that_came_of_it,
        attack_a_code_dies_with_the_session_that_gave_it,
        a_disabled_person_gives_no_session;
}

const URI: &str = "http://127.0.0.1:4711/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STATE: &str = "state&\"<x>";

/// The request of a command line, with some of it different.
fn request(different: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", "jeton-cli"),
        ("redirect_uri", URI),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", STATE),
    ];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in usual {
        let different = different.iter().find(|(known, _)| *known == name);
        query.append_pair(name, different.map_or(value, |(_, value)| *value));
    }
    format!("/oauth2/authorize?{}", query.finish())
}

/// Says yes or no on the page, and answers where that leads.
async fn decide(browser: &mut Browser, page: &Answer, decision: &str) -> Url {
    let mut form = hidden(&page.text);
    form.push(("decision".to_owned(), decision.to_owned()));
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = browser.submit("/oauth2/authorize", &form).await.expect(200);
    let link = Url::parse(&attribute(&answer.text, "<a ", "href").unwrap()).unwrap();
    let refresh = attribute(&answer.text, "http-equiv=\"refresh\"", "content").unwrap();
    assert_eq!(refresh, format!("0; url={link}"));
    link
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// The code that comes of a yes.
async fn code(authority: &Authority, name: &str) -> (Browser, String) {
    let mut browser = Browser::signed_in(authority, name, PASSWORD).await;
    let page = browser.open(&request(&[])).await.expect(200);
    let code = parameter(&decide(&mut browser, &page, "yes").await, "code");
    (browser, code)
}

async fn redeem(authority: &Authority, code: &str, different: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", "jeton-cli"),
        ("redirect_uri", URI),
        ("code_verifier", VERIFIER),
        ("code", code),
    ];
    for (name, value) in &mut form {
        if let Some((_, other)) = different.iter().find(|(known, _)| known == name) {
            *value = other;
        }
    }
    Answer::to(authority.request(Method::POST, "/oauth2/token").form(&form)).await
}

#[track_caller]
fn assert_error(answer: &Answer, error: &str) {
    assert_eq!((answer.status, answer.body["error"].as_str()), (400, Some(error)), "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn a_command_line_is_signed_in_through_the_browser(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::new(&authority);
    let sign_in = browser.follow(&request(&[])).await.expect(200);
    let back = attribute(&sign_in.text, "name=\"return_to\"", "value").unwrap();
    let sent = browser.sign_in(&alice.name, PASSWORD, &back).await.expect(303);
    let to = sent.header("location").to_owned();
    let page = browser.open(&to).await.expect(200);
    assert!(page.text.contains("jeton command line on this computer"), "{}", page.text);
    assert!(page.text.contains(&alice.name));
    let link = decide(&mut browser, &page, "yes").await;
    assert!(link.as_str().starts_with("http://127.0.0.1:4711/callback?code="), "{link}");
    assert_eq!(parameter(&link, "state"), STATE);
    assert_eq!(parameter(&link, "iss"), authority.url(""));

    let issued = redeem(&authority, &parameter(&link, "code"), &[]).await.expect(200);
    assert_eq!(issued.header("cache-control"), "no-store");
    assert_eq!(issued.body["token_type"], "Bearer");
    let seconds = issued.body["expires_in"].as_i64().unwrap();
    assert!((11 * 60 * 60..=12 * 60 * 60).contains(&seconds), "as long as the browser's: {seconds}");
    let session = issued.body["access_token"].as_str().unwrap();
    assert_ne!(session, browser.session(), "the command line has a session of its own");
    let record = authority.get(session, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!(record["kind"], "session");
    assert_eq!(record["owner"], json!({"type": "user", "name": alice.name}));
    assert!(record["parent_id"].is_null());
    browser.submit("/sign-out", &[]).await.expect(303);
    authority.get(session, "/api/v1/tokens/self").await.expect(200);
}

async fn a_person_may_say_no(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    let page = browser.open(&request(&[("redirect_uri", "http://[::1]:4711/")])).await.expect(200);
    for decision in ["no", "", "YES"] {
        let link = decide(&mut browser, &page, decision).await;
        assert!(link.as_str().starts_with("http://[::1]:4711/?error=access_denied"), "{link}");
        assert_eq!(parameter(&link, "state"), STATE);
        assert_eq!(parameter(&link, "code"), "");
    }
}

async fn attack_27_only_this_machine_is_answered(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    for uri in [
        "https://evil.example/callback",
        "http://localhost:4711/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:4711@evil.example/",
        "http://127.0.0.1.evil.example:4711/",
        "javascript:alert(1)",
        "//evil.example",
        "",
    ] {
        let wrong = request(&[("redirect_uri", uri), ("response_type", "nonsense")]);
        let page = browser.open(&wrong).await.expect(400);
        assert_eq!(page.header("location"), "", "{uri}");
        assert!(page.text.contains("redirect_uri") && !page.text.contains("evil"), "{}", page.text);
        let form = [("client_id", "jeton-cli"), ("redirect_uri", uri), ("decision", "yes")];
        browser.submit("/oauth2/authorize", &form).await.expect(400);
    }
    for client in ["", "jeton", "somebody-else"] {
        browser.open(&request(&[("client_id", client)])).await.expect(400);
    }
}

async fn what_is_asked_wrongly_is_told_to_the_program(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    let long = "x".repeat(513);
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "too-short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("state", "", "invalid_request"),
        ("state", "not\u{7f}printable", "invalid_request"),
        ("state", long.as_str(), "invalid_request"),
    ] {
        let answer = browser.open(&request(&[(name, value)])).await.expect(303);
        let to = Url::parse(answer.header("location")).unwrap();
        assert_eq!((to.host_str(), to.path()), (Some("127.0.0.1"), "/callback"));
        assert_eq!(parameter(&to, "error"), error, "{name}={value}");
        let state = if name == "state" { "" } else { STATE };
        assert_eq!(parameter(&to, "state"), state, "{name}={value}");
    }
    browser.open(&format!("{}&state=again", request(&[]))).await.expect(400);
}

async fn attack_a_code_is_worth_nothing_without_what_it_was_made_for(authority: Authority) {
    let alice = authority.person("alice").await;
    let (_, good) = code(&authority, &alice.name).await;
    let other = URL_SAFE_NO_PAD.encode([7; 32]);
    for different in [
        ("code_verifier", other.as_str()),
        ("code_verifier", CHALLENGE),
        ("code_verifier", VERIFIER.get(..42).unwrap()),
        ("redirect_uri", "http://127.0.0.1:4712/callback"),
        ("redirect_uri", "http://127.0.0.1:4711/callback/"),
        ("code", good.get(..63).unwrap()),
        ("code", &"0".repeat(64)),
        ("code", &alice.session),
    ] {
        assert_error(&redeem(&authority, &good, &[different]).await, "invalid_grant");
    }
    assert_error(&redeem(&authority, &good, &[("code_verifier", "")]).await, "invalid_request");
    assert_error(&redeem(&authority, &good, &[("redirect_uri", "")]).await, "invalid_request");
    assert_error(&redeem(&authority, &good, &[("client_id", "other")]).await, "invalid_client");
    assert_error(&redeem(&authority, &good, &[("grant_type", "password")]).await, "unsupported_grant_type");
    assert_error(&redeem(&authority, &good, &[("grant_type", "")]).await, "invalid_request");
    let as_header = authority.request(Method::GET, "/api/v1/tokens/self").bearer_auth(&good);
    Answer::to(as_header).await.refused(401, "invalid_token");
    redeem(&authority, &good, &[]).await.expect(200);
}

async fn attack_a_code_shown_twice_ends_the_session_that_came_of_it(authority: Authority) {
    let alice = authority.person("alice").await;
    let (browser, code) = code(&authority, &alice.name).await;
    let answers = futures_util::future::join_all((0..8).map(|_| redeem(&authority, &code, &[]))).await;
    let honoured: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(honoured.len(), 1, "a code works once");
    let session = honoured[0].body["access_token"].as_str().unwrap();
    assert_error(&redeem(&authority, &code, &[("code_verifier", CHALLENGE)]).await, "invalid_grant");
    assert_error(&redeem(&authority, &code, &[]).await, "invalid_grant");
    authority.get(session, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200);
}

async fn attack_a_code_dies_with_the_session_that_gave_it(authority: Authority) {
    let alice = authority.person("alice").await;
    let (mut browser, code) = code(&authority, &alice.name).await;
    browser.submit("/sign-out", &[]).await.expect(303);
    assert_error(&redeem(&authority, &code, &[]).await, "access_denied");
}

async fn a_disabled_person_gives_no_session(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (mut browser, code) = code(&authority, &alice.name).await;
    let path = format!("/api/v1/users/{}", alice.name);
    authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
    assert_error(&redeem(&authority, &code, &[]).await, "access_denied");
    browser.open(&request(&[])).await.expect(303);
}

/// Whoever has nothing but a session would otherwise have one for ever, and their tokens as well.
async fn attack_28_a_yes_prolongs_no_sign_in(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    let itself = authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200).body;
    let user = format!("/api/v1/users/{}", alice.name);
    let signed_in =
        authority.get(&browser.session(), &user).await.expect(200).body["last_sign_in_at"].clone();
    for _ in 0..2 {
        authority.clock.advance_minutes(5 * 60);
        let by = authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200).body;
        let page = browser.open(&request(&[])).await.expect(200);
        let code = parameter(&decide(&mut browser, &page, "yes").await, "code");
        let issued = redeem(&authority, &code, &[]).await.expect(200);
        let session = issued.body["access_token"].as_str().unwrap();
        let record = authority.get(session, "/api/v1/tokens/self").await.expect(200).body;
        assert_eq!(record["expires_at"], itself["expires_at"], "it ends with the one that said yes");
        assert_eq!(record["created_by"], by["id"]);
        let seen = authority.get(session, &user).await.expect(200).body;
        assert_eq!(seen["last_sign_in_at"], signed_in, "a yes is no sign-in");
        browser.plant("jeton", session);
    }
}

async fn attack_a_code_is_good_for_a_minute(authority: Authority) {
    let alice = authority.person("alice").await;
    let (_, code) = code(&authority, &alice.name).await;
    authority.clock.advance_minutes(1);
    assert_error(&redeem(&authority, &code, &[]).await, "invalid_grant");
}

async fn a_code_outlives_no_failure_of_the_store(authority: Authority) {
    let alice = authority.person("alice").await;
    let (_, code) = code(&authority, &alice.name).await;
    authority.store.close().await;
    let answer = redeem(&authority, &code, &[]).await;
    assert_eq!(answer.status, 503, "not knowing is not refusing: {}", answer.text);
    assert!(!answer.text.contains("invalid_grant"));
}
