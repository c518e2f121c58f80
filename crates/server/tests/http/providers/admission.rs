//! Who gets in: by rules, and never by a name.

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::browser::Browser;
use crate::support::provider::{ANYBODY, Quick};
use crate::support::{Authority, fresh};

on_both! {
    alone:
        nobody_gets_in_without_a_rule,
        a_rule_lets_in_by_a_confirmed_mail_address,
        a_rule_lets_in_by_a_group,
        whom_no_rule_fits_any_more_stays_out,
        attack_a_name_makes_nobody_somebody_else,
        a_disabled_or_removed_user_does_not_get_in,
        what_is_no_name_here_is_said,
        people_with_names_in_any_alphabet_get_in,
        attack_a_name_that_looks_like_a_derived_one_makes_nobody_somebody_else,
        what_the_id_token_leaves_out_is_asked_for,
        a_provider_that_does_not_answer_is_told_as_such;
}

/// What comes of a sign-in at the provider.
async fn attempt(authority: &Authority) -> (Browser, Answer) {
    let mut browser = Browser::new(authority);
    let answer = browser.follow("/sign-in/acme").await;
    (browser, answer)
}

/// What comes of it for this person.
async fn as_person(authority: &Authority, provider: &mut Quick, claims: &Value) -> (Browser, Answer) {
    provider.person(claims);
    attempt(authority).await
}

#[track_caller]
fn assert_refused((browser, answer): &(Browser, Answer), says: &str) {
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.text.contains(says), "{}", answer.text);
    assert_eq!(browser.cookie("jeton"), None);
}

async fn nobody_gets_in_without_a_rule(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, "").await else { return };
    let name = fresh("alice");
    let claims = json!({
        "sub": "a", "preferred_username": name, "groups": ["everyone"], "email": "a@example.org",
        "email_verified": true,
    });
    assert_refused(&as_person(&authority, &mut provider, &claims).await, "no rule lets you in");
    let admin = authority.admin().await;
    authority.get(&admin, &format!("/api/v1/users/{name}")).await.refused(404, "not_found");
}

async fn a_rule_lets_in_by_a_confirmed_mail_address(authority: Authority) {
    let rules = "allow = { domains = [\"example.org\"] }";
    let Some((authority, mut provider)) = Quick::of(authority, rules).await else { return };
    for (mail, confirmed, gets_in) in [
        ("alice@example.org", json!(true), true),
        ("alice@EXAMPLE.org", json!("true"), true),
        ("alice@example.org", json!(false), false),
        ("alice@example.org", json!(null), false),
        ("alice@example.org", json!(1), false),
        ("alice@evil.example", json!(true), false),
        ("alice@example.org.evil.example", json!(true), false),
        ("alice@sub.example.org", json!(true), false),
        ("alice@evil.example@example.org.", json!(true), false),
        ("example.org", json!(true), false),
    ] {
        let claims = json!({
            "sub": fresh("subject"), "preferred_username": fresh("alice"), "email": mail, "email_verified": confirmed,
        });
        let (_, answer) = as_person(&authority, &mut provider, &claims).await;
        assert_eq!(answer.status == 200, gets_in, "{mail} {confirmed}: {}", answer.text);
    }
}

async fn a_rule_lets_in_by_a_group(authority: Authority) {
    let rules = "groups_claim = \"roles\"\nallow = { groups = [\"staff\", \"ops\"] }";
    let Some((authority, mut provider)) = Quick::of(authority, rules).await else { return };
    for (groups, gets_in) in [
        (json!(["guests", "ops"]), true),
        (json!("staff"), true),
        (json!(["STAFF"]), false),
        (json!(["staff "]), false),
        (json!({"staff": true}), false),
        (json!([["staff"]]), false),
        (json!([]), false),
        (json!(null), false),
    ] {
        let claims = json!({"sub": fresh("subject"), "preferred_username": fresh("alice"), "roles": groups, "groups": ["staff"]});
        let (_, answer) = as_person(&authority, &mut provider, &claims).await;
        assert_eq!(answer.status == 200, gets_in, "{groups}: {}", answer.text);
    }
}

async fn whom_no_rule_fits_any_more_stays_out(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, "allow = { groups = [\"staff\"] }").await
    else {
        return;
    };
    let name = fresh("alice");
    let claims = |groups: Value| json!({"sub": "a", "preferred_username": name, "groups": groups});
    let (browser, answer) = as_person(&authority, &mut provider, &claims(json!(["staff"]))).await;
    answer.expect(200);
    let left = as_person(&authority, &mut provider, &claims(json!(["guests"]))).await;
    assert_refused(&left, "no rule lets you in");
    authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200);
}

async fn attack_a_name_makes_nobody_somebody_else(authority: Authority) {
    let admin = authority.admin().await;
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    let victim = authority.get(&admin, "/api/v1/users/admin").await.expect(200).body;
    for (name, subject) in
        [("admin", "mallory"), ("ADMIN", "admin"), ("Admin", victim["id"].as_str().unwrap())]
    {
        let claims = json!({
            "sub": subject, "preferred_username": name, "email": "admin@example.org", "email_verified": true,
        });
        let refused = as_person(&authority, &mut provider, &claims).await;
        assert_refused(&refused, "Somebody here is called `admin` already");
        assert!(refused.1.text.contains("/api/v1/users/admin/identities"), "{}", refused.1.text);
    }
    let listed = authority.get(&admin, "/api/v1/users/admin/identities").await.expect(200).body;
    assert_eq!(listed["items"], json!([]), "nothing was linked");
}

