//! `/oauth2/device_authorization`, `/device`, and the device code at `/oauth2/token`

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::browser::{Browser, hidden};
use crate::support::{Authority, PASSWORD};

on_both! {
    alone:
        a_command_line_that_asks_too_soon_is_slowed_down,
        a_device_code_expires,
        attack_user_codes_are_not_guessed,
        attack_one_address_does_not_fill_the_table,
        the_page_says_where_and_when_it_was_asked;
    shared:
        a_command_line_without_a_browser_is_signed_in,
        a_person_may_say_no,
        attack_a_device_code_yields_one_session,
        attack_a_yes_dies_with_the_session_that_said_it,
        only_the_command_line_asks;
}

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn start(authority: &Authority) -> Value {
    let request = authority.request(Method::POST, "/oauth2/device_authorization");
    let answer = Answer::to(request.form(&[("client_id", "jeton-cli")])).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body
}

async fn poll(authority: &Authority, device: &Value) -> Answer {
    let code = device["device_code"].as_str().unwrap();
    let form = [("grant_type", GRANT), ("client_id", "jeton-cli"), ("device_code", code)];
    Answer::to(authority.request(Method::POST, "/oauth2/token").form(&form)).await
}

async fn poll_for_error(authority: &Authority, device: &Value) -> String {
    let answer = poll(authority, device).await.expect(400);
    answer.body["error"].as_str().unwrap().to_owned()
}

/// Enters the code and answers on the page that then comes.
async fn decide(browser: &mut Browser, device: &Value, decision: &str) -> Answer {
    let code = device["user_code"].as_str().unwrap();
    let page = browser.submit("/device", &[("user_code", code)]).await.expect(200);
    let hidden = hidden(&page.text);
    assert_eq!(hidden, [("user_code".to_owned(), code.to_owned())]);
    browser.submit("/device", &[("user_code", code), ("decision", decision)]).await
}

