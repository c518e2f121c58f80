//! Where forms may come from, and what pages say about themselves.

use reqwest::Method;

use crate::support::answer::Answer;
use crate::support::browser::Browser;
use crate::support::{Authority, PASSWORD};

on_both! {
    shared:
        attack_25_a_form_from_elsewhere_is_refused_and_nothing_is_done,
        attack_25_nobody_is_signed_in_by_another_site,
        attack_25_a_form_says_that_it_is_one,
        attack_25_pages_are_framed_by_nobody_and_load_nothing_from_elsewhere;
}

const POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// What browsers send along with a form from another site, and what no browser sends.
fn foreign(authority: &Authority) -> Vec<Vec<(&'static str, String)>> {
    let field = |name, value: &str| (name, value.to_owned());
    let ours = authority.url("");
    vec![
        vec![],
        vec![field("sec-fetch-site", "cross-site"), ("origin", ours.clone())],
        vec![field("sec-fetch-site", "same-site"), ("origin", ours.clone())],
        vec![field("sec-fetch-site", "none"), ("origin", ours.clone())],
        vec![field("sec-fetch-site", "")],
        vec![field("sec-fetch-site", "same-origin"), field("sec-fetch-site", "cross-site")],
        vec![field("origin", "https://evil.example")],
        vec![field("origin", "null")],
        vec![field("origin", &format!("{ours}.evil.example"))],
        vec![field("origin", &ours.replace("http://", "ftp://"))],
        vec![field("origin", &format!("{ours}/"))],
        vec![field("referer", &ours)],
    ]
}

async fn attack_25_a_form_from_elsewhere_is_refused_and_nothing_is_done(authority: Authority) {
    let alice = authority.person("alice").await;
    let browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    for fields in foreign(&authority) {
        for path in ["/sign-in", "/sign-out", "/device", "/oauth2/authorize"] {
            let form = [("user", alice.name.as_str()), ("password", PASSWORD), ("decision", "yes")];
            let request = browser.request(Method::POST, path).form(&form);
            let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, value));
            let answer = Answer::to(request).await.expect(403);
            assert!(answer.text.contains("pages of this server only"), "{fields:?}: {}", answer.text);
            assert!(answer.header("set-cookie").is_empty() && answer.header("location").is_empty());
        }
    }
    authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200);
    let own = browser.request(Method::POST, "/sign-out").header("origin", authority.url(""));
    Answer::to(own.form(&[("x", "y")])).await.expect(303);
}

async fn attack_25_nobody_is_signed_in_by_another_site(authority: Authority) {
    let mallory = authority.person("mallory").await;
    let form = [("user", mallory.name.as_str()), ("password", PASSWORD)];
    let request = authority.request(Method::POST, "/sign-in").form(&form);
    let answer = Answer::to(request.header("origin", "https://evil.example")).await.expect(403);
    assert!(answer.header("set-cookie").is_empty());
}

async fn attack_25_a_form_says_that_it_is_one(authority: Authority) {
    let alice = authority.person("alice").await;
    let browser = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x", ""] {
        let request = browser.request(Method::POST, "/sign-out").header("sec-fetch-site", "same-origin");
        Answer::to(request.header("content-type", kind).body("decision=yes")).await.expect(415);
    }
    let twice = browser.request(Method::POST, "/sign-in").header("sec-fetch-site", "same-origin");
    let twice = twice.header("content-type", "application/x-www-form-urlencoded");
    Answer::to(twice.body("user=a&user=b")).await.expect(400);
    authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200);
}

async fn attack_25_pages_are_framed_by_nobody_and_load_nothing_from_elsewhere(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut signed_in = Browser::signed_in(&authority, &alice.name, PASSWORD).await;
    let mut stranger = Browser::new(&authority);
    let answers = [
        stranger.open("/sign-in").await.expect(200),
        stranger.open("/device").await.expect(303),
        stranger.open("/oauth2/authorize").await.expect(400),
        stranger.sign_in("nobody-at-all", PASSWORD, "").await.expect(401),
        signed_in.open("/sign-in").await.expect(200),
        signed_in.open("/device").await.expect(200),
        signed_in.submit("/device", &[("user_code", "no code")]).await.expect(422),
        signed_in.open("/device?user_code=a&user_code=b").await.expect(400),
    ];
    for answer in &answers {
        assert_eq!(answer.header("content-security-policy"), POLICY, "{}", answer.text);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-request-id").len(), 16);
    }
    let style = stranger.open("/assets/page.css").await.expect(200);
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(
        !style.text.contains("url(") && !style.text.contains("@import"),
        "nothing is loaded from elsewhere"
    );
    assert!(answers[0].text.contains("href=\"/assets/page.css\""));
}
