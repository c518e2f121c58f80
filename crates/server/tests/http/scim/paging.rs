//! Lists: filters and pages.

use serde_json::{Value, json};

use super::{filter, get, group, post, provider, user};
use crate::support::{Authority, fresh};

on_both! {
    alone:
        lists_come_in_pages_that_begin_at_one;
    shared:
        users_are_found_by_what_can_be_compared,
        groups_are_found_by_what_can_be_compared;
}

#[track_caller]
fn names(list: &Value) -> Vec<String> {
    let name = |one: &Value| one["userName"].as_str().or(one["displayName"].as_str()).unwrap().to_owned();
    list["Resources"].as_array().unwrap().iter().map(name).collect()
}

async fn lists_come_in_pages_that_begin_at_one(authority: Authority) {
    let secret = provider(&authority).await;
    for at in 1..=4 {
        user(&authority, &secret, &format!("u{at}")).await;
        group(&authority, &secret, &format!("g{at}")).await;
    }
    let page = async |path: &str| get(&authority, &secret, path).await.expect(200).body;
    let all = ["admin", "u1", "u2", "u3", "u4"];
    for (query, expected, start) in [
        ("", &all[..], 1),
        ("?startIndex=1&count=2", &all[..2], 1),
        ("?startIndex=3&count=2", &all[2..4], 3),
        ("?startIndex=5&count=2", &all[4..], 5),
        ("?startIndex=6", &[], 6),
        ("?startIndex=0", &all[..], 1),
        ("?startIndex=-9&count=1", &all[..1], 1),
        ("?count=0", &[], 1),
        ("?count=-1", &[], 1),
        ("?count=99999999", &all[..], 1),
        ("?sortBy=userName&sortOrder=descending&unheard=of", &all[..], 1),
    ] {
        let list = page(&format!("Users{query}")).await;
        assert_eq!(names(&list), expected, "{query}");
        assert_eq!((&list["totalResults"], &list["startIndex"]), (&json!(5), &json!(start)), "{query}");
        assert_eq!(list["itemsPerPage"], expected.len(), "{query}");
        assert_eq!(list["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
    }
    let list = page("Groups?startIndex=2&count=3").await;
    assert_eq!(
        (names(&list), &list["totalResults"]),
        (["g1", "g2", "g3"].map(str::to_owned).to_vec(), &json!(5))
    );
    for wrong in ["startIndex=x", "count=1.5", "count=", "startIndex=99999999999999999999", "count=1&count=2"]
    {
        for list in ["Users", "Groups"] {
            let answer = get(&authority, &secret, &format!("{list}?{wrong}")).await;
            answer.refused_in_scim(400, "invalid_field", "invalidValue");
        }
    }
}

async fn users_are_found_by_what_can_be_compared(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("heidi"));
    let body =
        json!({"userName": name, "externalId": format!("X-{name}"), "displayName": format!("Ünal {name}")});
    let made = post(&authority, &secret, "Users", body).await.expect(201).body;
    let id = made["id"].as_str().unwrap();
    for (text, count) in [
        (format!("userName eq \"{name}\""), 1),
        (format!("USERNAME EQ \"{}\"", name.to_uppercase()), 1),
        (format!("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"{name}\""), 1),
        (format!("externalId eq \"X-{name}\""), 1),
        (format!("externalId eq \"x-{name}\""), 0),
        (format!("displayName eq \"ÜNAL {name}\""), 1),
        (format!("displayName eq \"Ünal {name}\""), 1),
        (format!("id eq \"{id}\""), 1),
        (format!("id eq \"{id}\" and userName eq \"{name}\" and externalId eq \"X-{name}\""), 1),
        (format!("id eq \"{id}\" and userName eq \"admin\""), 0),
        (format!("userName eq \"admin\" and userName eq \"{name}\""), 0),
        ("userName eq \"no such name!\"".to_owned(), 0),
        ("userName eq \"' OR 1=1 --\"".to_owned(), 0),
        ("externalId eq \"' OR '1'='1\"".to_owned(), 0),
        ("id eq \"%\"".to_owned(), 0),
        ("id eq \"\"".to_owned(), 0),
        ("externalId eq \"\\u0000\"".to_owned(), 0),
        ("displayName eq \"\\u0000\" and id eq \"\\u0000\"".to_owned(), 0),
    ] {
        let list = get(&authority, &secret, &format!("Users?{}", filter(&text))).await.expect(200).body;
        assert_eq!(list["totalResults"], count, "{text}");
        assert_eq!(list["Resources"], if count == 1 { json!([made]) } else { json!([]) }, "{text}");
    }
}

async fn groups_are_found_by_what_can_be_compared(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("Crew "));
    let body = json!({"displayName": name, "externalId": name});
    let made = post(&authority, &secret, "Groups", body).await.expect(201).body;
    let id = made["id"].as_str().unwrap();
    for (text, count) in [
        (format!("displayName eq \"{name}\""), 1),
        (format!("displayName eq \"{}\"", name.to_lowercase()), 1),
        (format!("externalId eq \"{name}\" and id eq \"{id}\""), 1),
        (format!("externalId eq \"{}\"", name.to_lowercase()), 0),
        ("displayName eq \"/\"".to_owned(), 0),
        ("externalId eq \"\\u0000\"".to_owned(), 0),
    ] {
        let list = get(&authority, &secret, &format!("Groups?{}", filter(&text))).await.expect(200).body;
        assert_eq!(
            (&list["totalResults"], &list["Resources"]),
            (&json!(count), &if count == 1 { json!([made]) } else { json!([]) }),
            "{text}"
        );
    }
}
