//! What well-known providers send, in the order in which they send it, after their public documentation.

use serde_json::{Value, json};

use super::{GROUP, USER, delete, filter, get, id, members, patch, post, provider, put};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        as_microsoft_entra_id_provisions,
        as_okta_provisions;
}

/// "Tutorial: Develop and plan provisioning for a SCIM endpoint in Microsoft Entra ID".
async fn as_microsoft_entra_id_provisions(authority: Authority) {
    let secret = provider(&authority).await;
    // The test of the connection asks for a user who is not there.
    let nobody = filter("userName eq \"0e2f6c1a-6e0d-4b7c-8f0e-2f8a8d1b9f7e\"");
    let found = get(&authority, &secret, &format!("Users?{nobody}")).await.expect(200);
    assert_eq!((&found.body["totalResults"], &found.body["Resources"]), (&json!(0), &json!([])));

    let (name, external) = (fresh("test_user_") + "@example.com", fresh("0a21f0f2-8d2a-4f8e-bf98-"));
    let by_name = format!("Users?{}", filter(&format!("userName eq \"{name}\"")));
    assert_eq!(get(&authority, &secret, &by_name).await.expect(200).body["totalResults"], 0);
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let body = json!({
        "schemas": [USER, enterprise], "externalId": external, "userName": name, "active": true,
        "displayName": "lennay", "emails": [{"primary": true, "type": "work", "value": "anna33@gmail.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
        "roles": [], enterprise: {"department": "bob", "manager": {"value": "x"}},
    });
    let user = id(&post(&authority, &secret, "Users", body).await.expect(201));
    assert_eq!(get(&authority, &secret, &by_name).await.expect(200).body["Resources"][0]["id"], user);
    let path = format!("Users/{user}");
    let several = json!([
        {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "updated@example.com"},
        {"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
        {"op": "Add", "path": format!("{enterprise}:department"), "value": "sales"},
        {"op": "Replace", "value": {"displayName": "Lennay", "emails[type eq \"work\"].value": "new@example.com"}},
    ]);
    let changed = patch(&authority, &secret, &path, several).await.expect(200).body;
    assert_eq!(changed["emails"], json!([{"value": "new@example.com", "type": "work", "primary": true}]));
    assert_eq!(changed["displayName"], "Lennay");
    let renamed = fresh("renamed") + "@example.com";
    let rename = json!([{"op": "Replace", "path": "userName", "value": renamed}]);
    patch(&authority, &secret, &path, rename).await.expect(200);

    // Groups are looked for by name, read without their members, and changed one member at a time.
    let crew = fresh("Crew ");
    let by_name =
        format!("Groups?excludedAttributes=members&{}", filter(&format!("displayName eq \"{crew}\"")));
    assert_eq!(get(&authority, &secret, &by_name).await.expect(200).body["totalResults"], 0);
    let core = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
    let body = json!({
        "schemas": [GROUP, core], "externalId": fresh("8aa1a0c0-c4c3-4bc0-b4a5-"), "displayName": crew,
        "meta": {"resourceType": "Group"},
    });
    let group = id(&post(&authority, &secret, "Groups", body).await.expect(201));
    let at = format!("Groups/{group}");
    let shown = get(&authority, &secret, &format!("{at}?excludedAttributes=members")).await.expect(200).body;
    assert_eq!((&shown["displayName"], &shown["members"]), (&json!(crew), &Value::Null));
    let member = |op: &str| json!([{"op": op, "path": "members", "value": [{"$ref": null, "value": user}]}]);
    patch(&authority, &secret, &at, member("Add")).await.expect(200);
    assert_eq!(members(&authority, &secret, &group).await, std::slice::from_ref(&user));
    patch(&authority, &secret, &at, member("Remove")).await.expect(200);
    assert_eq!(members(&authority, &secret, &group).await, [""; 0]);
    let rename = json!([{"op": "Replace", "path": "displayName", "value": fresh("Renamed ")}]);
    patch(&authority, &secret, &at, rename).await.expect(200);
    delete(&authority, &secret, &at).await.expect(204);

    let disable = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    assert_eq!(patch(&authority, &secret, &path, disable).await.expect(200).body["active"], false);
    let found =
        get(&authority, &secret, &format!("Users?{}", filter(&format!("userName eq \"{renamed}\"")))).await;
    assert_eq!(found.body["Resources"][0]["active"], false, "who is disabled is still found");
    delete(&authority, &secret, &path).await.expect(204);
    get(&authority, &secret, &path).await.refused_in_scim(404, "not_found", "");
}

/// "Understanding SCIM", with the requests of the integrations for users and for groups.
async fn as_okta_provisions(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("test.user") + "@okta.local");
    let query = format!("startIndex=1&count=100&{}", filter(&format!("userName eq \"{name}\"")));
    let found = get(&authority, &secret, &format!("Users?{query}")).await.expect(200).body;
    assert_eq!((&found["totalResults"], &found["startIndex"]), (&json!(0), &json!(1)));
    let body = json!({
        "schemas": [USER], "userName": name, "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": true, "value": name, "type": "work"}], "displayName": "Test User",
        "locale": "en-US", "externalId": fresh("00ujl29u0le5T6Aj10h7"), "groups": [], "password": "1mz050nq",
        "active": true,
    });
    let made = post(&authority, &secret, "Users", body.clone()).await.expect(201).body;
    let path = format!("Users/{}", made["id"].as_str().unwrap());
    get(&authority, &secret, &path).await.expect(200);
    let mut profile = body.clone();
    profile["id"] = made["id"].clone();
    profile["name"]["givenName"] = json!("Another");
    profile["displayName"] = json!("Another User");
    profile["meta"] = json!({"resourceType": "User"});
    let replaced = put(&authority, &secret, &path, profile).await.expect(200).body;
    assert_eq!((&replaced["id"], &replaced["displayName"]), (&made["id"], &json!("Another User")));
    assert_eq!(replaced["emails"][0]["primary"], true);
    for active in [false, true] {
        let operation = json!([{"op": "replace", "value": {"active": active}}]);
        assert_eq!(patch(&authority, &secret, &path, operation).await.expect(200).body["active"], active);
    }
    post(&authority, &secret, "Users", body).await.refused_in_scim(409, "name_taken", "uniqueness");

    let crew = fresh("Test SCIMv2 ");
    let all = get(&authority, &secret, "Groups?startIndex=1&count=100").await.expect(200).body;
    assert!(all["totalResults"].as_i64().unwrap() >= 1, "{all}");
    let body = json!({"schemas": [GROUP], "displayName": crew, "members": []});
    let group = id(&post(&authority, &secret, "Groups", body).await.expect(201));
    let at = format!("Groups/{group}");
    let member = json!({"value": made["id"], "display": name});
    let operations = json!([
        {"op": "remove", "path": "members[value eq \"00000000000000000000gf\"]"},
        {"op": "add", "path": "members", "value": [member]},
    ]);
    patch(&authority, &secret, &at, operations).await.expect(200);
    let renamed = crew.clone() + " new";
    let rename = json!([{"op": "replace", "value": {"id": group, "displayName": renamed}}]);
    assert_eq!(patch(&authority, &secret, &at, rename).await.expect(200).body["displayName"], renamed);
    let replaced = json!([{"op": "replace", "path": "members", "value": [member]}]);
    patch(&authority, &secret, &at, replaced).await.expect(200);
    let body = json!({"schemas": [GROUP], "id": group, "displayName": crew, "members": [member]});
    let shown = put(&authority, &secret, &at, body).await.expect(200).body;
    assert_eq!((&shown["displayName"], &shown["members"][0]["value"]), (&json!(crew), &made["id"]));
    delete(&authority, &secret, &at).await.expect(204);
    let operation = json!([{"op": "replace", "value": {"active": false}}]);
    patch(&authority, &secret, &path, operation).await.expect(200);
}
