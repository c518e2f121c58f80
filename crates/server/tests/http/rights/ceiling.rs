//! Nobody gives more than they hold.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::{Authority, fresh};

on_both! {
    shared:
        attack_03_a_token_does_not_make_a_broader_one,
        attack_04_basic_opens_no_way_around_the_ceiling,
        attack_14_all_leaves_are_not_the_wildcard,
        what_is_implied_may_be_given,
        a_narrow_token_does_not_rotate_a_broad_one_of_the_same_owner,
        a_token_bound_to_a_network_does_not_free_itself_or_others,
        an_administrators_narrow_token_gets_nobodys_secret,
        an_administrators_narrow_token_makes_nobody_who_can_do_more;
}

async fn made(authority: &Authority, session: &str) -> Vec<String> {
    authority.names(session, "kind=personal&state=all").await
}

async fn attack_03_a_token_does_not_make_a_broader_one(authority: Authority) {
    let alice = authority.person("alice").await;
    let narrow = authority.pat(&alice.session, &["Taskurai.Task.Read", "Jeton.Token.Create"]).await;
    let before = made(&authority, &alice.session).await;
    for scopes in [
        json!(["Taskurai.*"]),
        json!(["*"]),
        json!(["Taskurai.Task.*"]),
        json!(["Taskurai.Task.Create"]),
        json!(["Taskurai.Task.Read", "Jeton.Token.Revoke"]),
        json!(["Jeton.*"]),
    ] {
        let body = json!({ "scopes": scopes });
        authority.token(&narrow.secret, body).await.refused(403, "scope_exceeds_grant");
    }
    let bare = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    authority.token(&bare.secret, json!({"scopes": ["Taskurai.*"]})).await.refused(403, "insufficient_scope");
    assert_eq!(made(&authority, &alice.session).await.len(), before.len() + 1, "only the bare one came");
    // A child of a child is bound by all of them.
    let child = authority.pat(&narrow.secret, &["Taskurai.Task.Read", "Jeton.Token.Create"]).await;
    let grandchild = json!({"scopes": ["Taskurai.Task.*"]});
    authority.token(&child.secret, grandchild).await.refused(403, "scope_exceeds_grant");
}

async fn attack_04_basic_opens_no_way_around_the_ceiling(authority: Authority) {
    let alice = authority.person("alice").await;
    let narrow = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    let before = made(&authority, &alice.session).await;
    let token = narrow.secret.as_str();
    for (user, password, status) in [
        (token, Some("x-oauth-basic"), 401),
        ("x", Some(token), 403),
        ("x-oauth-basic", Some(token), 403),
        (token, Some(""), 401),
        (token, None, 401),
        (token, Some(token), 403),
        ("", Some(token), 403),
        (&alice.name, Some(crate::support::PASSWORD), 401),
    ] {
        let body = json!({"scopes": ["Taskurai.*"]});
        let request =
            authority.request(Method::POST, "/api/v1/tokens").basic_auth(user, password).json(&body);
        Answer::to(request).await.expect(status);
    }
    assert_eq!(made(&authority, &alice.session).await, before);
}

async fn attack_14_all_leaves_are_not_the_wildcard(authority: Authority) {
    let alice = authority.person("alice").await;
    let leaves =
        ["Taskurai.Task.Read", "Taskurai.Task.Create", "Taskurai.Task.Logs.Read", "Taskurai.Log.Query.Read"];
    let mut scopes = leaves.to_vec();
    scopes.push("Jeton.Token.*");
    let holder = authority.pat(&alice.session, &scopes).await;
    for wildcard in ["Taskurai.Task.*", "Taskurai.Task.Logs.*", "Taskurai.*", "*"] {
        let body = json!({"scopes": [wildcard]});
        authority.token(&holder.secret, body).await.refused(403, "scope_exceeds_grant");
        let body = json!({"scopes": [wildcard]});
        let path = format!("/api/v1/tokens/{}", holder.id);
        authority.patch(&holder.secret, &path, body).await.refused(403, "scope_exceeds_grant");
    }
    authority.pat(&holder.secret, &leaves).await;
}

async fn what_is_implied_may_be_given(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let (name, own) = (fresh("shop"), fresh("Shop"));
    let mut api = crate::support::sample::api(&name, &own);
    api["scopes"][1]["implies"] = json!([format!("{own}.Task.Read")]);
    authority.put(&admin, &format!("/api/v1/apis/{name}"), api).await.expect(201);
    let holder = authority.pat(&alice.session, &[&format!("{own}.Task.Create"), "Jeton.Token.Create"]).await;
    authority.pat(&holder.secret, &[&format!("{own}.Task.Read")]).await;
    let body = json!({"scopes": [format!("{own}.Task.Logs.Read")]});
    authority.token(&holder.secret, body).await.refused(403, "scope_exceeds_grant");
}

