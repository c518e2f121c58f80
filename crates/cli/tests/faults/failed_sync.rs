//! One write or sync fails under a revoke. That one cannot be known; the next one works, without a restart.

use jeton_torture::{Call, Errno, Injection, Stand};

use crate::support::{assert_clean, is_quick, program};

async fn one_failure_costs_one_call(call: Call) {
    if is_quick() {
        return;
    }
    let mut stand = Stand::on_sqlite(program()).await.unwrap();
    let tokens = stand.make(8, None).await.unwrap();
    let injected = Injection { call, errno: Errno::Io, at: 1 }.begin(&stand.server, &stand.site).unwrap();
    let mut refused = vec![];
    for (id, _) in &tokens {
        if !stand.revoke(id).await.unwrap() {
            refused.push(id);
            break;
        }
    }
    assert!(injected.struck() > 0 && refused.len() == 1, "no revoke has met the fault");
    injected.end();
    stand.heal("one call failed").await;
    for (id, _) in &tokens {
        assert!(stand.revoke(id).await.unwrap(), "a revoke is refused although the fault is gone");
    }
    stand.ask_about_all_since(0).await;
    stand.restart().await.unwrap();
    assert_clean(&mut stand);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_fails_costs_one_revoke() {
    one_failure_costs_one_call(Call::Sync).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_costs_one_revoke() {
    one_failure_costs_one_call(Call::Write).await;
}
