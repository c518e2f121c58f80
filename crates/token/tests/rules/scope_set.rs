//! Sets of patterns as somebody wrote them down.

use jeton_token::{MAX_PATTERNS, ScopePattern, ScopeSet, ScopeSetError};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::sample::{any_pattern, pattern, set};

fn of_size(size: usize) -> Result<ScopeSet, ScopeSetError> {
    ScopeSet::new((0..size).map(|number| pattern(&format!("A.S{number}"))))
}

#[test]
fn a_set_has_one_to_256_patterns() {
    assert_eq!(of_size(0), Err(ScopeSetError::Empty));
    assert_eq!(of_size(1).unwrap().patterns().len(), 1);
    assert_eq!(of_size(256).unwrap().patterns().len(), MAX_PATTERNS);
    assert_eq!(of_size(257), Err(ScopeSetError::TooMany));
}

#[test]
fn a_repeated_pattern_counts_once() {
    let texts = ["A.B", "A.*", "A.B", "A.*", "A.B"];
    assert_eq!(set(&texts).patterns(), set(&["A.B", "A.*"]).patterns());
    let twice = (0..512).map(|number| pattern(&format!("A.S{}", number % 256)));
    assert_eq!(ScopeSet::new(twice).unwrap().patterns().len(), 256);
}

#[test]
fn a_set_keeps_its_order_and_what_another_pattern_covers() {
    let texts = ["B.C", "*", "A.B", "A.*"];
    let kept: Vec<_> = set(&texts).patterns().iter().map(ToString::to_string).collect();
    assert_eq!(kept, texts);
}

#[test]
fn everything_is_one_star() {
    assert_eq!(ScopeSet::everything(), set(&["*"]));
    assert_eq!(ScopeSet::everything().patterns(), [ScopePattern::everything()]);
    assert_eq!(format!("{:?}", set(&["A.B", "*"])), "[A.B, *]");
}

proptest! {
    #[test]
    fn the_rights_of_a_set_are_its_patterns(patterns in vec(any_pattern(), 1..8), asked in any_pattern()) {
        let set = ScopeSet::new(patterns.clone()).unwrap();
        let listed = patterns.iter().any(|one| one.covers_pattern(&asked));
        prop_assert_eq!(set.rights().covers_pattern(&asked), listed);
    }
}