async fn a_command_line_without_a_browser_is_signed_in(authority: Authority) {
    let alice = authority.person("alice").await;
    let device = start(&authority).await;
    let code = device["user_code"].as_str().unwrap().to_owned();
    assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
    assert_eq!(device["verification_uri"], authority.url("/device"));
    assert_eq!(device["verification_uri_complete"], authority.url(&format!("/device?user_code={code}")));
    assert_eq!((&device["expires_in"], &device["interval"]), (&json!(600), &json!(5)));
    assert_eq!(poll_for_error(&authority, &device).await, "authorization_pending");

    let mut browser = Browser::new(&authority);
    let there = format!("/device?user_code={}", code.to_lowercase());
    let sign_in = browser.open(&there).await.expect(303);
    assert_eq!(sign_in.header("location"), format!("/sign-in?return_to=%2Fdevice%3Fuser_code%3D{code}"));
    let back = format!("/device?user_code={code}");
    browser.sign_in(&alice.name, PASSWORD, &back).await.expect(303);
    let page = browser.open(&back).await.expect(200);
    assert!(page.text.contains(&code) && page.text.contains(&alice.name), "{}", page.text);
    let done = decide(&mut browser, &device, "yes").await.expect(200);
    assert!(done.text.contains("The command line is signed in"), "{}", done.text);

    let issued = poll(&authority, &device).await.expect(200);
    let session = issued.body["access_token"].as_str().unwrap();
    assert_eq!(issued.body["token_type"], "Bearer");
    let record = authority.get(session, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!((record["kind"].as_str(), &record["owner"]["name"]), (Some("session"), &json!(alice.name)));
}

async fn a_person_may_say_no(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    let device = start(&authority).await;
    decide(&mut browser, &device, "no").await.expect(200);
    for _ in 0..2 {
        assert_eq!(poll_for_error(&authority, &device).await, "access_denied");
    }
    let code = device["user_code"].as_str().unwrap();
    let again = browser.submit("/device", &[("user_code", code), ("decision", "yes")]).await.expect(422);
    assert!(again.text.contains("No command line waits under this code"), "{}", again.text);
    assert_eq!(poll_for_error(&authority, &device).await, "access_denied");
}

async fn attack_a_device_code_yields_one_session(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    let device = start(&authority).await;
    decide(&mut browser, &device, "yes").await.expect(200);
    let answers = futures_util::future::join_all((0..8).map(|_| poll(&authority, &device))).await;
    let honoured = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(honoured, 1);
    assert_eq!(poll_for_error(&authority, &device).await, "invalid_grant");
    let code = device["user_code"].as_str().unwrap();
    browser.submit("/device", &[("user_code", code)]).await.expect(422);
}

async fn attack_a_yes_dies_with_the_session_that_said_it(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    let device = start(&authority).await;
    decide(&mut browser, &device, "yes").await.expect(200);
    browser.submit("/sign-out", &[]).await.expect(303);
    assert_eq!(poll_for_error(&authority, &device).await, "access_denied");
}

async fn only_the_command_line_asks(authority: Authority) {
    for form in [vec![], vec![("client_id", "other")], vec![("client_id", "")]] {
        let request = authority.request(Method::POST, "/oauth2/device_authorization").form(&form);
        assert_eq!(Answer::to(request).await.expect(400).body["error"], "invalid_client");
    }
    for (form, error) in [
        (vec![("grant_type", GRANT), ("device_code", "x")], "invalid_client"),
        (vec![("grant_type", GRANT), ("client_id", "jeton-cli")], "invalid_request"),
        (vec![("grant_type", GRANT), ("client_id", "jeton-cli"), ("device_code", "x")], "invalid_grant"),
    ] {
        let request = authority.request(Method::POST, "/oauth2/token").form(&form);
        assert_eq!(Answer::to(request).await.expect(400).body["error"], error, "{form:?}");
    }
}

async fn a_command_line_that_asks_too_soon_is_slowed_down(authority: Authority) {
    let now = authority.stop_the_clock().await;
    let device = start(&authority).await;
    assert_eq!(poll_for_error(&authority, &device).await, "authorization_pending");
    for _ in 0..2 {
        assert_eq!(poll_for_error(&authority, &device).await, "slow_down");
    }
    authority.clock.stand_at_ms(now + 60_000);
    assert_eq!(poll_for_error(&authority, &device).await, "authorization_pending");
}

async fn a_device_code_expires(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    let (early, late) = (start(&authority).await, start(&authority).await);
    decide(&mut browser, &late, "yes").await.expect(200);
    authority.clock.advance_minutes(10);
    assert_eq!(poll_for_error(&authority, &early).await, "expired_token");
    assert_eq!(poll_for_error(&authority, &late).await, "expired_token", "a yes does not wait for ever");
    let code = early["user_code"].as_str().unwrap();
    browser.submit("/device", &[("user_code", code), ("decision", "yes")]).await.expect(422);
    authority.clock.advance_minutes(10);
    assert_eq!(poll_for_error(&authority, &early).await, "invalid_grant", "then it is forgotten");
}

async fn attack_user_codes_are_not_guessed(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    authority.stop_the_clock().await;
    let device = start(&authority).await;
    let code = device["user_code"].as_str().unwrap();
    let mut browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    for at in 0..10 {
        let guess = ["BBBB-BBBB", "no code at all"][at % 2];
        let answer = match at % 3 {
            0 => browser.open(&format!("/device?user_code={}", guess.replace(' ', "+"))).await,
            1 => browser.submit("/device", &[("user_code", guess)]).await,
            _ => browser.submit("/device", &[("user_code", guess), ("decision", "yes")]).await,
        };
        answer.expect(422);
    }
    for decision in [None, Some(("decision", "yes"))] {
        let form: Vec<_> = [("user_code", code)].into_iter().chain(decision).collect();
        let answer = browser.submit("/device", &form).await.expect(429);
        assert!(answer.text.contains("Too many attempts"), "{}", answer.text);
    }
    let mut another_session = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    another_session.submit("/device", &[("user_code", code)]).await.expect(429);
    assert_eq!(poll_for_error(&authority, &device).await, "authorization_pending");

    let mut browser = Browser::signed_in(&authority, &bob.name, PASSWORD).await;
    decide(&mut browser, &device, "yes").await.expect(200);
    poll(&authority, &device).await.expect(200);
    for _ in 0..2 {
        let person = authority.person("guest").await;
        let mut browser = Browser::signed_in(&authority, &person.name, PASSWORD).await;
        for _ in 0..10 {
            browser.submit("/device", &[("user_code", "BBBB-BBBB")]).await.expect(422);
        }
    }
    let mut browser = Browser::signed_in(&authority, &bob.name, PASSWORD).await;
    browser.submit("/device", &[("user_code", "BBBB-BBBB")]).await.expect(429);
}

async fn attack_one_address_does_not_fill_the_table(authority: Authority) {
    let trusted = |settings: &mut jeton_server::Settings| {
        settings.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    };
    let authority = authority.restarted(trusted).await;
    let ask = async |from: &str| {
        let request = authority.request(Method::POST, "/oauth2/device_authorization");
        Answer::to(request.header("x-forwarded-for", from).form(&[("client_id", "jeton-cli")])).await
    };
    for _ in 0..60 {
        ask("192.0.2.1").await.expect(200);
    }
    let busy = ask("192.0.2.1").await.refused_in_oauth(429, "temporarily_unavailable");
    assert_eq!((busy.code(), busy.header("retry-after")), ("busy", "1"));
    ask("192.0.2.2").await.expect(200);
    authority.clock.advance_minutes(20);
    ask("192.0.2.1").await.expect(200);
}

async fn the_page_says_where_and_when_it_was_asked(authority: Authority) {
    let alice = authority.person("alice").await;
    let trusted = |settings: &mut jeton_server::Settings| {
        settings.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    };
    let authority = authority.restarted(trusted).await;
    let request = authority.request(Method::POST, "/oauth2/device_authorization");
    let request = request.header("x-forwarded-for", "192.0.2.77").form(&[("client_id", "jeton-cli")]);
    let device = Answer::to(request).await.expect(200).body;
    let browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    let path = format!("/device?user_code={}", device["user_code"].as_str().unwrap());
    for (from, says) in
        [("192.0.2.77", "192.0.2.77, as this browser"), ("192.0.2.78", "192.0.2.77, which is not where")]
    {
        let request = browser.request(Method::GET, &path).header("x-forwarded-for", from);
        let page = Answer::to(request).await.expect(200);
        assert!(page.text.contains(says) && page.text.contains(" UTC"), "{}", page.text);
    }
}
