//! What a policy would do is what it does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{LEVELS, policy_path};
use crate::support::{Authority, Pat};

on_both! {
    alone: what_a_dry_run_tells_is_what_happens, a_dry_run_changes_nothing_and_says_the_same_as_the_change;
}

/// What can be seen of a token from outside: at each place, from two networks, and what it may do at Jeton.
async fn seen(authority: &Authority, pat: &Pat) -> Vec<Value> {
    let api = authority.api().await;
    let mut all = Vec::new();
    for resource in [None, Some("default/*"), Some("default/apollo"), Some("default/gemini")] {
        for client in ["10.1.2.3", "192.0.2.7"] {
            let mut body = json!({"token": pat.secret, "client_ip": client});
            if let Some(resource) = resource {
                body["resource"] = json!(resource);
            }
            let told = authority.post(&api, "/api/v1/verify", body).await.expect(200).body;
            all.push(json!({"scopes": told["scopes"], "expires_at": told["expires_at"]}));
        }
    }
    for path in ["/api/v1/tokens/self", "/api/v1/tokens"] {
        all.push(json!(authority.get(&pat.secret, path).await.status));
    }
    all
}

/// The tokens of all shapes, by owner.
async fn tokens(authority: &Authority) -> BTreeMap<String, Vec<Pat>> {
    let admin = authority.admin().await;
    let mut all = BTreeMap::new();
    for like in ["alice", "bob"] {
        let person = authority.person(like).await;
        let mut own = Vec::new();
        for body in [
            json!({"scopes": ["*"], "never_expires": true}),
            json!({"scopes": ["Taskurai.*"]}),
            json!({"scopes": ["Taskurai.Task.Read"], "expires_in_minutes": 30}),
            json!({"scopes": ["*", "Taskurai.Task.Read"], "projects": ["default/apollo"]}),
            json!({"scopes": ["Taskurai.*"], "projects": ["default/gemini"], "never_expires": true}),
            json!({"scopes": ["Taskurai.*"], "networks": ["10.0.0.0/8"]}),
            json!({"scopes": ["Taskurai.*"], "networks": ["192.0.2.0/24"]}),
            json!({"scopes": ["Jeton.Token.*"]}),
        ] {
            own.push(authority.token(&person.session, body).await.pat());
        }
        let parent = authority.pat(&person.session, &["Taskurai.*", "Jeton.Token.*"]).await;
        own.push(authority.pat(&parent.secret, &["Taskurai.Task.Read"]).await);
        own.push(parent);
        let dead = authority.pat(&person.session, &["Taskurai.*"]).await;
        authority.revoke(&person.session, &dead.id).await.expect(204);
        own.push(dead);
        all.insert(person.name, own);
    }
    // A service account with a role at one project alone.
    authority.put(&admin, "/api/v1/service-accounts/bot", json!({})).await.expect(201);
    let subject = json!({"type": "service_account", "name": "bot"});
    let body = json!({"role": "ApiUser", "subject": subject, "place": "default/apollo"});
    authority.post(&admin, "/api/v1/role-bindings", body).await.expect(201);
    let body = json!({"kind": "service", "owner": "bot", "scopes": ["Taskurai.*"]});
    all.insert("bot".to_owned(), vec![authority.token(&admin, body).await.pat()]);
    all
}

/// Who has how many tokens that can do less than before.
async fn touched(
    authority: &Authority,
    tokens: &BTreeMap<String, Vec<Pat>>,
    before: &BTreeMap<String, Vec<Value>>,
) -> BTreeMap<String, i64> {
    let mut touched = BTreeMap::new();
    for (owner, tokens) in tokens {
        for pat in tokens {
            if json!(seen(authority, pat).await) != json!(before[&pat.id]) {
                *touched.entry(owner.clone()).or_default() += 1;
            }
        }
    }
    touched
}

fn counts(effect: &Value) -> BTreeMap<String, i64> {
    let owners = effect["owners"].as_array().unwrap().iter();
    let counts: BTreeMap<_, _> = owners
        .map(|owner| (owner["name"].as_str().unwrap().to_owned(), owner["tokens"].as_i64().unwrap()))
        .collect();
    assert_eq!(effect["tokens"].as_i64().unwrap(), counts.values().sum::<i64>());
    counts
}

async fn what_a_dry_run_tells_is_what_happens(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    let tokens = tokens(&authority).await;
    authority.clock.advance_minutes(5);
    let mut before = BTreeMap::new();
    for pat in tokens.values().flatten() {
        before.insert(pat.id.clone(), seen(&authority, pat).await);
    }
    let alice = tokens.keys().find(|name| name.starts_with("alice")).unwrap();
    for policy in [
        json!({"lifetime_minutes_max": 5}),
        json!({"lifetime_minutes_max": 31}),
        json!({"lifetime_minutes_default": 5, "excess": "clamp"}),
        json!({"never_expires": "refused"}),
        json!({"everything": "refused"}),
        json!({"creators": [{"type": "user", "name": alice}]}),
        json!({"creators": [{"type": "group", "name": "everyone"}]}),
        json!({"networks": ["10.1.0.0/16"]}),
        json!({"networks": ["10.0.0.0/7"]}),
        json!({"approval_scopes": ["Taskurai.Task.Logs.*"]}),
        json!({"approval_scopes": ["Taskurai.Task.Read"], "lifetime_minutes_max": 31}),
    ] {
        for place in LEVELS {
            let path = format!("{}?dry_run=true", policy_path(place));
            let foretold = authority.put(&admin, &path, policy.clone()).await.expect(200).body;
            authority.set_policy(place, policy.clone()).await.expect(200);
            let mut happened = touched(&authority, &tokens, &before).await;
            // A token for Jeton alone ends earlier, too, and no API is told when.
            if place == "*" && policy["lifetime_minutes_max"] == json!(31) {
                for (_, count) in happened.iter_mut().filter(|(owner, _)| *owner != "bot") {
                    *count += 1;
                }
            }
            assert_eq!(counts(&foretold), happened, "{place} {policy}");
            authority.remove_policy(place).await;
        }
    }
    assert_eq!(
        touched(&authority, &tokens, &before).await,
        BTreeMap::new(),
        "what was removed leaves nothing"
    );
}

async fn a_dry_run_changes_nothing_and_says_the_same_as_the_change(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    let alice = authority.person("alice").await;
    let pat = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let policy = json!({"creators": []});
    let path = format!("{}?dry_run=true", policy_path("default/*"));
    let foretold = authority.put(&admin, &path, policy.clone()).await.expect(200).body;
    let owner = json!({"type": "user", "name": alice.name, "tokens": 1, "effects": ["policy_creators"]});
    assert_eq!(foretold["owners"], json!([owner]));
    assert_eq!(foretold["truncated"], false);
    assert_eq!(authority.reason(&pat.secret).await, None);
    let shown = authority.get(&admin, &policy_path("default/*")).await.expect(200).body;
    assert_eq!(shown["stored"], json!({}));
    let done = authority.set_policy("default/*", policy.clone()).await.expect(200).body;
    assert_eq!(done, foretold);
    let again = authority.set_policy("default/*", policy).await.expect(200).body;
    assert_eq!(again["tokens"], 0, "what is so already touches nobody");
}
