//! `/scim/v2/Groups`

use serde_json::{Value, json};

use super::{GROUP, delete, filter, get, group, id, members, patch, post, provider, put, user};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        a_group_is_made_shown_replaced_and_removed,
        members_come_and_go_in_every_way_that_providers_write,
        who_was_put_in_by_hand_stays_and_is_shown,
        a_group_is_renamed_and_keeps_its_roles,
        names_that_do_not_fit_are_refused_with_a_reason,
        members_are_left_out_when_they_are_not_wanted,
        the_built_in_group_stays_as_it_is;
}

async fn a_group_is_made_shown_replaced_and_removed(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("Blue Crew "));
    let alice = user(&authority, &secret, &fresh("alice")).await;
    let body =
        json!({"schemas": [GROUP], "displayName": name, "externalId": name, "members": [{"value": alice}]});
    let made = post(&authority, &secret, "Groups", body.clone()).await.expect(201);
    let group = id(&made);
    let location = authority.url(&format!("/scim/v2/Groups/{group}"));
    assert_eq!(made.header("location"), location);
    let user_at = authority.url(&format!("/scim/v2/Users/{alice}"));
    let expected = json!({
        "schemas": [GROUP], "id": group, "externalId": name, "displayName": name,
        "members": [{"value": alice, "$ref": user_at, "type": "User"}],
        "meta": {"resourceType": "Group", "created": made.body["meta"]["created"], "location": location},
    });
    assert_eq!(made.body, expected);
    assert_eq!(get(&authority, &secret, &format!("Groups/{group}")).await.expect(200).body, expected);
    post(&authority, &secret, "Groups", body).await.refused_in_scim(409, "name_taken", "uniqueness");
    let same = json!({"displayName": fresh("other"), "externalId": name});
    post(&authority, &secret, "Groups", same).await.refused_in_scim(409, "name_taken", "uniqueness");

    let replaced =
        put(&authority, &secret, &format!("Groups/{group}"), json!({"displayName": name})).await.expect(200);
    assert_eq!((&replaced.body["members"], &replaced.body["externalId"]), (&Value::Null, &Value::Null));
    delete(&authority, &secret, &format!("Groups/{group}")).await.expect(204);
    get(&authority, &secret, &format!("Groups/{group}")).await.refused_in_scim(404, "not_found", "");
    delete(&authority, &secret, &format!("Groups/{group}")).await.refused_in_scim(404, "not_found", "");
    post(&authority, &secret, "Groups", json!({"displayName": name, "externalId": name})).await.expect(201);
}

async fn members_come_and_go_in_every_way_that_providers_write(authority: Authority) {
    let secret = provider(&authority).await;
    let group = group(&authority, &secret, &fresh("crew")).await;
    let mut users = Vec::new();
    for _ in 0..3 {
        users.push(user(&authority, &secret, &fresh("u")).await);
    }
    let [a, b, c] = [&users[0], &users[1], &users[2]];
    let value = |ids: &[&String]| ids.iter().map(|id| json!({"value": id})).collect::<Value>();
    for (operation, expected) in [
        (json!({"op": "Add", "path": "members", "value": value(&[a])}), vec![a]),
        (json!({"op": "add", "path": "members", "value": value(&[a, b])}), vec![a, b]),
        (json!({"op": "add", "value": {"members": value(&[c])}}), vec![a, b, c]),
        (json!({"op": "remove", "path": format!("members[value eq \"{b}\"]")}), vec![a, c]),
        (json!({"op": "remove", "path": format!("members[value eq \"{b}\"]")}), vec![a, c]),
        (json!({"op": "Remove", "path": "members", "value": value(&[a])}), vec![c]),
        (json!({"op": "replace", "path": "members", "value": value(&[a, b])}), vec![a, b]),
        (json!({"op": "replace", "value": {"id": "x", "members": value(&[c])}}), vec![c]),
        (json!({"op": "add", "path": "members", "value": {"value": b}}), vec![b, c]),
        (json!({"op": "remove", "path": "members[value eq \"nobody\"]"}), vec![b, c]),
        (json!({"op": "remove", "path": "members"}), vec![]),
        (json!({"op": "replace", "path": "members", "value": []}), vec![]),
    ] {
        patch(&authority, &secret, &format!("Groups/{group}"), json!([operation])).await.expect(200);
        assert_eq!(
            members(&authority, &secret, &group).await.iter().collect::<Vec<_>>(),
            expected,
            "{operation}"
        );
    }
    let several = json!([
        {"op": "add", "path": "members", "value": value(&[a, b, c])},
        {"op": "remove", "path": format!("members[value eq \"{a}\"]")},
    ]);
    patch(&authority, &secret, &format!("Groups/{group}"), several).await.expect(200);
    assert_eq!(members(&authority, &secret, &group).await, [b.clone(), c.clone()]);
}

