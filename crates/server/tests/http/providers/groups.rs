//! Groups there that stand for groups here.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::provider::Quick;
use crate::support::{Authority, fresh};

on_both! {
    alone:
        a_sign_in_brings_memberships_to_what_the_provider_says,
        memberships_of_another_source_are_left_alone,
        whoever_is_unlinked_leaves_the_groups_of_that_issuer,
        a_lost_group_is_a_lost_right;
}

const RULES: &str = "allow = { anybody = true }\n[sign_in.groups]\n\"idp-ops\" = \"Operators\"\n\
    \"idp-dev\" = \"developers\"\n\"idp-gone\" = \"nowhere\"";

async fn sign_in(authority: &Authority, provider: &mut Quick, name: &str, groups: Value) -> Browser {
    provider.person(&json!({"sub": name, "preferred_username": name, "groups": groups}));
    let mut browser = Browser::new(authority);
    browser.follow("/sign-in/acme").await.expect(200);
    browser
}

/// The members of a group as `name source`, in order.
async fn members(authority: &Authority, group: &str) -> Vec<String> {
    let admin = authority.admin().await;
    let group = authority.get(&admin, &format!("/api/v1/groups/{group}")).await.expect(200).body;
    let members = group["members"].as_array().unwrap().iter();
    members
        .map(|member| {
            format!("{} {}", member["name"].as_str().unwrap(), member["source"].as_str().unwrap_or("-"))
        })
        .collect()
}

async fn make_groups(authority: &Authority) {
    let admin = authority.admin().await;
    for group in ["operators", "developers", "others"] {
        authority.put(&admin, &format!("/api/v1/groups/{group}"), json!({})).await.expect(201);
    }
}

async fn a_sign_in_brings_memberships_to_what_the_provider_says(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, RULES).await else { return };
    make_groups(&authority).await;
    let name = fresh("alice");
    let ours = vec![format!("{name} {}", provider.url)];
    sign_in(&authority, &mut provider, &name, json!(["idp-ops", "unmapped", "developers", "idp-gone"])).await;
    assert_eq!(members(&authority, "operators").await, ours);
    assert_eq!(members(&authority, "developers").await, [""; 0], "a name there is no name here");
    sign_in(&authority, &mut provider, &name, json!(["idp-dev", "idp-ops", "idp-ops"])).await;
    assert_eq!(members(&authority, "operators").await, ours);
    assert_eq!(members(&authority, "developers").await, ours);
    sign_in(&authority, &mut provider, &name, json!(["idp-dev"])).await;
    assert_eq!(members(&authority, "operators").await, [""; 0]);
    sign_in(&authority, &mut provider, &name, json!(null)).await;
    assert_eq!(members(&authority, "developers").await, [""; 0], "a list that is not there is empty");
}

async fn whoever_is_unlinked_leaves_the_groups_of_that_issuer(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, RULES).await else { return };
    make_groups(&authority).await;
    let (admin, name) = (authority.admin().await, fresh("alice"));
    sign_in(&authority, &mut provider, &name, json!(["idp-ops", "idp-dev"])).await;
    let by_hand = json!({"add": [{"type": "user", "name": name}]});
    authority.patch(&admin, "/api/v1/groups/others", by_hand).await.expect(200);
    let path = format!("/api/v1/users/{name}/identities");
    let second = json!({"issuer": provider.url, "subject": "second"});
    let second = authority.post(&admin, &path, second).await.expect(201).body["id"].clone();
    let all = authority.get(&admin, &path).await.expect(200).body["items"].clone();
    let first = all.as_array().unwrap().iter().find(|one| one["id"] != second).unwrap()["id"].clone();
    let unlink = |id: &Value| format!("{path}/{}", id.as_str().unwrap());
    authority.delete(&admin, &unlink(&first)).await.expect(204);
    assert_eq!(
        members(&authority, "operators").await.len(),
        1,
        "the issuer still knows them by another account"
    );
    authority.delete(&admin, &unlink(&second)).await.expect(204);
    for group in ["operators", "developers"] {
        assert_eq!(members(&authority, group).await, [""; 0]);
    }
    assert_eq!(members(&authority, "others").await.len(), 1, "who was put there by hand stays");
}

async fn memberships_of_another_source_are_left_alone(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, RULES).await else { return };
    make_groups(&authority).await;
    let (admin, name, other) = (authority.admin().await, fresh("alice"), fresh("bob"));
    sign_in(&authority, &mut provider, &name, json!(["idp-dev"])).await;
    sign_in(&authority, &mut provider, &other, json!(["idp-ops", "idp-dev"])).await;
    let by_hand = json!({"add": [{"type": "user", "name": name}]});
    authority.patch(&admin, "/api/v1/groups/operators", by_hand.clone()).await.expect(200);
    authority.patch(&admin, "/api/v1/groups/others", by_hand).await.expect(200);
    let mut sql = authority.sql().await;
    sql.change(
        "UPDATE group_member SET source = 'https://other.example' WHERE group_id IN
        (SELECT id FROM user_group WHERE live_name = 'others')",
    )
    .await;
    let before = members(&authority, "operators").await;

    sign_in(&authority, &mut provider, &name, json!(["idp-ops"])).await;
    assert_eq!(members(&authority, "operators").await, before, "who was put there by hand stays so");
    assert_eq!(members(&authority, "others").await, [format!("{name} https://other.example")]);
    sign_in(&authority, &mut provider, &name, json!([])).await;
    assert_eq!(members(&authority, "operators").await, before);
    assert_eq!(members(&authority, "developers").await, [format!("{other} {}", provider.url)]);
}

async fn a_lost_group_is_a_lost_right(authority: Authority) {
    let Some((authority, mut provider)) = Quick::of(authority, RULES).await else { return };
    make_groups(&authority).await;
    let (admin, name) = (authority.admin().await, fresh("alice"));
    let binding = json!({"role": "Admin", "subject": {"type": "group", "name": "operators"}, "place": "*"});
    authority.post(&admin, "/api/v1/role-bindings", binding).await.expect(201);
    let browser = sign_in(&authority, &mut provider, &name, json!(["idp-ops"])).await;
    authority.get(&browser.session(), "/api/v1/users").await.expect(200);
    let pat = authority.pat(&browser.session(), &["*"]).await;
    authority.get(&pat.secret, "/api/v1/users").await.expect(200);

    sign_in(&authority, &mut provider, &name, json!([])).await;
    authority.get(&browser.session(), "/api/v1/users").await.refused(403, "insufficient_scope");
    authority.get(&pat.secret, "/api/v1/users").await.refused(403, "insufficient_scope");
}
