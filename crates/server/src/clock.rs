//! The clock: the only room that asks what time it is.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jeton_token::Timestamp;

/// Tells the time; a parameter of everything that needs it, so that tests bring their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the room for it")]
        Self::new(|| Timestamp(jiff::Timestamp::now().as_millisecond()))
    }

    /// A clock of one's own.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A moment on this machine that only goes forward, for whatever others rely on: no wall clock is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Instant);

impl Moment {
    pub(crate) fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the room for it")]
        Self(Instant::now())
    }

    /// So much later; a moment that cannot be written is as far as it gets.
    pub(crate) fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.checked_add(Duration::from_millis(ms)).unwrap_or(self.0))
    }

    /// Ready when it has come.
    pub(crate) async fn reached(self) {
        tokio::time::sleep_until(self.0.into()).await;
    }
}

/// Measures how long something takes, for numbers that nothing is decided by.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the room for it")]
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
