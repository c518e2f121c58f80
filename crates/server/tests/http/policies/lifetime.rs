//! The longest and the usual life, and what happens beyond.

use serde_json::{Value, json};

use super::LEVELS;
use crate::support::Authority;
use crate::support::clock::{assert_minutes, ms, rfc3339};

const DAY: i64 = 24 * 60;

on_both! {
    alone:
        what_is_asked_for_beyond_the_longest_life_is_refused_or_cut_at_every_level,
        the_usual_life_is_that_of_the_innermost_place,
        an_existing_token_ends_with_the_longest_life_and_lives_again_without_it,
        a_policy_of_one_project_leaves_an_unlimited_token_its_other_places,
        every_answer_tells_the_same_end,
        a_rotation_begins_a_new_life_and_is_cut_with_a_note,
        attack_08_a_change_never_restarts_a_life;
}

fn life(token: &Value) -> i64 {
    ms(&token["expires_at"]) - ms(&token["created_at"])
}

async fn what_is_asked_for_beyond_the_longest_life_is_refused_or_cut_at_every_level(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let code = "lifetime_exceeds_policy";
    for place in LEVELS {
        authority.set_policy(place, json!({"lifetime_minutes_max": 60})).await.expect(200);
        let create = async |more: Value| {
            let mut body = json!({"scopes": ["Taskurai.*"], "projects": ["default/apollo"]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            authority.token(&alice.session, body).await
        };
        create(json!({"expires_in_minutes": 61})).await.invalid("/expires_in_minutes", code);
        create(json!({"never_expires": true})).await.invalid("/never_expires", code);
        let late = json!({"expires_at": "2100-01-01T00:00:00Z"});
        create(late).await.invalid("/expires_at", code);
        let exact = create(json!({"expires_in_minutes": 60})).await.expect(201).body;
        assert_minutes(life(&exact["token"]), 60);
        assert_eq!(exact["notes"], Value::Null, "{place}");
        let usual = create(json!({})).await.expect(201).body;
        assert_minutes(life(&usual["token"]), 60);
        assert_eq!(usual["notes"], Value::Null, "nobody asked for more");

        authority.set_policy(place, json!({"lifetime_minutes_max": 60, "excess": "clamp"})).await.expect(200);
        for more in [json!({"expires_in_minutes": 61}), json!({"never_expires": true})] {
            let cut = create(more).await.expect(201).body;
            assert_minutes(life(&cut["token"]), 60);
            assert_eq!(
                cut["notes"],
                json!(["the end was cut: a policy allows a life of 60 minutes at most"])
            );
        }
        authority.remove_policy(place).await;
        create(json!({"never_expires": true})).await.expect(201);
    }
}

async fn the_usual_life_is_that_of_the_innermost_place(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let usual = async |projects: Value| {
        let body = json!({"scopes": ["Taskurai.*"], "projects": projects});
        life(&authority.token(&alice.session, body).await.expect(201).body["token"])
    };
    assert_minutes(usual(json!(["default/apollo"])).await, 30 * 24 * 60);
    authority.set_policy("*", json!({"lifetime_minutes_default": 70})).await.expect(200);
    authority.set_policy("default/apollo", json!({"lifetime_minutes_default": 90})).await.expect(200);
    assert_minutes(usual(json!(["default/apollo"])).await, 90);
    assert_minutes(usual(json!(["default/gemini"])).await, 70);
    authority.set_policy("default/*", json!({"lifetime_minutes_max": 80})).await.expect(200);
    assert_minutes(usual(json!(["default/apollo"])).await, 80);
    assert_minutes(usual(json!(["default/*"])).await, 70);
}

async fn an_existing_token_ends_with_the_longest_life_and_lives_again_without_it(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*"], "never_expires": true});
    for place in LEVELS {
        let pat = authority.token(&alice.session, body.clone()).await.pat();
        let issued = ms(&authority.record(&alice.session, &pat.id).await["secret_issued_at"]);
        authority.set_policy(place, json!({"lifetime_minutes_max": 60})).await.expect(200);
        let verdict = authority.verdict_at(&pat.secret, Some("default/apollo")).await;
        assert_eq!(ms(&verdict["expires_at"]) - issued, 60 * 60_000, "{place}: {verdict}");
        let told = authority.introspect(&pat.secret, &[("resource", "default/apollo")]).await;
        assert_eq!(told["exp"].as_i64().unwrap(), (issued + 60 * 60_000) / 1000, "{place}");
        authority.clock.advance_minutes(60);
        assert_eq!(authority.reason(&pat.secret).await.as_deref(), Some("policy_lifetime"), "{place}");
        assert!(!authority.is_active(&pat.secret).await, "{place}: a call there may act at the project");
        let state = if place == "*" { "expired" } else { "active" };
        let states = authority.get(&alice.session, "/api/v1/tokens?state=all").await.expect(200).body;
        let listed = states["items"].as_array().unwrap().iter().find(|item| item["id"] == json!(pat.id));
        assert_eq!(listed.unwrap()["state"], state, "{place}: the state is that of everywhere");
        assert_eq!(authority.record(&alice.session, &pat.id).await["state"], state);
        let own = authority.get(&pat.secret, "/api/v1/tokens/self").await;
        assert_eq!(own.status, if place == "*" { 401 } else { 200 }, "{place}");
        authority.remove_policy(place).await;
        assert_eq!(authority.reason(&pat.secret).await, None, "{place}");
    }
}

async fn a_policy_of_one_project_leaves_an_unlimited_token_its_other_places(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    authority.set_policy("default/apollo", json!({"lifetime_minutes_max": 60})).await.expect(200);
    let body = json!({"scopes": ["Taskurai.*"], "expires_in_minutes": 600});
    let pat = authority.token(&alice.session, body).await.pat();
    assert_eq!(authority.reason(&pat.secret).await, None);
    authority.clock.advance_minutes(61);
    for (resource, allowed) in [
        (Some("default/apollo"), false),
        (Some("default/gemini"), true),
        // A call that names no place, or the whole organization, may act at the project.
        (Some("default/*"), false),
        (None, false),
    ] {
        let verdict = authority.verdict_at(&pat.secret, resource).await;
        assert_eq!(verdict["allowed"], allowed, "{resource:?}: {verdict}");
        let reason = if allowed { Value::Null } else { json!("policy_lifetime") };
        assert_eq!(verdict["reason"], reason, "{resource:?}");
    }
}

async fn every_answer_tells_the_same_end(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let days = json!({"scopes": ["Taskurai.*", "Jeton.Token.*"], "expires_in_minutes": 30 * DAY});
    for place in LEVELS {
        let before = authority.token(&alice.session, days.clone()).await.expect(201).body;
        assert_eq!((&before["token"]["earlier_ends"], &before["notes"]), (&Value::Null, &Value::Null));
        authority.set_policy(place, json!({"lifetime_minutes_max": 60})).await.expect(200);
        let asked = authority.token(&alice.session, days.clone()).await;
        if place == "*" {
            asked.invalid("/expires_in_minutes", "lifetime_exceeds_policy");
        } else {
            // It is not refused: elsewhere it lives as long as it was asked for.
            let made = asked.expect(201).body;
            assert_minutes(life(&made["token"]), 30 * DAY);
            let end = &made["token"]["earlier_ends"][0];
            let note = made["notes"][0].as_str().unwrap();
            let said = end["ends_at"].as_str().unwrap().replace('T', " ");
            assert!(note.contains(place) && note.contains(said.get(..16).unwrap()), "{note}");
        }
        let (id, secret) = (before["token"]["id"].as_str().unwrap(), before["secret"].as_str().unwrap());
        let record = authority.record(&alice.session, id).await;
        let end = record["earlier_ends"][0].clone();
        assert_eq!(end["place"], *place);
        assert_minutes(ms(&end["ends_at"]) - ms(&record["secret_issued_at"]), 60);
        assert_eq!(ms(&record["expires_at"]), ms(&before["token"]["expires_at"]), "its own end stays");
        let listed = authority.get(&alice.session, "/api/v1/tokens").await.expect(200).body;
        let listed = listed["items"].as_array().unwrap().iter().find(|item| item["id"] == *id).unwrap();
        assert_eq!(listed["earlier_ends"], record["earlier_ends"]);
        let itself = authority.get(secret, "/api/v1/tokens/self").await.expect(200).body;
        assert_eq!(itself["earlier_ends"], record["earlier_ends"]);
        let told = authority.introspect(secret, &[("resource", "default/apollo")]).await;
        assert_eq!(told["exp"].as_i64().unwrap(), ms(&end["ends_at"]) / 1000, "{place}");
        let verdict = authority.verdict_at(secret, Some("default/apollo")).await;
        assert_eq!(ms(&verdict["expires_at"]), ms(&end["ends_at"]), "{place}");
        // A child is cut with its parent: its own secret is younger.
        authority.clock.advance_minutes(5);
        let few = json!({"scopes": ["Taskurai.*"], "expires_in_minutes": 58});
        let child = authority.token(secret, few).await.expect(201).body;
        assert_eq!(child["token"]["earlier_ends"], json!([end]), "{place}");
        authority.remove_policy(place).await;
        assert_eq!(authority.record(&alice.session, id).await["earlier_ends"], Value::Null, "{place}");
    }
}

async fn a_rotation_begins_a_new_life_and_is_cut_with_a_note(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    let body = json!({"scopes": ["Taskurai.*"], "expires_in_minutes": 600});
    let pat = authority.token(&alice.session, body).await.pat();
    authority.set_policy("*", json!({"lifetime_minutes_max": 60})).await.expect(200);
    authority.clock.advance_minutes(70);
    assert!(!authority.is_active(&pat.secret).await);
    let path = format!("/api/v1/tokens/{}/rotate", pat.id);
    let rotated = authority.post(&alice.session, &path, json!({"overlap_minutes": 0})).await.expect(200);
    let token = &rotated.body["token"];
    assert_minutes(ms(&token["expires_at"]) - ms(&token["secret_issued_at"]), 60);
    assert_eq!(
        rotated.body["notes"],
        json!(["the end was cut: a policy allows a life of 60 minutes at most"])
    );
    assert!(authority.is_active(&rotated.secret()).await);
    let more = json!({"overlap_minutes": 0, "expires_in_minutes": 61});
    let pointer = "/expires_in_minutes";
    authority.post(&alice.session, &path, more.clone()).await.invalid(pointer, "lifetime_exceeds_policy");
    assert!(authority.is_active(&rotated.secret()).await, "a refused rotation leaves the secret alone");
    authority.set_policy("*", json!({"lifetime_minutes_max": 60, "excess": "clamp"})).await.expect(200);
    let cut = authority.post(&alice.session, &path, more).await.expect(200);
    assert_eq!(cut.body["notes"].as_array().unwrap().len(), 1);
    let shorter = json!({"overlap_minutes": 0, "expires_in_minutes": 5});
    let short = authority.post(&alice.session, &path, shorter).await.expect(200);
    assert_eq!(short.body["notes"], Value::Null);
}

async fn attack_08_a_change_never_restarts_a_life(authority: Authority) {
    authority.projects().await;
    let alice = authority.person("alice").await;
    authority.set_policy("*", json!({"lifetime_minutes_max": 30 * DAY})).await.expect(200);
    let body = json!({"scopes": ["Taskurai.*"], "expires_in_minutes": 30 * DAY});
    let pat = authority.token(&alice.session, body).await.pat();
    let path = format!("/api/v1/tokens/{}", pat.id);
    let made = authority.record(&alice.session, &pat.id).await;
    let end = ms(&made["secret_issued_at"]) + 30 * DAY * 60_000;
    for round in 1..=40 {
        authority.clock.advance_minutes(17);
        let later = rfc3339(end + round * 17 * 60_000);
        let body = json!({"expires_at": later});
        authority.patch(&alice.session, &path, body).await.invalid("/expires_at", "lifetime_exceeds_policy");
        authority.patch(&alice.session, &path, json!({"expires_at": rfc3339(end)})).await.expect(200);
    }
    assert_eq!(ms(&authority.record(&alice.session, &pat.id).await["expires_at"]), end);
    authority.clock.advance_minutes(29 * DAY);
    assert!(authority.is_active(&pat.secret).await);
    // Neither does a policy that cuts.
    let admin = authority.admin_again().await;
    let clamp = json!({"lifetime_minutes_max": 30 * DAY, "excess": "clamp"});
    authority.put(&admin, "/api/v1/policies/%2A", clamp).await.expect(200);
    let session = authority.session(&alice.name, crate::support::PASSWORD).await;
    let body = json!({"expires_at": "2100-01-01T00:00:00Z"});
    let cut = authority.patch(&session, &path, body).await.expect(200).body;
    assert_eq!(ms(&cut["expires_at"]), end);
    authority.clock.advance_minutes(DAY);
    assert!(!authority.is_active(&pat.secret).await);
    let session = authority.session(&alice.name, crate::support::PASSWORD).await;
    let body = json!({"expires_at": "2100-01-01T00:00:00Z"});
    let refused = authority.patch(&session, &path, body).await;
    assert!([409, 422].contains(&refused.status), "{}", refused.text);
    assert!(!authority.is_active(&pat.secret).await);
}
