//! A document of another issuer, remembered for a while.
//!
//! One caller asks and the others wait for the answer. What is remembered is used without asking while it is fresh;
//! while the issuer cannot be asked it is used until it is stale; after that nothing can be known. A document that lacks
//! what a caller names is fetched again, but not for each name that a stranger invents.
//!
//! INVARIANT: that a document lacks something is known only from an answer that was asked for after the call began. As
//! long as asking has to wait, the outcome is [`Unreachable`] with the seconds to wait, and never a verdict: otherwise a
//! stranger with an invented name could make every newer name look unknown.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jeton_token::Timestamp;

use super::Unreachable;
use crate::clock::Clock;
use crate::limits::{KEYS_MS_BETWEEN, KEYS_MS_FRESH, KEYS_MS_RETRY, KEYS_MS_STALE};

/// A document and when it was fetched.
#[derive(Debug)]
pub(super) struct Remembered<T> {
    kept: Mutex<Kept<T>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Kept<T> {
    document: Option<Fetched<T>>,
    asked_at: Option<Timestamp>,
    failure: Option<Unreachable>,
}

/// A document, and whether the issuer was asked for it since the call began.
#[derive(Debug)]
pub(super) struct Got<T> {
    pub(super) document: Arc<T>,
    pub(super) is_new: bool,
}

/// A call that needs what issuers say. An answer that was asked for after it began is as good as one that it has asked
/// for itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    begun: u64,
    pace: Pace,
}

/// How soon an issuer is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Slow,
    AtOnce,
}

/// Counts calls and what is asked, so that it can be told which was first.
static TICKS: AtomicU64 = AtomicU64::new(0);

fn tick() -> u64 {
    TICKS.fetch_add(1, Ordering::SeqCst)
}

impl Call {
    /// A stranger may have made up what is looked for, so asking has a pace.
    pub(crate) fn of_anybody() -> Self {
        Self { begun: tick(), pace: Pace::Slow }
    }

    /// The issuer itself has just named what is looked for, so it is asked at once.
    pub(crate) fn of_issuer() -> Self {
        Self { begun: tick(), pace: Pace::AtOnce }
    }
}

#[derive(Debug)]
struct Fetched<T> {
    document: Arc<T>,
    at: Timestamp,
    tick: u64,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        let kept = Kept { document: None, asked_at: None, failure: None };
        Self { kept: Mutex::new(kept), turn: tokio::sync::Mutex::default() }
    }
}

impl<T> Remembered<T> {
    /// The document. One that is not new has what is needed; a new one may lack it, and then the issuer does not have
    /// it.
    pub(super) async fn get(
        &self,
        clock: &Clock,
        call: Call,
        has_it: impl Fn(&T) -> bool,
        fetch: impl AsyncFnOnce() -> Result<T, Unreachable>,
    ) -> Result<Got<T>, Unreachable> {
        let serves = |got: &Got<T>| got.is_new || has_it(&got.document);
        if let Some(got) = self.younger_than(KEYS_MS_FRESH, call, clock).filter(serves) {
            return Ok(got);
        }
        let _turn = self.turn.lock().await;
        // Another caller may have fetched it while we waited for our turn.
        let fresh = self.younger_than(KEYS_MS_FRESH, call, clock);
        let is_fresh = fresh.is_some();
        if let Some(got) = fresh.filter(serves) {
            return Ok(got);
        }
        let wait_ms = self.wait_ms(is_fresh, call, clock.now());
        if wait_ms == 0 {
            let tick = tick();
            self.keep(fetch().await, clock.now(), tick);
        }
        let failure = self.locked(|kept| kept.failure.clone());
        let usable = self.younger_than(KEYS_MS_STALE, call, clock).filter(serves);
        usable.ok_or_else(|| failure.unwrap_or_else(|| Unreachable::for_now(wait_ms)))
    }

    /// When it was last asked for, to tell which of many is the least needed.
    pub(super) fn asked_at(&self) -> Option<Timestamp> {
        self.locked(|kept| kept.asked_at)
    }

    fn younger_than(&self, ms: i64, call: Call, clock: &Clock) -> Option<Got<T>> {
        let now = clock.now();
        self.locked(|kept| {
            // A clock that was set back tells nothing about an age.
            let fetched =
                kept.document.as_ref().filter(|fetched| (0..ms).contains(&(now.0 - fetched.at.0)))?;
            let is_new = fetched.tick > call.begun;
            Some(Got { document: Arc::clone(&fetched.document), is_new })
        })
    }

    /// How long until the issuer may be asked again.
    fn wait_ms(&self, is_fresh: bool, call: Call, now: Timestamp) -> i64 {
        let has_failed = self.locked(|kept| kept.failure.is_some());
        let between = match call.pace {
            Pace::AtOnce => 0,
            Pace::Slow if is_fresh && !has_failed => KEYS_MS_BETWEEN,
            Pace::Slow => KEYS_MS_RETRY,
        };
        let passed = self.locked(|kept| kept.asked_at).map(|at| now.0 - at.0);
        passed.filter(|passed| (0..between).contains(passed)).map_or(0, |passed| between - passed)
    }

    fn keep(&self, fetched: Result<T, Unreachable>, at: Timestamp, tick: u64) {
        self.locked(|kept| {
            kept.asked_at = Some(at);
            match fetched {
                Ok(document) => {
                    kept.document = Some(Fetched { document: Arc::new(document), at, tick });
                    kept.failure = None;
                }
                Err(failure) => {
                    tracing::warn!(%failure, "an issuer of identity tokens cannot be asked");
                    kept.failure = Some(failure);
                }
            }
        });
    }

    fn locked<R>(&self, act: impl FnOnce(&mut Kept<T>) -> R) -> R {
        act(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
