//! One read fails while a verdict is made. SQLite then ends the transaction by itself, and whoever goes on to use the
//! connection as if it had not, reads an old state from then on.

use std::time::Duration;

use jeton_torture::{Call, Door, Errno, Injection, Stand};
use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

use crate::support::{assert_clean, is_quick, program};

const REVOKED: usize = 60;
const ROTATED: usize = 10;
const OF_ANOTHER: usize = 10;
const ASKED: usize = 6;
/// How often a cold verdict is asked for until a read has failed.
const TRIES: usize = 40;

/// Makes the first read of a connection fail during a cold verdict, and no other.
async fn one_read_fails(stand: &Stand, errno: Errno) {
    let fault = Injection { call: Call::Read, errno, at: 1 };
    let injected = fault.begin(&stand.server, &stand.site).unwrap();
    for _ in 0..TRIES {
        // What was just made was never asked about.
        for (_, kept) in stand.make(1, None).await.unwrap_or_default() {
            let verdict = stand.caller.ask(Door::Verify, &kept.secret).await;
            stand.journal.judge(&kept, Door::Verify, &verdict);
        }
        if injected.struck() > 0 {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("no read has failed");
}

async fn nothing_that_ended_is_accepted_after_a_read_failed(errno: Errno) {
    if is_quick() {
        return;
    }
    let mut stand = Stand::on_sqlite(program()).await.unwrap();
    stand.caller.call(Method::PUT, "users/alice", json!({})).await.done().unwrap();
    let mut revoked = stand.make(REVOKED, None).await.unwrap();
    let rotated = stand.make(ROTATED, None).await.unwrap();
    let of_another = stand.make(OF_ANOTHER, Some("alice")).await.unwrap();

    one_read_fails(&stand, errno).await;

    for (id, _) in &revoked {
        assert!(stand.revoke(id).await.unwrap(), "a revoke is not acknowledged");
    }
    for (id, _) in &rotated {
        stand.journal.ending(id);
        let (_, secret) = stand.caller.rotate(id).await.unwrap().unwrap();
        stand.journal.ended(id);
        stand.journal.made(id, secret);
    }
    let disable = json!({"disabled": true});
    for (id, _) in &of_another {
        stand.journal.ending(id);
    }
    stand.caller.call(Method::PATCH, "users/alice", disable).await.done().unwrap();
    for (id, _) in &of_another {
        stand.journal.ended(id);
    }

    revoked.extend(rotated);
    revoked.extend(of_another);
    for _ in 0..ASKED {
        for kept in revoked.iter().flat_map(|(id, _)| stand.journal.of_token(id)) {
            jeton_torture::ask_everywhere(&stand.caller, &stand.journal, &kept).await;
        }
    }
    stand.heal("a read failed").await;
    assert_clean(&mut stand);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_times_out_leaves_no_old_state_behind() {
    nothing_that_ended_is_accepted_after_a_read_failed(Errno::TimedOut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_without_memory_leaves_no_old_state_behind() {
    nothing_that_ended_is_accepted_after_a_read_failed(Errno::NoMemory).await;
}
