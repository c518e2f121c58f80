//! One request in all the spellings that providers have for it: what is kept changes, and everything else is ignored.

use reqwest::Method;
use serde_json::{Value, json};

use super::{GROUP, USER, filter, get, group, id, members, patch, post, provider, put, scim, user};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        one_attribute_too_many_keeps_nobody_from_being_disabled,
        what_is_not_kept_of_a_group_is_ignored,
        names_of_attributes_may_have_their_schema_before_them,
        a_slash_behind_an_address_changes_nothing,
        users_are_found_by_everything_that_is_kept_and_said_once,
        groups_are_found_by_a_member;
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

async fn one_attribute_too_many_keeps_nobody_from_being_disabled(authority: Authority) {
    let secret = provider(&authority).await;
    let manager = format!("{ENTERPRISE}:manager");
    for beside in [
        json!({"op": "Add", "path": "manager", "value": "y"}),
        json!({"op": "Add", "path": manager, "value": "y"}),
        json!({"op": "Add", "path": format!("{manager}.value"), "value": "y"}),
        json!({"op": "Add", "path": format!("{USER}:favourite"), "value": {"a": [1]}}),
        json!({"op": "Replace", "path": "urn:acme:2.0:User:costCenter", "value": "7"}),
        json!({"op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "x"}),
        json!({"op": "Replace", "path": "phoneNumbers[type eq \"work\" or primary eq true].value", "value": "1"}),
        json!({"op": "Remove", "path": "addresses[type ne \"work\"]"}),
        json!({"op": "Remove", "path": "custom.deeper.still"}),
        json!({"op": "Add", "path": "members", "value": [{"value": "x"}]}),
        json!({"op": "Add", "path": "title"}),
        json!({"op": "Replace", "path": "emails[type eq \"work\"].display", "value": "x"}),
        json!({"op": "Replace", "value": {"manager": "y", "id": "x", "meta": {}, "name.middleName": "z"}}),
    ] {
        let user = format!("Users/{}", user(&authority, &secret, &fresh("ann")).await);
        for (op, active, expected) in [
            ("Replace", json!("False"), false),
            ("REPLACE", json!("TRUE"), true),
            ("add", json!(false), false),
        ] {
            let operations = json!([{"op": op, "path": "Active", "value": active}, beside]);
            let answer = patch(&authority, &secret, &user, operations).await;
            assert_eq!(answer.expect(200).body["active"], expected, "{beside}");
        }
    }
    // The same in whole resources.
    let name = fresh("ann");
    let body = json!({
        "schemas": [USER, ENTERPRISE], "userName": name, "active": "True", "manager": "y", "custom": {"deeper": 1},
        "roles": [{"primary": "True"}], ENTERPRISE: {"manager": {"value": "y"}},
    });
    let made = post(&authority, &secret, "Users", body.clone()).await.expect(201);
    assert_eq!(made.body["active"], true);
    let path = format!("Users/{}", id(&made));
    let mut off = body;
    off["active"] = json!("False");
    assert_eq!(put(&authority, &secret, &path, off).await.expect(200).body["active"], false);
}

async fn what_is_not_kept_of_a_group_is_ignored(authority: Authority) {
    let secret = provider(&authority).await;
    let (crew, ann) =
        (group(&authority, &secret, &fresh("crew")).await, user(&authority, &secret, &fresh("ann")).await);
    let operations = json!([
        {"op": "Add", "path": "description", "value": "x"},
        {"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:acme:2.0:Group:owner", "value": "x"},
        {"op": "Add", "path": "active", "value": true},
        {"op": "ADD", "path": "MEMBERS", "value": [{"value": ann, "$ref": null, "display": "Ann"}]},
    ]);
    patch(&authority, &secret, &format!("Groups/{crew}"), operations).await.expect(200);
    assert_eq!(members(&authority, &secret, &crew).await, [ann]);
}

async fn names_of_attributes_may_have_their_schema_before_them(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("ann"));
    let key = |attribute: &str| format!("{USER}:{attribute}");
    let mut body = json!({"schemas": [USER]});
    body[key("userName")] = json!(name);
    body[key("active")] = json!(false);
    body[key("name")] = json!({"givenName": "Ann"});
    let made = post(&authority, &secret, "Users", body).await.expect(201);
    assert_eq!((&made.body["userName"], &made.body["active"]), (&json!(name), &json!(false)));
    assert_eq!(made.body["name"], json!({"givenName": "Ann"}));
    let path = format!("Users/{}", id(&made));
    let operations = json!([
        {"op": "replace", "path": key("ACTIVE"), "value": "true"},
        {"op": "replace", "path": key("name.familyName"), "value": "Lee"},
        {"op": "add", "path": key("emails[type eq \"work\"].value"), "value": "a@x.org"},
        {"op": "replace", "value": {key("displayName"): "A. Lee"}},
    ]);
    let shown = patch(&authority, &secret, &path, operations).await.expect(200).body;
    assert_eq!((&shown["active"], &shown["displayName"]), (&json!(true), &json!("A. Lee")));
    assert_eq!(shown["name"], json!({"givenName": "Ann", "familyName": "Lee"}));
    assert_eq!(shown["emails"][0]["value"], "a@x.org");
    let by_name = filter(&format!("{} Eq \"{}\"", key("userName"), name.to_uppercase()));
    let found = get(&authority, &secret, &format!("Users?{by_name}")).await.expect(200).body;
    assert_eq!(found["Resources"][0]["id"], made.body["id"]);

    let crew = fresh("crew");
    let mut body = json!({"schemas": [GROUP]});
    body[format!("{GROUP}:displayName")] = json!(crew);
    let made = post(&authority, &secret, "Groups", body).await.expect(201);
    assert_eq!(made.body["displayName"], crew);
}

async fn a_slash_behind_an_address_changes_nothing(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("ann"));
    let made = post(&authority, &secret, "Users/", json!({"userName": name})).await.expect(201);
    let path = format!("Users/{}/", id(&made));
    get(&authority, &secret, &path).await.expect(200);
    get(&authority, &secret, &format!("Users/?{}", filter(&format!("userName eq \"{name}\""))))
        .await
        .expect(200);
    let off = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(patch(&authority, &secret, &path, off).await.expect(200).body["active"], false);
    put(&authority, &secret, &path, json!({"userName": name})).await.expect(200);
    for other in ["Groups/", "Schemas/", "ResourceTypes/", "ServiceProviderConfig/"] {
        get(&authority, &secret, other).await.expect(200);
    }
    let without = scim(&authority, "garbage", Method::DELETE, &path, Value::Null).await;
    without.refused_in_scim(401, "invalid_token", "");
    super::delete(&authority, &secret, &path).await.expect(204);
}

