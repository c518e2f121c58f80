//! `/api/v1/groups`

use serde_json::{Value, json};

use crate::support::rights::{subject, user};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        a_group_is_made_replaced_changed_and_removed,
        a_dry_run_of_a_group_changes_nothing,
        group_names_and_members_are_checked,
        the_group_of_everyone_is_nobodys_to_change,
        groups_are_listed_by_name_page_by_page_with_their_members,
        only_those_who_administer_groups_see_and_change_them,
        a_group_made_again_is_another_one,
        members_that_go_leave_their_groups;
}

fn path(name: &str) -> String {
    format!("/api/v1/groups/{name}")
}

fn member(kind: &str, name: &str) -> Value {
    json!({"type": kind, "name": name, "source": "manual"})
}

async fn a_group_is_made_replaced_changed_and_removed(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("Builders (EU)-"));
    let (alice, bob) = (authority.person("alice").await.name, authority.person("bob").await.name);
    let account = authority.account("ci", "default").await;
    let body = json!({"display_name": "All builders", "members": [user(&alice), subject("service_account", &account)]});
    let made = authority.put(&admin, &path(&name), body.clone()).await.expect(201).body;
    let expected = json!({
        "id": made["id"], "name": name, "display_name": "All builders", "built_in": false,
        "members": [member("user", &alice), member("service_account", &account)],
        "created_at": made["created_at"],
    });
    assert_eq!(made, expected);
    assert_eq!(authority.put(&admin, &path(&name), body).await.expect(200).body, made);
    assert_eq!(authority.get(&admin, &path(&name.to_uppercase())).await.expect(200).body, made);

    let replaced = authority.put(&admin, &path(&name), json!({})).await.expect(200).body;
    assert_eq!((&replaced["display_name"], &replaced["members"]), (&Value::Null, &made["members"]));
    let body = json!({"add": [user(&bob), user(&bob), user(&alice)], "remove": [subject("service_account", &account)]});
    let changed = authority.patch(&admin, &path(&name), body).await.expect(200).body;
    assert_eq!(changed["members"], json!([member("user", &alice), member("user", &bob)]));
    let body = json!({"members": [user(&bob)]});
    let replaced = authority.put(&admin, &path(&name), body).await.expect(200).body;
    assert_eq!(replaced["members"], json!([member("user", &bob)]));
    let same = json!({"remove": [user(&alice)], "display_name": "B"});
    let changed = authority.patch(&admin, &path(&name), same).await.expect(200).body;
    assert_eq!((&changed["display_name"], &changed["members"]), (&json!("B"), &replaced["members"]));
    let body = json!({"add": [user(&alice)], "remove": [user(&alice)]});
    authority.patch(&admin, &path(&name), body.clone()).await.invalid("/remove/0/name", "invalid_field");
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body, changed);

    authority.delete(&admin, &path(&name)).await.expect(204);
    authority.delete(&admin, &path(&name)).await.refused(404, "not_found");
    authority.get(&admin, &path(&name)).await.refused(404, "not_found");
    authority.patch(&admin, &path(&name), json!({})).await.refused(404, "not_found");
}

async fn a_dry_run_of_a_group_changes_nothing(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("builders"));
    let alice = authority.person("alice").await.name;
    let dry = format!("{}?dry_run=true", path(&name));
    authority.put(&admin, &dry, json!({})).await.expect(204);
    authority.get(&admin, &path(&name)).await.refused(404, "not_found");
    let made = authority.put(&admin, &path(&name), json!({})).await.expect(201).body;
    authority.put(&admin, &dry, json!({"members": [user(&alice)]})).await.expect(204);
    authority.patch(&admin, &dry, json!({"add": [user(&alice)]})).await.expect(204);
    authority.delete(&admin, &dry).await.expect(204);
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body, made);
    let body = json!({"members": [user("nobody-at-all")]});
    authority.put(&admin, &dry, body).await.invalid("/members/0/name", "unknown_name");
}

