//! `/api/v1/roles`

use serde_json::{Value, json};

use crate::support::rights::{subject, user};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        a_role_is_made_replaced_changed_and_removed,
        a_dry_run_of_a_role_changes_nothing,
        role_names_and_patterns_are_checked,
        built_in_roles_are_nobodys_to_change,
        roles_are_shown_to_any_caller_and_listed_by_name,
        only_those_who_administer_roles_everywhere_change_them,
        a_role_that_somebody_has_stays,
        a_description_given_while_a_role_is_narrowed_does_not_widen_it_again;
}

fn path(name: &str) -> String {
    format!("/api/v1/roles/{name}")
}

async fn a_role_is_made_replaced_changed_and_removed(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("Task Reader"));
    let body = json!({"description": "reads", "scopes": ["Taskurai.Task.Read", "Jeton.Job.Read", "Taskurai.Task.Read"]});
    let made = authority.put(&admin, &path(&name), body.clone()).await.expect(201).body;
    let expected = json!({
        "id": made["id"], "name": name, "description": "reads", "built_in": false, "bindable": "anywhere",
        "scopes": ["Jeton.Job.Read", "Taskurai.Task.Read"], "api_scopes": false, "created_at": made["created_at"],
    });
    assert_eq!(made, expected);
    assert_eq!(authority.put(&admin, &path(&name), body.clone()).await.expect(200).body, made);
    let upper = path(&name.to_uppercase());
    assert_eq!(authority.get(&admin, &upper).await.expect(200).body, made);
    assert_eq!(authority.put(&admin, &upper, body).await.expect(200).body, made, "a name keeps its case");
    let changed = authority.patch(&admin, &upper, json!({"scopes": ["Taskurai.*"]})).await.expect(200).body;
    assert_eq!((&changed["scopes"], &changed["description"]), (&json!(["Taskurai.*"]), &json!("reads")));
    assert_eq!((&changed["id"], &changed["name"]), (&made["id"], &made["name"]));
    let changed = authority.patch(&admin, &path(&name), json!({"description": ""})).await.expect(200).body;
    assert_eq!((&changed["scopes"], &changed["description"]), (&json!(["Taskurai.*"]), &Value::Null));
    authority.delete(&admin, &path(&name)).await.expect(204);
    authority.delete(&admin, &path(&name)).await.refused(404, "not_found");
    authority.get(&admin, &path(&name)).await.refused(404, "not_found");
    authority.patch(&admin, &path(&name), json!({})).await.refused(404, "not_found");
    let again = authority.put(&admin, &path(&name), json!({"scopes": ["*"]})).await.expect(201).body;
    assert_ne!(again["id"], made["id"]);
}

async fn a_dry_run_of_a_role_changes_nothing(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("reader"));
    let dry = format!("{}?dry_run=true", path(&name));
    let body = json!({"scopes": ["Taskurai.Task.Read"]});
    authority.put(&admin, &dry, body.clone()).await.expect(204);
    authority.get(&admin, &path(&name)).await.refused(404, "not_found");
    let made = authority.put(&admin, &path(&name), body).await.expect(201).body;
    authority.put(&admin, &dry, json!({"scopes": ["*"]})).await.expect(204);
    authority.patch(&admin, &dry, json!({"scopes": ["*"]})).await.expect(204);
    authority.delete(&admin, &dry).await.expect(204);
    assert_eq!(authority.get(&admin, &path(&name)).await.expect(200).body, made);
    let narrow = authority.pat(&admin, &["Jeton.Admin.User"]).await;
    authority.put(&narrow.secret, &dry, json!({"scopes": ["*"]})).await.refused(403, "insufficient_scope");
}

async fn role_names_and_patterns_are_checked(authority: Authority) {
    let admin = authority.admin().await;
    let everything = json!({"scopes": ["*"]});
    for wrong in ["*", "-a", "a%2Fb", "%D0%B0", "a%20"] {
        authority.put(&admin, &path(wrong), everything.clone()).await.invalid("name", "invalid_field");
        authority.get(&admin, &path(wrong)).await.refused(404, "not_found");
    }
    let name = path(&fresh("reader"));
    let many: Vec<_> = (0..257).map(|at| format!("Taskurai.A{at}")).collect();
    for (body, pointer, code) in [
        (json!({"scopes": []}), "/scopes", "invalid_field"),
        (json!({"scopes": many}), "/scopes", "invalid_field"),
        (json!({"scopes": ["Taskurai.Task.Read", "Taskurai.Tasks.Read"]}), "/scopes/1", "unknown_scope"),
        (json!({"scopes": ["Taskurai.Task.Read", "*.Read"]}), "/scopes/1", "invalid_field"),
        (json!({"scopes": ["**"]}), "/scopes/0", "invalid_field"),
        (json!({"scopes": ["*"], "bindable": "global"}), "/bindable", "unknown_field"),
        (json!({"scopes": ["*"], "built_in": true}), "/built_in", "unknown_field"),
        (json!({"scopes": ["*"], "api_scopes": true}), "/api_scopes", "unknown_field"),
        (json!({"scopes": ["*"], "description": "a\0"}), "/description", "invalid_field"),
    ] {
        authority.put(&admin, &name, body).await.invalid(pointer, code);
    }
    authority.put(&admin, &name, json!({})).await.refused(422, "invalid_field");
    authority.put(&admin, &name, json!({"scopes": null})).await.refused(422, "invalid_field");
    authority.get(&admin, &name).await.refused(404, "not_found");
    authority.put(&admin, &name, json!({"scopes": ["Taskurai.Task.Read"]})).await.expect(201);
    let wrong = json!({"scopes": ["Taskurai.Task.Read", "Taskurai.Task.Create", "Nobody.Knows"]});
    authority.patch(&admin, &name, wrong.clone()).await.invalid("/scopes/2", "unknown_scope");
    authority.put(&admin, &name, wrong).await.invalid("/scopes/2", "unknown_scope");
}

