//! What a change of policies does, said beforehand: compared with what verdicts then say.

use std::sync::Arc;

use jeton_token::{
    Approval, Creator, Effect, Excess, Facts, NetworkLimit, Place, PlaceLimit, PlacedPattern, PlacedPolicy,
    Policy, PolicyRule, PrincipalId, Rule, Timestamp, TokenKind, effects,
};
use proptest::prelude::*;

use crate::decision::properties::{
    Asked, CATALOGUE, any_asked, any_facts, any_now, any_place, any_policy, is_within,
};
use crate::decision::{alone, link, owned_by, with_patterns, within};
use crate::sample::{id, organization, pattern, project, rights, tasks};

const DAY: i64 = 24 * 60 * 60 * 1000;
const NOW: Timestamp = Timestamp(10 * DAY);

/// What comes of this policy at organization 1.
fn of(facts: &Facts, policy: Policy) -> Vec<Effect> {
    at(facts, Place::Organization(organization(1)), policy)
}

fn at(facts: &Facts, place: Place, policy: Policy) -> Vec<Effect> {
    let after = Facts { policies: vec![PlacedPolicy { place, policy }].into(), ..facts.clone() };
    effects(facts, &after, place, &[&tasks()], NOW).into_iter().collect()
}

fn max(days: i64) -> Policy {
    Policy { lifetime_ms_max: Some(days * DAY), ..Policy::default() }
}

#[test]
fn each_demand_has_its_effect() {
    let never = Policy { never_expires: Some(Rule::Refused), ..Policy::default() };
    let everything = Policy { everything: Some(Rule::Refused), ..Policy::default() };
    let nobody = Policy { creators: Some(vec![]), ..Policy::default() };
    let other = vec![Creator::Principal(PrincipalId(id(99)))];
    let others = Policy { creators: Some(other), ..Policy::default() };
    let networks = Policy { networks: Some(vec!["10.0.0.0/8".parse().unwrap()]), ..Policy::default() };
    let approval = Policy { approval: Some(vec![pattern("Tasks.Admin")]), ..Policy::default() };
    let sign_in = Policy { sign_in_within_ms: Some(DAY), ..Policy::default() };
    let used = Policy { used_within_ms: Some(DAY), ..Policy::default() };
    for (policy, expected) in [
        (max(10), Effect::Refused(PolicyRule::Lifetime)),
        (max(11), Effect::EndsEarlier),
        (never, Effect::Refused(PolicyRule::NeverExpires)),
        (everything, Effect::LosesRights),
        (nobody, Effect::Refused(PolicyRule::Creators)),
        (others, Effect::Refused(PolicyRule::Creators)),
        (networks, Effect::FewerNetworks),
        (approval, Effect::NeedsApproval),
        (sign_in, Effect::Refused(PolicyRule::SignIn)),
        (used, Effect::Refused(PolicyRule::Unused)),
    ] {
        assert_eq!(of(&alone(link()), policy.clone()), [expected], "{policy:?}");
    }
}

#[test]
fn what_takes_nothing_away_has_no_effect() {
    let clamp = Policy { excess: Some(Excess::Refuse), lifetime_ms_default: Some(1), ..Policy::default() };
    let own = Policy { creators: Some(vec![Creator::Principal(link().owner)]), ..Policy::default() };
    let none = Policy { approval: Some(vec![pattern("Other.*")]), ..Policy::default() };
    for policy in [Policy::default(), clamp, own, none] {
        assert_eq!(of(&alone(link()), policy.clone()), [], "{policy:?}");
    }
    let approval = Policy { approval: Some(vec![pattern("Tasks.*")]), ..Policy::default() };
    let given = |number: u64, text: &str| {
        let place = Place::Organization(organization(number));
        let given = Approval::Given(vec![PlacedPattern { place, pattern: pattern(text) }]);
        of(&alone(jeton_token::Link { approval: given, ..link() }), approval.clone())
    };
    assert_eq!(given(1, "Tasks.*"), []);
    assert_eq!(given(1, "*"), []);
    // What was approved for something else, or somewhere else, was not approved for this.
    assert_eq!(given(1, "Tasks.Admin"), [Effect::NeedsApproval]);
    assert_eq!(given(2, "Tasks.*"), [Effect::NeedsApproval]);
    let from_within =
        jeton_token::Link { networks: NetworkLimit::Within(vec!["10.1.0.0/16".parse().unwrap()]), ..link() };
    let networks = Policy { networks: Some(vec!["10.0.0.0/8".parse().unwrap()]), ..Policy::default() };
    assert_eq!(of(&alone(from_within), networks), []);
    let session = jeton_token::Link { kind: TokenKind::Session, ..link() };
    assert_eq!(of(&alone(session), max(1)), []);
}

