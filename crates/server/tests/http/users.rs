//! `/api/v1/users`

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::{Authority, PASSWORD, fresh};

on_both! {
    alone:
        the_last_administrator_stays,
        users_are_listed_newest_first_page_by_page,
        the_first_password_lies_in_a_file_until_it_is_changed;
    shared:
        put_makes_or_replaces_and_keeps_what_it_must,
        only_those_who_administer_users_do,
        people_see_themselves_and_nobody_else,
        a_new_password_ends_the_other_sessions,
        people_change_their_own_password_with_the_present_one,
        administrators_change_their_own_password_with_the_present_one_too,
        an_administrator_who_says_somebodys_present_password_is_stopped,
        a_token_does_not_set_the_password_of_its_owner,
        whoever_does_not_cover_a_user_does_not_set_their_password,
        a_disabled_user_is_suspended_and_an_enabled_one_revived,
        a_removed_user_is_gone_for_good,
        fields_and_names_are_checked;
}

fn path(name: &str) -> String {
    format!("/api/v1/users/{name}")
}

async fn put_makes_or_replaces_and_keeps_what_it_must(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("carol"));
    let body = json!({"password": PASSWORD, "display_name": "Carol", "email": "carol@example.com"});
    let made = authority.put(&admin, &path(&name.to_uppercase()), body).await.expect(201).body;
    let user = json!({
        "id": made["id"], "number": made["number"], "name": name, "display_name": "Carol",
        "email": "carol@example.com", "disabled": false, "created_at": made["created_at"],
        "last_sign_in_at": null,
    });
    assert_eq!(made, user, "the name is stored in lower case");
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body, user);

    let replaced = authority.put(&admin, &path(&name), json!({"display_name": "C."})).await.expect(200).body;
    assert_eq!((&replaced["display_name"], &replaced["email"]), (&json!("C."), &Value::Null));
    authority.sign_in(&name, PASSWORD).await.expect(201);
    authority.patch(&admin, &path(&name), json!({"disabled": true})).await.expect(200);
    let replaced = authority.put(&admin, &path(&name), json!({})).await.expect(200).body;
    assert_eq!(replaced["disabled"], true, "what a PUT does not say about `disabled` stays");

    let only_new = authority.request(reqwest::Method::PUT, &path(&name)).bearer_auth(&admin);
    let only_new = only_new.header("if-none-match", "*").json(&json!({}));
    Answer::to(only_new).await.refused(409, "name_taken");
}

async fn only_those_who_administer_users_do(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let everything = authority.pat(&alice.session, &["*"]).await;
    let narrow = authority.pat(&admin, &["Jeton.Token.*", "Taskurai.*"]).await;
    for secret in [&alice.session, &everything.secret, &narrow.secret, &authority.api().await] {
        authority.get(secret, "/api/v1/users").await.refused(403, "insufficient_scope");
        for name in [fresh("new"), "admin".to_owned(), "taskurai".to_owned()] {
            authority.put(secret, &path(&name), json!({})).await.refused(403, "insufficient_scope");
            authority.delete(secret, &path(&name)).await.refused(403, "insufficient_scope");
            let answer = authority.patch(secret, &path(&name), json!({"disabled": true})).await;
            assert!([403, 404].contains(&answer.status), "{}", answer.text);
        }
    }
    let with = authority.pat(&admin, &["Jeton.Admin.User"]).await;
    authority.get(&with.secret, "/api/v1/users").await.expect(200);
}

async fn people_see_themselves_and_nobody_else(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let own = authority.get(&alice.session, &path(&alice.name)).await.expect(200);
    assert_eq!(own.body["name"], json!(alice.name));
    let other = authority.get(&alice.session, &path(&bob.name)).await.refused(404, "not_found");
    let nobody = authority.get(&alice.session, &path("nobody-at-all")).await.refused(404, "not_found");
    assert_eq!(other.without_request_id(), nobody.without_request_id());
}

async fn users_are_listed_newest_first_page_by_page(authority: Authority) {
    let admin = authority.admin().await;
    let mut expected = vec!["admin".to_owned()];
    for like in ["eve", "frank", "grace", "heidi"] {
        let name = fresh(like);
        authority.put(&admin, &path(&name), json!({})).await.expect(201);
        expected.insert(0, name);
    }
    let (mut names, mut next) = (Vec::new(), String::new());
    loop {
        let page = authority.get(&admin, &format!("/api/v1/users?page_size=2{next}")).await.expect(200).body;
        names.extend(
            page["items"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap().to_owned()),
        );
        let Some(token) = page["next_page_token"].as_str() else { break };
        next = format!("&page_token={token}");
    }
    assert_eq!(names, expected, "users only: APIs have names too");
    authority.get(&admin, "/api/v1/users?name=eve").await.refused(422, "unknown_field");
    authority.get(&admin, "/api/v1/users?page_size=0").await.invalid("page_size", "invalid_field");
}