async fn built_in_roles_are_nobodys_to_change(authority: Authority) {
    let admin = authority.admin().await;
    let roles =
        ["Admin", "Auditor", "TokenAdmin", "TokenCreator", "OrganizationAdmin", "ProjectAdmin", "JobRunner"];
    for name in roles.into_iter().chain(["ApiUser", "admin", "APIUSER"]) {
        let before = authority.get(&admin, &path(name)).await.expect(200).body;
        assert_eq!(before["built_in"], true);
        authority.put(&admin, &path(name), json!({"scopes": ["*"]})).await.refused(409, "built_in");
        authority.patch(&admin, &path(name), json!({"description": "x"})).await.refused(409, "built_in");
        authority
            .patch(&admin, &path(name), json!({"scopes": ["Taskurai.*"]}))
            .await
            .refused(409, "built_in");
        authority.patch(&admin, &path(name), json!({})).await.refused(409, "built_in");
        authority.delete(&admin, &path(name)).await.refused(409, "built_in");
        authority.delete(&admin, &format!("{}?dry_run=true", path(name))).await.refused(409, "built_in");
        assert_eq!(authority.get(&admin, &path(name)).await.expect(200).body, before);
    }
}

async fn roles_are_shown_to_any_caller_and_listed_by_name(authority: Authority) {
    let alice = authority.person("alice").await;
    let mut expected = Vec::new();
    for like in ["zeta", "Beta", "alpha"] {
        expected.push(authority.role(like, &["Taskurai.Task.Read", "Taskurai.Task.Create"]).await);
    }
    expected.sort_by_key(|name| name.to_lowercase());
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/roles?page_size=3{token}");
        let page = authority.get(&alice.session, &path).await.expect(200).body;
        for item in page["items"].as_array().unwrap() {
            if expected.iter().any(|name| item["name"] == json!(name)) {
                assert_eq!(item["scopes"], json!(["Taskurai.Task.Create", "Taskurai.Task.Read"]));
                found.push(item["name"].as_str().unwrap().to_owned());
            }
        }
        match page["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => break,
        }
    }
    assert_eq!(found, expected);
    authority.get(&alice.session, &path("ApiUser")).await.expect(200);
    authority.get(&alice.session, &path("no-such-role")).await.refused(404, "not_found");
    authority.get(&alice.session, "/api/v1/roles?scope=x").await.refused(422, "unknown_field");
}

async fn only_those_who_administer_roles_everywhere_change_them(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let name = authority.role("reader", &["Taskurai.Task.Read"]).await;
    let (keeper, auditor) = (authority.person("keeper").await, authority.person("auditor").await);
    authority.bind("OrganizationAdmin", user(&keeper.name), &firm.all()).await;
    authority.bind("Auditor", user(&auditor.name), "*").await;
    let narrow = authority.pat(&admin, &["Jeton.Admin.Group", "Taskurai.*"]).await;
    for secret in [&keeper.session, &auditor.session, &narrow.secret, &authority.api().await] {
        for name in [&name, "no-such-role", "Admin"] {
            let body = json!({"scopes": ["Taskurai.Task.Read"]});
            authority.put(secret, &path(name), body.clone()).await.refused(403, "insufficient_scope");
            authority.delete(secret, &path(name)).await.refused(403, "insufficient_scope");
            let patched = authority.patch(secret, &path(name), body).await;
            assert!([403, 404].contains(&patched.status), "{}", patched.text);
        }
    }
}

async fn a_role_that_somebody_has_stays(authority: Authority) {
    let (admin, name) = (authority.admin().await, authority.role("reader", &["Taskurai.Task.Read"]).await);
    let group = authority.group("readers", &[]).await;
    let binding = authority.bind(&name, subject("group", &group), "*").await;
    authority.delete(&admin, &path(&name)).await.refused(409, "in_use");
    authority.delete(&admin, &format!("{}?dry_run=true", path(&name))).await.refused(409, "in_use");
    authority.unbind(&binding).await;
    authority.delete(&admin, &path(&name)).await.expect(204);
    let answer = authority.bind_as(&admin, &name, subject("group", &group), "*").await;
    answer.invalid("/role", "unknown_name");
}

/// A PATCH says nothing about what it does not name, whatever happens to that meanwhile.
async fn a_description_given_while_a_role_is_narrowed_does_not_widen_it_again(authority: Authority) {
    let admin = authority.admin().await;
    let name = authority.role("reader", &["Taskurai.Task.Read"]).await;
    for round in 0..12 {
        let wide = json!({"scopes": ["Taskurai.*"]});
        authority.put(&admin, &path(&name), wide).await.expect(200);
        let path = path(&name);
        let describe = || authority.patch(&admin, &path, json!({"description": "new"}));
        let narrow = authority.patch(&admin, &path, json!({"scopes": ["Taskurai.Task.Read"]}));
        let (one, narrowed, two) = tokio::join!(describe(), narrow, describe());
        for answer in [one, narrowed, two] {
            answer.expect(200);
        }
        let role = authority.get(&admin, &path).await.expect(200).body;
        assert_eq!(role["scopes"], json!(["Taskurai.Task.Read"]), "round {round}");
        assert_eq!(role["description"], "new", "round {round}");
    }
}
