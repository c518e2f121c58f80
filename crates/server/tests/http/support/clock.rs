//! A clock that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jeton_server::Clock;
use jeton_token::Timestamp;

/// The machine's clock with an offset, or one that stands still.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestClock(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    offset_ms: AtomicI64,
    /// Not 0: the clock stands there.
    stands_at_ms: AtomicI64,
    broken: AtomicBool,
}

impl TestClock {
    /// The clock to give to a server.
    pub(crate) fn for_server(&self) -> Clock {
        let (clock, system) = (self.0.clone(), Clock::system());
        Clock::new(move || {
            assert!(!clock.broken.load(Ordering::SeqCst), "the clock is broken");
            match clock.stands_at_ms.load(Ordering::SeqCst) {
                0 => Timestamp(system.now().0 + clock.offset_ms.load(Ordering::SeqCst)),
                ms => Timestamp(ms),
            }
        })
    }

    /// Moves it forward.
    pub(crate) fn advance_minutes(&self, minutes: i64) {
        self.0.offset_ms.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }

    /// Lets it stand at a moment.
    pub(crate) fn stand_at_ms(&self, ms: i64) {
        self.0.stands_at_ms.store(ms, Ordering::SeqCst);
    }

    /// Lets it stand so many seconds from now.
    pub(crate) fn stand_after_seconds(&self, seconds: i64) {
        self.stand_at_ms(self.now_ms() + seconds * 1000);
    }

    /// What the server takes for the present moment.
    pub(crate) fn now_ms(&self) -> i64 {
        self.for_server().now().0
    }

    /// From now on whoever asks for the time panics.
    pub(crate) fn break_it(&self) {
        self.0.broken.store(true, Ordering::SeqCst);
    }
}

/// A moment of an answer (RFC 3339) as milliseconds since the Unix epoch.
#[track_caller]
pub(crate) fn ms(moment: &serde_json::Value) -> i64 {
    moment.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// Asserts that this is the duration meant, but for the moments that the server took.
#[track_caller]
pub(crate) fn assert_minutes(duration_ms: i64, minutes: i64) {
    assert!((minutes * 60_000 - duration_ms).abs() < 2_000, "{duration_ms} ms are not {minutes} minutes");
}

/// A moment for a request.
pub(crate) fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap().to_string()
}
