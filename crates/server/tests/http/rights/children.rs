//! Tokens made by tokens: never more, never longer, and dead with their parents.

use serde_json::{Value, json};

use crate::support::clock::{ms, rfc3339};
use crate::support::{Authority, Pat, sample};

on_both! {
    alone: a_child_is_over_with_its_parent;
    shared:
        what_a_session_makes_has_no_parent_and_outlives_it,
        what_a_token_makes_is_its_child,
        attack_05_a_child_does_not_outlive_its_parent,
        a_chain_of_tokens_is_at_most_four_deep,
        a_child_is_dead_or_suspended_whenever_an_ancestor_is,
        a_child_is_narrowed_with_its_parent_at_once,
        a_child_is_bound_to_the_networks_of_its_parent,
        a_child_is_bound_to_the_rights_of_whoever_made_it,
        a_rotated_child_is_still_a_child;
}

/// A token that may make more.
async fn parent(authority: &Authority, session: &str, minutes: i64) -> (Pat, Value) {
    let body = json!({"scopes": ["Taskurai.*", "Jeton.Token.*"], "expires_in_minutes": minutes});
    let made = authority.token(session, body).await.expect(201);
    let record = made.body["token"].clone();
    (made.pat(), record)
}

async fn what_a_session_makes_has_no_parent_and_outlives_it(authority: Authority) {
    let alice = authority.person("alice").await;
    let (pat, record) = parent(&authority, &alice.session, 60).await;
    assert_eq!(
        (&record["parent_id"], &record["created_by"]),
        (&Value::Null, &json!(sample::id_of(&alice.session)))
    );
    authority.delete(&alice.session, "/api/v1/tokens/self").await.expect(204);
    assert!(authority.is_active(&pat.secret).await);
}

async fn what_a_token_makes_is_its_child(authority: Authority) {
    let alice = authority.person("alice").await;
    let (parent, _) = parent(&authority, &alice.session, 60).await;
    let child = authority.pat(&parent.secret, &["Taskurai.Task.Read"]).await;
    let record = authority.record(&alice.session, &child.id).await;
    assert_eq!((&record["parent_id"], &record["created_by"]), (&json!(parent.id), &json!(parent.id)));
    assert_eq!(record["owner"]["name"], json!(alice.name));
    assert!(authority.is_active(&child.secret).await);
}

async fn attack_05_a_child_does_not_outlive_its_parent(authority: Authority) {
    let alice = authority.person("alice").await;
    let (parent, record) = parent(&authority, &alice.session, 60).await;
    let end = ms(&record["expires_at"]);
    for longer in [
        json!({"expires_in_minutes": 120}),
        json!({"never_expires": true}),
        json!({"expires_at": rfc3339(end + 1)}),
    ] {
        let mut body = json!({"scopes": ["Taskurai.Task.Read"]});
        body.as_object_mut().unwrap().extend(longer.as_object().unwrap().clone());
        authority.token(&parent.secret, body).await.refused(422, "expiry_exceeds_parent");
    }
    assert_eq!(authority.names(&alice.session, "kind=personal").await.len(), 1, "nothing was made");

    let cut = authority.token(&parent.secret, json!({"scopes": ["Taskurai.Task.Read"]})).await.expect(201);
    assert_eq!(ms(&cut.body["token"]["expires_at"]), end, "the default is cut");
    let path = format!("/api/v1/tokens/{}", cut.id());
    for who in [&alice.session, &parent.secret] {
        let body = json!({"expires_at": rfc3339(end + 1)});
        authority.patch(who, &path, body).await.refused(422, "expiry_exceeds_parent");
    }
    let body = json!({"overlap_minutes": 0, "expires_in_minutes": 600});
    let rotated = authority.post(&alice.session, &format!("{path}/rotate"), body).await.expect(200);
    assert_eq!(ms(&rotated.body["token"]["expires_at"]), end, "a rotation is cut");

    authority.revoke(&alice.session, &parent.id).await.expect(204);
    assert!(!authority.is_active(&rotated.secret()).await);
}