async fn a_disabled_or_removed_user_does_not_get_in(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    let (admin, name) = (authority.admin().await, fresh("alice"));
    let claims = json!({"sub": "a", "preferred_username": name});
    let (browser, answer) = as_person(&authority, &mut provider, &claims).await;
    answer.expect(200);
    let path = format!("/api/v1/users/{name}");
    authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
    assert_refused(&attempt(&authority).await, "disabled or removed");
    authority.get(&browser.session(), "/api/v1/tokens/self").await.refused(401, "invalid_token");
    authority.patch(&admin, &path, json!({"disabled": false})).await.expect(200);
    attempt(&authority).await.1.expect(200);
    authority.delete(&admin, &path).await.expect(204);
    assert_refused(&attempt(&authority).await, "disabled or removed");
    authority.get(&admin, &path).await.refused(404, "not_found");
}

async fn what_is_no_name_here_is_said(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    let bad = json!({"sub": "a", "preferred_username": format!("<b>Alice{}</b>", "x".repeat(256))});
    let refused = as_person(&authority, &mut provider, &bad).await;
    assert_refused(&refused, "cannot be a user name here");
    assert!(!refused.1.text.contains("<b>"), "{}", refused.1.text);
    for missing in [json!({"sub": "a"}), json!({"sub": "a", "preferred_username": 7})] {
        let refused = as_person(&authority, &mut provider, &missing).await;
        assert_refused(&refused, "the claim `preferred_username` is missing");
    }
}

async fn people_with_names_in_any_alphabet_get_in(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    let admin = authority.admin().await;
    for label in ["ann_ext#EXT#@x.onmicrosoft.com", "O'Brien", "Müller", "R&D", "王小明"] {
        let claims = json!({"sub": label, "preferred_username": label});
        let mut names = Vec::new();
        for _ in 0..2 {
            let (browser, answer) = as_person(&authority, &mut provider, &claims).await;
            answer.expect(200);
            let own = authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200).body;
            names.push(own["owner"]["name"].as_str().unwrap().to_owned());
        }
        assert_eq!(names[0], names[1], "who they are follows from the subject");
        let expected = jeton_token::PrincipalName::of_directory(label).unwrap();
        assert_eq!(names[0], expected.as_str());
        let user = authority.get(&admin, &format!("/api/v1/users/{expected}")).await.expect(200).body;
        assert_eq!(user["display_name"], label, "people are shown what they know");
        // What a directory sends by SCIM has the same name.
        let found =
            format!("/scim/v2/Users?{}", crate::scim::filter(&format!("userName eq {}", json!(label))));
        let found = authority.get(&admin, &found).await.expect(200).body;
        assert_eq!(
            (&found["Resources"][0]["id"], &found["Resources"][0]["userName"]),
            (&user["id"], &json!(label))
        );
    }
}

async fn attack_a_name_that_looks_like_a_derived_one_makes_nobody_somebody_else(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, ANYBODY).await else { return };
    let derived = jeton_token::PrincipalName::of_directory("Müller").unwrap();
    let (browser, answer) =
        as_person(&authority, &mut provider, &json!({"sub": "a", "preferred_username": "Müller"})).await;
    answer.expect(200);
    for claimed in [derived.as_str(), "MÜLLER"] {
        let evil = json!({"sub": "evil", "preferred_username": claimed});
        let refused = as_person(&authority, &mut provider, &evil).await;
        assert_refused(&refused, "is called");
    }
    authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200);
}

async fn what_the_id_token_leaves_out_is_asked_for(authority: Authority) {
    let rules = "allow = { groups = [\"staff\"] }";
    let Some((authority, mut provider)) = Quick::of(authority, rules).await else { return };
    let name = fresh("alice");
    provider.person(&json!({"sub": "a", "preferred_username": name}));
    provider.order(&json!({"do": "more", "claims": {"sub": "somebody-else", "groups": ["staff"]}}));
    attempt(&authority).await.1.expect(400);
    let more = json!({"sub": "a", "groups": ["staff"], "preferred_username": "another"});
    provider.order(&json!({"do": "more", "claims": more}));
    let (browser, answer) = attempt(&authority).await;
    answer.expect(200);
    let record = authority.get(&browser.session(), "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!(record["owner"]["name"], name, "what is signed counts more");
    let asked = provider.asked("/userinfo");
    provider.person(&json!({"sub": "a", "preferred_username": name, "groups": ["staff"]}));
    attempt(&authority).await.1.expect(200);
    assert_eq!(provider.asked("/userinfo"), asked, "nothing was missing");
}

async fn a_provider_that_does_not_answer_is_told_as_such(authority: Authority) {
    let Some((authority, provider)) = Quick::of(authority, ANYBODY).await else { return };
    drop(provider);
    let (browser, answer) = attempt(&authority).await;
    let answer = answer.expect(503);
    assert!(answer.text.contains("Acme cannot be asked just now"), "{}", answer.text);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(browser.cookie("jeton"), None);
    Browser::new(&authority).open("/sign-in/nobody").await.expect(404);
    Browser::new(&authority).open("/sign-in/nobody/callback").await.expect(404);
}