async fn group_names_and_members_are_checked(authority: Authority) {
    let admin = authority.admin().await;
    for wrong in ["*", "-a", "a%2Fb", "%D0%B0", "a%20", "x".repeat(65).as_str()] {
        authority.put(&admin, &path(wrong), json!({})).await.invalid("name", "invalid_field");
        authority.get(&admin, &path(wrong)).await.refused(404, "not_found");
        authority.patch(&admin, &path(wrong), json!({})).await.refused(404, "not_found");
        authority.delete(&admin, &path(wrong)).await.refused(404, "not_found");
    }
    let name = authority.group("builders", &[]).await;
    for (members, pointer, code) in [
        (json!([user("admin"), user("nobody-at-all")]), "/members/1/name", "unknown_name"),
        (json!([subject("service_account", "admin")]), "/members/0/name", "unknown_name"),
        (json!([subject("group", "everyone")]), "/members/0/type", "invalid_field"),
        (json!([subject("api", "jeton")]), "/members/0/type", "invalid_field"),
        (json!([user("two words")]), "/members/0/name", "invalid_field"),
        (json!([{"type": "user", "name": "admin", "source": "scim"}]), "/members/0/source", "unknown_field"),
    ] {
        authority.put(&admin, &path(&name), json!({"members": members})).await.invalid(pointer, code);
    }
    for (body, pointer) in [
        (json!({"add": [user("nobody-at-all")]}), "/add/0/name"),
        (json!({"remove": [user("nobody-at-all")]}), "/remove/0/name"),
    ] {
        authority.patch(&admin, &path(&name), body).await.invalid(pointer, "unknown_name");
    }
    let many: Vec<_> = (0..1001).map(|at| user(&format!("u{at}"))).collect();
    let answer = authority.put(&admin, &path(&name), json!({"members": many})).await;
    assert!([413, 422].contains(&answer.status), "{}", answer.text);
    authority.put(&admin, &path(&name), json!({"members": null})).await.refused(422, "invalid_field");
    authority
        .put(&admin, &path(&name), json!({"built_in": true}))
        .await
        .invalid("/built_in", "unknown_field");
    authority.patch(&admin, &path(&name), json!({"members": []})).await.invalid("/members", "unknown_field");
    authority
        .patch(&admin, &path(&name), json!({"display_name": "a\0"}))
        .await
        .invalid("/display_name", "invalid_field");
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body["members"], json!([]));
}

async fn the_group_of_everyone_is_nobodys_to_change(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await.name);
    let before = authority.get(&admin, &path("everyone")).await.expect(200).body;
    assert_eq!((&before["built_in"], &before["members"]), (&json!(true), &json!([])));
    for name in ["everyone", "EVERYONE", "Everyone?dry_run=true"] {
        authority.put(&admin, &path(name), json!({})).await.refused(409, "built_in");
        authority.put(&admin, &path(name), json!({"members": [user(&alice)]})).await.refused(409, "built_in");
        authority.patch(&admin, &path(name), json!({"add": [user(&alice)]})).await.refused(409, "built_in");
        authority.patch(&admin, &path(name), json!({"display_name": "us"})).await.refused(409, "built_in");
        authority.delete(&admin, &path(name)).await.refused(409, "built_in");
    }
    assert_eq!(authority.get(&admin, &path("everyone")).await.expect(200).body, before);
}

