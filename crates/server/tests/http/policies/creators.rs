//! Whose tokens count.

use serde_json::{Value, json};

use super::LEVELS;
use crate::support::{Authority, Pat};

on_both! {
    alone:
        only_the_tokens_of_those_on_the_list_count,
        whoever_leaves_the_group_leaves_the_list,
        two_lists_may_name_one_person_differently,
        the_token_of_a_service_account_counts_by_the_account;
    shared:
        whoever_may_not_set_a_policy_learns_no_name;
}

fn user(name: &str) -> Value {
    json!({"type": "user", "name": name})
}

fn group(name: &str) -> Value {
    json!({"type": "group", "name": name})
}

async fn limited(authority: &Authority, session: &str) -> crate::support::answer::Answer {
    authority.token(session, json!({"scopes": ["Taskurai.*"], "projects": ["default/apollo"]})).await
}

async fn only_the_tokens_of_those_on_the_list_count(authority: Authority) {
    authority.projects().await;
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let of_alice = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let of_bob = authority.pat(&bob.session, &["Taskurai.*"]).await;
    let refused = Some("policy_creators".to_owned());
    for place in LEVELS {
        let policy = json!({"creators": [user(&alice.name)]});
        let told = authority.set_policy(place, policy).await.expect(200).body;
        assert_eq!(told["policy"]["effective"]["creators"], json!([user(&alice.name)]), "{place}");
        assert_eq!(authority.reason(&of_alice.secret).await, None, "{place}");
        assert_eq!(authority.reason(&of_bob.secret).await, refused, "{place}");
        limited(&authority, &alice.session).await.expect(201);
        limited(&authority, &bob.session).await.refused(403, "policy_refuses");
        let all = json!({"creators": [group("everyone")]});
        authority.set_policy(place, all).await.expect(200);
        assert_eq!(authority.reason(&of_bob.secret).await, None, "{place}: a person is in `everyone`");
        limited(&authority, &bob.session).await.expect(201);
        authority.set_policy(place, json!({"creators": []})).await.expect(200);
        assert_eq!(authority.reason(&of_alice.secret).await, refused, "{place}: an empty list is nobody");
        authority.remove_policy(place).await;
        assert_eq!(authority.reason(&of_bob.secret).await, None, "{place}");
    }
}

async fn whoever_leaves_the_group_leaves_the_list(authority: Authority) {
    authority.projects().await;
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let path = "/api/v1/groups/makers";
    authority.put(&admin, path, json!({"members": [user(&alice.name)]})).await.expect(201);
    authority.set_policy("default/*", json!({"creators": [group("makers")]})).await.expect(200);
    let Pat { id: _, secret } = limited(&authority, &alice.session).await.pat();
    assert_eq!(authority.reason(&secret).await, None);
    authority.patch(&admin, path, json!({"remove": [user(&alice.name)]})).await.expect(200);
    assert_eq!(authority.reason(&secret).await.as_deref(), Some("policy_creators"));
    limited(&authority, &alice.session).await.refused(403, "policy_refuses");
    authority.patch(&admin, path, json!({"add": [user(&alice.name)]})).await.expect(200);
    assert_eq!(authority.reason(&secret).await, None);
    authority.delete(&admin, path).await.expect(204);
    assert_eq!(authority.reason(&secret).await.as_deref(), Some("policy_creators"));
    authority.put(&admin, path, json!({"members": [user(&alice.name)]})).await.expect(201);
    let reason = authority.reason(&secret).await;
    assert_eq!(reason.as_deref(), Some("policy_creators"), "another group of that name is another group");
}

async fn two_lists_may_name_one_person_differently(authority: Authority) {
    authority.projects().await;
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let members = json!({"members": [user(&alice.name)]});
    authority.put(&admin, "/api/v1/groups/makers", members).await.expect(201);
    authority.set_policy("default/*", json!({"creators": [group("makers")]})).await.expect(200);
    authority.set_policy("default/apollo", json!({"creators": [user(&alice.name)]})).await.expect(200);
    let pat = limited(&authority, &alice.session).await.pat();
    assert_eq!(authority.reason(&pat.secret).await, None);
    let shown = authority.get(&admin, "/api/v1/policies/default%2Fapollo").await.expect(200).body;
    assert_eq!(shown["effective"]["creators"], json!([user(&alice.name)]));
    assert_eq!(shown["decided_by"]["creators"], json!(["default/*", "default/apollo"]));
}

async fn the_token_of_a_service_account_counts_by_the_account(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    authority.put(&admin, "/api/v1/service-accounts/bot", json!({})).await.expect(201);
    let subject = json!({"type": "service_account", "name": "bot"});
    let body = json!({"role": "ApiUser", "subject": subject, "place": "default/*"});
    authority.post(&admin, "/api/v1/role-bindings", body).await.expect(201);
    let body =
        json!({"kind": "service", "owner": "bot", "scopes": ["Taskurai.*"], "projects": ["default/apollo"]});
    let pat = authority.token(&admin, body.clone()).await.pat();
    assert_eq!(authority.reason(&pat.secret).await, None);
    authority.set_policy("default/*", json!({"creators": [group("everyone")]})).await.expect(200);
    let reason = authority.reason(&pat.secret).await;
    assert_eq!(reason.as_deref(), Some("policy_creators"), "service accounts are not in `everyone`");
    authority.token(&admin, body.clone()).await.refused(403, "policy_refuses");
    authority.set_policy("default/*", json!({"creators": [subject]})).await.expect(200);
    assert_eq!(authority.reason(&pat.secret).await, None);
    authority.token(&admin, body).await.expect(201);
}

async fn whoever_may_not_set_a_policy_learns_no_name(authority: Authority) {
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let answers = ["nobody-at-all", &bob.name].map(async |name| {
        let policy = json!({"creators": [user(name)]});
        let answer = authority.put(&alice.session, "/api/v1/policies/%2A", policy).await;
        answer.refused(403, "insufficient_scope").without_request_id()
    });
    let [unknown, known] = answers;
    assert_eq!(unknown.await, known.await);
    let admin = authority.admin().await;
    let policy = json!({"creators": [user("nobody-at-all")]});
    let answer = authority.put(&admin, "/api/v1/policies/%2A?dry_run=true", policy).await;
    answer.invalid("/creators/0/name", "unknown_name");
}
