//! How long what an issuer said is remembered, and how often it is asked.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use jeton_token::Timestamp;

use super::super::Unreachable;
use super::super::remembered::Remembered;
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
        let now = Arc::clone(&self.now);
        let clock = Clock::new(move || Timestamp(now.load(Ordering::SeqCst)));
        let fetch = async || {
            self.asked.set(self.asked.get() + 1);
            if self.is_up.get() { Ok(self.asked.get()) } else { Err(Unreachable("down".to_owned())) }
        };
        self.remembered.get(&clock, has_it, fetch).await.map(|document| *document)
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
async fn an_unknown_name_asks_anew_but_not_again_and_again() {
    let bench = Bench::new();
    assert_eq!(bench.get(|document| *document == 2).await.unwrap(), 1, "asked a moment ago: as it is");
    for _ in 0..100 {
        assert_eq!(bench.get(|document| *document == 9).await.unwrap(), 1);
    }
    bench.pass(10);
    assert_eq!(bench.get(|document| *document == 2).await.unwrap(), 2);
    assert_eq!(bench.asked.get(), 2);
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
    let all = (0..50).map(|_| remembered.get(&clock, |_| true, fetch));
    for outcome in futures_util::future::join_all(all).await {
        assert_eq!(*outcome.unwrap(), 0);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
