//! `/api/v1/users/{name}/identities`

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::provider::Quick;
use crate::support::{Authority, fresh};

on_both! {
    alone: an_administrator_links_an_account_that_no_rule_lets_in;
    shared:
        links_are_made_listed_and_ended,
        an_account_belongs_to_one_user,
        whoever_does_not_cover_a_user_links_nothing_to_them,
        fields_are_checked;
}

const ISSUER: &str = "https://login.example.org";

fn path(name: &str) -> String {
    format!("/api/v1/users/{name}/identities")
}

fn account(subject: &str) -> Value {
    json!({"issuer": ISSUER, "subject": subject})
}

async fn an_administrator_links_an_account_that_no_rule_lets_in(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, "").await else { return };
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    provider.person(&json!({"sub": "a", "preferred_username": "somebody-else"}));
    Browser::new(&authority).follow("/sign-in/acme").await.expect(403);
    let link = json!({"issuer": provider.url, "subject": "a"});
    let made = authority.post(&admin, &path(&alice.name), link).await.expect(201).body;
    let mut browser = Browser::new(&authority);
    browser.follow("/sign-in/acme").await.expect(200);
    let record = authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!(record["owner"]["name"], alice.name);
    let link = format!("{}/{}", path(&alice.name), made["id"].as_str().unwrap());
    authority.delete(&admin, &link).await.expect(204);
    Browser::new(&authority).follow("/sign-in/acme").await.expect(403);
    authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200);
}

async fn links_are_made_listed_and_ended(authority: Authority) {
    let (admin, alice, bob) =
        (authority.admin().await, authority.person("alice").await, authority.person("bob").await);
    let subject = fresh("subject");
    let made = authority.post(&admin, &path(&alice.name), account(&subject)).await.expect(201).body;
    assert_eq!((&made["issuer"], &made["subject"]), (&json!(ISSUER), &json!(subject)));
    assert!(made["linked_by"].is_string() && made["created_at"].is_string(), "{made}");
    for caller in [&admin, &alice.session] {
        let listed = authority.get(caller, &path(&alice.name)).await.expect(200).body;
        assert_eq!(listed["items"], json!([made]));
    }
    authority.get(&bob.session, &path(&alice.name)).await.refused(404, "not_found");
    let one = format!("{}/{}", path(&alice.name), made["id"].as_str().unwrap());
    authority.delete(&alice.session, &one).await.refused(403, "insufficient_scope");
    let elsewhere = format!("{}/{}", path(&bob.name), made["id"].as_str().unwrap());
    authority.delete(&admin, &elsewhere).await.refused(404, "not_found");
    authority.delete(&admin, &one).await.expect(204);
    authority.delete(&admin, &one).await.refused(404, "not_found");
    authority.post(&admin, &path(&bob.name), account(&subject)).await.expect(201);
}

async fn an_account_belongs_to_one_user(authority: Authority) {
    let (admin, alice, bob) =
        (authority.admin().await, authority.person("alice").await, authority.person("bob").await);
    let subject = fresh("subject");
    authority.post(&admin, &path(&alice.name), account(&subject)).await.expect(201);
    for name in [&alice.name, &bob.name] {
        authority.post(&admin, &path(name), account(&subject)).await.refused(409, "identity_taken");
    }
    let elsewhere = json!({"issuer": "https://other.example.org", "subject": subject});
    authority.post(&admin, &path(&bob.name), elsewhere).await.expect(201);
    authority.delete(&admin, &format!("/api/v1/users/{}", alice.name)).await.expect(204);
    authority.post(&admin, &path(&bob.name), account(&subject)).await.expect(201);
}

async fn whoever_does_not_cover_a_user_links_nothing_to_them(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let narrow = authority.pat(&admin, &["Jeton.Admin.User"]).await;
    let subject = fresh("subject");
    for name in [alice.name.as_str(), "admin"] {
        let refused = authority.post(&narrow.secret, &path(name), account(&subject)).await;
        refused.refused(403, "scope_exceeds_grant");
    }
    let boss = authority.pat(&admin, &["*"]).await;
    let own = authority.post(&boss.secret, &path("admin"), account(&subject)).await;
    own.refused(403, "scope_exceeds_grant");
    let (mine, others) = (path(&alice.name), path("admin"));
    authority.post(&alice.session, &mine, account(&subject)).await.refused(403, "insufficient_scope");
    let hidden = authority.post(&alice.session, &others, account(&subject)).await;
    hidden.refused(403, "insufficient_scope");
    authority.post(&boss.secret, &mine, account(&subject)).await.expect(201);
}

async fn fields_are_checked(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    for (body, pointer) in [
        (json!({"issuer": "", "subject": "a"}), "/issuer"),
        (json!({"issuer": "two words", "subject": "a"}), "/issuer"),
        (json!({"issuer": ISSUER, "subject": ""}), "/subject"),
        (json!({"issuer": ISSUER, "subject": "two\nlines"}), "/subject"),
        (json!({"issuer": ISSUER, "subject": "x".repeat(10_000)}), "/subject"),
    ] {
        authority.post(&admin, &path(&alice.name), body).await.invalid(pointer, "invalid_field");
    }
    let more = json!({"issuer": ISSUER, "subject": "a", "email": "a@example.org"});
    authority.post(&admin, &path(&alice.name), more).await.invalid("/email", "unknown_field");
    authority.post(&admin, &path("nobody-at-all"), account("a")).await.refused(404, "not_found");
    authority.get(&admin, &path("nobody-at-all")).await.refused(404, "not_found");
    authority.delete(&admin, &format!("{}/no-id", path(&alice.name))).await.refused(404, "not_found");
}