async fn who_was_put_in_by_hand_stays_and_is_shown(authority: Authority) {
    let (admin, secret, name) = (authority.admin().await, provider(&authority).await, fresh("crew"));
    let (by_hand, by_scim) = (fresh("hand"), fresh("scim"));
    let hand = user(&authority, &secret, &by_hand).await;
    let scim = user(&authority, &secret, &by_scim).await;
    let group = group(&authority, &secret, &name).await;
    let path = format!("/api/v1/groups/{name}");
    let add = json!({"add": [{"type": "user", "name": by_hand}]});
    authority.patch(&admin, &path, add).await.expect(200);
    let at = format!("Groups/{group}");
    let both = json!({"displayName": name, "members": [{"value": hand}, {"value": scim}]});
    put(&authority, &secret, &at, both).await.expect(200);
    let sources = authority.get(&admin, &path).await.expect(200).body;
    let sources: Vec<_> =
        sources["members"].as_array().unwrap().iter().map(|one| one["source"].clone()).collect();
    assert_eq!(sources, [json!("manual"), json!("scim")]);

    let remove = json!([{"op": "remove", "path": format!("members[value eq \"{hand}\"]")}]);
    let answer = patch(&authority, &secret, &at, remove).await.expect(200);
    assert_eq!(answer.body["members"].as_array().unwrap().len(), 2, "the answer does not pretend");
    put(&authority, &secret, &at, json!({"displayName": name})).await.expect(200);
    assert_eq!(members(&authority, &secret, &group).await, [hand]);
}

async fn a_group_is_renamed_and_keeps_its_roles(authority: Authority) {
    let (admin, secret) = (authority.admin().await, provider(&authority).await);
    let (before, after) = (fresh("before"), fresh("After "));
    let group = group(&authority, &secret, &before).await;
    let operation = json!([{"op": "replace", "value": {"id": group, "displayName": after}}]);
    let answer = patch(&authority, &secret, &format!("Groups/{group}"), operation).await.expect(200);
    assert_eq!(answer.body["displayName"], after);
    let own = authority.get(&admin, &format!("/api/v1/groups/{after}")).await.expect(200).body;
    assert_eq!((&own["id"], &own["display_name"]), (&json!(group), &json!(after)));
    authority.get(&admin, &format!("/api/v1/groups/{before}")).await.refused(404, "not_found");
}

async fn names_that_do_not_fit_are_refused_with_a_reason(authority: Authority) {
    let secret = provider(&authority).await;
    let group = group(&authority, &secret, &fresh("crew")).await;
    for name in ["", "x\u{0}", "two\nlines", &"x".repeat(257)] {
        let made = post(&authority, &secret, "Groups", json!({"displayName": name})).await;
        let made = made.refused_in_scim(400, "invalid_field", "invalidValue");
        assert!(made.text.contains("1 to 256 bytes"), "{}", made.text);
        let operation = json!([{"op": "replace", "path": "displayName", "value": name}]);
        let answer = patch(&authority, &secret, &format!("Groups/{group}"), operation).await;
        answer.refused_in_scim(400, "invalid_field", "invalidValue");
    }
    post(&authority, &secret, "Groups", json!({})).await.refused_in_scim(
        400,
        "invalid_field",
        "invalidValue",
    );
}

async fn members_are_left_out_when_they_are_not_wanted(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("crew"));
    let alice = user(&authority, &secret, &fresh("alice")).await;
    let body = json!({"displayName": name, "members": [{"value": alice}]});
    let group = id(&post(&authority, &secret, "Groups", body).await.expect(201));
    for query in ["excludedAttributes=members", "attributes=displayName"] {
        let one = get(&authority, &secret, &format!("Groups/{group}?{query}")).await.expect(200).body;
        let query =
            format!("Groups?{query}&{}", filter(&format!("displayName eq \"{}\"", name.to_uppercase())));
        let listed = get(&authority, &secret, &query).await.expect(200).body;
        assert_eq!(listed["Resources"], json!([one]));
        assert_eq!((&one["members"], &one["displayName"]), (&Value::Null, &json!(name)));
    }
}

async fn the_built_in_group_stays_as_it_is(authority: Authority) {
    let secret = provider(&authority).await;
    let found = get(&authority, &secret, &format!("Groups?{}", filter("displayName eq \"everyone\"")))
        .await
        .expect(200);
    let path = format!("Groups/{}", found.body["Resources"][0]["id"].as_str().unwrap());
    delete(&authority, &secret, &path).await.refused_in_scim(409, "built_in", "");
    let body = json!({"displayName": "everyone"});
    put(&authority, &secret, &path, body).await.refused_in_scim(409, "built_in", "");
    let operation = json!([{"op": "replace", "path": "displayName", "value": fresh("x")}]);
    let answer = patch(&authority, &secret, &path, operation).await;
    assert!([403, 409].contains(&answer.status), "{}", answer.text);
}
