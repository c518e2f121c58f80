//! Ends that come near: noted once for each number of days, in the audit and for whoever wants to know.

use serde_json::json;

use super::{advance_days, all_settled, at_noon, noted, of_days, telling};
use crate::support::Authority;
use crate::support::clock::{ms, rfc3339};
use crate::support::receiver::Receiver;

on_both! {
    alone:
        an_end_is_noted_thirty_seven_and_one_days_ahead,
        a_token_is_told_of_only_as_far_ahead_as_half_its_life,
        what_ended_already_or_is_nobodys_is_not_noted,
        a_new_end_is_noted_anew,
        a_webhook_is_told_of_ends_that_come_near;
}

fn id(token: &serde_json::Value) -> String {
    token["id"].as_str().unwrap().to_owned()
}

async fn an_end_is_noted_thirty_seven_and_one_days_ahead(authority: Authority) {
    at_noon(&authority);
    let admin = authority.admin().await;
    let token = of_days(&authority, &admin, "long", 90).await;
    // One that is noted shows that it was looked: with 59 days gone, the long one has 31.
    let marker = of_days(&authority, &admin, "marker", 60).await;
    advance_days(&authority, 59);
    assert_eq!(noted(&authority, 1).await, [(id(&marker), "1".to_owned())]);
    let mut expected = vec![(id(&marker), "1".to_owned())];
    for (days, gone) in [("30", 1), ("7", 23), ("1", 6)] {
        advance_days(&authority, gone);
        expected.push((id(&token), days.to_owned()));
        assert_eq!(noted(&authority, expected.len()).await, expected);
    }
    // After the end nothing more comes, and nothing came twice.
    advance_days(&authority, 2);
    let again = authority.admin_again().await;
    let last = of_days(&authority, &again, "last", 2).await;
    advance_days(&authority, 1);
    expected.push((id(&last), "1".to_owned()));
    assert_eq!(noted(&authority, expected.len()).await, expected);
}

async fn a_token_is_told_of_only_as_far_ahead_as_half_its_life(authority: Authority) {
    at_noon(&authority);
    let admin = authority.admin().await;
    for (name, days) in [("day", 1), ("week", 7), ("month", 30), ("quarter", 90)] {
        of_days(&authority, &admin, name, days).await;
    }
    // Each look is on the last day of one of them, and far enough from the ends of the others.
    let mut seen = vec![];
    for (gone, new) in
        [(6, vec!["1"]), (17, vec!["7"]), (6, vec!["1"]), (31, vec!["30"]), (23, vec!["7"]), (6, vec!["1"])]
    {
        advance_days(&authority, gone);
        seen.extend(new.iter().map(|days| (*days).to_owned()));
        let days: Vec<_> = noted(&authority, seen.len()).await.into_iter().map(|(_, days)| days).collect();
        assert_eq!(days, seen);
    }
}

async fn what_ended_already_or_is_nobodys_is_not_noted(authority: Authority) {
    at_noon(&authority);
    let admin = authority.admin().await;
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let revoked = of_days(&authority, &alice.session, "revoked", 40).await;
    authority.revoke(&alice.session, &id(&revoked)).await.expect(204);
    of_days(&authority, &bob.session, "sleeping", 40).await;
    let path = format!("/api/v1/users/{}", bob.name);
    authority.patch(&admin, &path, json!({"disabled": true})).await.expect(200);
    authority.token(&alice.session, json!({"scopes": ["*"], "never_expires": true})).await.expect(201);
    let live = of_days(&authority, &alice.session, "live", 41).await;
    advance_days(&authority, 35);
    assert_eq!(noted(&authority, 1).await, [(id(&live), "7".to_owned())]);
    let again = authority.admin_again().await;
    authority.patch(&again, &path, json!({"disabled": false})).await.expect(200);
    authority.clock.advance_minutes(61);
    assert_eq!(noted(&authority, 2).await.len(), 2, "who is back is told what is due");
}

async fn a_new_end_is_noted_anew(authority: Authority) {
    at_noon(&authority);
    let admin = authority.admin().await;
    let token = of_days(&authority, &admin, "web", 20).await;
    advance_days(&authority, 14);
    assert_eq!(noted(&authority, 1).await, [(id(&token), "7".to_owned())]);
    let again = authority.admin_again().await;
    let end = rfc3339(ms(&token["expires_at"]) + 10 * 24 * 60 * 60_000);
    authority
        .patch(&again, &format!("/api/v1/tokens/{}", id(&token)), json!({"expires_at": end}))
        .await
        .expect(200);
    advance_days(&authority, 10);
    assert_eq!(noted(&authority, 2).await[1], (id(&token), "7".to_owned()));
    assert_eq!(noted(&authority, 2).await.len(), 2);
}

async fn a_webhook_is_told_of_ends_that_come_near(authority: Authority) {
    let receiver = Receiver::start().await;
    let authority = telling(authority, &receiver.entry("ops", "KEY", &["token.expiring"])).await;
    at_noon(&authority);
    let admin = authority.admin().await;
    let token = of_days(&authority, &admin, "web", 20).await;
    advance_days(&authority, 14);
    let told = receiver.wait_for(1).await;
    let event = told[0].json();
    assert_eq!(event["type"], "token.expiring");
    assert_eq!((&event["data"]["days"], &event["data"]["actor"]), (&json!(7), &json!(null)));
    assert_eq!(event["data"]["token"]["expires_at"], token["expires_at"]);
    assert_eq!(event["data"]["target"], token["id"]);
    all_settled(&authority).await;
}
