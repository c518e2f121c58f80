//! How long what an issuer said is remembered, and how often it is asked.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use jeton_token::Timestamp;

use super::super::Unreachable;
use super::super::remembered::{Call, Remembered};
use crate::clock::Clock;

/// A document that counts how often it was fetched, and a clock.
struct Bench {
    remembered: Remembered<usize>,
    now: Arc<AtomicI64>,
    asked: Cell<usize>,
    is_up: Cell<bool>,
}

impl Bench {
    fn new() -> Self {
        let now = Arc::new(AtomicI64::new(1_900_000_000_000));
        Self { remembered: Remembered::default(), now, asked: Cell::new(0), is_up: Cell::new(true) }
    }

    async fn get(&self, has_it: impl Fn(&usize) -> bool) -> Result<usize, Unreachable> {
        self.get_for(Call::of_anybody(), has_it).await
    }

    async fn get_for(&self, call: Call, has_it: impl Fn(&usize) -> bool) -> Result<usize, Unreachable> {
        let now = Arc::clone(&self.now);
        let clock = Clock::new(move || Timestamp(now.load(Ordering::SeqCst)));
        let fetch = async || {
            self.asked.set(self.asked.get() + 1);
            if self.is_up.get() { Ok(self.asked.get()) } else { Err(Unreachable::new("down".to_owned())) }
        };
        self.remembered.get(&clock, call, has_it, fetch).await.map(|got| *got.document)
    }

    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_fresh_document_is_used_without_asking() {
    let bench = Bench::new();
    assert_eq!(bench.get(|_| true).await.unwrap(), 1);
    bench.pass(599);
    assert_eq!(bench.get(|_| true).await.unwrap(), 1);
    bench.pass(1);
    assert_eq!(bench.get(|_| true).await.unwrap(), 2);
}

#[tokio::test]
async fn an_unknown_name_asks_again_but_not_each_time() {
    let bench = Bench::new();
    assert_eq!(bench.get(|document| *document == 2).await.unwrap(), 1, "asked by this call: it lacks it");
    for _ in 0..100 {
        let unknown = bench.get(|document| *document == 9).await.unwrap_err();
        assert_eq!(unknown.retry_seconds, 10, "nothing was asked, so nothing is known");
    }
    bench.pass(9);
    assert_eq!(bench.get(|document| *document == 2).await.unwrap_err().retry_seconds, 1);
    bench.pass(1);
    assert_eq!(bench.get(|document| *document == 2).await.unwrap(), 2);
    assert_eq!(bench.asked.get(), 2);
}

#[tokio::test]
async fn what_the_issuer_itself_has_named_is_asked_for_at_once() {
    let bench = Bench::new();
    bench.get(|_| true).await.unwrap();
    assert!(bench.get(|document| *document == 2).await.is_err());
    assert_eq!(bench.get_for(Call::of_issuer(), |document| *document == 2).await.unwrap(), 2);
    assert_eq!(bench.get_for(Call::of_issuer(), |document| *document == 2).await.unwrap(), 2);
    assert_eq!(bench.asked.get(), 2);
}

#[tokio::test]
async fn what_was_asked_for_since_a_call_began_counts_for_it() {
    let bench = Bench::new();
    let call = Call::of_anybody();
    assert_eq!(bench.get(|_| true).await.unwrap(), 1);
    assert_eq!(bench.get_for(call, |_| false).await.unwrap(), 1, "it lacks it");
    assert!(bench.get(|_| false).await.is_err(), "another call began later");
    assert_eq!(bench.asked.get(), 1);
}

#[tokio::test]
async fn after_a_failure_it_is_asked_again_sooner() {
    let bench = Bench::new();
    bench.get(|_| true).await.unwrap();
    bench.is_up.set(false);
    bench.pass(10);
    assert_eq!(bench.get(|document| *document == 3).await.unwrap_err().retry_seconds, 1);
    bench.is_up.set(true);
    bench.pass(1);
    assert_eq!(bench.get(|document| *document == 3).await.unwrap(), 3);
}

#[tokio::test]
async fn a_stale_document_serves_while_the_issuer_is_down_and_not_for_ever() {
    let bench = Bench::new();
    bench.get(|_| true).await.unwrap();
    bench.is_up.set(false);
    bench.pass(3599);
    assert_eq!(bench.get(|_| true).await.unwrap(), 1);
    assert!(bench.get(|_| false).await.is_err(), "that it lacks something is not known");
    bench.pass(1);
    assert!(bench.get(|_| true).await.is_err());
    bench.is_up.set(true);
    bench.pass(1);
    assert_eq!(bench.get(|_| true).await.unwrap(), 4);
}

#[tokio::test]
async fn a_dead_issuer_is_not_asked_for_every_request() {
    let bench = Bench::new();
    bench.is_up.set(false);
    for _ in 0..100 {
        assert!(bench.get(|_| true).await.is_err());
    }
    assert_eq!(bench.asked.get(), 1);
    bench.is_up.set(true);
    bench.pass(1);
    assert_eq!(bench.get(|_| true).await.unwrap(), 2);
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_nothing_fresh() {
    let bench = Bench::new();
    bench.get(|_| true).await.unwrap();
    bench.pass(-3600);
    assert_eq!(bench.get(|_| true).await.unwrap(), 2);
}

#[tokio::test]
async fn of_many_at_once_one_asks() {
    let clock = Clock::new(|| Timestamp(1_900_000_000_000));
    let (remembered, asked) = (Remembered::<usize>::default(), AtomicUsize::new(0));
    let fetch = async || {
        tokio::task::yield_now().await;
        Ok(asked.fetch_add(1, Ordering::SeqCst))
    };
    let all = (0..50).map(|_| remembered.get(&clock, Call::of_anybody(), |_| true, fetch));
    for outcome in futures_util::future::join_all(all).await {
        assert_eq!(*outcome.unwrap().document, 0);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
