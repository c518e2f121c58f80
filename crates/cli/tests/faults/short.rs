//! Each error of each call, and each harm on the wire, at the first counts.

use std::time::Duration;

use jeton_torture::{Call, Fault, Sweep};

use crate::support::{is_quick, postgres, program};

const COUNTS: [u32; 4] = [1, 2, 3, 10];
const PATIENCE: Duration = Duration::from_secs(2);

async fn suffer(faults: &[Fault], postgres: Option<String>) {
    let sweep = Sweep { program: program().to_owned(), postgres, patience: PATIENCE, limit: None };
    let outcome = sweep.run(faults).await.unwrap();
    assert!(outcome.is_clean(), "{outcome}");
    // A harness whose faults never come proves nothing.
    assert!(outcome.struck * 2 >= faults.len(), "{outcome}");
}

async fn suffer_calls(call: Call) {
    if is_quick() {
        return;
    }
    let all = Fault::of_files(&COUNTS).into_iter();
    let faults: Vec<_> = all.filter(|fault| matches!(fault, Fault::Call(it) if it.call == call)).collect();
    suffer(&faults, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_sqlite_fail_and_no_promise_is_broken() {
    suffer_calls(Call::Read).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_sqlite_fail_and_no_promise_is_broken() {
    suffer_calls(Call::Write).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn syncs_of_sqlite_fail_and_no_promise_is_broken() {
    suffer_calls(Call::Sync).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wire_to_postgres_breaks_and_no_promise_does() {
    let Some(postgres) = postgres() else { return };
    suffer(&Fault::of_wire(&COUNTS), Some(postgres)).await;
}
