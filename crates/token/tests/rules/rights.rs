//! Rights to compute with.

use jeton_token::{Catalogue, Rights, Scope, ScopePattern};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::sample::{any_pattern, any_rights, any_scope, declared, pattern, rights, tasks, universe};

fn texts(rights: &Rights) -> Vec<&str> {
    rights.patterns().iter().map(ScopePattern::as_str).collect()
}

#[test]
fn rights_are_kept_sorted_and_without_what_another_pattern_covers() {
    for (given, kept) in [
        (&["A.B", "A.*", "B.C", "A.B"][..], &["A.*", "B.C"][..]),
        (&["*", "A.B"], &["*"]),
        (&["A.*", "A-.B", "A.B", "AB.C", "A_.B"], &["A-.B", "A.*", "AB.C", "A_.B"]),
        (&["A.B.*", "A.B", "A.B-.C", "A.B.C"], &["A.B", "A.B-.C", "A.B.*"]),
        (&[], &[]),
    ] {
        assert_eq!(texts(&rights(given)), kept, "{given:?}");
    }
}

#[test]
fn no_right_covers_nothing() {
    let none = Rights::none();
    assert!(none.is_empty() && none.patterns().is_empty());
    assert!(!none.covers_pattern(&pattern("A.B")));
    assert!(none.covers_all(&Rights::none()));
    assert!(!none.covers_all(&rights(&["A.B"])));
}

#[test]
fn all_leaves_together_are_not_the_wildcard() {
    let leaves = rights(&["A.B.C", "A.B.D"]);
    assert!(!leaves.covers_pattern(&pattern("A.B.*")));
    assert!(!leaves.covers_all(&rights(&["A.B.*"])));
    assert!(!rights(&["A.*", "B.*"]).covers_pattern(&ScopePattern::everything()));
}

#[test]
fn implied_scopes_are_added_by_leaf_and_by_wildcard() {
    let tasks = tasks();
    for (given, with_implied) in [
        (&["Tasks.Read"][..], &["Tasks.Read"][..]),
        (&["Tasks.Update"], &["Tasks.Read", "Tasks.Update"]),
        (&["Tasks.Admin"], &["Tasks.Admin", "Tasks.Read", "Tasks.Update"]),
        (&["Tasks.*"], &["Tasks.*"]),
        (&["Tasks.Logs.*"], &["Tasks.Logs.*"]),
        (&["Other.Update"], &["Other.Update"]),
        (&[], &[]),
    ] {
        assert_eq!(texts(&rights(given).with_implied([&tasks])), with_implied, "{given:?}");
    }
}

#[test]
fn implications_stay_within_their_catalogue() {
    let other =
        Catalogue::new("Other", vec![declared("Other.A", &["Other.B"]), declared("Other.B", &[])]).unwrap();
    let (tasks, held) = (tasks(), rights(&["Tasks.Update", "Other.A"]));
    assert_eq!(texts(&held.with_implied([])), ["Other.A", "Tasks.Update"]);
    assert_eq!(texts(&held.with_implied([&other])), ["Other.A", "Other.B", "Tasks.Update"]);
    assert_eq!(
        texts(&held.with_implied([&tasks, &other])),
        ["Other.A", "Other.B", "Tasks.Read", "Tasks.Update"]
    );
}

fn covered<'a>(rights: &Rights, universe: &'a [Scope]) -> Vec<&'a Scope> {
    universe.iter().filter(|scope| rights.patterns().iter().any(|pattern| pattern.covers(scope))).collect()
}

proptest! {
    #[test]
    fn rights_cover_what_one_of_their_patterns_covers(patterns in vec(any_pattern(), 0..12), s in any_scope(), p in any_pattern()) {
        let rights: Rights = patterns.iter().cloned().collect();
        prop_assert_eq!(rights.covers(&s), patterns.iter().any(|pattern| pattern.covers(&s)));
        prop_assert_eq!(rights.covers_pattern(&p), patterns.iter().any(|pattern| pattern.covers_pattern(&p)));
    }

    #[test]
    fn equal_rights_look_equal(a in vec(any_pattern(), 0..6)) {
        let forwards: Rights = a.iter().cloned().collect();
        let backwards: Rights = a.iter().rev().chain(&a).cloned().collect();
        prop_assert_eq!(&forwards, &backwards);
        for one in forwards.patterns() {
            prop_assert!(forwards.patterns().iter().all(|other| other == one || !other.covers_pattern(one)));
        }
    }

    #[test]
    fn the_intersection_is_within_both(a in any_rights(), b in any_rights()) {
        let both = a.intersection(&b);
        prop_assert!(a.covers_all(&both) && b.covers_all(&both));
        prop_assert_eq!(&both, &b.intersection(&a));
    }

    #[test]
    fn the_intersection_loses_nothing_that_both_have(a in any_rights(), b in any_rights(), p in any_pattern()) {
        let both = a.intersection(&b);
        prop_assert_eq!(both.covers_pattern(&p), a.covers_pattern(&p) && b.covers_pattern(&p));
    }

    #[test]
    fn the_union_has_both_and_nothing_else(a in any_rights(), b in any_rights(), p in any_pattern()) {
        let either = a.union(&b);
        prop_assert!(either.covers_all(&a) && either.covers_all(&b));
        prop_assert_eq!(either.covers_pattern(&p), a.covers_pattern(&p) || b.covers_pattern(&p));
    }

    #[test]
    fn intersecting_goes_by_any_order(a in any_rights(), b in any_rights(), c in any_rights()) {
        prop_assert_eq!(a.intersection(&b).intersection(&c), a.intersection(&b.intersection(&c)));
        prop_assert_eq!(&a.intersection(&a), &a);
        prop_assert_eq!(&a.intersection(&rights(&["*"])), &a);
        prop_assert!(a.intersection(&Rights::none()).is_empty());
    }

    #[test]
    fn implied_scopes_never_take_away_and_are_added_once(patterns in vec(any_pattern(), 0..4)) {
        let tasks = tasks();
        let some = rights(&["Tasks.Update"]).union(&patterns.into_iter().collect());
        let more = some.with_implied([&tasks]);
        prop_assert!(more.covers_all(&some));
        prop_assert_eq!(more.with_implied([&tasks]), more);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The universe has scopes of a segment that no pattern names, so only a wildcard covers all that a wildcard does.
    #[test]
    fn covering_all_agrees_with_counting_scopes(a in any_rights(), b in any_rights()) {
        let universe = universe();
        let theirs = covered(&b, &universe);
        let mine = covered(&a, &universe);
        let is_subset = theirs.iter().all(|scope| mine.contains(scope));
        prop_assert_eq!(a.covers_all(&b), is_subset);
    }
}
