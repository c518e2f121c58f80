//! Filters and patches that mean nothing, or more than is understood.

use serde_json::{Value, json};

use super::{USER, filter, get, group, patch, post, provider, put, user};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        a_filter_that_is_not_understood_is_refused_and_never_ignored,
        a_patch_that_means_nothing_is_refused_and_changes_nothing,
        operations_have_to_be_a_short_list,
        fields_have_to_be_what_they_are;
}

async fn a_filter_that_is_not_understood_is_refused_and_never_ignored(authority: Authority) {
    let secret = provider(&authority).await;
    for text in [
        "",
        "userName",
        "userName eq",
        "userName eq admin",
        "userName eq 'admin'",
        "userName ne \"admin\"",
        "userName sw \"a\"",
        "userName pr",
        "not (userName eq \"admin\")",
        "(userName eq \"admin\")",
        "userName eq \"admin\" or userName eq \"x\"",
        "userName eq \"admin\" and",
        "userName eq \"admin\" garbage",
        "userName eq true",
        "userName eq 1",
        "userName eq null",
        "userName eq [\"admin\"]",
        "title eq \"x\"",
        "name.givenName eq \"x\"",
        "emails[type eq \"work\"]",
        "meta.created gt \"2020\"",
        "password eq \"x\"",
        "schemas eq \"x\"",
        "userName eq \"admin",
        "\"admin\" eq userName",
    ] {
        let answer = get(&authority, &secret, &format!("Users?{}", filter(text))).await;
        answer.refused_in_scim(400, "invalid_filter", "invalidFilter");
        let text = text.replace("userName", "displayName");
        let answer = get(&authority, &secret, &format!("Groups?{}", filter(&text))).await;
        answer.refused_in_scim(400, "invalid_filter", "invalidFilter");
    }
    for (at, text) in [
        ("Users", "active eq \"maybe\""),
        ("Users", "active eq 1"),
        ("Users", "emails.value eq 3"),
        ("Users", "members eq \"x\""),
        ("Groups", "active eq true"),
        ("Groups", "emails.value eq \"a@x.org\""),
        ("Groups", "members eq 3"),
    ] {
        let answer = get(&authority, &secret, &format!("{at}?{}", filter(text))).await;
        answer.refused_in_scim(400, "invalid_filter", "invalidFilter");
    }
}

async fn a_patch_that_means_nothing_is_refused_and_changes_nothing(authority: Authority) {
    let secret = provider(&authority).await;
    let person = format!("Users/{}", user(&authority, &secret, &fresh("ivan")).await);
    let crew = format!("Groups/{}", group(&authority, &secret, &fresh("crew")).await);
    let (path, value, target) =
        (("invalid_path", "invalidPath"), ("invalid_field", "invalidValue"), ("no_target", "noTarget"));
    let (fixed, filter) = (("read_only", "mutability"), ("invalid_filter", "invalidFilter"));
    for (at, operation, (code, kind)) in [
        (&person, json!({"op": "add", "path": "two words", "value": 1}), path),
        (&person, json!({"op": "add", "path": "", "value": 1}), path),
        (&person, json!({"op": "add", "path": "active[", "value": true}), path),
        (&person, json!({"op": "add", "path": "active.sub", "value": true}), path),
        (&person, json!({"op": "add", "path": "active[value eq true]", "value": true}), path),
        (&person, json!({"op": "add", "path": "emails[type ne \"work\"].value", "value": "x"}), path),
        (&person, json!({"op": "add", "path": "emails[bork eq \"work\"].value", "value": "x"}), filter),
        (&person, json!({"op": "remove"}), target),
        (&person, json!({"op": "remove", "value": {"active": true}}), target),
        (&person, json!({"op": "remove", "path": "userName"}), fixed),
        (&person, json!({"op": "remove", "path": "active"}), fixed),
        (&person, json!({"op": "replace", "path": "id", "value": "x"}), fixed),
        (&person, json!({"op": "replace", "path": "groups", "value": []}), fixed),
        (&person, json!({"op": "replace", "path": "meta.created", "value": "x"}), fixed),
        (&person, json!({"op": "replace", "path": "active", "value": "maybe"}), value),
        (&person, json!({"op": "replace", "path": "active", "value": 1}), value),
        (&person, json!({"op": "replace", "path": "active", "value": null}), value),
        (&person, json!({"op": "replace", "path": "active"}), value),
        (&person, json!({"op": "replace", "path": "userName", "value": "two\nlines"}), value),
        (&person, json!({"op": "replace", "path": "name", "value": "Judy"}), value),
        (&person, json!({"op": "replace", "path": "name.givenName", "value": 3}), value),
        (&person, json!({"op": "replace", "path": "name[givenName eq \"x\"]", "value": {}}), path),
        (&person, json!({"op": "replace", "path": "userName", "value": null}), value),
        (&person, json!({"op": "replace", "path": "displayName", "value": ["x"]}), value),
        (&person, json!({"op": "replace", "path": "emails", "value": ["x@y.org"]}), value),
        (&person, json!({"op": "replace", "value": "x"}), value),
        (&person, json!({"op": "replace"}), value),
        (&person, json!({"op": "replace", "path": 3, "value": "x"}), value),
        (&person, json!({"op": "move", "path": "active", "value": true}), value),
        (&person, json!({"path": "active", "value": true}), value),
        (&person, json!("remove"), value),
        (&crew, json!({"op": "add", "path": "members.value", "value": "x"}), path),
        (&crew, json!({"op": "add", "path": "members[value eq \"x\"]", "value": []}), path),
        (&crew, json!({"op": "remove", "path": "members[value eq \"x\"].display"}), path),
        (&crew, json!({"op": "remove", "path": "members[value eq 3]"}), filter),
        (&crew, json!({"op": "remove", "path": "members[display eq \"x\"]"}), filter),
        (&crew, json!({"op": "remove", "path": "members[value ne \"x\"]"}), path),
        (&crew, json!({"op": "remove", "path": "displayName"}), fixed),
        (&crew, json!({"op": "remove"}), target),
        (&crew, json!({"op": "add", "path": "members", "value": ["x"]}), value),
        (&crew, json!({"op": "add", "path": "members", "value": [{"display": "x"}]}), value),
        (&crew, json!({"op": "add", "path": "members", "value": [{"value": "x"}]}), value),
    ] {
        let before = get(&authority, &secret, at).await.expect(200).body;
        let first = json!({"op": "add", "path": "externalId", "value": fresh("not")});
        let answer = patch(&authority, &secret, at, json!([first, operation])).await;
        answer.refused_in_scim(400, code, kind);
        assert_eq!(get(&authority, &secret, at).await.expect(200).body, before, "{operation}");
    }
}

