//! The clock: the only room that asks what time it is.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jeton_token::Timestamp;

/// Tells the time; a parameter of everything that needs it, so that tests bring their own.
///
/// Its time never goes back, so what has ended stays ended: when the machine's clock is put back, time goes on from where
/// it was, as fast as the steady clock says. Of a little it loses half of its speed until the machine's clock has caught
/// up; with more, somebody has to say which of the two times is wrong. Clones are the same clock.
#[derive(Clone)]
pub struct Clock(Arc<Sources>);

struct Sources {
    /// The clock that people and protocols set.
    wall: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// A clock that nobody sets, in milliseconds from anywhere.
    steady: Box<dyn Fn() -> i64 + Send + Sync>,
    /// How far our time is before the second one: as the first one was, at its furthest.
    ahead_ms: AtomicI64,
    /// While our time is before the first one's: when it was that it lost speed last, by the second one.
    slowed_at: AtomicI64,
    /// Whoever takes something off.
    slowing: Mutex<()>,
}

/// What the two clocks differ by from one reading to the next, in whole milliseconds.
const JITTER_MS: i64 = 2;
/// Up to this much our time waits for the machine's clock, in milliseconds.
const WAITED_FOR_MS_MAX: i64 = 60_000;
/// It is no time at all: our time is not before the machine's clock.
const NEVER: i64 = i64::MIN;

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
        let (ahead_ms, slowed_at) = (AtomicI64::new(i64::MIN), AtomicI64::new(NEVER));
        Self(Arc::new(Sources { wall, steady, ahead_ms, slowed_at, slowing: Mutex::new(()) }))
    }

    /// The present moment; never before one that was told.
    pub fn now(&self) -> Timestamp {
        self.0.read().now
    }

    /// By how much the machine's clock is behind the time that was told already, in milliseconds.
    pub(crate) fn behind_ms(&self) -> i64 {
        self.0.read().lag()
    }

    /// From now on no moment before this one is told.
    pub(crate) fn not_before(&self, at: Timestamp) {
        self.0.raise(at.0.saturating_sub((self.0.steady)()));
    }
}

/// One reading of all clocks.
#[derive(Clone, Copy)]
struct Reading {
    now: Timestamp,
    wall: Timestamp,
    steady: i64,
}

impl Reading {
    /// By how much the wall clock is behind.
    fn lag(self) -> i64 {
        self.now.0.saturating_sub(self.wall.0)
    }
}

impl Sources {
    fn read(&self) -> Reading {
        let reading = self.look();
        if reading.lag() > JITTER_MS {
            return self.read_slowed();
        }
        if self.slowed_at.load(Ordering::Relaxed) != NEVER {
            self.slowed_at.store(NEVER, Ordering::Relaxed);
        }
        reading
    }

    /// The same while the wall clock is behind. Half of the time since the last reading is taken off, so each reading is
    /// as late as the one before at least.
    fn read_slowed(&self) -> Reading {
        let _alone = self.slowing.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = self.look();
        let slowed_at = match self.slowed_at.load(Ordering::Relaxed) {
            NEVER => reading.steady,
            at => at,
        };
        let half = reading.steady.saturating_sub(slowed_at) / 2;
        let (taken, slowed_at) = match reading.lag() {
            lag if lag > WAITED_FOR_MS_MAX => (0, reading.steady),
            lag if lag <= half => (lag.max(0), reading.steady),
            _ => (half, slowed_at.saturating_add(half.saturating_mul(2))),
        };
        self.ahead_ms.fetch_sub(taken, Ordering::Relaxed);
        self.slowed_at.store(slowed_at, Ordering::Relaxed);
        Reading { now: reading.now.plus_ms(taken.saturating_neg()), ..reading }
    }

    fn look(&self) -> Reading {
        let (wall, steady) = ((self.wall)(), (self.steady)());
        let ahead = self.raise(wall.0.saturating_sub(steady));
        Reading { now: Timestamp(steady.saturating_add(ahead)), wall, steady }
    }

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

/// Measures how long something takes, whatever the wall clock does meanwhile.
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
    fn a_clock_that_is_a_little_behind_is_waited_for_at_half_the_speed() {
        let (clock, wall, steady) = clock();
        clock.now();
        let set = |wall_ms, steady_ms| {
            wall.store(wall_ms, Ordering::SeqCst);
            steady.store(steady_ms, Ordering::SeqCst);
        };
        set(996_000, 60);
        assert_eq!(
            (clock.now(), clock.behind_ms()),
            (Timestamp(1_000_010), 4_010),
            "nothing is taken off at once"
        );
        set(998_000, 2_060);
        assert_eq!((clock.now(), clock.behind_ms()), (Timestamp(1_001_010), 3_010));
        set(1_005_000, 9_060);
        assert_eq!((clock.now(), clock.behind_ms()), (Timestamp(1_005_000), 0), "it has caught up");
        set(1_001_000, 9_070);
        assert_eq!(clock.now(), Timestamp(1_005_010), "what was taken off then counts for that time alone");
    }

    #[test]
    fn whatever_the_clocks_do_no_reading_is_before_another_or_before_the_machines_clock() {
        let (clock, wall, steady) = clock();
        let (mut random, mut latest) = (0x2545_F491_4F6C_DD1D_u64, clock.now());
        for _ in 0..100_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let passed = i64::try_from(random % 50).unwrap();
            let jump = if random % 97 == 0 { i64::try_from(random % 200_000).unwrap() - 100_000 } else { 0 };
            steady.fetch_add(passed, Ordering::SeqCst);
            wall.fetch_add(passed + jump, Ordering::SeqCst);
            let now = clock.now();
            assert!(now >= latest && now.0 >= wall.load(Ordering::SeqCst));
            latest = now;
        }
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
