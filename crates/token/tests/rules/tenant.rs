//! Places and moments.

use jeton_token::{Expiry, Place, Timestamp};

use crate::sample::{organization, project};

#[test]
fn a_place_contains_itself_and_what_lies_within() {
    let (one, two) = (Place::Organization(organization(1)), Place::Organization(organization(2)));
    for (outer, inner, contains) in [
        (Place::Global, Place::Global, true),
        (Place::Global, one, true),
        (Place::Global, project(1, 1), true),
        (one, Place::Global, false),
        (one, one, true),
        (one, two, false),
        (one, project(1, 1), true),
        (one, project(2, 1), false),
        (project(1, 1), Place::Global, false),
        (project(1, 1), one, false),
        (project(1, 1), project(1, 1), true),
        (project(1, 1), project(1, 2), false),
        (project(1, 1), project(2, 1), false),
    ] {
        assert_eq!(outer.contains(inner), contains, "{outer:?} {inner:?}");
    }
}

#[test]
fn the_end_itself_is_already_over() {
    let end = Expiry::At(Timestamp(1_000));
    for (now, over) in [(i64::MIN, false), (999, false), (1_000, true), (1_001, true), (i64::MAX, true)] {
        assert_eq!(end.is_over(Timestamp(now)), over, "{now}");
    }
    assert!(!Expiry::Never.is_over(Timestamp(i64::MAX)));
}

#[test]
fn the_earliest_of_several_ends_is_their_minimum() {
    let ends = [Expiry::Never, Expiry::At(Timestamp(7)), Expiry::At(Timestamp(3)), Expiry::Never];
    assert_eq!(ends.into_iter().min(), Some(Expiry::At(Timestamp(3))));
    assert!(Expiry::At(Timestamp(i64::MAX)) < Expiry::Never);
}

#[test]
fn an_end_is_stored_as_a_moment_or_none() {
    for end in [Expiry::Never, Expiry::At(Timestamp(7))] {
        assert_eq!(Expiry::from(end.at()), end);
    }
}

#[test]
fn time_does_not_run_over() {
    assert_eq!(Timestamp(1).plus_ms(2), Timestamp(3));
    assert_eq!(Timestamp(i64::MAX).plus_ms(1), Timestamp(i64::MAX));
    assert_eq!(Timestamp(i64::MIN).plus_ms(-1), Timestamp(i64::MIN));
}