async fn a_child_is_over_with_its_parent(authority: Authority) {
    authority.api().await;
    let alice = authority.person("alice").await;
    let (parent, record) = parent(&authority, &alice.session, 60).await;
    let child = authority.pat(&parent.secret, &["Taskurai.Task.Read"]).await;
    // Shortened afterwards, the parent takes the child along.
    let path = format!("/api/v1/tokens/{}", parent.id);
    let end = ms(&record["created_at"]) + 600_000;
    authority.patch(&alice.session, &path, json!({"expires_at": rfc3339(end)})).await.expect(200);
    assert_eq!(authority.introspect(&child.secret, &[]).await["exp"], json!(end / 1000), "the earliest end");
    authority.clock.stand_at_ms(end - 1);
    assert!(authority.is_active(&child.secret).await);
    authority.clock.stand_at_ms(end);
    assert_eq!(authority.verify(&child.secret, None).await["reason"], "parent_inactive");
    assert_eq!(authority.record(&alice.session, &child.id).await["state"], "suspended");
    authority.get(&child.secret, "/api/v1/tokens/self").await.refused(401, "invalid_token");
}

async fn a_chain_of_tokens_is_at_most_four_deep(authority: Authority) {
    let alice = authority.person("alice").await;
    let scopes = ["Taskurai.*", "Jeton.Token.*"];
    let mut chain = vec![authority.pat(&alice.session, &scopes).await];
    for _ in 0..4 {
        chain.push(authority.pat(&chain.last().unwrap().secret, &scopes).await);
    }
    let deepest = &chain[4];
    assert!(authority.is_active(&deepest.secret).await);
    let body = json!({ "scopes": scopes });
    authority.token(&deepest.secret, body).await.refused(422, "depth_exceeded");
    authority.revoke(&alice.session, &chain[0].id).await.expect(204);
    for dead in &chain {
        assert!(!authority.is_active(&dead.secret).await);
        authority.get(&dead.secret, "/api/v1/tokens/self").await.expect(401);
    }
}

async fn a_child_is_dead_or_suspended_whenever_an_ancestor_is(authority: Authority) {
    let (admin, boss) = (authority.admin().await, authority.person("boss").await);
    let alice = authority.person("alice").await;
    let (parent, _) = parent(&authority, &alice.session, 60).await;
    let child = authority.pat(&parent.secret, &["Taskurai.*", "Jeton.Token.*"]).await;
    let grandchild = authority.pat(&child.secret, &["Taskurai.Task.Read"]).await;
    let user = format!("/api/v1/users/{}", alice.name);
    authority.patch(&admin, &user, json!({"disabled": true})).await.expect(200);
    assert!(!authority.is_active(&grandchild.secret).await);
    authority.patch(&admin, &user, json!({"disabled": false})).await.expect(200);
    assert!(authority.is_active(&grandchild.secret).await);

    authority.revoke(&alice.session, &child.id).await.expect(204);
    assert_eq!(authority.verify(&grandchild.secret, None).await["reason"], "parent_inactive");
    assert_eq!(authority.record(&alice.session, &grandchild.id).await["state"], "suspended");
    let again = authority.token(&grandchild.secret, json!({"scopes": ["Taskurai.Task.Read"]})).await;
    again.refused(401, "invalid_token");
    assert!(authority.is_active(&parent.secret).await);

    // A token that one person's token made for another dies with the maker's.
    let maker = authority.pat(&admin, &["*"]).await;
    let gift = json!({"owner": boss.name, "scopes": ["Taskurai.*"]});
    let gift = authority.token(&maker.secret, gift).await.pat();
    assert!(authority.is_active(&gift.secret).await);
    assert_eq!(authority.record(&boss.session, &gift.id).await["parent_id"], json!(maker.id));
    authority.revoke(&admin, &maker.id).await.expect(204);
    assert!(!authority.is_active(&gift.secret).await);
}

