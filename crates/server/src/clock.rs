//! The clock: the only room that asks what time it is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jeton_token::Timestamp;

/// Tells the time; a parameter of everything that needs it, so that tests bring their own.
///
/// Its time never goes back, so what has ended stays ended: when the machine's clock is put back, time goes on from where
/// it was, as fast as the steady clock says, until the machine's clock has caught up. Clones are the same clock.
#[derive(Clone)]
pub struct Clock(Arc<Sources>);

struct Sources {
    /// The clock that people and protocols set.
    wall: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// A clock that nobody sets, in milliseconds from anywhere.
    steady: Box<dyn Fn() -> i64 + Send + Sync>,
    /// The furthest that the first was ever before the second.
    ahead_ms: AtomicI64,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        let start = Stopwatch::start();
        let steady = move || i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
        #[expect(clippy::disallowed_methods, reason = "this is the room for it")]
        Self::with_steady(|| Timestamp(jiff::Timestamp::now().as_millisecond()), steady)
    }

    /// A clock of one's own, which stands still when it is put back.
    pub fn new(wall: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self::with_steady(wall, || 0)
    }

    fn with_steady(
        wall: impl Fn() -> Timestamp + Send + Sync + 'static,
        steady: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Self {
        let (wall, steady) = (Box::new(wall), Box::new(steady));
        Self(Arc::new(Sources { wall, steady, ahead_ms: AtomicI64::new(i64::MIN) }))
    }

    /// The present moment; never before one that was told.
    pub fn now(&self) -> Timestamp {
        self.read().0
    }

    /// By how much the machine's clock is behind the time that was told already, in milliseconds.
    pub(crate) fn behind_ms(&self) -> i64 {
        let (now, wall) = self.read();
        now.0.saturating_sub(wall.0)
    }

    /// From now on no moment before this one is told.
    pub(crate) fn not_before(&self, at: Timestamp) {
        self.0.raise(at.0.saturating_sub((self.0.steady)()));
    }

    /// The present moment, and what the machine's clock says.
    fn read(&self) -> (Timestamp, Timestamp) {
        let (wall, steady) = ((self.0.wall)(), (self.0.steady)());
        let ahead = self.0.raise(wall.0.saturating_sub(steady));
        (Timestamp(steady.saturating_add(ahead)), wall)
    }
}

impl Sources {
    /// Notes how far ahead the wall clock is, and says how far it ever was. Most calls only look.
    fn raise(&self, ahead: i64) -> i64 {
        let furthest = self.ahead_ms.load(Ordering::Relaxed);
        if ahead <= furthest {
            furthest
        } else {
            self.ahead_ms.fetch_max(ahead, Ordering::Relaxed).max(ahead)
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock, its wall clock and its steady one.
    fn clock() -> (Clock, Arc<AtomicI64>, Arc<AtomicI64>) {
        let (wall, steady) = (Arc::new(AtomicI64::new(1_000_000)), Arc::new(AtomicI64::new(50)));
        let (of_wall, of_steady) = (Arc::clone(&wall), Arc::clone(&steady));
        let told = move || Timestamp(of_wall.load(Ordering::SeqCst));
        (Clock::with_steady(told, move || of_steady.load(Ordering::SeqCst)), wall, steady)
    }

    #[test]
    fn time_goes_on_while_the_machines_clock_is_put_back() {
        let (clock, wall, steady) = clock();
        assert_eq!((clock.now(), clock.behind_ms()), (Timestamp(1_000_000), 0));
        wall.store(400_000, Ordering::SeqCst);
        assert_eq!((clock.now(), clock.behind_ms()), (Timestamp(1_000_000), 600_000));
        wall.store(407_000, Ordering::SeqCst);
        steady.store(7_050, Ordering::SeqCst);
        assert_eq!((clock.now(), clock.behind_ms()), (Timestamp(1_007_000), 600_000));
        wall.store(1_020_000, Ordering::SeqCst);
        steady.store(8_050, Ordering::SeqCst);
        assert_eq!((clock.now(), clock.behind_ms()), (Timestamp(1_020_000), 0), "it has caught up");
    }

    #[test]
    fn a_clock_that_jumps_ahead_is_followed() {
        let (clock, wall, _) = clock();
        clock.now();
        wall.store(9_000_000, Ordering::SeqCst);
        assert_eq!((clock.now(), clock.clone().behind_ms()), (Timestamp(9_000_000), 0));
    }

    #[test]
    fn no_moment_before_one_that_is_known_is_told() {
        let (clock, _, steady) = clock();
        clock.not_before(Timestamp(2_000_000));
        assert_eq!((clock.now(), clock.behind_ms()), (Timestamp(2_000_000), 1_000_000));
        steady.store(1_050, Ordering::SeqCst);
        assert_eq!(clock.now(), Timestamp(2_001_000));
        clock.not_before(Timestamp(5));
        assert_eq!(clock.now(), Timestamp(2_001_000), "and an earlier one changes nothing");
    }

    #[test]
    fn clones_are_one_clock() {
        let (clock, wall, _) = clock();
        let other = clock.clone();
        wall.store(3_000_000, Ordering::SeqCst);
        clock.now();
        wall.store(1, Ordering::SeqCst);
        assert_eq!(other.now(), Timestamp(3_000_000));
    }
}