#[test]
fn a_token_that_could_do_nothing_there_is_not_counted() {
    let elsewhere = within(project(2, 1));
    assert_eq!(of(&alone(elsewhere), max(1)), []);
    assert_eq!(of(&alone(owned_by(&["Other.*"])), max(1)), []);
    assert_eq!(of(&alone(with_patterns(&["Other.Read"])), max(1)), []);
    let mut dead = link();
    dead.revoked = true;
    assert_eq!(of(&alone(dead), max(1)), []);
    // Everywhere is also where a token looks at itself.
    assert_eq!(
        at(&alone(owned_by(&["Other.*"])), Place::Global, max(1)),
        [Effect::Refused(PolicyRule::Lifetime)]
    );
}

#[test]
fn what_a_token_does_within_the_place_counts() {
    assert_eq!(of(&alone(within(project(1, 1))), max(1)), [Effect::Refused(PolicyRule::Lifetime)]);
    let mut token = link();
    token.rights = vec![(project(1, 2), rights(&["Tasks.Read"]))].into();
    assert_eq!(of(&alone(token.clone()), max(1)), [Effect::Refused(PolicyRule::Lifetime)]);
    token.places = PlaceLimit::Within(vec![project(1, 1)]);
    assert_eq!(of(&alone(token), max(1)), []);
}

#[test]
fn what_another_policy_refuses_already_is_not_counted_again() {
    let before = Facts {
        policies: vec![PlacedPolicy { place: Place::Global, policy: max(1) }].into(),
        ..alone(link())
    };
    let mut after = before.clone();
    let place = Place::Organization(organization(1));
    Arc::make_mut(&mut after.policies).push(PlacedPolicy { place, policy: max(1) });
    assert!(effects(&before, &after, place, &[&tasks()], NOW).is_empty());
}

#[test]
fn each_effect_has_a_word_of_its_own() {
    use PolicyRule::{Creators, Lifetime, NeverExpires, SignIn, Unused};
    let rules = [Lifetime, NeverExpires, Creators, SignIn, Unused];
    let rest = [Effect::LosesRights, Effect::NeedsApproval, Effect::FewerNetworks, Effect::EndsEarlier];
    let all = rules.into_iter().map(Effect::Refused).chain(rest);
    let words: Vec<_> = all.map(Effect::word).collect();
    let expected = [
        "policy_lifetime",
        "policy_never_expires",
        "policy_creators",
        "policy_sign_in",
        "policy_unused",
        "loses_rights",
        "needs_approval",
        "fewer_networks",
        "ends_earlier",
    ];
    assert_eq!(words, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    /// Whoever was told of no effect finds none, whatever is asked.
    #[test]
    fn no_effect_is_no_effect(facts in any_facts(), asked in any_asked(), now in any_now(), place in any_place(), policy in any_policy()) {
        let mut after = facts.clone();
        Arc::make_mut(&mut after.policies).push(PlacedPolicy { place, policy });
        let asked = Asked { of_jeton: false, ..asked };
        if effects(&facts, &after, place, &[&*CATALOGUE], now).is_empty() {
            prop_assert!(is_within(&asked.judge(&facts, now), &asked.judge(&after, now)));
        }
    }

    #[test]
    fn no_change_has_no_effect(facts in any_facts(), now in any_now(), place in any_place()) {
        prop_assert!(effects(&facts, &facts, place, &[&*CATALOGUE], now).is_empty());
    }

    /// A policy that goes takes nothing away.
    #[test]
    fn a_removal_has_no_effect(facts in any_facts(), now in any_now()) {
        for (at, placed) in facts.policies.iter().enumerate() {
            let mut after = facts.clone();
            Arc::make_mut(&mut after.policies).remove(at);
            prop_assert!(effects(&facts, &after, placed.place, &[&*CATALOGUE], now).is_empty());
        }
    }
}