async fn a_child_is_narrowed_with_its_parent_at_once(authority: Authority) {
    let alice = authority.person("alice").await;
    let (parent, _) = parent(&authority, &alice.session, 60).await;
    let child = authority.pat(&parent.secret, &["Taskurai.Task.*"]).await;
    let path = format!("/api/v1/tokens/{}", parent.id);
    let narrow = async |scopes: Value| {
        authority.patch(&alice.session, &path, json!({ "scopes": scopes })).await.expect(200)
    };
    narrow(json!(["Taskurai.Task.Read"])).await;
    assert_eq!(authority.verify(&child.secret, None).await["scopes"], json!(["Taskurai.Task.Read"]));
    let verdict = authority.verify(&child.secret, Some("Taskurai.Task.Create")).await;
    assert_eq!(verdict["reason"], "missing_scope");
    assert_eq!(authority.record(&alice.session, &child.id).await["scopes"], json!(["Taskurai.Task.*"]));
    narrow(json!(["Taskurai.Log.*"])).await;
    assert_eq!(authority.introspect(&child.secret, &[]).await, json!({"active": false}));
    narrow(json!(["*"])).await;
    assert!(authority.is_active(&child.secret).await);
}

async fn a_child_is_bound_to_the_networks_of_its_parent(authority: Authority) {
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*", "Jeton.Token.*"], "networks": ["127.0.0.0/8"]});
    let parent = authority.token(&alice.session, body).await.pat();
    let body = json!({"scopes": ["Taskurai.Task.Read"], "networks": ["10.0.0.0/8"]});
    let nowhere = authority.token(&parent.secret, body).await.pat();
    let child = authority.pat(&parent.secret, &["Taskurai.Task.Read"]).await;
    assert!(!authority.is_active(&child.secret).await);
    for (client, expected) in [("127.0.0.1", true), ("10.0.0.1", false)] {
        assert_eq!(authority.introspect(&child.secret, &[("client_ip", client)]).await["active"], expected);
        assert_eq!(authority.introspect(&nowhere.secret, &[("client_ip", client)]).await["active"], false);
    }
}

async fn a_child_is_bound_to_the_rights_of_whoever_made_it(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    // Alice asks for everything, and gets what she may do herself.
    let everything = authority.pat(&alice.session, &["*"]).await;
    for path in ["/api/v1/users", "/api/v1/tokens?owner=admin"] {
        authority.get(&everything.secret, path).await.refused(403, "insufficient_scope");
    }
    let named = authority.pat(&alice.session, &["Jeton.Admin.User"]).await;
    authority.get(&named.secret, "/api/v1/users").await.refused(403, "insufficient_scope");
    // What the administrator's session makes for alice is alice's.
    let body = json!({"owner": alice.name, "scopes": ["*"]});
    let hers = authority.token(&admin, body).await.expect(201);
    assert_eq!(hers.body["token"]["parent_id"], Value::Null);
    assert_eq!(hers.body["token"]["owner"]["name"], json!(alice.name));
    authority.get(&hers.secret(), "/api/v1/users").await.refused(403, "insufficient_scope");
    assert!(authority.names(&alice.session, "kind=personal").await.len() == 3);
}

async fn a_rotated_child_is_still_a_child(authority: Authority) {
    let alice = authority.person("alice").await;
    let (parent, _) = parent(&authority, &alice.session, 60).await;
    let child = authority.pat(&parent.secret, &["Taskurai.Task.Read"]).await;
    let path = format!("/api/v1/tokens/{}/rotate", child.id);
    let rotated = authority.post(&alice.session, &path, json!({"overlap_minutes": 0})).await.expect(200);
    assert_eq!(rotated.body["token"]["parent_id"], json!(parent.id));
    let path = format!("/api/v1/tokens/{}/rotate", parent.id);
    authority.post(&alice.session, &path, json!({"overlap_minutes": 0})).await.expect(200);
    assert!(authority.is_active(&rotated.secret()).await, "a child hangs on the token and not on its secret");
    authority.revoke(&alice.session, &parent.id).await.expect(204);
    assert!(!authority.is_active(&rotated.secret()).await);
}
