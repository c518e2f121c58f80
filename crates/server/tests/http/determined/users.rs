//! `/compat/determined/api/v1/me` and `/api/v1/users`, `/info` and `/api/v1/master`

use reqwest::Method;
use serde_json::{Value, json};

use super::{Refused as _, at};
use crate::support::answer::Answer;
use crate::support::{Authority, PASSWORD};

on_both! {
    alone:
        users_are_listed_by_number_and_all_at_once,
        a_client_never_throws_a_good_credential_away;
    shared:
        the_server_says_which_version_it_speaks,
        everybody_sees_whom_their_credential_stands_for,
        users_see_themselves_and_administrators_everybody,
        only_administrators_list_users,
        a_disabled_user_is_nobody;
}

async fn the_server_says_which_version_it_speaks(authority: Authority) {
    let get = async |path: &str| Answer::to(authority.request(Method::GET, &at(path))).await.expect(200).body;
    let info = get("/info").await;
    assert_eq!((&info["version"], &info["telemetry"]), (&json!("0.38.1"), &json!({"enabled": false})));
    let master = get("/api/v1/master").await;
    for name in ["clusterId", "clusterName", "masterId", "version"] {
        assert!(master[name].is_string(), "{name}");
    }
    assert_eq!((&master["hasCustomLogo"], &master["strictJobQueueControl"]), (&json!(false), &json!(false)));
    assert_eq!(master["rbacEnabled"], false);
    assert_eq!((get("/info/").await, get("/api/v1/master/").await), (info, master));
}

async fn everybody_sees_whom_their_credential_stands_for(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let narrow = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    let number = authority.own_number(&alice.session).await;
    assert!(number > 0);
    for secret in [&alice.session, &narrow.secret] {
        let user = authority.det_get(secret, "/api/v1/me/").await.expect(200).body["user"].clone();
        assert_eq!((&user["id"], &user["username"]), (&json!(number), &json!(alice.name)));
        assert_eq!((&user["admin"], &user["active"]), (&json!(false), &json!(true)));
    }
    let user = authority.det_get(&admin, "/api/v1/me").await.expect(200).body["user"].clone();
    assert_eq!((&user["username"], &user["admin"]), (&json!("admin"), &json!(true)));
}

async fn users_see_themselves_and_administrators_everybody(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let bob = authority.person("bob").await;
    let path = |name: &str| format!("/api/v1/users/{name}/by-username");
    let own = authority.det_get(&alice.session, &path(&alice.name)).await.expect(200);
    assert_eq!(own.body, authority.det_get(&alice.session, "/api/v1/me").await.expect(200).body);
    let encoded = path(&alice.name.replace('a', "%61"));
    assert_eq!(authority.det_get(&admin, &encoded).await.expect(200).body, own.body);
    let mut hidden = Vec::new();
    for name in [bob.name.as_str(), "nobody-at-all", "admin", "taskurai", "no%20name"] {
        let answer = authority.det_get(&alice.session, &path(name)).await.no(404, "not_found", "NotFound");
        hidden.push(answer.without_request_id());
    }
    hidden.dedup();
    assert_eq!(hidden.len(), 1, "{hidden:?}");
    for name in ["nobody-at-all", "taskurai"] {
        authority.det_get(&admin, &path(name)).await.no(404, "not_found", "NotFound");
    }
}

async fn only_administrators_list_users(authority: Authority) {
    let alice = authority.person("alice").await;
    let answer = authority.det_get(&alice.session, "/api/v1/users").await;
    let answer = answer.no(403, "insufficient_scope", "PermissionDenied");
    assert_eq!(answer.body["missing_scope"], "Jeton.Admin.User");
    let with = authority.pat(&authority.admin().await, &["Jeton.Admin.User"]).await;
    authority.det_get(&with.secret, "/api/v1/users").await.expect(200);
}

async fn users_are_listed_by_number_and_all_at_once(authority: Authority) {
    let admin = authority.admin().await;
    for number in 1..=3 {
        let body =
            json!({"password": PASSWORD, "display_name": format!("User {number}"), "disabled": number == 2});
        authority.put(&admin, &format!("/api/v1/users/user{number}"), body).await.expect(201);
    }
    let list = async |query: &str| {
        let answer = authority.det_get(&admin, &format!("/api/v1/users?{query}")).await.expect(200);
        let names = answer.body["users"].as_array().unwrap().iter().map(|user| user["username"].clone());
        (Value::Array(names.collect()), answer.body)
    };
    let (names, body) = list("").await;
    assert_eq!(names, json!(["admin", "user1", "user2", "user3"]));
    assert_eq!(
        body["pagination"],
        json!({"offset": 0, "limit": 0, "startIndex": 0, "endIndex": 4, "total": 4})
    );
    assert_eq!((&body["users"][0]["admin"], &body["users"][1]["admin"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&body["users"][2]["active"], &body["users"][2]["displayName"]),
        (&json!(false), &json!("User 2"))
    );
    assert_eq!(list("active=true&offset=0").await.0, json!(["admin", "user1", "user3"]));
    assert_eq!(list("active=false").await.0, json!(["user2"]));
    let (names, body) = list("limit=2&offset=-3&sortBy=SORT_BY_USER_NAME&unknown=1").await;
    assert_eq!(names, json!(["user1", "user2"]));
    assert_eq!(
        body["pagination"],
        json!({"offset": -3, "limit": 2, "startIndex": 1, "endIndex": 3, "total": 4})
    );
    for query in ["offset=5", "offset=-5", "limit=-1", "offset=x", "active=maybe"] {
        let answer = authority.det_get(&admin, &format!("/api/v1/users?{query}")).await;
        answer.no(400, "invalid_field", "InvalidArgument");
    }
}

async fn a_disabled_user_is_nobody(authority: Authority) {
    let (admin, bob) = (authority.admin().await, authority.person("bob").await);
    let (token, _) = authority.det_token(&bob.session).await;
    let path = format!("/api/v1/users/{}", bob.name);
    authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
    for secret in [&token, &bob.session] {
        authority.det_get(secret, "/api/v1/me").await.no(401, "invalid_token", "Unauthenticated");
    }
    let shown =
        authority.det_get(&admin, &format!("/api/v1/users/{}/by-username", bob.name)).await.expect(200);
    assert_eq!(shown.body["user"]["active"], false);
}

/// On anything but 200, 502, 503 and 504 the client forgets the credential and asks for a password.
async fn a_client_never_throws_a_good_credential_away(authority: Authority) {
    let admin = authority.admin().await;
    authority.clock.break_it();
    for path in ["/api/v1/me", "/api/v1/me/"] {
        let answer = authority.det_get(&admin, path).await.no(503, "unavailable", "Unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    authority.det_get(&admin, "/api/v1/tokens").await.no(500, "internal", "Internal");
    authority.store.close().await;
    authority.det_get(&admin, "/api/v1/me").await.no(503, "unavailable", "Unavailable");
}
