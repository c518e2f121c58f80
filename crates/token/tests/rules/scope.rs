//! Scopes and patterns.

use jeton_token::{MAX_SCOPE_BYTES, MAX_SEGMENTS, Scope, ScopeError, ScopePattern};
use proptest::prelude::*;

use crate::sample::{any_grammatical_scope, any_pattern, any_scope, pattern, scope};

fn scope_error(text: &str) -> ScopeError {
    text.parse::<Scope>().unwrap_err()
}

fn pattern_error(text: &str) -> ScopeError {
    text.parse::<ScopePattern>().unwrap_err()
}

#[test]
fn each_broken_rule_of_a_scope_has_its_error() {
    let long = format!("A.{}", "B".repeat(65));
    let longest = format!("{}.{}", "A".repeat(64), "B".repeat(64));
    for (text, error) in [
        ("", ScopeError::Length),
        (&*longest, ScopeError::Length),
        ("A", ScopeError::Segments),
        ("A.B.C.D.E.F.G.H.I", ScopeError::Segments),
        (".", ScopeError::Segment),
        ("A.", ScopeError::Segment),
        (".A", ScopeError::Segment),
        ("A..B", ScopeError::Segment),
        ("A.B C", ScopeError::Segment),
        ("A.ä", ScopeError::Segment),
        (&*long, ScopeError::Segment),
        ("*", ScopeError::Star),
        ("A.*", ScopeError::Star),
        ("A*.B", ScopeError::Star),
    ] {
        assert_eq!(scope_error(text), error, "{text}");
    }
}

#[test]
fn each_broken_rule_of_a_pattern_has_its_error() {
    let long = format!("{}.{}.*", "A".repeat(63), "B".repeat(63));
    for (text, error) in [
        ("", ScopeError::Length),
        (&*long, ScopeError::Length),
        ("A", ScopeError::Segments),
        ("A.B.C.D.E.F.G.H.*", ScopeError::Segments),
        ("A..*", ScopeError::Segment),
        ("A .*", ScopeError::Segment),
        (".*", ScopeError::Star),
        ("**", ScopeError::Star),
        ("*.*", ScopeError::Star),
        ("*.A", ScopeError::Star),
        ("A.*.B", ScopeError::Star),
        ("A.*.*", ScopeError::Star),
        ("A.**", ScopeError::Star),
        ("A.B*", ScopeError::Star),
    ] {
        assert_eq!(pattern_error(text), error, "{text}");
    }
}

#[test]
fn the_limits_themselves_are_allowed() {
    let bytes = format!("{}.{}", "A".repeat(64), "B".repeat(63));
    assert_eq!(bytes.len(), MAX_SCOPE_BYTES);
    assert_eq!(scope(&bytes).as_str(), bytes);
    let wildcard = format!("{}.{}.*", "A".repeat(63), "B".repeat(62));
    assert_eq!(wildcard.len(), MAX_SCOPE_BYTES);
    assert_eq!(pattern(&wildcard).as_str(), wildcard);
    assert_eq!("A.B.C.D.E.F.G.*".split('.').count(), MAX_SEGMENTS);
    assert_eq!(pattern("A.B.C.D.E.F.G.*").as_str(), "A.B.C.D.E.F.G.*");
}

#[test]
fn the_namespace_is_the_first_segment() {
    assert_eq!(scope("Taskurai.Task.Read").namespace(), "Taskurai");
    assert_eq!(ScopePattern::namespace("Taskurai").unwrap().as_str(), "Taskurai.*");
}

#[test]
fn what_is_no_single_segment_is_no_namespace() {
    let long = "A".repeat(65);
    for namespace in ["", "*", ".", "A.B", "A.", ".A", "A.*", "A B", "ä", &long] {
        assert!(ScopePattern::namespace(namespace).is_err(), "{namespace}");
    }
}

