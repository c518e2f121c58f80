//! What the server says about itself.

use reqwest::Method;
use serde_json::{Value, json};

use super::{GROUP, USER, get, provider, scim};
use crate::support::answer::Answer;
use crate::support::{Authority, BASIC};

on_both! {
    shared:
        the_server_says_what_it_can_do,
        only_what_is_kept_is_in_the_schemas,
        errors_have_the_form_of_scim_wherever_they_come_from;
}

async fn the_server_says_what_it_can_do(authority: Authority) {
    let secret = provider(&authority).await;
    let answer = get(&authority, &secret, "ServiceProviderConfig").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/scim+json");
    let supported = |what: &str| answer.body[what]["supported"].as_bool().unwrap();
    assert!(supported("patch") && supported("filter"));
    for not in ["bulk", "changePassword", "sort", "etag"] {
        assert!(!supported(not), "{not}");
    }
    let types = get(&authority, &secret, "ResourceTypes").await.expect(200).body;
    assert_eq!(types["totalResults"], 2);
    let user = get(&authority, &secret, "ResourceTypes/User").await.expect(200).body;
    assert_eq!((&user, &user["schema"]), (&types["Resources"][0], &json!(USER)));
    assert_eq!(user["meta"]["location"], authority.url("/scim/v2/ResourceTypes/User"));
    get(&authority, &secret, "ResourceTypes/Robot").await.refused_in_scim(404, "not_found", "");
}

async fn only_what_is_kept_is_in_the_schemas(authority: Authority) {
    // Whoever is a caller may read them, but somebody has to be.
    let alice = authority.person("alice").await.session;
    let names = |schema: &Value| {
        let attributes = schema["attributes"].as_array().unwrap();
        attributes.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let user = get(&authority, &alice, &format!("Schemas/{USER}")).await.expect(200).body;
    assert_eq!(names(&user), ["userName", "name", "displayName", "active", "emails"]);
    let group = get(&authority, &alice, &format!("Schemas/{GROUP}")).await.expect(200).body;
    assert_eq!(names(&group), ["displayName", "members"]);
    let all = get(&authority, &alice, "Schemas").await.expect(200).body;
    assert_eq!(all["Resources"], json!([user, group]));
    get(&authority, &alice, "Schemas/urn:x").await.refused_in_scim(404, "not_found", "");
}

async fn errors_have_the_form_of_scim_wherever_they_come_from(authority: Authority) {
    let secret = provider(&authority).await;
    let without = Answer::to(authority.request(Method::GET, "/scim/v2/Users")).await;
    let without = without.refused_in_scim(401, "invalid_token", "");
    assert_eq!(without.challenges(), ["Bearer", BASIC]);
    get(&authority, "garbage", "Users").await.refused_in_scim(401, "invalid_token", "");
    for nowhere in ["", "/", "Nothing", "Users/x/y", "Me", "Bulk"] {
        get(&authority, &secret, nowhere).await.refused_in_scim(404, "not_found", "");
    }
    let wrong = scim(&authority, &secret, Method::POST, "ServiceProviderConfig", json!({})).await;
    wrong.refused_in_scim(405, "method_not_allowed", "");
    let search = scim(&authority, &secret, Method::POST, ".search", json!({})).await;
    search.refused_in_scim(501, "not_supported", "");
    let users = || authority.request(Method::POST, "/scim/v2/Users").bearer_auth(&secret);
    Answer::to(users().body("{}")).await.refused_in_scim(415, "unsupported_media_type", "");
    let json = |body: String| users().header("content-type", "application/json").body(body);
    for broken in ["", "{", "[]", "3", "{} {}", "\"x\""] {
        Answer::to(json(broken.to_owned())).await.refused_in_scim(400, "malformed", "invalidSyntax");
    }
    let large = format!("{{\"userName\":\"{}\"}}", "x".repeat(600_000));
    Answer::to(json(large)).await.refused_in_scim(413, "body_too_large", "");
    authority.get(&secret, "/scimitar").await.refused(404, "not_found");
}