async fn a_new_password_ends_the_other_sessions(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["*"]).await;
    authority.patch(&admin, &path(&alice.name), json!({"password": "another password"})).await.expect(200);
    authority.get(&alice.session, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    authority.get(&pat.secret, "/api/v1/tokens/self").await.expect(200);
    authority.get(&admin, "/api/v1/tokens/self").await.expect(200);
    authority.sign_in(&alice.name, PASSWORD).await.refused(401, "invalid_password");
    authority.sign_in(&alice.name, "another password").await.expect(201);
}

async fn the_first_password_lies_in_a_file_until_it_is_changed(authority: Authority) {
    let (admin, other) = (authority.admin().await, authority.admin_again().await);
    let file = authority.data.join("initial-admin-password");
    assert!(file.exists());
    authority.patch(&admin, &path("admin"), json!({"display_name": "A"})).await.expect(200);
    assert!(file.exists());
    let first = std::fs::read_to_string(&file).unwrap();
    let change = async |password: &str| {
        let body = json!({"password": password, "current_password": first.trim()});
        authority.patch(&admin, &path("admin"), body).await
    };
    change("short").await.invalid("/password", "invalid_field");
    assert!(file.exists());
    change("another password").await.expect(200);
    assert!(!file.exists());
    authority.get(&admin, "/api/v1/tokens/self").await.expect(200);
    authority.get(&other, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    authority.sign_in("admin", "another password").await.expect(201);
}

async fn people_change_their_own_password_with_the_present_one(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let other = authority.session(&alice.name, PASSWORD).await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    let change = async |secret: &str, name: &str, current: &str| {
        let body = json!({"password": "another password", "current_password": current});
        authority.patch(secret, &path(name), body).await
    };
    let without = json!({"password": "another password"});
    let refused = authority.patch(&alice.session, &path(&alice.name), without).await;
    refused.invalid("/current_password", "invalid_field");
    let wrong = change(&alice.session, &alice.name, "wrong password").await;
    wrong.invalid("/current_password", "invalid_password");
    change(&pat.secret, &alice.name, PASSWORD).await.refused(403, "insufficient_scope");
    change(&bob.session, &alice.name, PASSWORD).await.refused(404, "not_found");
    for more in [json!({"display_name": "A"}), json!({"email": "a@example.org"}), json!({"disabled": true})] {
        let mut body = json!({"password": "another password", "current_password": PASSWORD});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        authority.patch(&alice.session, &path(&alice.name), body).await.refused(403, "insufficient_scope");
    }
    let body = json!({"current_password": PASSWORD});
    authority
        .patch(&alice.session, &path(&alice.name), body)
        .await
        .invalid("/current_password", "invalid_field");
    authority.sign_in(&alice.name, PASSWORD).await.expect(201);

    change(&alice.session, &alice.name, PASSWORD).await.expect(200);
    authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200);
    authority.get(&pat.secret, "/api/v1/tokens/self").await.expect(200);
    authority.get(&other, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    authority.sign_in(&alice.name, PASSWORD).await.refused(401, "invalid_password");
    authority.sign_in(&alice.name, "another password").await.expect(201);
}

/// A session that an administrator left open is worth as much as anybody's, and more.
async fn administrators_change_their_own_password_with_the_present_one_too(authority: Authority) {
    let keeper = authority.person("keeper").await;
    let body = json!({"role": "Admin", "subject": {"type": "user", "name": keeper.name}, "place": "*"});
    authority.post(&authority.admin().await, "/api/v1/role-bindings", body).await.expect(201);
    let own = path(&keeper.name);
    let without = json!({"password": "another password"});
    for more in [json!({}), json!({"display_name": "K"})] {
        let mut body = without.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let refused = authority.patch(&keeper.session, &own, body.clone()).await;
        refused.invalid("/current_password", "invalid_field");
        authority.put(&keeper.session, &own, body).await.invalid("/current_password", "invalid_field");
    }
    authority.sign_in(&keeper.name, PASSWORD).await.expect(201);
    let with = json!({"password": "another password", "current_password": PASSWORD, "display_name": "K"});
    authority.patch(&keeper.session, &own, with).await.expect(200);
    authority.sign_in(&keeper.name, "another password").await.expect(201);
    let alice = authority.person("alice").await;
    authority.patch(&keeper.session, &path(&alice.name), without).await.expect(200);
}

async fn an_administrator_who_says_somebodys_present_password_is_stopped(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let body = json!({"password": "another password", "current_password": PASSWORD});
    authority.patch(&admin, &path(&alice.name), body).await.invalid("/current_password", "invalid_field");
    authority.sign_in(&alice.name, PASSWORD).await.expect(201);
}

async fn a_token_does_not_set_the_password_of_its_owner(authority: Authority) {
    let admin = authority.admin().await;
    let boss = authority.pat(&admin, &["*"]).await;
    let body = json!({"password": "another password"});
    authority.patch(&boss.secret, &path("admin"), body.clone()).await.refused(403, "scope_exceeds_grant");
    authority.put(&boss.secret, &path("admin"), body).await.refused(403, "scope_exceeds_grant");
    authority.admin_again().await;
}

async fn whoever_does_not_cover_a_user_does_not_set_their_password(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let narrow = authority.pat(&admin, &["Jeton.Admin.User"]).await;
    let body = json!({"password": "another password"});
    for name in [alice.name.as_str(), "admin"] {
        authority.patch(&narrow.secret, &path(name), body.clone()).await.refused(403, "scope_exceeds_grant");
        authority.put(&narrow.secret, &path(name), body.clone()).await.refused(403, "scope_exceeds_grant");
    }
    authority.sign_in(&alice.name, PASSWORD).await.expect(201);
    let enough = authority.pat(&admin, &["Jeton.Admin.User", "Jeton.Token.*", "*"]).await;
    authority.patch(&enough.secret, &path(&alice.name), body).await.expect(200);
}

async fn a_disabled_user_is_suspended_and_an_enabled_one_revived(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let disable = async |disabled: bool| {
        authority.patch(&admin, &path(&alice.name), json!({ "disabled": disabled })).await.expect(200)
    };
    assert_eq!(disable(true).await.body["disabled"], true);
    assert!(!authority.is_active(&pat.secret).await);
    assert_eq!(authority.verify(&pat.secret, None).await, json!({"allowed": false, "reason": "suspended"}));
    authority.get(&alice.session, "/api/v1/tokens/self").await.refused(401, "invalid_token");
    assert_eq!(authority.record(&admin, &pat.id).await["state"], "suspended");
    disable(true).await;
    disable(false).await;
    assert!(authority.is_active(&pat.secret).await);
    authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200);
}

