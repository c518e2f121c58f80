//! A document of another issuer, remembered for a while.
//!
//! One asks and the others wait for the answer. What is remembered is used without asking while it is fresh; while
//! the issuer cannot be asked it is used until it is stale; after that nothing can be known. A document that lacks
//! what somebody names is fetched anew, but not again and again for names that somebody invents.

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
    document: Option<(Arc<T>, Timestamp)>,
    asked_at: Option<Timestamp>,
    failure: Option<Unreachable>,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        let kept = Kept { document: None, asked_at: None, failure: None };
        Self { kept: Mutex::new(kept), turn: tokio::sync::Mutex::default() }
    }
}

impl<T> Remembered<T> {
    /// The document. It has what is needed, or lacks it although the issuer was asked not long ago.
    pub(super) async fn get(
        &self,
        clock: &Clock,
        has_it: impl Fn(&T) -> bool,
        fetch: impl AsyncFnOnce() -> Result<T, Unreachable>,
    ) -> Result<Arc<T>, Unreachable> {
        if let Some(document) = self.younger_than(KEYS_MS_FRESH, clock).filter(|document| has_it(document)) {
            return Ok(document);
        }
        let _turn = self.turn.lock().await;
        // Somebody may have fetched it while we waited for our turn.
        let fresh = self.younger_than(KEYS_MS_FRESH, clock);
        if let Some(document) = fresh.clone().filter(|document| has_it(document)) {
            return Ok(document);
        }
        if self.may_ask(fresh.is_some(), clock.now()) {
            self.keep(fetch().await, clock.now());
        }
        self.answer(has_it, clock)
    }

    /// When it was last asked for, to tell which of many is the least needed.
    pub(super) fn asked_at(&self) -> Option<Timestamp> {
        self.locked(|kept| kept.asked_at)
    }

    fn younger_than(&self, ms: i64, clock: &Clock) -> Option<Arc<T>> {
        let now = clock.now();
        // A clock that was set back tells nothing about an age.
        self.locked(|kept| match &kept.document {
            Some((document, at)) if (0..ms).contains(&(now.0 - at.0)) => Some(Arc::clone(document)),
            _ => None,
        })
    }

    fn may_ask(&self, is_fresh: bool, now: Timestamp) -> bool {
        let between = if is_fresh { KEYS_MS_BETWEEN } else { KEYS_MS_RETRY };
        self.locked(|kept| kept.asked_at.is_none_or(|at| !(0..between).contains(&(now.0 - at.0))))
    }

    fn keep(&self, fetched: Result<T, Unreachable>, now: Timestamp) {
        self.locked(|kept| {
            kept.asked_at = Some(now);
            match fetched {
                Ok(document) => (kept.document, kept.failure) = (Some((Arc::new(document), now)), None),
                Err(failure) => {
                    tracing::warn!(%failure, "an issuer of identity tokens cannot be asked");
                    kept.failure = Some(failure);
                }
            }
        });
    }

    /// What is remembered, after asking or instead of it. While the issuer cannot be asked, that something is not
    /// in it is not known.
    fn answer(&self, has_it: impl Fn(&T) -> bool, clock: &Clock) -> Result<Arc<T>, Unreachable> {
        let failure = self.locked(|kept| kept.failure.clone());
        let usable = self.younger_than(KEYS_MS_STALE, clock);
        match (usable, failure) {
            (Some(document), None) => Ok(document),
            (Some(document), Some(_)) if has_it(&document) => Ok(document),
            (_, Some(failure)) => Err(failure),
            (None, None) => Err(Unreachable("the issuer was asked a moment ago".to_owned())),
        }
    }

    fn locked<R>(&self, act: impl FnOnce(&mut Kept<T>) -> R) -> R {
        act(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
