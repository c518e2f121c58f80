//! Places and moments.

use jeton_token::{Expiry, Place, ResourceName, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

use crate::sample::{organization, project};

/// Few enough to collide often.
fn any_place() -> impl Strategy<Value = Place> {
    let places = vec![
        Place::Global,
        Place::Organization(organization(1)),
        Place::Organization(organization(2)),
        project(1, 1),
        project(1, 2),
        project(2, 1),
    ];
    select(places)
}

proptest! {
    /// Places form a tree.
    #[test]
    fn containing_is_an_order_and_what_two_contain_lies_in_one_of_them(
        a in any_place(), b in any_place(), c in any_place(),
    ) {
        prop_assert!(a.contains(a) && Place::Global.contains(a));
        prop_assert!(!(a.contains(b) && b.contains(a)) || a == b);
        prop_assert!(!(a.contains(b) && b.contains(c)) || a.contains(c));
        prop_assert!(!(a.contains(c) && b.contains(c)) || a.meets(b));
    }

    /// Two places meet where there is some place that lies in both: the smaller one.
    #[test]
    fn two_places_meet_where_something_lies_in_both(a in any_place(), b in any_place(), c in any_place()) {
        prop_assert_eq!(a.meets(b), b.meets(a));
        prop_assert!(a.meets(a) && Place::Global.meets(a));
        prop_assert_eq!(a.meets(b), a.contains(b) || b.contains(a));
        prop_assert!(!(a.contains(b) && b.meets(c)) || a.meets(c), "what meets the inner one meets the outer one");
        prop_assert!(!a.meets(b) || a.organization().is_none() || b.organization().is_none()
            || a.organization() == b.organization());
    }

    #[test]
    fn a_name_that_is_one_stays_as_it_was_given(text in "[A-Za-z0-9][A-Za-z0-9 ._()-]{0,63}") {
        let name = text.parse::<ResourceName>();
        prop_assert_eq!(name.is_ok(), !text.ends_with(' '));
        if let Ok(name) = name {
            prop_assert_eq!(name.as_str(), &text);
            prop_assert_eq!(name.to_string(), text.clone());
            prop_assert_eq!(name.fold(), text.to_ascii_lowercase());
            let upper: ResourceName = text.to_ascii_uppercase().parse().unwrap();
            prop_assert_eq!(upper.fold(), name.fold());
        }
    }

    #[test]
    fn no_other_text_is_a_name(text in any::<String>()) {
        let first = |c: char| c.is_ascii_alphanumeric();
        let other = |c: char| first(c) || " ._()-".contains(c);
        let fits = text.starts_with(first) && text.chars().all(other) && !text.ends_with(' ') && text.len() <= 64;
        prop_assert_eq!(text.parse::<ResourceName>().is_ok(), fits);
    }
}

#[test]
fn names_of_places_groups_and_roles() {
    let longest = "x".repeat(64);
    for text in [
        "a",
        "A",
        "7",
        "default",
        "Web Shop",
        "a.b_c-d",
        "Build (EU)",
        "a ( ) b",
        "a)",
        "1.",
        "x--",
        &longest,
    ] {
        assert_eq!(text.parse::<ResourceName>().unwrap().as_str(), text);
    }
    let long = "x".repeat(65);
    for text in [
        "",
        " ",
        " a",
        "a ",
        ".",
        "..",
        "-a",
        "_a",
        "(a)",
        "*",
        "a*",
        "a/b",
        "a/*",
        "/",
        "a\\b",
        "a:b",
        "a\tb",
        "a\nb",
        "a\0",
        "a%b",
        "a'b",
        "a\"b",
        "a+b",
        "a,b",
        "a@b",
        "ä",
        "aä",
        "\u{430}",
        "a\u{200d}b",
        "\u{ff41}",
        "\u{a0}a",
        &long,
    ] {
        assert!(text.parse::<ResourceName>().is_err(), "{text:?}");
    }
}

#[test]
fn a_place_lies_in_its_organization() {
    let one = organization(1);
    for (place, of) in
        [(Place::Global, None), (Place::Organization(one), Some(one)), (project(1, 1), Some(one))]
    {
        assert_eq!(place.organization(), of);
    }
}

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
