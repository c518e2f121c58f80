//! Who may do what through SCIM: the same as everywhere else.

use reqwest::Method;
use serde_json::{Value, json};

use super::{delete, filter, get, group, patch, post, provider, put, scim, user};
use crate::support::{Authority, fresh};

on_both! {
    alone:
        whoever_keeps_groups_lets_nobody_into_more_than_they_hold,
        a_removed_member_loses_the_groups_rights_at_once;
    shared:
        users_and_groups_need_their_own_scopes,
        a_service_account_with_just_these_scopes_is_enough,
        an_auditor_reads_and_changes_nothing,
        a_token_that_is_limited_to_a_place_is_nobody_here;
}

/// Every call on users or on groups that changes something.
async fn changes(authority: &Authority, secret: &str, list: &str, id: &str) -> Vec<u16> {
    let name = fresh("new");
    let body = json!({"userName": name, "displayName": name});
    let other = json!({"userName": format!("{name}-2"), "displayName": format!("{name}-2")});
    let operation = json!([{"op": "replace", "path": "externalId", "value": name}]);
    vec![
        post(authority, secret, list, body.clone()).await.status,
        put(authority, secret, &format!("{list}/{id}"), other).await.status,
        patch(authority, secret, &format!("{list}/{id}"), operation).await.status,
        delete(authority, secret, &format!("{list}/{id}")).await.status,
    ]
}

async fn reads(authority: &Authority, secret: &str, list: &str, id: &str) -> Vec<u16> {
    let found = filter(&format!("id eq \"{id}\""));
    vec![
        get(authority, secret, list).await.status,
        get(authority, secret, &format!("{list}?{found}")).await.status,
        get(authority, secret, &format!("{list}/{id}")).await.status,
    ]
}

async fn users_and_groups_need_their_own_scopes(authority: Authority) {
    let (admin, secret) = (authority.admin().await, provider(&authority).await);
    let person = user(&authority, &secret, &fresh("ken")).await;
    let crew = group(&authority, &secret, &fresh("crew")).await;
    let only_users = authority.pat(&admin, &["Jeton.Admin.User"]).await.secret;
    let only_groups = authority.pat(&admin, &["Jeton.Admin.Group"]).await.secret;
    let alice = authority.person("alice").await.session;
    let everything = authority.pat(&alice, &["*"]).await.secret;
    for (secret, list, id) in [
        (&only_users, "Groups", &crew),
        (&only_groups, "Users", &person),
        (&alice, "Users", &person),
        (&alice, "Groups", &crew),
        (&everything, "Users", &person),
        (&everything, "Groups", &crew),
        (&authority.api().await, "Users", &person),
        (&authority.api().await, "Groups", &crew),
    ] {
        assert_eq!(changes(&authority, secret, list, id).await, [403; 4], "{list}");
        assert_eq!(reads(&authority, secret, list, id).await, [403; 3], "{list}");
    }
    let refused = get(&authority, &only_users, "Groups").await.refused_in_scim(403, "insufficient_scope", "");
    assert!(refused.text.contains("Jeton.Admin.Group"), "{}", refused.text);
    for (method, path) in [(Method::GET, "Users"), (Method::POST, "Users"), (Method::POST, "Groups")] {
        let answer = scim(&authority, "jtn_pat_garbage", method, path, Value::Null).await;
        answer.refused_in_scim(401, "invalid_token", "");
    }
    assert_eq!(reads(&authority, &only_users, "Users", &person).await, [200; 3]);
    assert_eq!(reads(&authority, &only_groups, "Groups", &crew).await, [200; 3]);
    assert_eq!(changes(&authority, &only_users, "Users", &person).await, [201, 200, 200, 204]);
    assert_eq!(changes(&authority, &only_groups, "Groups", &crew).await, [201, 200, 200, 204]);
}

async fn a_service_account_with_just_these_scopes_is_enough(authority: Authority) {
    let (admin, name) = (authority.admin().await, fresh("provider"));
    let role = json!({"scopes": ["Jeton.Admin.User", "Jeton.Admin.Group"]});
    authority.put(&admin, &format!("/api/v1/roles/{name}"), role).await.expect(201);
    authority.put(&admin, &format!("/api/v1/service-accounts/{name}"), json!({})).await.expect(201);
    let subject = json!({"type": "service_account", "name": name});
    let body = json!({"role": name, "subject": subject, "place": "*"});
    authority.post(&admin, "/api/v1/role-bindings", body).await.expect(201);
    let scopes = ["Jeton.Admin.User", "Jeton.Admin.Group"];
    let body = json!({"kind": "service", "owner": name, "scopes": scopes});
    let secret = authority.token(&admin, body).await.pat().secret;
    let person = user(&authority, &secret, &fresh("nora")).await;
    let crew = group(&authority, &secret, &fresh("crew")).await;
    for (list, id) in [("Users", &person), ("Groups", &crew)] {
        assert_eq!(reads(&authority, &secret, list, id).await, [200; 3]);
        assert_eq!(changes(&authority, &secret, list, id).await, [201, 200, 200, 204]);
    }
}