async fn a_removed_user_is_gone_for_good(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    authority.delete(&admin, &path(&alice.name)).await.expect(204);
    authority.delete(&admin, &path(&alice.name)).await.refused(404, "not_found");
    authority.get(&admin, &path(&alice.name)).await.refused(404, "not_found");
    authority.get(&alice.session, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    assert!(!authority.is_active(&pat.secret).await);
    assert_eq!(authority.record(&admin, &pat.id).await["state"], "revoked");

    let again = json!({"password": PASSWORD});
    authority.put(&admin, &path(&alice.name), again).await.expect(201);
    assert!(!authority.is_active(&pat.secret).await, "a name made again revives nothing");
    let session = authority.session(&alice.name, PASSWORD).await;
    let seen = authority.get(&session, &format!("/api/v1/tokens/{}", pat.id)).await;
    seen.refused(404, "not_found");
    assert_eq!(authority.names(&session, "state=all&kind=personal").await, [""; 0]);
}

async fn the_last_administrator_stays(authority: Authority) {
    let admin = authority.admin().await;
    authority.person("alice").await;
    for _ in 0..2 {
        authority.delete(&admin, &path("admin")).await.refused(409, "last_administrator");
        authority
            .patch(&admin, &path("admin"), json!({"disabled": true}))
            .await
            .refused(409, "last_administrator");
        authority
            .put(&admin, &path("admin"), json!({"disabled": true}))
            .await
            .refused(409, "last_administrator");
    }
    authority.get(&admin, "/api/v1/users").await.expect(200);
}

async fn fields_and_names_are_checked(authority: Authority) {
    let admin = authority.admin().await;
    for name in
        ["-dash", "two%20words", "%D0%B0dmin", "a%2Fb", "x".repeat(65).as_str(), "nul%00", "%EF%BD%81"]
    {
        authority.put(&admin, &path(name), json!({})).await.invalid("name", "invalid_field");
        authority.get(&admin, &path(name)).await.refused(404, "not_found");
        authority.patch(&admin, &path(name), json!({})).await.refused(404, "not_found");
        authority.delete(&admin, &path(name)).await.refused(404, "not_found");
    }
    let name = path(&fresh("dave"));
    for password in ["short", &"x".repeat(1025), ""] {
        authority
            .put(&admin, &name, json!({"password": password}))
            .await
            .invalid("/password", "invalid_field");
    }
    authority.put(&admin, &name, json!({"role": "Admin"})).await.invalid("/role", "unknown_field");
    authority.put(&admin, &name, json!({"disabled": null})).await.invalid("/disabled", "invalid_field");
    authority
        .put(&admin, &name, json!({"display_name": "nul\0"}))
        .await
        .invalid("/display_name", "invalid_field");
    authority.put(&admin, &name, json!({"email": "x".repeat(1025)})).await.invalid("/email", "invalid_field");
    authority.put(&admin, &format!("{name}?force=1"), json!({})).await.refused(422, "unknown_field");
    authority.get(&admin, &name).await.refused(404, "not_found");
}
