//! Where calls with a token come from.

use serde_json::{Value, json};

use super::LEVELS;
use crate::support::Authority;

on_both! {
    alone:
        a_call_comes_from_a_network_of_each_place,
        the_same_networks_hold_at_jeton_itself,
        nobody_is_locked_out_by_a_network;
}

async fn told(authority: &Authority, token: &str, client: Option<&str>) -> Value {
    let mut body = json!({"token": token, "scope": "Taskurai.Task.Read", "resource": "default/apollo"});
    if let Some(client) = client {
        body["client_ip"] = json!(client);
    }
    let told = authority.post(&authority.api().await, "/api/v1/verify", body).await.expect(200).body;
    let mut more = vec![("resource", "default/apollo")];
    more.extend(client.map(|client| ("client_ip", client)));
    let introspected = authority.introspect(token, &more).await;
    assert_eq!(introspected["active"], told["allowed"], "both doors judge alike: {introspected}");
    told["reason"].clone()
}

async fn a_call_comes_from_a_network_of_each_place(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    for place in LEVELS {
        let policy = json!({"networks": ["10.0.0.0/8", "2001:db8::/32"]});
        authority.set_policy(place, policy).await.expect(200);
        for (client, reason) in [
            (None, json!("client_ip_required")),
            (Some("10.1.2.3"), Value::Null),
            (Some("::ffff:10.1.2.3"), Value::Null),
            (Some("2001:db8::1"), Value::Null),
            (Some("192.0.2.1"), json!("network_not_allowed")),
        ] {
            assert_eq!(told(&authority, &pat.secret, client).await, reason, "{place} {client:?}");
        }
        let limited = |networks: Value| {
            let projects = json!(["default/apollo"]);
            json!({"scopes": ["Taskurai.*"], "projects": projects, "networks": networks})
        };
        let elsewhere = authority.token(&alice.session, limited(json!(["192.0.2.0/24"]))).await;
        elsewhere.invalid("/networks", "policy_refuses");
        authority.token(&alice.session, limited(json!(["10.9.0.0/16", "192.0.2.0/24"]))).await.expect(201);
        authority.set_policy(place, json!({"networks": []})).await.expect(200);
        let reason = told(&authority, &pat.secret, Some("10.1.2.3")).await;
        assert_eq!(reason, "network_not_allowed", "{place}: no network is from nowhere");
        authority.remove_policy(place).await;
        assert_eq!(told(&authority, &pat.secret, None).await, Value::Null, "{place}");
    }
    authority.set_policy("*", json!({"networks": ["10.0.0.0/8"]})).await.expect(200);
    authority.set_policy("default/apollo", json!({"networks": ["10.1.0.0/16"]})).await.expect(200);
    assert_eq!(told(&authority, &pat.secret, Some("10.1.2.3")).await, Value::Null);
    assert_eq!(told(&authority, &pat.secret, Some("10.2.2.3")).await, "network_not_allowed");
}

async fn the_same_networks_hold_at_jeton_itself(authority: Authority) {
    let admin = authority.admin().await;
    let pat = authority.pat(&admin, &["Jeton.*"]).await;
    authority.set_policy("*", json!({"networks": ["10.0.0.0/8"]})).await.expect(200);
    for path in ["/api/v1/tokens/self", "/api/v1/users"] {
        authority.get(&pat.secret, path).await.refused(401, "invalid_token");
    }
    authority.set_policy("*", json!({"networks": ["127.0.0.0/8"]})).await.expect(200);
    authority.get(&pat.secret, "/api/v1/users").await.expect(200);
    authority.remove_policy("*").await;
    // A policy of one organization holds for what is done there.
    authority.set_policy("default/*", json!({"networks": ["10.0.0.0/8"]})).await.expect(200);
    authority.get(&pat.secret, "/api/v1/users").await.expect(200);
    let path = "/api/v1/organizations/default/projects/apollo";
    let refused = authority.put(&pat.secret, path, json!({})).await;
    assert!([403, 404].contains(&refused.status), "{}", refused.text);
    authority.put(&admin, path, json!({})).await.expect(201);
}

async fn nobody_is_locked_out_by_a_network(authority: Authority) {
    let api = authority.api().await;
    authority
        .set_policy("*", json!({"networks": [], "creators": [], "sign_in_within_days": 1}))
        .await
        .expect(200);
    authority.clock.advance_minutes(3 * 24 * 60);
    let admin = authority.admin_again().await;
    authority.get(&admin, "/api/v1/users").await.expect(200);
    // The credential of an API is no token that somebody keeps either.
    authority.post(&api, "/api/v1/verify", json!({"token": "x"})).await.expect(200);
    authority.delete(&admin, "/api/v1/policies/%2A").await.expect(204);
}