async fn operations_have_to_be_a_short_list(authority: Authority) {
    let secret = provider(&authority).await;
    let person = format!("Users/{}", user(&authority, &secret, &fresh("ivan")).await);
    for operations in [
        json!([]),
        json!({}),
        json!("x"),
        Value::Null,
        vec![json!({"op": "remove", "path": "title"}); 1001].into(),
    ] {
        patch(&authority, &secret, &person, operations).await.refused_in_scim(
            400,
            "invalid_field",
            "invalidValue",
        );
    }
    let other = super::scim(
        &authority,
        &secret,
        reqwest::Method::PATCH,
        &person,
        json!({"schemas": [USER], "Operations": []}),
    );
    other.await.refused_in_scim(400, "invalid_field", "invalidValue");
}

async fn fields_have_to_be_what_they_are(authority: Authority) {
    let (secret, name) = (provider(&authority).await, fresh("judy"));
    let path = format!("Users/{}", user(&authority, &secret, &name).await);
    for body in [
        json!({}),
        json!({"userName": null}),
        json!({"userName": ""}),
        json!({"userName": "two\nlines"}),
        json!({"userName": 7}),
        json!({"userName": "x".repeat(257)}),
        json!({"userName": name, "active": "yes"}),
        json!({"userName": name, "active": 1}),
        json!({"userName": name, "displayName": 1}),
        json!({"userName": name, "displayName": "nul\u{0}"}),
        json!({"userName": name, "displayName": "x".repeat(1025)}),
        json!({"userName": name, "externalId": "x".repeat(513)}),
        json!({"userName": name, "externalId": 3}),
        json!({"userName": name, "externalId": "a\nb"}),
        json!({"userName": name, "emails": "a@x.org"}),
        json!({"userName": name, "emails": [{"value": 3}]}),
        json!({"userName": name, "emails": [{"value": "a@x.org", "primary": "perhaps"}]}),
        json!({"userName": name, "name": "Judy"}),
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "userName": name}),
        json!({"schemas": USER, "userName": name}),
    ] {
        let answer = put(&authority, &secret, &path, body.clone()).await;
        answer.refused_in_scim(400, "invalid_field", "invalidValue");
        let answer = post(&authority, &secret, "Users", body).await;
        answer.refused_in_scim(400, "invalid_field", "invalidValue");
    }
    get(&authority, &secret, "Users/not-an-id").await.refused_in_scim(404, "not_found", "");
}
