//! How often somebody may guess: failures are counted, and whoever has too many waits.
//!
//! Each count is a bucket that failures fill and time empties. A guess at alice's password from 192.0.2.7 fills two:
//! that of alice *from there*, and that of 192.0.2.7. So nobody locks alice out but at their own address, and trying
//! many names from one address ends as well. Names that nobody has are counted like any other.
//!
//! The table is bounded. When it is full, the buckets that are soonest empty go first.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Mutex;

use jeton_token::Timestamp;

use super::Error;
use crate::limits::GUESS_BUCKETS_MAX;

/// Where somebody calls from, as far as it tells one household from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Origin {
    V4(Ipv4Addr),
    /// The first 64 bits: the rest is the caller's own to choose.
    V6(u64),
    /// Proxies all the way: whoever comes from there shares one count.
    Unknown,
}

impl From<Option<IpAddr>> for Origin {
    fn from(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Self::V4(address),
            Some(IpAddr::V6(address)) => Self::V6(network(address)),
            None => Self::Unknown,
        }
    }
}

fn network(address: Ipv6Addr) -> u64 {
    u64::try_from(address.to_bits() >> 64).unwrap_or(0)
}

/// How many failures fit into a bucket, and how long one takes to leave it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub(super) failures: i64,
    pub(super) regain_ms: i64,
}

/// What a failure counts against.
#[derive(Clone, Debug)]
pub(super) struct Counts(Vec<(Subject, Bucket)>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Origin(Origin),
    /// The name itself is not kept: a number stands for it that means nothing outside this process.
    Name(u64),
    NameFrom(u64, Origin),
}

/// Counts of one kind of guess.
pub(super) struct Guesses {
    /// When each bucket will be empty.
    empty_at: Mutex<HashMap<Subject, Timestamp>>,
    names: RandomState,
}

impl Guesses {
    pub(super) fn new() -> Self {
        Self { empty_at: Mutex::default(), names: RandomState::new() }
    }

    /// Counts for a name from one origin, and for the origin itself.
    pub(super) fn of_name_from(
        &self,
        name: &str,
        origin: Origin,
        of_both: Bucket,
        of_origin: Bucket,
    ) -> Counts {
        let both = Subject::NameFrom(self.number(name), origin);
        Counts(vec![(both, of_both), (Subject::Origin(origin), of_origin)])
    }

    /// Counts for an origin, whoever it is.
    pub(super) fn of_origin(origin: Origin, of_origin: Bucket) -> Counts {
        Counts(vec![(Subject::Origin(origin), of_origin)])
    }

    /// Counts for a name wherever it comes from, and for an origin whoever it is.
    pub(super) fn of_name_and_origin(
        &self,
        name: &str,
        origin: Origin,
        of_name: Bucket,
        of_origin: Bucket,
    ) -> Counts {
        let name = Subject::Name(self.number(name));
        Counts(vec![(name, of_name), (Subject::Origin(origin), of_origin)])
    }

    /// Whether there is room for one more failure in every bucket.
    pub(super) fn check(&self, counts: &Counts, now: Timestamp) -> Result<(), Error> {
        let table = self.empty_at.lock().map_err(|_| Error::Unavailable)?;
        let waits = counts.0.iter().map(|(subject, bucket)| wait_ms(table.get(subject), *bucket, now));
        match waits.max().unwrap_or(0) {
            0 => Ok(()),
            ms => Err(Error::TooManyAttempts { retry_seconds: seconds(ms) }),
        }
    }

    /// Counts a failure.
    pub(super) fn failed(&self, counts: &Counts, now: Timestamp) {
        let Ok(mut table) = self.empty_at.lock() else { return };
        make_room(&mut table, now);
        for (subject, bucket) in &counts.0 {
            let empty_at = table.entry(subject.clone()).or_insert(now);
            *empty_at = (*empty_at).max(now).plus_ms(bucket.regain_ms);
        }
    }

    /// Forgets the failures of a name from an origin: somebody has shown that they belong together. What was counted
    /// against the origin stays, or one account of one's own would undo the count of all guesses.
    pub(super) fn succeeded(&self, counts: &Counts) {
        let Ok(mut table) = self.empty_at.lock() else { return };
        for (subject, _) in &counts.0 {
            if matches!(subject, Subject::NameFrom(..)) {
                table.remove(subject);
            }
        }
    }

    fn number(&self, name: &str) -> u64 {
        self.names.hash_one(name.to_ascii_lowercase())
    }
}

/// How long until one more failure fits.
fn wait_ms(empty_at: Option<&Timestamp>, bucket: Bucket, now: Timestamp) -> i64 {
    let Some(empty_at) = empty_at else { return 0 };
    // A clock that was set back must not make anybody wait longer than a full bucket takes.
    let full = bucket.failures.saturating_mul(bucket.regain_ms);
    let left = empty_at.0.saturating_sub(now.0).min(full);
    left.saturating_sub(full - bucket.regain_ms).max(0)
}

fn seconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(1000)
}

