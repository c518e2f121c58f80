//! How long a lease holds, and what is to be done when: by our own clock.
//!
//! The server's word counts. Our clock says only what it would say if it could be asked, counted from before we asked
//! it last, so that we never think that a lease holds which does not.

use std::time::Duration;

use crate::clock::Moment;
use crate::login::random;

/// Between two tries.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long before its end a job hears of it, at most.
const NOTICE_MAX: Duration = Duration::from_mins(5);

/// The term of a lease.
#[derive(Debug)]
pub(super) struct Term {
    length: Duration,
    /// Until when it holds at least.
    until: Moment,
    /// Beyond which nothing renews it.
    end: Moment,
    /// When that is announced; nothing if it has been.
    notice: Option<Moment>,
    /// When it is renewed.
    next: Moment,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing for so long.
    Nothing(Duration),
    /// To renew the lease.
    Renewal,
    /// To announce that the end comes.
    Notice,
    /// To take note that the lease is over. The job could have gone on.
    Lapse,
    /// To take note that the job may not take longer.
    End,
}

impl Term {
    /// That of a lease which was asked for at that moment, with a job that may live for so long.
    pub(super) fn new(asked: Moment, length: Duration, life: Duration) -> Self {
        let end = asked.plus(life);
        let notice = Some(end.minus(NOTICE_MAX.min(life / 10))).filter(|at| *at > asked);
        let mut term = Self { length, until: end, end, notice, next: end };
        term.renewed(asked);
        term
    }

    /// Takes note that the lease was renewed for whoever asked at that moment.
    pub(super) fn renewed(&mut self, asked: Moment) {
        self.until = self.end.min(asked.plus(self.length));
        self.next = asked.plus(about(self.length / 3));
    }

    /// Takes note that it could not be renewed until now.
    pub(super) fn not_renewed(&mut self, now: Moment) {
        self.next = now.plus(about(pause(self.length)));
    }

    /// Takes note that the end was announced.
    pub(super) fn announced(&mut self) {
        self.notice = None;
    }

    /// Until when the lease holds at least.
    pub(super) fn until(&self) -> Moment {
        self.until
    }

    /// Whether it does not surely hold any more at that moment.
    pub(super) fn is_over(&self, now: Moment) -> bool {
        now >= self.until
    }

    /// What is to be done at that moment.
    pub(super) fn due(&self, now: Moment) -> Due {
        if now >= self.end {
            return Due::End;
        }
        if self.is_over(now) {
            return Due::Lapse;
        }
        if self.notice.is_some_and(|notice| now >= notice) {
            return Due::Notice;
        }
        if now >= self.next {
            return Due::Renewal;
        }
        let next = self.notice.map_or(self.next, |notice| notice.min(self.next));
        Due::Nothing(now.until(next.min(self.until)))
    }
}

/// The time between two tries.
fn pause(lease: Duration) -> Duration {
    (lease / 20).clamp(PAUSE_MIN, PAUSE_MAX)
}

/// A little less than that, so that many runners do not ask at once.
pub(super) fn about(time: Duration) -> Duration {
    time.mul_f64(0.8 + 0.2 * random::fraction())
}

/// What is waited before a call that failed is tried again.
pub(super) fn before_next_try() -> Duration {
    about(PAUSE_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_lease_is_renewed_in_time_for_two_more_tries() {
        for lease in [10, 60, 300].map(seconds) {
            for _ in 0..100 {
                let next = about(lease / 3);
                assert!(next <= lease / 3 && next >= lease / 4, "{next:?}");
                assert!(pause(lease) <= lease / 20 + PAUSE_MIN && next + 2 * pause(lease) < lease);
            }
        }
    }

    #[test]
    fn a_machine_that_slept_knows_how_much_of_the_lease_is_left() {
        let asked = Moment::now();
        let mut term = Term::new(asked, seconds(60), HOUR);
        let Due::Nothing(time) = term.due(asked.plus(seconds(1))) else { panic!("{term:?}") };
        assert!(time <= seconds(19) && time >= seconds(14), "{time:?}");
        // It wakes up: the lease holds still, a little.
        assert_eq!(term.due(asked.plus(seconds(59))), Due::Renewal);
        term.renewed(asked.plus(seconds(59)));
        assert!(matches!(term.due(asked.plus(seconds(60))), Due::Nothing(_)));
        // It slept too long, or beyond everything.
        assert_eq!(term.due(asked.plus(seconds(59 + 60))), Due::Lapse);
        assert_eq!(term.due(asked.plus(HOUR)), Due::End);
    }

    #[test]
    fn an_answer_that_took_long_leaves_the_less() {
        let asked = Moment::now();
        let term = Term::new(asked, seconds(60), HOUR);
        assert!(matches!(term.due(asked.plus(seconds(15))), Due::Nothing(_)));
        assert_eq!(term.due(asked.plus(seconds(20))), Due::Renewal);
        assert_eq!(term.due(asked.plus(seconds(60))), Due::Lapse);
    }

    #[test]
    fn what_fails_is_tried_again_soon_and_not_at_once() {
        let asked = Moment::now();
        let mut term = Term::new(asked, seconds(60), HOUR);
        let now = asked.plus(seconds(20));
        term.not_renewed(now);
        let Due::Nothing(time) = term.due(now) else { panic!("{term:?}") };
        assert!(time <= seconds(3) && time >= seconds(2), "{time:?}");
        assert_eq!(term.until(), asked.plus(seconds(60)));
    }

    #[test]
    fn the_end_is_announced_once_and_no_lease_goes_beyond_it() {
        let asked = Moment::now();
        let mut term = Term::new(asked, seconds(60), seconds(600));
        assert_eq!(term.due(asked.plus(seconds(59))), Due::Renewal);
        term.renewed(asked.plus(seconds(539)));
        assert_eq!(term.due(asked.plus(seconds(540))), Due::Notice);
        term.announced();
        assert!(matches!(term.due(asked.plus(seconds(540))), Due::Nothing(_)));
        term.renewed(asked.plus(seconds(590)));
        assert_eq!(term.until(), asked.plus(seconds(600)));
        assert_eq!(term.due(asked.plus(seconds(600))), Due::End);
    }
}
