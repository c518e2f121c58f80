//! Names that directories have for people and groups, in any alphabet.

use serde_json::{Value, json};

use super::{filter, get, id, patch, post, provider, put};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        what_a_directory_calls_a_person_comes_back_as_it_was_sent,
        a_name_that_was_derived_is_stable_and_found,
        a_user_who_was_renamed_here_has_that_name_everywhere,
        groups_have_any_name_too,
        parts_of_a_name_are_kept_and_the_name_to_show_follows,
        a_name_to_show_that_was_said_stays;
}

async fn what_a_directory_calls_a_person_comes_back_as_it_was_sent(authority: Authority) {
    let (secret, admin) = (provider(&authority).await, authority.admin().await);
    for like in
        ["ann_ext#EXT#@x.onmicrosoft.com", "O'Brien", "Müller", "王小明", "two words", "Ann@Example.org"]
    {
        let label = format!("{}{like}", fresh("n"));
        let made = post(&authority, &secret, "Users", json!({"userName": label})).await.expect(201);
        assert_eq!(made.body["userName"], label);
        let found = filter(&format!("userName eq {}", json!(label)));
        let found = get(&authority, &secret, &format!("Users?{found}")).await.expect(200).body;
        assert_eq!(found["Resources"][0], made.body);
        let path = format!("Users/{}", id(&made));
        let again = put(&authority, &secret, &path, json!({"userName": label})).await.expect(200).body;
        assert_eq!(again["userName"], label);
        post(&authority, &secret, "Users", json!({"userName": label.to_uppercase()})).await.refused_in_scim(
            409,
            "name_taken",
            "uniqueness",
        );
        // Here, the user has a name that can be written anywhere.
        let users = authority.get(&admin, "/api/v1/users?page_size=1000").await.expect(200).body;
        let user =
            users["items"].as_array().unwrap().iter().find(|user| user["id"] == made.body["id"]).unwrap();
        let name = user["name"].as_str().unwrap();
        assert!(
            name.bytes().all(|byte| byte.is_ascii_lowercase() || b"0123456789._@+-".contains(&byte)),
            "{name}"
        );
        authority.get(&admin, &format!("/api/v1/users/{name}")).await.expect(200);
    }
}

async fn a_name_that_was_derived_is_stable_and_found(authority: Authority) {
    let (secret, label) = (provider(&authority).await, format!("{}Ü", fresh("n")));
    let name = jeton_token::PrincipalName::of_directory(&label).unwrap();
    let made = post(&authority, &secret, "Users", json!({"userName": label})).await.expect(201);
    assert_eq!(made.body["displayName"], label, "people are shown what they know");
    let path = format!("Users/{}", id(&made));
    super::delete(&authority, &secret, &path).await.expect(204);
    post(&authority, &secret, "Users", json!({"userName": label})).await.expect(201);
    let admin = authority.admin().await;
    let user = authority.get(&admin, &format!("/api/v1/users/{name}")).await.expect(200).body;
    assert_eq!(user["display_name"], label);
}

async fn a_user_who_was_renamed_here_has_that_name_everywhere(authority: Authority) {
    let (secret, label) = (provider(&authority).await, format!("{}Ü", fresh("n")));
    let made = post(&authority, &secret, "Users", json!({"userName": label})).await.expect(201);
    let path = format!("Users/{}", id(&made));
    let plain = fresh("plain");
    let rename = |value: &str| json!([{"op": "replace", "path": "userName", "value": value}]);
    for name in [&plain, &label, &plain] {
        let answer = patch(&authority, &secret, &path, rename(name)).await.expect(200);
        assert_eq!(answer.body["userName"], *name);
    }
    let by_label = filter(&format!("userName eq {}", json!(label)));
    assert_eq!(
        get(&authority, &secret, &format!("Users?{by_label}")).await.expect(200).body["totalResults"],
        0
    );
}

