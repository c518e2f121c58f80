//! When what is kept may be used.

use jeton_api::Keep;

use super::{Changed, Lease, keeping, name};
use crate::ask::Ask;
use crate::clock::Moment;
use crate::kept::tests::{caller, good_for_ever, text};

/// A lease with a kept verdict, until this moment or for ever.
fn lease_with(token: &jeton_token::TokenText, until: Option<Moment>) -> Lease {
    let lease = Lease::new(&[1; 32]);
    let mut keeping = good_for_ever(&[1]);
    keeping.until = until.unwrap_or(keeping.until);
    let ask = Ask::about(token.expose());
    lease.question(token).unwrap().keep(token, &ask, &caller(token, "x"), keeping);
    lease
}

#[test]
fn nothing_is_answered_from_memory_without_a_lease() {
    let token = text(1, 1);
    let lease = lease_with(&token, None);
    let at = |ms| lease.recall_at(&token, &Ask::about(token.expose()), || Moment(0).plus_ms(ms)).is_some();
    assert!(!at(0));
    lease.apply(&Changed::Names(vec![]), Some(Moment(0).plus_ms(2000)));
    assert!(at(0) && at(1999) && !at(2000) && !at(u64::MAX));
    // Nobody takes a lease back that was granted, and an answer that comes late grants no more than it did.
    lease.apply(&Changed::Names(vec![]), Some(Moment(0).plus_ms(1000)));
    assert!(at(1999));
    lease.apply(&Changed::Names(vec![2]), None);
    assert!(at(1999) && !at(2000));
    lease.apply(&Changed::Names(vec![2]), Some(Moment(0).plus_ms(3000)));
    assert!(at(2999), "what was kept is good again, for nothing of it has changed");
    lease.apply(&Changed::Names(vec![1]), Some(Moment(0).plus_ms(4000)));
    assert!(!at(2999), "it has changed");
}

#[test]
fn a_lease_that_comes_while_a_verdict_is_found_is_not_for_that_verdict() {
    let token = text(1, 1);
    let lease = lease_with(&token, None);
    lease.apply(&Changed::Names(vec![]), Some(Moment(1000)));
    // The lease has run out, and something was done that nobody had to wait for. The new lease tells of it.
    let meanwhile = || {
        lease.apply(&Changed::Names(vec![1]), Some(Moment(5000)));
        Moment(2000)
    };
    assert!(lease.recall_at(&token, &Ask::about(token.expose()), meanwhile).is_none());
}

#[test]
fn giving_up_forgets_everything_and_ends_the_lease() {
    let token = text(1, 1);
    let lease = lease_with(&token, None);
    lease.apply(&Changed::Names(vec![]), Some(Moment(u64::MAX)));
    let recalled = || lease.recall(&token, &Ask::about(token.expose())).is_some();
    assert!(recalled() && lease.holds());
    lease.give_up();
    assert!(!recalled() && !lease.holds());
    lease.apply(&Changed::Names(vec![]), Some(Moment(u64::MAX)));
    assert!(!recalled() && lease.holds());
}

#[test]
fn a_verdict_ends_by_time_alone_too() {
    let token = text(1, 1);
    let lease = lease_with(&token, Some(Moment(500)));
    lease.apply(&Changed::Names(vec![]), Some(Moment(1000)));
    let at = |ns| lease.recall_at(&token, &Ask::about(token.expose()), || Moment(ns)).is_some();
    assert!(at(499) && !at(500) && !at(999));
}

#[test]
fn what_is_not_understood_is_not_kept() {
    let keep = |names: &[&str], receipt: &str| Keep {
        for_ms: 7,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        any_client: false,
        receipt: receipt.to_owned(),
    };
    let kept = keeping(keep(&["00000000000000ff", "ffffffffffffffff"], "r"), Moment(5)).unwrap();
    assert_eq!((&*kept.names, kept.until, kept.any_client), (&[255, u64::MAX][..], Moment(7_000_005), false));
    let long = "r".repeat(65);
    for (names, receipt) in [
        (&[][..], "r"),
        (&["ff"], "r"),
        (&["+0000000000000ff"], "r"),
        (&["00000000000000fg"], "r"),
        (&["00000000000000ff"; 65], "r"),
        (&["00000000000000ff"], &long),
    ] {
        assert!(keeping(keep(names, receipt), Moment(5)).is_none(), "{names:?}");
    }
    assert_eq!(name("0000000000000010"), Some(16));
}

#[test]
fn the_clock_goes_forward() {
    let before = Moment::now();
    assert!(before > Moment(0) && before <= Moment::now() && Moment::now() < before.plus_ms(600_000));
}
