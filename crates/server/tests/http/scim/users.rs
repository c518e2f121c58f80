//! `/scim/v2/Users`

use serde_json::{Value, json};

use super::{USER, delete, filter, get, id, patch, post, provider, put, user};
use crate::support::{Authority, PASSWORD, fresh};

on_both! {
    alone:
        the_last_administrator_stays,
        each_change_leaves_one_audit_row;
    shared:
        a_user_is_made_shown_replaced_and_removed,
        an_inactive_user_is_suspended_at_once_and_an_active_one_revived,
        a_removed_user_is_dead_at_once_and_frees_name_and_external_id,
        names_and_external_ids_are_taken_once,
        a_user_is_renamed_and_stays_the_same,
        of_several_addresses_the_primary_one_is_kept,
        what_is_not_kept_is_ignored,
        only_what_is_asked_for_is_shown,
        a_service_account_is_no_user;
}

async fn a_user_is_made_shown_replaced_and_removed(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("carol"));
    let body = json!({
        "schemas": [USER], "userName": name.to_uppercase(), "externalId": format!("ext-{name}"),
        "displayName": "Carol", "emails": [{"value": "carol@example.com", "type": "work", "primary": true}],
    });
    let made = post(&authority, &secret, "Users", body).await.expect(201);
    let user = id(&made);
    let location = authority.url(&format!("/scim/v2/Users/{user}"));
    assert_eq!(made.header("location"), location);
    assert_eq!(made.header("content-type"), "application/scim+json");
    assert_eq!(made.header("cache-control"), "no-store");
    let expected = json!({
        "schemas": [USER], "id": user, "externalId": format!("ext-{name}"), "userName": name.to_uppercase(),
        "displayName": "Carol", "active": true,
        "emails": [{"value": "carol@example.com", "type": "work", "primary": true}],
        "meta": {"resourceType": "User", "created": made.body["meta"]["created"], "location": location},
    });
    assert_eq!(made.body, expected);
    assert_eq!(get(&authority, &secret, &format!("Users/{user}")).await.expect(200).body, expected);
    let own =
        authority.get(&authority.admin().await, &format!("/api/v1/users/{name}")).await.expect(200).body;
    assert_eq!((&own["id"], &own["email"]), (&json!(user), &json!("carol@example.com")));

    patch(
        &authority,
        &secret,
        &format!("Users/{user}"),
        json!([{"op": "replace", "path": "active", "value": false}]),
    )
    .await
    .expect(200);
    let replaced =
        put(&authority, &secret, &format!("Users/{user}"), json!({"userName": name})).await.expect(200).body;
    for gone in ["externalId", "displayName", "emails"] {
        assert_eq!(replaced[gone], Value::Null, "{replaced}");
    }
    assert_eq!(replaced["active"], false, "what a PUT does not say about `active` stays");
    delete(&authority, &secret, &format!("Users/{user}")).await.expect(204);
    for _ in 0..2 {
        get(&authority, &secret, &format!("Users/{user}")).await.refused_in_scim(404, "not_found", "");
        delete(&authority, &secret, &format!("Users/{user}")).await.refused_in_scim(404, "not_found", "");
        let gone = put(&authority, &secret, &format!("Users/{user}"), json!({"userName": name})).await;
        gone.refused_in_scim(404, "not_found", "");
    }
}

async fn an_inactive_user_is_suspended_at_once_and_an_active_one_revived(authority: Authority) {
    let (secret, alice) = (provider(&authority).await, authority.person("alice").await);
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let found =
        get(&authority, &secret, &format!("Users?{}", filter(&format!("userName eq \"{}\"", alice.name))))
            .await;
    let path = format!("Users/{}", found.body["Resources"][0]["id"].as_str().unwrap());
    for (off, on) in [(json!(false), json!(true)), (json!("False"), json!("True"))] {
        assert!(authority.is_active(&pat.secret).await);
        let operation = json!([{"op": "Replace", "path": "active", "value": off}]);
        assert_eq!(patch(&authority, &secret, &path, operation).await.expect(200).body["active"], false);
        assert!(!authority.is_active(&pat.secret).await, "the very next question");
        assert_eq!(
            authority.verify(&pat.secret, None).await,
            json!({"allowed": false, "reason": "suspended"})
        );
        authority.get(&alice.session, "/api/v1/tokens/self").await.refused(401, "invalid_token");
        authority.sign_in(&alice.name, PASSWORD).await.refused(401, "invalid_password");
        let operation = json!([{"op": "replace", "value": {"active": on}}]);
        assert_eq!(patch(&authority, &secret, &path, operation).await.expect(200).body["active"], true);
        assert!(authority.is_active(&pat.secret).await);
    }
    put(&authority, &secret, &path, json!({"userName": alice.name, "active": false})).await.expect(200);
    assert!(!authority.is_active(&pat.secret).await);
}