async fn users_are_found_by_everything_that_is_kept_and_said_once(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("ann"));
    let mail = format!("{}@Example.org", fresh("Ann"));
    let body = json!({"userName": name, "emails": [{"value": mail, "type": "work"}], "active": false});
    let ann = id(&post(&authority, &secret, "Users", body).await.expect(201));
    let found = async |text: &str| {
        let answer = get(&authority, &secret, &format!("Users?{}", filter(text))).await.expect(200).body;
        let users = answer["Resources"].as_array().unwrap().clone();
        users.iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let by_mail = format!("emails.value eq \"{}\"", mail.to_uppercase());
    for text in [
        by_mail.clone(),
        format!("emails eq \"{mail}\""),
        format!("{by_mail} and active eq false"),
        format!("userName eq \"{name}\" and active eq \"False\""),
        format!("active eq FALSE and userName eq \"{name}\"").replace("FALSE", "false"),
    ] {
        assert_eq!(found(&text).await, std::slice::from_ref(&ann), "{text}");
    }
    for text in [
        format!("{by_mail} and active eq true"),
        format!("{by_mail} and emails eq \"other@x.org\""),
        format!("userName eq \"{name}\" and active eq true and active eq false"),
    ] {
        assert_eq!(found(&text).await, [""; 0], "{text}");
    }
}

/// As a provider asks whether somebody is in a group.
async fn groups_are_found_by_a_member(authority: Authority) {
    let secret = provider(&authority).await;
    let (crew, ann) =
        (group(&authority, &secret, &fresh("crew")).await, user(&authority, &secret, &fresh("ann")).await);
    let ask = async || {
        let text = format!("id eq \"{crew}\" and members eq \"{ann}\"");
        let path = format!("Groups?excludedAttributes=members&{}", filter(&text));
        get(&authority, &secret, &path).await.expect(200).body["totalResults"].clone()
    };
    assert_eq!(ask().await, 0);
    let enter = json!([{"op": "Add", "path": "members", "value": [{"value": ann}]}]);
    patch(&authority, &secret, &format!("Groups/{crew}"), enter).await.expect(200);
    assert_eq!(ask().await, 1);
}