async fn an_auditor_reads_and_changes_nothing(authority: Authority) {
    let (admin, secret) = (authority.admin().await, provider(&authority).await);
    let person = user(&authority, &secret, &fresh("lena")).await;
    let crew = group(&authority, &secret, &fresh("crew")).await;
    let auditor = authority.pat(&admin, &["Jeton.Audit.Read"]).await.secret;
    for (list, id) in [("Users", &person), ("Groups", &crew)] {
        assert_eq!(reads(&authority, &auditor, list, id).await, [200; 3]);
        assert_eq!(changes(&authority, &auditor, list, id).await, [403; 4]);
    }
}

async fn a_token_that_is_limited_to_a_place_is_nobody_here(authority: Authority) {
    let (admin, secret) = (authority.admin().await, provider(&authority).await);
    let person = user(&authority, &secret, &fresh("mia")).await;
    let crew = group(&authority, &secret, &fresh("crew")).await;
    let body = json!({"scopes": ["*"], "projects": ["default/*"]});
    let limited = authority.token(&admin, body).await.pat().secret;
    for (list, id) in [("Users", &person), ("Groups", &crew)] {
        assert_eq!(reads(&authority, &limited, list, id).await, [403; 3]);
        assert_eq!(changes(&authority, &limited, list, id).await, [403; 4]);
    }
}

async fn bind(authority: &Authority, role: &str, group: &str) {
    let body = json!({"role": role, "subject": {"type": "group", "name": group}, "place": "*"});
    authority.post(&authority.admin().await, "/api/v1/role-bindings", body).await.expect(201);
}

async fn whoever_keeps_groups_lets_nobody_into_more_than_they_hold(authority: Authority) {
    let (admin, secret) = (authority.admin().await, provider(&authority).await);
    let (mallory, powerful) = (fresh("mallory"), fresh("powerful"));
    let mallory = user(&authority, &secret, &mallory).await;
    let crew = group(&authority, &secret, &powerful).await;
    bind(&authority, "Admin", &powerful).await;
    let path = format!("Groups/{crew}");
    let value = json!([{"value": mallory}]);
    for operation in [
        json!({"op": "add", "path": "members", "value": value}),
        json!({"op": "replace", "path": "members", "value": value}),
        json!({"op": "add", "value": {"members": value}}),
        // Whoever is let in elsewhere by a name could come in by this one.
        json!({"op": "replace", "path": "displayName", "value": fresh("harmless")}),
    ] {
        let answer = patch(&authority, &secret, &path, json!([operation])).await;
        answer.refused_in_scim(403, "scope_exceeds_grant", "");
    }
    let body = json!({"displayName": powerful, "members": value});
    put(&authority, &secret, &path, body.clone()).await.refused_in_scim(403, "scope_exceeds_grant", "");
    assert_eq!(super::members(&authority, &secret, &crew).await, [""; 0]);
    // What gives nobody anything is allowed.
    patch(&authority, &secret, &path, json!([{"op": "remove", "path": "members"}])).await.expect(200);
    let strong = authority.pat(&admin, &["*"]).await.secret;
    put(&authority, &strong, &path, body).await.expect(200);
    assert_eq!(super::members(&authority, &secret, &crew).await, [mallory]);
}

async fn a_removed_member_loses_the_groups_rights_at_once(authority: Authority) {
    let (admin, secret, alice) =
        (authority.admin().await, provider(&authority).await, authority.person("alice").await);
    let found =
        get(&authority, &secret, &format!("Users?{}", filter(&format!("userName eq \"{}\"", alice.name))))
            .await;
    let id = found.body["Resources"][0]["id"].clone();
    let name = fresh("readers");
    let crew = group(&authority, &secret, &name).await;
    // An administrator binds the group afterwards: the provider's token does not need to hold what it gives.
    let enter = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    patch(&authority, &secret, &format!("Groups/{crew}"), enter).await.expect(200);
    bind(&authority, "Auditor", &name).await;
    let pat = authority.pat(&alice.session, &["Jeton.Audit.Read"]).await.secret;
    authority.get(&pat, "/api/v1/groups").await.expect(200);
    let leave = json!([{"op": "remove", "path": format!("members[value eq {id}]")}]);
    patch(&authority, &secret, &format!("Groups/{crew}"), leave).await.expect(200);
    authority.get(&pat, "/api/v1/groups").await.refused(403, "insufficient_scope");
    let enter = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    let answer = patch(&authority, &secret, &format!("Groups/{crew}"), enter.clone()).await;
    answer.refused_in_scim(403, "scope_exceeds_grant", "");
    let enough =
        authority.pat(&admin, &["Jeton.Admin.Group", "Jeton.Audit.Read", "Jeton.Job.Read"]).await.secret;
    patch(&authority, &enough, &format!("Groups/{crew}"), enter).await.expect(200);
    authority.get(&pat, "/api/v1/groups").await.expect(200);
    delete(&authority, &secret, &format!("Groups/{crew}")).await.expect(204);
    authority.get(&pat, "/api/v1/groups").await.refused(403, "insufficient_scope");
}
