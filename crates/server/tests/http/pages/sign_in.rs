//! `/sign-in` and `/sign-out`

use reqwest::Method;

use crate::support::answer::Answer;
use crate::support::browser::{Browser, attribute};
use crate::support::{Authority, PASSWORD};

on_both! {
    alone:
        a_page_says_when_to_try_again,
        a_page_says_that_nothing_can_be_known;
    shared:
        a_browser_signs_in_and_out,
        a_wrong_password_is_told_on_the_form,
        what_somebody_typed_is_text_on_the_page,
        attack_27_the_way_back_leads_only_to_pages_of_this_server,
        attack_28_a_sign_in_begins_a_session_of_its_own_and_ends_the_one_before,
        attack_28_a_sign_out_ends_the_session_at_the_server;
}

async fn a_browser_signs_in_and_out(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::new(&authority);
    let form = browser.open("/sign-in").await.expect(200);
    assert_eq!(form.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(form.header("cache-control"), "no-store");
    assert!(form.text.contains("<label for=\"user\">") && form.text.contains("<label for=\"password\">"));
    assert!(!form.text.contains("<script") && !form.text.contains("style="), "{}", form.text);

    let answer = browser.sign_in(&alice.name, PASSWORD, "").await.expect(303);
    assert_eq!(answer.header("location"), "/sign-in");
    assert_eq!(answer.header("cache-control"), "no-store");
    let cookie = answer.header("set-cookie").to_owned();
    for attribute in ["jeton=jtn_ses_", "Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=43200"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let home = browser.open("/sign-in").await.expect(200);
    assert!(home.text.contains(&alice.name) && home.text.contains("Sign out"), "{}", home.text);
    let session = browser.session();
    let record = authority.get(&session, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!(record["kind"], "session", "it is a token like any other session");

    let out = browser.submit("/sign-out", &[]).await.expect(303);
    assert_eq!(out.header("location"), "/sign-in");
    assert_eq!(browser.cookie("jeton"), None);
    assert!(browser.open("/sign-in").await.text.contains("Password"));
}

async fn a_wrong_password_is_told_on_the_form(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::new(&authority);
    for (user, password) in [(alice.name.as_str(), "wrong password"), ("nobody-at-all", PASSWORD)] {
        let answer = browser.sign_in(user, password, "/device").await.expect(401);
        assert!(answer.text.contains("User name and password do not fit."), "{}", answer.text);
        assert_eq!(answer.header("www-authenticate"), "", "a browser must not ask by itself");
        assert_eq!(attribute(&answer.text, "id=\"user\"", "value").as_deref(), Some(user));
        assert_eq!(attribute(&answer.text, "name=\"return_to\"", "value").as_deref(), Some("/device"));
        assert!(!answer.text.contains(password) && answer.header("set-cookie").is_empty());
    }
}

async fn what_somebody_typed_is_text_on_the_page(authority: Authority) {
    let mut browser = Browser::new(&authority);
    let name = "\"><script>alert(1)</script><img src=x onerror='x'>";
    let answer = browser.sign_in(name, "wrong password", "").await.expect(401);
    assert_eq!(attribute(&answer.text, "id=\"user\"", "value").as_deref(), Some(name));
    assert!(!answer.text.contains("<script") && !answer.text.contains("<img"), "{}", answer.text);
}

async fn attack_27_the_way_back_leads_only_to_pages_of_this_server(authority: Authority) {
    let alice = authority.person("alice").await;
    for bad in [
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/api/v1/tokens",
        "/sign-in/../x",
        "/device\r\nlocation: https://evil.example",
    ] {
        let mut browser = Browser::new(&authority);
        let answer = browser.sign_in(&alice.name, PASSWORD, bad).await.expect(303);
        assert_eq!(answer.header("location"), "/sign-in", "{bad}");
        let query: String = url::form_urlencoded::byte_serialize(bad.as_bytes()).collect();
        let page = browser.open(&format!("/sign-in?return_to={query}")).await.expect(200);
        assert!(!page.text.contains("evil") && !page.text.contains("javascript"), "{}", page.text);
        let page = Browser::new(&authority).open(&format!("/sign-in?return_to={query}")).await.expect(200);
        assert_eq!(attribute(&page.text, "name=\"return_to\"", "value").as_deref(), Some("/sign-in"));
    }
    let mut browser = Browser::new(&authority);
    let answer = browser.sign_in(&alice.name, PASSWORD, "/device?user_code=BCDF-GHJK").await.expect(303);
    assert_eq!(answer.header("location"), "/device?user_code=BCDF-GHJK");
    let again = browser.open("/sign-in?return_to=/device").await.expect(303);
    assert_eq!(again.header("location"), "/device");
}

async fn attack_28_a_sign_in_begins_a_session_of_its_own_and_ends_the_one_before(authority: Authority) {
    let (alice, mallory) = (authority.person("alice").await, authority.person("mallory").await);
    let planted = Browser::signed_in(&authority, &mallory.name, PASSWORD).await.session();
    let mut browser = Browser::new(&authority);
    browser.plant("jeton", &planted);
    browser.sign_in(&alice.name, PASSWORD, "").await.expect(303);
    assert_ne!(browser.session(), planted);
    authority.get(&planted, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    assert!(browser.open("/sign-in").await.text.contains(&alice.name));

    for planted in ["chosen-by-mallory", "jtn_ses_", &alice.session.replace("ses", "pat")] {
        let mut browser = Browser::new(&authority);
        browser.plant("jeton", planted);
        browser.sign_in(&alice.name, PASSWORD, "").await.expect(303);
        assert_ne!(browser.session(), planted);
    }
}

async fn attack_28_a_sign_out_ends_the_session_at_the_server(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    let session = browser.session();
    browser.submit("/sign-out", &[]).await.expect(303);
    authority.get(&session, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    browser.plant("jeton", &session);
    assert!(browser.open("/sign-in").await.expect(200).text.contains("Password"));
    authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200);
    Browser::new(&authority).submit("/sign-out", &[]).await.expect(303);
}

async fn a_page_says_when_to_try_again(authority: Authority) {
    let alice = authority.person("alice").await;
    authority.stop_the_clock().await;
    let mut browser = Browser::new(&authority);
    for _ in 0..10 {
        browser.sign_in(&alice.name, "wrong password", "").await.expect(401);
    }
    let answer = browser.sign_in(&alice.name, PASSWORD, "").await.expect(429);
    assert!(answer.text.contains("Too many attempts. Try again in "), "{}", answer.text);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() <= 60);
    authority.sign_in(&alice.name, PASSWORD).await.refused(429, "too_many_attempts");
}

async fn a_page_says_that_nothing_can_be_known(authority: Authority) {
    let alice = authority.person("alice").await;
    let browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    authority.store.close().await;
    let mut stranger = Browser::new(&authority);
    stranger.open("/sign-in").await.expect(200);
    stranger.sign_in(&alice.name, PASSWORD, "").await.expect(503);
    for path in ["/sign-in", "/device"] {
        let answer = Answer::to(browser.request(Method::GET, path)).await.expect(503);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(answer.header("retry-after"), "1", "{path}");
    }
}