async fn groups_have_any_name_too(authority: Authority) {
    let (secret, admin) = (provider(&authority).await, authority.admin().await);
    for like in ["R&D", "Führung", "開発", "a/b", "x*"] {
        let label = format!("{}{like}", fresh("g"));
        let made = post(&authority, &secret, "Groups", json!({"displayName": label})).await.expect(201);
        assert_eq!(made.body["displayName"], label);
        let found = filter(&format!("displayName eq {}", json!(label)));
        let found = get(&authority, &secret, &format!("Groups?{found}")).await.expect(200).body;
        assert_eq!(found["Resources"][0]["id"], made.body["id"]);
        let name = jeton_token::ResourceName::of_directory(&label).unwrap();
        let name = name.as_str().replace(' ', "%20");
        let group = authority.get(&admin, &format!("/api/v1/groups/{name}")).await.expect(200).body;
        assert_eq!(group["display_name"], label);
        let other = format!("{}&", fresh("g"));
        let rename = json!([{"op": "replace", "value": {"displayName": other}}]);
        let answer = patch(&authority, &secret, &format!("Groups/{}", id(&made)), rename).await.expect(200);
        assert_eq!(answer.body["displayName"], other);
    }
}

async fn parts_of_a_name_are_kept_and_the_name_to_show_follows(authority: Authority) {
    let secret = provider(&authority).await;
    let parts = json!({"givenName": "Ann", "familyName": "Lee"});
    let body = json!({"userName": fresh("ann"), "name": parts});
    let made = post(&authority, &secret, "Users", body).await.expect(201);
    assert_eq!((&made.body["name"], &made.body["displayName"]), (&parts, &json!("Ann Lee")));
    let path = format!("Users/{}", id(&made));
    for (operation, name, shown) in [
        (
            json!({"op": "replace", "path": "name.familyName", "value": "Miller"}),
            json!({"givenName": "Ann", "familyName": "Miller"}),
            json!("Ann Miller"),
        ),
        (
            json!({"op": "replace", "value": {"name.givenName": "Anna"}}),
            json!({"givenName": "Anna", "familyName": "Miller"}),
            json!("Anna Miller"),
        ),
        (
            json!({"op": "add", "path": "name", "value": {"formatted": "Dr. A. Miller", "middleName": "x"}}),
            json!({"formatted": "Dr. A. Miller", "givenName": "Anna", "familyName": "Miller"}),
            json!("Dr. A. Miller"),
        ),
        (
            json!({"op": "replace", "path": "name.familyName", "value": "Stone"}),
            json!({"givenName": "Anna", "familyName": "Stone"}),
            json!("Anna Stone"),
        ),
        (
            json!({"op": "replace", "path": "name", "value": {"formatted": "A. Wood", "familyName": "Wood"}}),
            json!({"formatted": "A. Wood", "givenName": "Anna", "familyName": "Wood"}),
            json!("A. Wood"),
        ),
        (
            json!({"op": "remove", "path": "name.formatted"}),
            json!({"givenName": "Anna", "familyName": "Wood"}),
            json!("Anna Wood"),
        ),
        (json!({"op": "remove", "path": "name.givenName"}), json!({"familyName": "Wood"}), json!("Wood")),
        (json!({"op": "remove", "path": "name"}), Value::Null, Value::Null),
    ] {
        let answer = patch(&authority, &secret, &path, json!([operation])).await.expect(200).body;
        assert_eq!((&answer["name"], &answer["displayName"]), (&name, &shown), "{operation}");
        assert_eq!(get(&authority, &secret, &path).await.expect(200).body, answer);
    }
}

async fn a_name_to_show_that_was_said_stays(authority: Authority) {
    let secret = provider(&authority).await;
    let body = json!({
        "userName": fresh("ann"), "displayName": "Annie", "name": {"givenName": "Ann", "familyName": "Lee"},
    });
    let made = post(&authority, &secret, "Users", body).await.expect(201);
    let path = format!("Users/{}", id(&made));
    let shown = async |operation: Value| {
        patch(&authority, &secret, &path, json!([operation])).await.expect(200).body["displayName"].clone()
    };
    assert_eq!(shown(json!({"op": "replace", "path": "name.familyName", "value": "Miller"})).await, "Annie");
    assert_eq!(shown(json!({"op": "remove", "path": "displayName"})).await, "Ann Miller");
    assert_eq!(shown(json!({"op": "replace", "path": "name.familyName", "value": "Lee"})).await, "Ann Lee");
}
