//! The clock that leases are counted on: nobody sets it, and it goes on while the machine sleeps.

/// A moment, in nanoseconds since some moment that does not change while the machine runs.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// So much later, at most the end of time.
    pub(crate) fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1_000_000)))
    }
}

#[cfg(unix)]
impl Moment {
    pub(crate) fn now() -> Self {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
        // Elsewhere this one goes on while the machine sleeps.
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
        let time = rustix::time::clock_gettime(CLOCK);
        let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
        // A clock that cannot be read is at the end of time, where no lease holds any more.
        let read = seconds.ok().zip(nanoseconds.ok());
        read.map_or(Self(u64::MAX), |(s, ns)| Self(s.saturating_mul(1_000_000_000).saturating_add(ns)))
    }
}

#[cfg(not(unix))]
impl Moment {
    /// No clock here is known to go on while the machine sleeps, so no lease holds.
    pub(crate) fn now() -> Self {
        Self(u64::MAX)
    }
}
