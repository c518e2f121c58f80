//! The whole way, through the pages of a real provider.

use serde_json::json;

use crate::support::browser::{Browser, attribute};
use crate::support::provider::{ANYBODY, WithPages};
use crate::support::{Authority, fresh};

on_both! {
    alone:
        a_person_signs_in_through_a_provider,
        a_provider_that_wants_a_secret_gets_it,
        a_person_who_says_no_there_is_not_signed_in;
}

async fn a_person_signs_in_through_a_provider(authority: Authority) {
    let Some((authority, mut provider)) = WithPages::of(authority, ANYBODY, None).await else { return };
    let (name, subject) = (fresh("alice"), fresh("subject"));
    let claims = json!({
        "preferred_username": name.to_uppercase(), "name": "Alice A.", "email": "alice@example.org",
        "email_verified": true,
    });
    provider.accounts(&json!({ subject.as_str(): claims }));

    let mut browser = Browser::new(&authority);
    let sign_in = browser.open("/sign-in?return_to=/device").await.expect(200);
    assert!(sign_in.text.contains("Continue with Acme"), "{}", sign_in.text);
    let button = attribute(&sign_in.text, "class=\"button quiet\"", "href").unwrap();
    assert_eq!(button, "/sign-in/acme?return_to=%2Fdevice");
    let page = provider.sign_in(&mut browser, &subject, &button).await.expect(200);
    assert!(page.text.contains("Enter the code") && page.text.contains(&name), "{}", page.text);
    assert_eq!(browser.at.path(), "/device");
    assert_eq!(browser.cookie("jeton-flow"), None, "what belonged to the sign-in is gone");

    let admin = authority.admin().await;
    let user = authority.get(&admin, &format!("/api/v1/users/{name}")).await.expect(200).body;
    assert_eq!(
        (user["display_name"].as_str(), user["email"].as_str()),
        (Some("Alice A."), Some("alice@example.org"))
    );
    assert!(user["last_sign_in_at"].is_string(), "{user}");
    let record = authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!(record["kind"], "session");
    authority.pat(&browser.session(), &["Jeton.Token.Read"]).await;
    authority.sign_in(&name, "").await.refused(401, "invalid_password");

    let mut again = Browser::new(&authority);
    provider.accounts(&json!({ subject.as_str(): {"preferred_username": "renamed", "name": "B"} }));
    provider.sign_in(&mut again, &subject, "/sign-in/acme").await.expect(200);
    let record = authority.get(&again.session(), "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!(record["owner"]["name"], name, "who they are follows from the subject alone");
}

async fn a_provider_that_wants_a_secret_gets_it(authority: Authority) {
    let secret = "s3cret:with/odd+characters%";
    let Some((authority, mut provider)) = WithPages::of(authority, ANYBODY, Some(secret)).await else {
        return;
    };
    let name = fresh("alice");
    provider.accounts(&json!({ "a": {"preferred_username": name} }));
    let mut browser = Browser::new(&authority);
    let page = provider.sign_in(&mut browser, "a", "/sign-in/acme").await.expect(200);
    assert!(page.text.contains(&name), "{}", page.text);
}

async fn a_person_who_says_no_there_is_not_signed_in(authority: Authority) {
    let Some((authority, mut provider)) = WithPages::of(authority, ANYBODY, None).await else { return };
    provider.accounts(&json!({ "a": {"preferred_username": "alice"} }));
    let mut browser = Browser::new(&authority);
    let page = browser.follow("/sign-in/acme").await.expect(200);
    let action = attribute(&page.text, "<form", "action").unwrap();
    let abort = format!("{action}/abort");
    let told = browser.follow(&abort).await.expect(400);
    assert!(told.text.contains("Acme did not sign you in"), "{}", told.text);
    assert_eq!(browser.cookie("jeton"), None);
}
