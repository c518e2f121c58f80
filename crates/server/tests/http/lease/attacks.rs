//! Whoever watches lies, comes late, or is somebody else.

use std::time::Duration;

use serde_json::{Value, json};

use super::watch::{Stage, WATCH, stage};
use crate::support::Authority;
use crate::support::history::now;
use crate::support::rights::user;

/// From the answer that carried a lease to its end, less what a machine may take for that answer.
const LEASE: Duration = Duration::from_millis(1900);

#[tokio::test]
async fn attack_31_a_confirmation_that_is_stale_forged_or_of_another_api_ends_no_wait() {
    let stage = stage(Authority::sqlite().await).await;
    let other = stage.authority.firm().await;
    let first = stage.watch(json!({})).await;
    let leased = now();
    assert_eq!(first["lease_ms"], 2000);
    let position = first["position"].as_u64().unwrap();
    let revoke = async {
        let answer = stage.authority.revoke(&stage.alice.session, &stage.pat.id).await;
        answer.expect(204);
        leased.elapsed()
    };
    let lies = async {
        // The revocation is under way, and its answer waits for the verifier.
        tokio::time::sleep(Duration::from_millis(200)).await;
        for ahead in [1, 2, 1000] {
            let lie = json!({"verifier": first["verifier"], "applied": position + ahead});
            let by_another = stage.authority.post(&other.api, WATCH, lie.clone()).await.expect(200).body;
            assert_begins_anew(&by_another, &first);
            assert_begins_anew(&stage.watch(lie).await, &first);
        }
        let made_up = json!({"verifier": "0".repeat(32), "applied": position + 1});
        assert_begins_anew(&stage.watch(made_up).await, &first);
    };
    let (took, ()) = tokio::join!(revoke, lies);
    assert!(took >= LEASE, "a lie ended the wait after {took:?}");
}

#[tokio::test]
async fn attack_31_a_verifier_that_was_stopped_does_not_go_on_where_it_was() {
    let stage = stage(Authority::sqlite().await).await;
    let first = stage.watch(json!({})).await;
    let leased = now();
    stage.authority.revoke(&stage.alice.session, &stage.pat.id).await.expect(204);
    assert!(leased.elapsed() >= LEASE, "its lease ran while the revocation was answered");
    // Woken up, it confirms what it knew then. That watch is over, and its API gets no new one for a while.
    let body = json!({"verifier": first["verifier"], "applied": first["position"]});
    stage.authority.post(&stage.firm.api, WATCH, body).await.refused(429, "busy");
    assert_eq!(stage.verify(json!({})).await["allowed"], false);
}

#[tokio::test]
async fn attack_06_one_apis_watch_says_nothing_about_what_another_was_shown() {
    let stage = stage(Authority::sqlite().await).await;
    let Stage { authority, alice, pat, .. } = &stage;
    let other = authority.firm().await;
    authority.bind("ApiUser", user(&alice.name), &other.all()).await;
    let shown = json!({"token": pat.secret, "keep": true});
    let theirs = authority.post(&other.api, "/api/v1/verify", shown).await.expect(200).body;
    let ours = stage.verify(json!({})).await;
    let first = stage.watch(json!({})).await;
    let begun = authority.post(&other.api, WATCH, json!({})).await.expect(200).body;
    let watch = async {
        let told = stage.go_on(&first).await;
        stage.go_on(&told).await;
        told
    };
    let other_watch = async {
        let goes_on = |from: &Value| json!({"verifier": from["verifier"], "applied": from["position"]});
        let told = authority.post(&other.api, WATCH, goes_on(&begun)).await.expect(200).body;
        authority.post(&other.api, WATCH, goes_on(&told)).await.expect(200);
        told
    };
    let revoke = authority.revoke(&alice.session, &pat.id);
    let (revoked, told, told_other) = tokio::join!(revoke, watch, other_watch);
    revoked.expect(204);
    for (told, own, foreign) in [(&told, &ours, &theirs), (&told_other, &theirs, &ours)] {
        let changed = told["changed"].as_array().unwrap();
        let names = |kept: &Value| kept["keep"]["names"].as_array().unwrap().clone();
        assert!(names(own).iter().any(|name| changed.contains(name)), "{told} has none of {own}");
        assert!(!names(foreign).iter().any(|name| changed.contains(name)), "{told} has some of {foreign}");
        assert!(!told.to_string().contains(&pat.id), "{told}");
    }
}

#[track_caller]
fn assert_begins_anew(answer: &Value, first: &Value) {
    assert_eq!(answer["everything"], true, "{answer}");
    assert_ne!(answer["verifier"], first["verifier"], "{answer}");
}