#[test]
fn only_the_bare_star_is_everything() {
    assert!(ScopePattern::everything().is_everything());
    assert_eq!(ScopePattern::everything(), pattern("*"));
    assert!(!pattern("A.*").is_everything());
}

#[test]
fn the_meet_is_the_narrower_of_two_or_nothing() {
    for (left, right, meet) in [
        ("*", "A.*", Some("A.*")),
        ("A.*", "A.B.*", Some("A.B.*")),
        ("A.*", "A.B", Some("A.B")),
        ("A.B", "A.B", Some("A.B")),
        ("A.B.*", "A.B", None),
        ("A.*", "B.*", None),
        ("A.*", "AB.C", None),
        ("A.B", "A.C", None),
    ] {
        assert_eq!(pattern(left).meet(&pattern(right)), meet.map(pattern), "{left} and {right}");
    }
}

proptest! {
    #[test]
    fn a_scope_is_printed_as_it_was_read(text in any_grammatical_scope()) {
        let scope = scope(&text);
        prop_assert_eq!(scope.to_string(), &*text);
        prop_assert_eq!(format!("{scope:?}"), &*text);
        prop_assert_eq!(scope.as_str(), &*text);
        prop_assert_eq!(ScopePattern::from(scope), pattern(&text));
    }

    #[test]
    fn a_pattern_is_printed_as_it_was_read(one in any_pattern()) {
        prop_assert_eq!(pattern(&one.to_string()), one.clone());
        prop_assert_eq!(format!("{one:?}"), one.as_str());
    }

    #[test]
    fn any_string_is_judged_without_a_panic(text in any::<String>(), near in "[A.* ä]{0,12}") {
        for text in [text, near] {
            let scope = text.parse::<Scope>();
            let pattern = text.parse::<ScopePattern>();
            prop_assert!(scope.is_err() || pattern.is_ok(), "every scope is a pattern: {}", text);
        }
    }

    #[test]
    fn covering_is_reflexive(one in any_pattern()) {
        prop_assert!(one.covers_pattern(&one));
    }

    #[test]
    fn covering_is_transitive(a in any_pattern(), b in any_pattern(), c in any_pattern()) {
        if a.covers_pattern(&b) && b.covers_pattern(&c) {
            prop_assert!(a.covers_pattern(&c));
        }
    }

    #[test]
    fn covering_both_ways_is_being_equal(a in any_pattern(), b in any_pattern()) {
        prop_assert_eq!(a.covers_pattern(&b) && b.covers_pattern(&a), a == b);
    }

    #[test]
    fn a_wider_pattern_covers_every_scope_of_the_narrower(a in any_pattern(), b in any_pattern(), s in any_scope()) {
        if a.covers_pattern(&b) && b.covers(&s) {
            prop_assert!(a.covers(&s));
        }
    }

    #[test]
    fn covering_goes_by_whole_segments(a in any_pattern(), s in any_scope()) {
        let segments = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let (mut own, asked) = (segments(a.as_str()), segments(s.as_str()));
        let expected = match own.pop_if(|last| last == "*") {
            Some(_) => asked.len() > own.len() && asked.starts_with(&own),
            None => asked == own,
        };
        prop_assert_eq!(a.covers(&s), expected, "{} over {}", a, s);
    }

    #[test]
    fn the_meet_is_the_same_from_both_sides_and_below_both(a in any_pattern(), b in any_pattern()) {
        let meet = a.meet(&b);
        prop_assert_eq!(&meet, &b.meet(&a));
        if let Some(meet) = meet {
            prop_assert!(a.covers_pattern(&meet) && b.covers_pattern(&meet));
        }
    }

    #[test]
    fn the_meet_covers_what_both_cover(a in any_pattern(), b in any_pattern(), s in any_scope()) {
        let both = a.covers(&s) && b.covers(&s);
        prop_assert_eq!(a.meet(&b).is_some_and(|meet| meet.covers(&s)), both);
    }
}