fn make_room(table: &mut HashMap<Subject, Timestamp>, now: Timestamp) {
    if table.len() < GUESS_BUCKETS_MAX {
        return;
    }
    table.retain(|_, empty_at| *empty_at > now);
    if table.len() < GUESS_BUCKETS_MAX {
        return;
    }
    // The fuller ones stay: to drive one out, somebody would have to fill all the others higher.
    let mut moments: Vec<_> = table.values().copied().collect();
    let (_, quarter, _) = moments.select_nth_unstable(GUESS_BUCKETS_MAX / 4);
    let quarter = *quarter;
    table.retain(|_, empty_at| *empty_at > quarter);
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Bucket = Bucket { failures: 3, regain_ms: 1000 };
    const TEN: Bucket = Bucket { failures: 10, regain_ms: 1000 };

    fn origin(last: u8) -> Origin {
        Some(IpAddr::from([192, 0, 2, last])).into()
    }

    fn waits(guesses: &Guesses, counts: &Counts, now: i64) -> Option<u64> {
        match guesses.check(counts, Timestamp(now)) {
            Ok(()) => None,
            Err(Error::TooManyAttempts { retry_seconds }) => Some(retry_seconds),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn fail(guesses: &Guesses, counts: &Counts, times: usize) {
        for _ in 0..times {
            guesses.failed(counts, Timestamp(0));
        }
    }

    #[test]
    fn a_full_bucket_makes_wait_until_one_failure_has_left_it() {
        let guesses = Guesses::new();
        let counts = guesses.of_name_from("alice", origin(1), THREE, TEN);
        fail(&guesses, &counts, 2);
        assert_eq!(waits(&guesses, &counts, 0), None);
        fail(&guesses, &counts, 1);
        assert_eq!(waits(&guesses, &counts, 0), Some(1));
        assert_eq!(waits(&guesses, &counts, 999), Some(1));
        assert_eq!(waits(&guesses, &counts, 1000), None);
    }

    #[test]
    fn a_name_is_locked_at_one_origin_only_and_in_any_case() {
        let guesses = Guesses::new();
        let here = guesses.of_name_from("alice", origin(1), THREE, TEN);
        fail(&guesses, &here, 3);
        let shouted = guesses.of_name_from("ALICE", origin(1), THREE, TEN);
        assert_eq!(waits(&guesses, &shouted, 0), Some(1));
        let there = guesses.of_name_from("alice", origin(2), THREE, TEN);
        assert_eq!(waits(&guesses, &there, 0), None);
        let other = guesses.of_name_from("bob", origin(1), THREE, TEN);
        assert_eq!(waits(&guesses, &other, 0), None);
    }

    #[test]
    fn many_names_from_one_origin_fill_the_bucket_of_the_origin() {
        let guesses = Guesses::new();
        for name in 0..10 {
            fail(&guesses, &guesses.of_name_from(&name.to_string(), origin(1), THREE, TEN), 1);
        }
        let fresh = guesses.of_name_from("fresh", origin(1), THREE, TEN);
        assert_eq!(waits(&guesses, &fresh, 0), Some(1));
    }

    #[test]
    fn a_success_forgives_the_name_and_not_the_origin() {
        let guesses = Guesses::new();
        let mine = guesses.of_name_from("mallory", origin(1), THREE, TEN);
        fail(&guesses, &guesses.of_name_from("alice", origin(1), TEN, TEN), 9);
        fail(&guesses, &mine, 1);
        guesses.succeeded(&mine);
        assert_eq!(waits(&guesses, &mine, 0), Some(1), "the origin has its ten");
        assert_eq!(waits(&guesses, &mine, 1000), None);
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_for_long() {
        let guesses = Guesses::new();
        let counts = guesses.of_name_from("alice", origin(1), THREE, TEN);
        for _ in 0..3 {
            guesses.failed(&counts, Timestamp(1_000_000));
        }
        assert_eq!(waits(&guesses, &counts, 0), Some(1));
    }

    #[test]
    fn the_table_is_bounded_and_keeps_the_fuller_buckets() {
        let guesses = Guesses::new();
        let guilty = guesses.of_name_from("alice", origin(1), THREE, TEN);
        fail(&guesses, &guilty, 3);
        for name in 0..2 * GUESS_BUCKETS_MAX {
            fail(&guesses, &guesses.of_name_from(&name.to_string(), Origin::V6(7), THREE, THREE), 1);
        }
        assert!(guesses.empty_at.lock().unwrap().len() <= GUESS_BUCKETS_MAX + 2);
        assert_eq!(waits(&guesses, &guilty, 0), Some(1));
    }

    #[test]
    fn neighbours_of_one_network_are_one_origin() {
        let origin = |text: &str| Origin::from(Some(text.parse::<IpAddr>().unwrap()));
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::ffff:1"));
        assert_ne!(origin("2001:db8::1"), origin("2001:db8:0:1::1"));
        assert_eq!(origin("::ffff:192.0.2.1"), origin("192.0.2.1"));
        assert_ne!(origin("192.0.2.1"), origin("192.0.2.2"));
        assert_ne!(Origin::from(None), origin("192.0.2.1"));
    }
}
