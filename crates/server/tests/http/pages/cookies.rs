//! The cookie: read by pages only, never beside another credential, and out of a neighbour's reach over HTTPS.

use reqwest::Method;

use crate::support::answer::Answer;
use crate::support::browser::Browser;
use crate::support::{Authority, PASSWORD};

on_both! {
    alone: over_https_the_cookie_is_of_this_host_alone;
    shared:
        attack_17_a_cookie_and_another_credential_are_one_too_many,
        attack_17_a_cookie_opens_no_door_but_pages,
        only_a_session_in_a_cookie_is_somebody;
}

async fn over_https_the_cookie_is_of_this_host_alone(authority: Authority) {
    let alice = authority.person("alice").await;
    let url = "https://tokens.example.org/jeton";
    let authority = authority.restarted(|settings| settings.public_url = Some(url.parse().unwrap())).await;
    let mut browser = Browser::new(&authority);
    let answer = browser.sign_in(&alice.name, PASSWORD, "/device").await.expect(303);
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-jeton=jtn_ses_"), "{cookie}");
    assert!(
        cookie.contains("; Secure") && cookie.contains("; Path=/;") && !cookie.contains("Domain"),
        "{cookie}"
    );
    assert_eq!(
        answer.header("location"),
        "/jeton/device",
        "the path of the public address stands before ours"
    );
    assert!(browser.open("/sign-in").await.text.contains("href=\"/jeton/assets/page.css\""));

    let session = browser.cookie("__Host-jeton").unwrap().to_owned();
    let mut planted = Browser::new(&authority);
    planted.plant("jeton", &session);
    assert!(planted.open("/sign-in").await.text.contains("Password"), "the plain name is not read here");
    let request = Browser::new(&authority).request(Method::POST, "/sign-in");
    let request = request.header("origin", "https://tokens.example.org");
    Answer::to(request.form(&[("user", alice.name.as_str()), ("password", PASSWORD)])).await.expect(303);
}

async fn attack_17_a_cookie_and_another_credential_are_one_too_many(authority: Authority) {
    let alice = authority.person("alice").await;
    let browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    for path in ["/sign-in", "/device", "/oauth2/authorize"] {
        let request = browser.request(Method::GET, path).bearer_auth(&alice.session);
        let answer = Answer::to(request).await.expect(400);
        assert!(answer.text.contains("one credential"), "{path}: {}", answer.text);
    }
    // Elsewhere no cookie is a credential, so it is none too many.
    for cookie in [&format!("a=b; jeton={}", browser.session()), "__Host-jeton=x", "jeton=x; jeton=y"] {
        let request = authority.request(Method::GET, "/api/v1/tokens/self").bearer_auth(&alice.session);
        let answer = Answer::to(request.header("cookie", cookie)).await.expect(200);
        assert_eq!(answer.body["id"], crate::support::sample::id_of(&alice.session));
    }
    let twice = format!("jeton={}; jeton={}", browser.session(), alice.session);
    let twice = authority.request(Method::GET, "/device").header("cookie", twice);
    Answer::to(twice).await.expect(400);
}

async fn attack_17_a_cookie_opens_no_door_but_pages(authority: Authority) {
    let alice = authority.person("alice").await;
    let browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    for (method, path) in [
        (Method::GET, "/api/v1/tokens/self"),
        (Method::GET, "/api/v1/tokens"),
        (Method::POST, "/api/v1/tokens"),
        (Method::DELETE, "/api/v1/tokens/self"),
        (Method::POST, "/oauth2/introspect"),
        (Method::POST, "/api/v1/verify"),
    ] {
        let request = browser.request(method.clone(), path).header("sec-fetch-site", "same-origin");
        let answer = Answer::to(request).await.expect(401);
        assert_eq!(answer.code(), "invalid_token", "{path}");
    }
}

async fn only_a_session_in_a_cookie_is_somebody(authority: Authority) {
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    for text in [pat.secret.as_str(), &authority.api().await, "garbage", ""] {
        let mut browser = Browser::new(&authority);
        browser.plant("jeton", text);
        assert!(browser.open("/sign-in").await.expect(200).text.contains("Password"), "{text}");
        let answer = browser.open("/device").await.expect(303);
        assert_eq!(answer.header("location"), "/sign-in?return_to=%2Fdevice", "{text}");
    }
    let mut browser = Browser::new(&authority);
    browser.plant("jeton", &alice.session);
    browser.open("/device").await.expect(200);
}
