//! For how long a verdict stays as it is.

use jeton_token::{Expiry, Timestamp, minds_client, steady_until};
use proptest::prelude::*;

use crate::decision::properties::{any_asked, any_client, any_facts, any_now};

/// How often an honoured token of the samples is steady for a while, and over by time alone at the very end of it.
#[test]
fn the_samples_reach_ends_that_are_exact() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut one = || {
        let tree = (any_facts(), any_asked(), any_now()).new_tree(&mut runner).unwrap();
        let (facts, asked, now) = proptest::strategy::ValueTree::current(&tree);
        let is_honoured = asked.judge(&facts, now).is_ok();
        let end = steady_until(&facts, &asked.demand()).and_then(Expiry::at);
        is_honoured && end.is_some_and(|end| end > now && asked.judge(&facts, end).is_err())
    };
    let exact = (0..1_000).filter(|_| one()).count();
    assert!(exact > 50, "{exact} of 1000");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn attack_31_a_verdict_changes_by_time_alone_at_its_end_and_not_before(facts in any_facts(), asked in any_asked(), now in any_now(), later in 0..120_i64) {
        if let Ok(active) = asked.judge(&facts, now) {
            let end = steady_until(&facts, &asked.demand()).expect("it was judged somewhere");
            let later = Timestamp(now.0 + later);
            prop_assert!(end.is_over(later) || asked.judge(&facts, later) == Ok(active));
            if let Some(end) = end.at() {
                prop_assert!(asked.judge(&facts, end).is_err(), "it could be kept for longer");
            }
        }
    }

    #[test]
    fn a_verdict_that_does_not_mind_is_the_same_for_every_client(facts in any_facts(), asked in any_asked(), now in any_now(), client in any_client()) {
        if !minds_client(&facts, &asked.demand()) {
            let mut elsewhere = asked.clone();
            elsewhere.client = client;
            prop_assert_eq!(asked.judge(&facts, now), elsewhere.judge(&facts, now));
        }
    }
}
