//! The clock that leases are counted on: nobody sets it, and it goes on while the machine sleeps.

use std::time::Duration;

use tokio::time::sleep;

/// How late it may be noticed, at most, that the machine has slept: the timers of programs stand still meanwhile.
const STEP: Duration = Duration::from_secs(1);

/// A moment: how long after another one that does not change while the machine runs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Moment(Duration);

impl Moment {
    pub(crate) fn now() -> Self {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
        // Elsewhere this one goes on while the machine sleeps.
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
        let time = rustix::time::clock_gettime(CLOCK);
        let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
        // A clock that cannot be read is at the end of time, where no lease holds any more.
        let read = seconds.ok().zip(nanoseconds.ok());
        Self(read.map_or(Duration::MAX, |(seconds, nanoseconds)| Duration::new(seconds, nanoseconds)))
    }

    /// So much later, at most the end of time.
    pub(crate) fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }

    /// So much earlier, at most the beginning of time.
    pub(crate) fn minus(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(time))
    }

    /// How long it is until then; no time if it has been.
    pub(crate) fn until(self, then: Self) -> Duration {
        then.0.saturating_sub(self.0)
    }
}

/// Waits for that long or a little less, as this clock counts it: whoever wants the whole of it looks again.
pub(crate) async fn wait(time: Duration) {
    sleep(time.min(STEP)).await;
}

/// Waits until then.
pub(crate) async fn reached(then: Moment) {
    loop {
        match Moment::now().until(then) {
            Duration::ZERO => return,
            left => wait(left).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_order_and_have_two_ends() {
        let now = Moment::now();
        let later = now.plus(Duration::from_secs(3));
        assert!(now < later && Moment::now() >= now);
        assert_eq!((now.until(later), later.until(now)), (Duration::from_secs(3), Duration::ZERO));
        assert_eq!(later.minus(Duration::from_secs(3)), now);
        assert_eq!(now.plus(Duration::MAX).until(now), Duration::ZERO);
        assert_eq!(now.minus(Duration::MAX).until(now), now.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn sleep_of_the_machine_is_counted() {
        // How long the machine has been up, sleep included, says the kernel here.
        let uptime = || std::fs::read_to_string("/proc/uptime").unwrap();
        let seconds = |text: String| text.split('.').next().unwrap().parse::<u64>().unwrap();
        let (before, now, after) = (seconds(uptime()), Moment::now().0.as_secs(), seconds(uptime()));
        assert!((before..=after).contains(&now), "{before} {now} {after}");
    }

    #[tokio::test]
    async fn what_has_been_is_reached() {
        reached(Moment::now()).await;
        let then = Moment::now().plus(Duration::from_millis(20));
        reached(then).await;
        assert!(Moment::now() >= then);
    }
}
