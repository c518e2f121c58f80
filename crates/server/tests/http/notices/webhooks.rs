//! Webhooks: signed, at least once, for three days, and only what was committed.

use serde_json::{Value, json};

use super::{KEY, all_settled, outbox, telling};
use crate::store::audit;
use crate::support::python::python;
use crate::support::receiver::{Behaviour, Receiver, soon};
use crate::support::{Authority, PASSWORD};

on_both! {
    alone:
        what_a_webhook_wants_is_told_and_signed,
        what_does_not_arrive_is_told_again_under_the_same_id,
        after_three_days_it_is_given_up,
        a_receiver_that_wants_no_more_is_not_asked_again,
        what_was_on_its_way_when_the_server_ended_is_told_after_the_next_start,
        what_was_on_its_way_to_a_sink_that_is_gone_is_closed_and_kept,
        what_is_refused_is_told_nobody,
        one_dead_receiver_holds_up_no_other;
}

async fn what_a_webhook_wants_is_told_and_signed(authority: Authority) {
    let receiver = Receiver::start().await;
    let authority = telling(authority, &receiver.entry("ops", "KEY", &["token.create", "user.*"])).await;
    let admin = authority.admin().await;
    let body = json!({"password": PASSWORD, "email": "alice@people.example"});
    let user = authority.put(&admin, "/api/v1/users/alice", body).await.expect(201).body;
    let alice = authority.session("alice", PASSWORD).await;
    let web = json!({"name": "web", "scopes": ["*"], "expires_in_minutes": 60});
    let issued = authority.token(&alice, web).await;
    let (record, secret) = (issued.body["token"].clone(), issued.secret());
    authority.revoke(&alice, record["id"].as_str().unwrap()).await.expect(204);
    let told = receiver.wait_for(2).await;
    all_settled(&authority).await;
    assert_eq!(receiver.told().len(), 2, "sessions and revocations are not wanted");
    let made = told.iter().find(|told| told.kind() == "token.create").unwrap();
    let event = made.json();
    let data = &event["data"];
    assert_eq!(data["actor"], json!({"type": "user", "id": user["id"], "name": "alice"}));
    assert_eq!((&data["target_type"], &data["target"]), (&json!("token"), &record["id"]));
    assert_eq!(data["token"]["owner"], json!({"type": "user", "name": "alice"}));
    assert_eq!((&data["token"]["name"], &data["token"]["kind"]), (&json!("web"), &json!("personal")));
    assert_eq!(data["token"]["expires_at"], record["expires_at"]);
    let rows = audit::rows(&mut authority.sql().await).await;
    let row = rows.iter().find(|row| row.id() == made.id()).unwrap();
    assert_eq!((row.action(), json!(row.detail())), ("token.create", data["detail"].clone()));
    for one in &told {
        assert!(!one.body.contains(&secret) && !one.body.contains("people.example"), "{}", one.body);
        assert_eq!(one.headers["content-type"], "application/json");
    }
    let now = made.headers["webhook-timestamp"].parse::<i64>().unwrap();
    let call = |body: &str, secret: &str, now: i64| json!({"secret": secret, "headers": made.headers, "body": body, "now": now});
    let calls = json!([
        call(&made.body, KEY, now),
        call(&made.body.replace("web", "xyz"), KEY, now),
        call(&made.body, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", now),
        call(&made.body, KEY, now + 301),
    ]);
    if let Some(checked) = python("webhook.py", "", &calls) {
        assert_eq!(checked, json!([true, false, false, false]));
    }
}

async fn what_does_not_arrive_is_told_again_under_the_same_id(authority: Authority) {
    let receiver = Receiver::start().await;
    receiver.behave(Behaviour::Status(500));
    let authority = telling(authority, &receiver.entry("ops", "KEY", &["token.create"])).await;
    let admin = authority.admin().await;
    authority.pat(&admin, &["*"]).await;
    receiver.wait_for(1).await;
    receiver.behave(Behaviour::Status(200));
    authority.clock.advance_minutes(1);
    let told = receiver.wait_for(2).await;
    assert_eq!((told[0].id(), &told[0].body), (told[1].id(), &told[1].body));
    assert_ne!(
        told[0].headers["webhook-signature"], told[1].headers["webhook-signature"],
        "it is of its time"
    );
    all_settled(&authority).await;
    assert_eq!(outbox(&authority).await, (0, 0));
}

async fn after_three_days_it_is_given_up(authority: Authority) {
    let receiver = Receiver::start().await;
    receiver.behave(Behaviour::Status(503));
    let authority = telling(authority, &receiver.entry("ops", "KEY", &["token.create"])).await;
    let admin = authority.admin().await;
    authority.pat(&admin, &["*"]).await;
    for tries in 1..=10 {
        receiver.wait_for(tries).await;
        if tries < 10 {
            assert_eq!(outbox(&authority).await.1, 0, "after {tries}");
            // It is put off when the answer was noted.
            next_is_later(&authority).await;
            authority.clock.advance_minutes(30 * 60);
        }
    }
    soon(async || (outbox(&authority).await == (0, 1)).then_some(())).await;
    let metrics = reqwest::get(authority.url("/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("jeton_deliveries_total{sink=\"webhook\",outcome=\"given_up\"} 1"), "{metrics}");
    assert!(metrics.contains("jeton_deliveries_total{sink=\"webhook\",outcome=\"put_off\"} 9"), "{metrics}");
    authority.clock.advance_minutes(100 * 24 * 60);
    let again = authority.admin_again().await;
    authority.pat(&again, &["*"]).await;
    receiver.wait_for(11).await;
    assert_ne!(receiver.told()[9].id(), receiver.told()[10].id());
}

/// Waits until a try was noted as failed. Whoever is trying has taken the row for two minutes; the first pause is shorter
/// than that, and every other one is longer.
async fn next_is_later(authority: &Authority) {
    let query = "SELECT CAST(next_try_at AS TEXT), CAST(tries AS TEXT) FROM delivery";
    soon(async || {
        let rows = authority.sql().await.rows(query).await;
        let left = rows[0][0].parse::<i64>().unwrap() - authority.clock.now_ms();
        let is_noted = if rows[0][1] == "1" { left <= 10_000 } else { left > 2 * 60_000 };
        is_noted.then_some(())
    })
    .await;
}

async fn a_receiver_that_wants_no_more_is_not_asked_again(authority: Authority) {
    let receiver = Receiver::start().await;
    receiver.behave(Behaviour::Status(410));
    let authority = telling(authority, &receiver.entry("ops", "KEY", &["token.create"])).await;
    authority.pat(&authority.admin().await, &["*"]).await;
    soon(async || (outbox(&authority).await == (0, 1)).then_some(())).await;
    assert_eq!(receiver.told().len(), 1);
    let outcome = authority.sql().await.rows("SELECT outcome FROM delivery").await;
    assert_eq!(outcome, [["given_up"]]);
}

async fn what_was_on_its_way_when_the_server_ended_is_told_after_the_next_start(authority: Authority) {
    let receiver = Receiver::start().await;
    receiver.behave(Behaviour::Hang);
    let entry = receiver.entry("ops", "KEY", &["token.create"]);
    let authority = telling(authority, &entry).await;
    authority.pat(&authority.admin().await, &["*"]).await;
    receiver.wait_for(1).await;
    // The receiver has it, and the server never hears of that.
    let authority = telling(authority, &entry).await;
    receiver.behave(Behaviour::Status(200));
    authority.clock.advance_minutes(3);
    let told = receiver.wait_for(2).await;
    assert_eq!(told[0].id(), told[1].id(), "whoever has seen the id can drop it");
    all_settled(&authority).await;
}

async fn what_was_on_its_way_to_a_sink_that_is_gone_is_closed_and_kept(authority: Authority) {
    let (ops, other) = (Receiver::start().await, Receiver::start().await);
    for receiver in [&ops, &other] {
        receiver.behave(Behaviour::Status(500));
    }
    let [entry, left] = [("ops", &ops), ("left", &other)]
        .map(|(name, receiver)| receiver.entry(name, "KEY", &["token.create"]));
    let authority = telling(authority, &[entry.clone(), left.clone()].concat()).await;
    authority.pat(&authority.admin().await, &["*"]).await;
    ops.wait_for(1).await;
    other.wait_for(1).await;
    // Of mail, too: here as if an end had been noted.
    let mail = "INSERT INTO delivery (sink, audit_id, recipient, tries, next_try_at)
        SELECT 'mail', audit_id, '', 0, 0 FROM delivery WHERE sink = 'ops'";
    authority.sql().await.change(mail).await;

    let authority = telling(authority, &left).await;
    let closed =
        "SELECT sink FROM delivery WHERE failed_at IS NOT NULL AND outcome = 'sink_removed' ORDER BY sink";
    assert_eq!(authority.sql().await.rows(closed).await.concat(), ["mail", "ops"]);
    other.behave(Behaviour::Status(200));
    authority.clock.advance_minutes(3);
    other.wait_for(2).await;
    all_settled(&authority).await;
    assert_eq!(outbox(&authority).await, (0, 2), "the rest went its way");

    // The name is there again: what comes from now on is told, and nothing of the time before.
    ops.behave(Behaviour::Status(200));
    let authority = telling(authority, &entry).await;
    let made = authority.pat(&authority.admin_again().await, &["*"]).await;
    let told = ops.wait_for(2).await;
    assert_eq!(told[1].json()["data"]["target"], json!(made.id));
    all_settled(&authority).await;
    assert_eq!((ops.told().len(), outbox(&authority).await), (2, (0, 2)));
}

async fn what_is_refused_is_told_nobody(authority: Authority) {
    let receiver = Receiver::start().await;
    let authority = telling(authority, &receiver.entry("ops", "KEY", &["*"])).await;
    let admin = authority.admin().await;
    let taken = json!({"name": "taken", "scopes": ["*"]});
    authority.token(&admin, taken.clone()).await.expect(201);
    authority.token(&admin, taken).await.expect(409);
    let plan = json!({"filter": {"name": "taken"}, "dry_run": true});
    authority.post(&admin, "/api/v1/tokens/revoke", plan).await.expect(200);
    authority.put(&admin, "/api/v1/users/last", json!({})).await.expect(201);
    let is_last = |value: &Value| value["type"] == json!("user.write");
    soon(async || receiver.told().iter().any(|told| is_last(&told.json())).then_some(())).await;
    all_settled(&authority).await;
    let mut kinds: Vec<_> = receiver.told().iter().map(crate::support::receiver::Told::kind).collect();
    kinds.sort();
    // What a start writes is told as well, once there are sinks.
    kinds.retain(|kind| kind != "role.write" && kind != "api.write");
    assert_eq!(kinds, ["session.create", "token.create", "user.write"]);
}

async fn one_dead_receiver_holds_up_no_other(authority: Authority) {
    let (dead, alive) = (Receiver::start().await, Receiver::start().await);
    dead.behave(Behaviour::Hang);
    let entries =
        [dead.entry("dead", "KEY", &["token.*"]), alive.entry("alive", "KEY", &["token.*"])].concat();
    let authority = telling(authority, &entries).await;
    let admin = authority.admin().await;
    for _ in 0..8 {
        authority.pat(&admin, &["*"]).await;
    }
    alive.wait_for(8).await;
}