async fn a_removed_user_is_dead_at_once_and_frees_name_and_external_id(authority: Authority) {
    let secret = provider(&authority).await;
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let found =
        get(&authority, &secret, &format!("Users?{}", filter(&format!("userName eq \"{}\"", alice.name))))
            .await;
    let path = format!("Users/{}", found.body["Resources"][0]["id"].as_str().unwrap());
    let external = json!([{"op": "add", "path": "externalId", "value": alice.name}]);
    patch(&authority, &secret, &path, external).await.expect(200);
    delete(&authority, &secret, &path).await.expect(204);
    assert!(!authority.is_active(&pat.secret).await);
    let body = json!({"userName": alice.name, "externalId": alice.name});
    post(&authority, &secret, "Users", body).await.expect(201);
    assert!(!authority.is_active(&pat.secret).await, "a name made again revives nothing");
}

async fn names_and_external_ids_are_taken_once(authority: Authority) {
    let (secret, name, other) = (provider(&authority).await, fresh("dora"), fresh("dora"));
    let body = json!({"userName": name, "externalId": name});
    let first = id(&post(&authority, &secret, "Users", body.clone()).await.expect(201));
    post(&authority, &secret, "Users", body).await.refused_in_scim(409, "name_taken", "uniqueness");
    let same = json!({"userName": other, "externalId": name});
    post(&authority, &secret, "Users", same).await.refused_in_scim(409, "name_taken", "uniqueness");
    let found =
        get(&authority, &secret, &format!("Users?{}", filter(&format!("userName eq \"{other}\"")))).await;
    assert_eq!(found.body["totalResults"], 0, "nothing of the refused one remains");

    let second = user(&authority, &secret, &other).await;
    for (path, value) in [("userName", name.to_uppercase()), ("externalId", name.clone())] {
        let operation = json!([{"op": "replace", "path": path, "value": value}]);
        let answer = patch(&authority, &secret, &format!("Users/{second}"), operation).await;
        answer.refused_in_scim(409, "name_taken", "uniqueness");
    }
    let again = json!([{"op": "replace", "path": "externalId", "value": name}]);
    patch(&authority, &secret, &format!("Users/{first}"), again).await.expect(200);
    let group = json!({"displayName": fresh("g"), "externalId": name});
    post(&authority, &secret, "Groups", group).await.expect(201);
}

async fn a_user_is_renamed_and_stays_the_same(authority: Authority) {
    let secret = provider(&authority).await;
    let (alice, name) = (authority.person("alice").await, fresh("married"));
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let found =
        get(&authority, &secret, &format!("Users?{}", filter(&format!("userName eq \"{}\"", alice.name))))
            .await;
    let path = format!("Users/{}", found.body["Resources"][0]["id"].as_str().unwrap());
    let urn = format!("{USER}:userName");
    let operation = json!([{"op": "replace", "path": urn, "value": name}]);
    assert_eq!(patch(&authority, &secret, &path, operation).await.expect(200).body["userName"], name);
    assert_eq!(authority.introspect(&pat.secret, &[]).await["username"], name);
    authority.sign_in(&alice.name, PASSWORD).await.refused(401, "invalid_password");
    authority.sign_in(&name, PASSWORD).await.expect(201);
}