async fn a_narrow_token_does_not_rotate_a_broad_one_of_the_same_owner(authority: Authority) {
    let alice = authority.person("alice").await;
    let broad = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let narrow = authority.pat(&alice.session, &["Jeton.Token.*", "Taskurai.Task.*"]).await;
    let path = format!("/api/v1/tokens/{}/rotate", broad.id);
    let body = json!({"overlap_minutes": 0});
    authority.post(&narrow.secret, &path, body).await.refused(403, "scope_exceeds_grant");
    assert!(authority.is_active(&broad.secret).await);
    let body = json!({"overlap_minutes": 0, "scopes": ["Taskurai.Task.Read"]});
    let narrowed = authority.post(&narrow.secret, &path, body).await.expect(200);
    assert_eq!(authority.verify(&narrowed.secret(), None).await["scopes"], json!(["Taskurai.Task.Read"]));
    let renamed =
        authority.patch(&narrow.secret, &path.replace("/rotate", ""), json!({"name": "renamed"})).await;
    renamed.expect(200);
}

/// The limits of a token count for what it makes of others: else whoever steals it inside would take it outside.
async fn a_token_bound_to_a_network_does_not_free_itself_or_others(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*", "Jeton.Token.*"], "networks": ["127.0.0.0/8"]});
    let bound = authority.token(&alice.session, body).await.pat();
    let free = authority.pat(&alice.session, &["Taskurai.Task.Read"]).await;
    let itself = format!("/api/v1/tokens/{}", bound.id);
    for networks in [json!([]), json!(["0.0.0.0/0"]), json!(["127.0.0.0/8", "10.0.0.0/8"])] {
        let body = json!({ "networks": networks });
        authority.patch(&bound.secret, &itself, body).await.refused(403, "scope_exceeds_grant");
        let body = json!({"overlap_minutes": 0, "networks": networks});
        authority
            .post(&bound.secret, &format!("{itself}/rotate"), body)
            .await
            .refused(403, "scope_exceeds_grant");
    }
    let other = format!("/api/v1/tokens/{}/rotate", free.id);
    let body = json!({"overlap_minutes": 0});
    authority.post(&bound.secret, &other, body).await.refused(403, "scope_exceeds_grant");
    assert!(authority.is_active(&free.secret).await);
    let body = json!({"overlap_minutes": 0, "networks": ["127.0.0.0/8"]});
    authority.post(&bound.secret, &other, body).await.expect(200);
    let body = json!({"overlap_minutes": 0});
    authority.post(&bound.secret, "/api/v1/tokens/self/rotate", body).await.expect(200);
}

async fn an_administrators_narrow_token_gets_nobodys_secret(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let hers = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let narrow = authority.pat(&admin, &["Jeton.Admin.Token", "Jeton.Token.*"]).await;
    let body = json!({"owner": alice.name, "scopes": ["Jeton.Token.Read"]});
    authority.token(&narrow.secret, body).await.refused(403, "scope_exceeds_grant");
    let path = format!("/api/v1/tokens/{}", hers.id);
    let body = json!({"overlap_minutes": 0});
    authority.post(&narrow.secret, &format!("{path}/rotate"), body).await.refused(403, "scope_exceeds_grant");
    authority
        .patch(&narrow.secret, &path, json!({"scopes": ["*"]}))
        .await
        .refused(403, "scope_exceeds_grant");
    // It lists, narrows and revokes.
    assert_eq!(authority.record(&narrow.secret, &hers.id).await["id"], json!(hers.id));
    authority.patch(&narrow.secret, &path, json!({"scopes": ["Taskurai.Task.Read"]})).await.expect(200);
    assert_eq!(authority.verify(&hers.secret, None).await["scopes"], json!(["Taskurai.Task.Read"]));
    authority.revoke(&narrow.secret, &hers.id).await.expect(204);
    // Whoever covers the owner obtains what the owner may.
    let broad = authority.pat(&admin, &["*"]).await;
    let hers = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let path = format!("/api/v1/tokens/{}/rotate", hers.id);
    authority.post(&broad.secret, &path, json!({"overlap_minutes": 0})).await.expect(200);
    let body = json!({"owner": fresh("nobody"), "scopes": ["*"]});
    authority.token(&broad.secret, body).await.invalid("/owner", "unknown_name");
    let body = json!({"owner": "admin", "scopes": ["*"]});
    authority.token(&alice.session, body).await.refused(403, "insufficient_scope");
}

/// A new user with a password is a secret for all that everyone may do.
async fn an_administrators_narrow_token_makes_nobody_who_can_do_more(authority: Authority) {
    let admin = authority.admin().await;
    let narrow = authority.pat(&admin, &["Jeton.Admin.User"]).await;
    let path = format!("/api/v1/users/{}", fresh("puppet"));
    let body = json!({"password": crate::support::PASSWORD});
    authority.put(&narrow.secret, &path, body.clone()).await.refused(403, "scope_exceeds_grant");
    authority.put(&narrow.secret, &path, json!({})).await.expect(201);
    authority.put(&narrow.secret, &path, body).await.refused(403, "scope_exceeds_grant");
    let answer = authority.get(&narrow.secret, &path).await.expect(200);
    assert_eq!(answer.body["disabled"], Value::Bool(false));
}