async fn groups_are_listed_by_name_page_by_page_with_their_members(authority: Authority) {
    let admin = authority.admin().await;
    let alice = authority.person("alice").await.name;
    let mut expected = Vec::new();
    for like in ["Zeta", "beta", "Alpha"] {
        expected.push(authority.group(like, &[&alice]).await);
    }
    expected.sort_by_key(|name| name.to_lowercase());
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page =
            authority.get(&admin, &format!("/api/v1/groups?page_size=2{token}")).await.expect(200).body;
        for item in page["items"].as_array().unwrap() {
            if expected.iter().any(|name| item["name"] == json!(name)) {
                assert_eq!(item["members"], json!([member("user", &alice)]));
                found.push(item["name"].as_str().unwrap().to_owned());
            }
        }
        match page["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={}", next.replace(' ', "%20")),
            None => break,
        }
    }
    assert_eq!(found, expected);
    for query in ["page_size=0", "page_token=*", "page_token="] {
        authority.get(&admin, &format!("/api/v1/groups?{query}")).await.refused(422, "invalid_field");
    }
}

async fn only_those_who_administer_groups_see_and_change_them(authority: Authority) {
    let (admin, name) = (authority.admin().await, authority.group("builders", &[]).await);
    let firm = authority.firm().await;
    let (alice, keeper) = (authority.person("alice").await, authority.person("keeper").await);
    authority.bind("OrganizationAdmin", user(&keeper.name), &firm.all()).await;
    let narrow = authority.pat(&admin, &["Jeton.Admin.User"]).await;
    let random = fresh("nothing");
    for secret in [&alice.session, &keeper.session, &narrow.secret, &authority.api().await] {
        authority.get(secret, "/api/v1/groups").await.refused(403, "insufficient_scope");
        for name in [&name, &random] {
            authority.get(secret, &path(name)).await.refused(403, "insufficient_scope");
            authority.put(secret, &path(name), json!({})).await.refused(403, "insufficient_scope");
            authority.patch(secret, &path(name), json!({})).await.refused(403, "insufficient_scope");
            authority.delete(secret, &path(name)).await.refused(403, "insufficient_scope");
        }
    }
    let auditor = authority.person("auditor").await;
    authority.bind("Auditor", user(&auditor.name), "*").await;
    authority.get(&auditor.session, &path(&name)).await.expect(200);
    authority.get(&auditor.session, "/api/v1/groups").await.expect(200);
    authority.patch(&auditor.session, &path(&name), json!({})).await.refused(403, "insufficient_scope");
    authority.delete(&auditor.session, &path(&name)).await.refused(403, "insufficient_scope");
    let with = authority.pat(&admin, &["Jeton.Admin.Group"]).await;
    authority.patch(&with.secret, &path(&name), json!({"add": [user(&alice.name)]})).await.expect(200);
}

async fn a_group_made_again_is_another_one(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let alice = authority.person("alice").await;
    let name = authority.group("builders", &[&alice.name]).await;
    let binding = authority.bind("ApiUser", subject("group", &name), &firm.all()).await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    assert!(authority.scopes_of(&firm.api, &pat.secret, &[]).await.is_some());
    let first = authority.get(&admin, &path(&name)).await.expect(200).body;
    authority.delete(&admin, &path(&name)).await.expect(204);
    assert_eq!(authority.scopes_of(&firm.api, &pat.secret, &[]).await, None);
    authority.get(&admin, &format!("/api/v1/role-bindings/{binding}")).await.refused(404, "not_found");
    let body = json!({"members": [user(&alice.name)]});
    let again = authority.put(&admin, &path(&name), body).await.expect(201).body;
    assert_ne!(again["id"], first["id"]);
    assert_eq!(authority.scopes_of(&firm.api, &pat.secret, &[]).await, None, "no binding is revived");
}

async fn members_that_go_leave_their_groups(authority: Authority) {
    let admin = authority.admin().await;
    let (alice, bob) = (authority.person("alice").await.name, authority.person("bob").await.name);
    let name = authority.group("builders", &[&alice, &bob]).await;
    authority.delete(&admin, &format!("/api/v1/users/{alice}")).await.expect(204);
    authority.put(&admin, &format!("/api/v1/users/{alice}"), json!({})).await.expect(201);
    let group = authority.get(&admin, &path(&name)).await.expect(200).body;
    assert_eq!(group["members"], json!([member("user", &bob)]));
}