async fn of_several_addresses_the_primary_one_is_kept(authority: Authority) {
    let secret = provider(&authority).await;
    let home = json!({"value": "home@example.com", "type": "home"});
    let work = json!({"value": "work@example.com", "type": "work"});
    let primary = json!({"value": "first@example.com", "primary": "True"});
    let emails = |emails: Value| json!({"userName": fresh("e"), "emails": emails});
    for (sent, kept) in [
        (json!([home, work, primary]), json!([{"value": "first@example.com", "primary": true}])),
        (json!([home, work]), json!([work])),
        (json!(home), json!([home])),
        (json!([]), Value::Null),
        (json!([{"type": "work"}]), Value::Null),
    ] {
        let made = post(&authority, &secret, "Users", emails(sent)).await.expect(201);
        assert_eq!(made.body["emails"], kept);
    }
    let path = format!("Users/{}", user(&authority, &secret, &fresh("e")).await);
    for (operation, kept) in [
        (
            json!({"op": "Add", "path": "emails[type eq \"work\"].value", "value": "a@x.org"}),
            json!([{"value": "a@x.org", "type": "work"}]),
        ),
        (
            json!({"op": "add", "path": "emails[type eq \"work\"].primary", "value": true}),
            json!([{"value": "a@x.org", "type": "work", "primary": true}]),
        ),
        (
            json!({"op": "replace", "path": "emails[primary eq true].value", "value": "b@x.org"}),
            json!([{"value": "b@x.org", "type": "work", "primary": true}]),
        ),
        (
            json!({"op": "replace", "path": "emails[type eq \"home\"].value", "value": "c@x.org"}),
            json!([{"value": "b@x.org", "type": "work", "primary": true}]),
        ),
        (
            json!({"op": "remove", "path": "emails[type eq \"home\"]"}),
            json!([{"value": "b@x.org", "type": "work", "primary": true}]),
        ),
        (json!({"op": "remove", "path": "emails[value eq \"b@x.org\"]"}), Value::Null),
        (json!({"op": "replace", "path": "emails", "value": [home]}), json!([home])),
        (json!({"op": "add", "path": "emails", "value": [work]}), json!([home])),
        (json!({"op": "remove", "path": "emails"}), Value::Null),
    ] {
        let answer = patch(&authority, &secret, &path, json!([operation])).await.expect(200);
        assert_eq!(answer.body["emails"], kept, "{operation}");
    }
}

async fn what_is_not_kept_is_ignored(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("erin"));
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let body = json!({
        "schemas": [USER, enterprise], "USERNAME": name, "id": "mine", "meta": {"created": "1999"}, "password": PASSWORD,
        "name": {"givenName": "Erin", "familyName": "Example"}, "nickName": "E", "phoneNumbers": [{"value": "1"}],
        "groups": [{"value": "x"}], "favourite": {"colour": "blue"}, enterprise: {"department": "x"}, "active": null,
    });
    let made = post(&authority, &secret, "Users", body).await.expect(201);
    assert_eq!(made.body["displayName"], "Erin Example", "the name to show comes from its parts");
    assert_ne!(made.body["id"], "mine");
    let keys: Vec<&String> = made.body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["active", "displayName", "id", "meta", "name", "schemas", "userName"]);
    authority.sign_in(&name, PASSWORD).await.refused(401, "invalid_password");
    let path = format!("Users/{}", id(&made));
    let operations = json!([
        {"op": "add", "path": "nickName", "value": "E"},
        {"op": "replace", "path": "name.middleName", "value": "New"},
        {"op": "replace", "path": "addresses[type eq \"work\"].locality", "value": "There"},
        {"op": "remove", "path": "title"},
        {"op": "add", "path": format!("{enterprise}:department"), "value": "y"},
        {"op": "replace", "value": {"id": "mine", "favourite": 1, "no name": 2, format!("{enterprise}:manager"): "z"}},
    ]);
    assert_eq!(patch(&authority, &secret, &path, operations).await.expect(200).body, made.body);
    let formatted = json!([{"op": "replace", "path": "name.formatted", "value": "Erin N."}]);
    let answer = patch(&authority, &secret, &path, formatted).await.expect(200);
    assert_eq!(answer.body["displayName"], "Erin N.");
}

async fn only_what_is_asked_for_is_shown(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("frank"));
    let body =
        json!({"userName": name, "displayName": "F", "emails": [{"value": "f@x.org", "type": "work"}]});
    let user = id(&post(&authority, &secret, "Users", body).await.expect(201));
    let shown = async |query: &str| {
        let answer = get(&authority, &secret, &format!("Users/{user}?{query}")).await.expect(200).body;
        answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown("attributes=USERNAME").await, "id schemas userName");
    assert_eq!(shown(&format!("attributes={USER}:userName,active")).await, "active id schemas userName");
    assert_eq!(
        shown("excludedAttributes=emails,id,meta,schemas").await,
        "active displayName id schemas userName"
    );
    let within = get(&authority, &secret, &format!("Users/{user}?attributes=emails.value")).await.expect(200);
    assert_eq!(within.body["emails"], json!([{"value": "f@x.org"}]));
    let within =
        get(&authority, &secret, &format!("Users/{user}?excludedAttributes=emails.value")).await.expect(200);
    assert_eq!(within.body["emails"], json!([{"type": "work"}]));
    let both =
        get(&authority, &secret, &format!("Users/{user}?attributes=active&excludedAttributes=emails")).await;
    both.refused_in_scim(400, "invalid_field", "invalidValue");
}

async fn a_service_account_is_no_user(authority: Authority) {
    let (admin, secret, name) = (authority.admin().await, provider(&authority).await, fresh("robot"));
    let made =
        authority.put(&admin, &format!("/api/v1/service-accounts/{name}"), json!({})).await.expect(201).body;
    let path = format!("Users/{}", made["id"].as_str().unwrap());
    get(&authority, &secret, &path).await.refused_in_scim(404, "not_found", "");
    put(&authority, &secret, &path, json!({"userName": name})).await.refused_in_scim(404, "not_found", "");
    let operation = json!([{"op": "replace", "path": "active", "value": false}]);
    patch(&authority, &secret, &path, operation).await.refused_in_scim(404, "not_found", "");
    delete(&authority, &secret, &path).await.refused_in_scim(404, "not_found", "");
    let group = super::group(&authority, &secret, &fresh("g")).await;
    let operation = json!([{"op": "add", "path": "members", "value": [{"value": made["id"]}]}]);
    let answer = patch(&authority, &secret, &format!("Groups/{group}"), operation).await;
    answer.refused_in_scim(400, "unknown_name", "invalidValue");
}

async fn the_last_administrator_stays(authority: Authority) {
    let secret = provider(&authority).await;
    let found =
        get(&authority, &secret, &format!("Users?{}", filter("userName eq \"admin\""))).await.expect(200);
    let path = format!("Users/{}", found.body["Resources"][0]["id"].as_str().unwrap());
    let operation = json!([{"op": "replace", "path": "active", "value": false}]);
    patch(&authority, &secret, &path, operation).await.refused_in_scim(409, "last_administrator", "");
    let body = json!({"userName": "admin", "active": false});
    put(&authority, &secret, &path, body).await.refused_in_scim(409, "last_administrator", "");
    delete(&authority, &secret, &path).await.refused_in_scim(409, "last_administrator", "");
    assert!(authority.get(&secret, "/api/v1/users").await.status == 200);
}

async fn each_change_leaves_one_audit_row(authority: Authority) {
    let secret = provider(&authority).await;
    let rows = async || crate::store::audit::rows(&mut authority.sql().await).await;
    let user = user(&authority, &secret, "gina").await;
    let group = super::group(&authority, &secret, "crew").await;
    let before = rows().await.len();
    let both = json!([
        {"op": "add", "path": "displayName", "value": "Gina"}, {"op": "add", "path": "externalId", "value": "7"},
        {"op": "replace", "path": "active", "value": false},
    ]);
    patch(&authority, &secret, &format!("Users/{user}"), both).await.expect(200);
    let enter = json!([{"op": "add", "path": "members", "value": [{"value": user}]}]);
    patch(&authority, &secret, &format!("Groups/{group}"), enter).await.expect(200);
    let refused = json!([{"op": "add", "path": "displayName", "value": "G"}, {"op": "add", "path": "active[", "value": 1}]);
    patch(&authority, &secret, &format!("Users/{user}"), refused).await.refused_in_scim(
        400,
        "invalid_path",
        "invalidPath",
    );
    let rows = rows().await;
    assert!(rows.iter().all(crate::store::audit::AuditRow::is_sealed));
    let mut new: Vec<_> = rows[before..].iter().map(|row| (row.action(), row.target())).collect();
    new.sort_unstable();
    assert_eq!(new, [("group.write", group.as_str()), ("user.write", user.as_str())]);
}
