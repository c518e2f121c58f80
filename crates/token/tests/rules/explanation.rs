//! The decision step by step.

use jeton_token::{
    Approval, Demand, Facts, Inactive, Place, PlacedPolicy, Policy, PolicyRule, Rule, Step, Verdict, Where,
    decide, explain,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::decision::properties::{Asked, SCOPES, any_asked, any_facts, any_now};
use crate::decision::{NOW, alone, asked, at_home, from_network, link, owned_by, with_patterns, within};
use crate::sample::{organization, pattern, project, scope, tasks};

/// The word of the first step that refused.
fn failed(facts: &Facts, demand: &Demand<'_>) -> Option<(&'static str, Inactive)> {
    let (_, steps) = explain(facts, demand, &scope("Tasks.Read"), NOW);
    let mut refused = steps.into_iter().filter_map(|explained| {
        let reason = explained.outcome?.err()?;
        Some((explained.step.word(), reason))
    });
    refused.next()
}

fn with_policy(policy: Policy) -> Facts {
    Facts {
        policies: vec![PlacedPolicy { place: Place::Organization(organization(1)), policy }].into(),
        ..alone(link())
    }
}

#[test]
fn each_reason_has_its_step() {
    let catalogue = tasks();
    let everywhere = asked(&catalogue);
    let missing = || Inactive::MissingScope(scope("Tasks.Read"));
    let dead = alone(jeton_token::Link { revoked: true, ..link() });
    let pending = alone(jeton_token::Link { approval: Approval::Pending, ..link() });
    let orphan = Facts { ancestors: vec![jeton_token::Link { revoked: true, ..link() }], ..alone(link()) };
    let session = alone(jeton_token::Link { kind: jeton_token::TokenKind::Session, ..link() });
    let never = with_policy(Policy { never_expires: Some(Rule::Refused), ..Policy::default() });
    let mut global = never.clone();
    std::sync::Arc::make_mut(&mut global.policies)[0].place = Place::Global;
    let networks = with_policy(Policy { networks: Some(vec![]), ..Policy::default() });
    let star = with_policy(Policy { everything: Some(Rule::Refused), ..Policy::default() });
    let approval = with_policy(Policy { approval: Some(vec![pattern("Tasks.*")]), ..Policy::default() });
    let rule = || Inactive::Policy(PolicyRule::NeverExpires);
    for (facts, expected) in [
        (dead, ("token", Inactive::Revoked)),
        (pending, ("token", Inactive::Pending)),
        (orphan, ("standing", Inactive::ParentInactive)),
        (global, ("standing", rule())),
        (session, ("kind", Inactive::KindNotHonoured)),
        (alone(from_network("10.0.0.0/8")), ("network", Inactive::ClientIpRequired)),
        (alone(within(project(1, 1))), ("place", Inactive::ResourceRequired)),
        (never, ("policy", rule())),
        (networks, ("policy", Inactive::ClientIpRequired)),
        (star, ("scopes", missing())),
        (alone(with_patterns(&["Other.*"])), ("scopes", missing())),
        (alone(owned_by(&["Other.*"])), ("owner_rights", missing())),
        (approval, ("approval", Inactive::ApprovalRequired(scope("Tasks.Read")))),
    ] {
        assert_eq!(failed(&facts, &everywhere), Some(expected));
    }
    assert_eq!(failed(&alone(link()), &everywhere), None);
    let nowhere = Demand { place: Where::Nowhere, ..everywhere };
    assert_eq!(failed(&alone(link()), &nowhere), Some(("place", Inactive::PlaceNotAllowed)));
}

#[test]
fn at_home_a_limited_token_has_no_right_where_it_may_not_be_used() {
    let expected = Some(("place", Inactive::PlaceNotAllowed));
    assert_eq!(failed(&alone(within(project(1, 1))), &at_home()), expected);
}

#[test]
fn each_token_of_the_chain_is_told_apart() {
    let parent =
        jeton_token::Link { id: jeton_token::TokenId(crate::sample::id(9)), ..owned_by(&["Other.*"]) };
    let facts = Facts { ancestors: vec![parent], ..alone(with_patterns(&["Other.*"])) };
    let catalogue = tasks();
    let (verdict, steps) = explain(&facts, &asked(&catalogue), &scope("Tasks.Read"), NOW);
    assert_eq!(verdict, Verdict::Inactive(Inactive::MissingScope(scope("Tasks.Read"))));
    let of_scope: Vec<_> = steps
        .iter()
        .filter(|explained| matches!(explained.step, Step::Scopes(_) | Step::Owner(..)))
        .map(|explained| (explained.step.word(), explained.outcome.as_ref().map(Result::is_ok)))
        .collect();
    let expected = [
        ("scopes", Some(false)),
        ("owner_rights", Some(true)),
        ("scopes", Some(true)),
        ("owner_rights", Some(false)),
    ];
    assert_eq!(of_scope, expected, "all that came of the scope is told");
}

#[test]
fn what_lies_behind_a_refused_step_was_not_reached() {
    let facts = alone(jeton_token::Link { revoked: true, ..owned_by(&["Other.*"]) });
    let catalogue = tasks();
    let (_, steps) = explain(&facts, &asked(&catalogue), &scope("Tasks.Read"), NOW);
    assert!(steps[0].outcome.as_ref().is_some_and(Result::is_err));
    assert!(steps[1..].iter().all(|explained| explained.outcome.is_none()));
    assert_eq!(steps.len(), 9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn the_verdict_is_that_of_the_decision_and_a_refusal_has_its_step(facts in any_facts(), asked in any_asked(), now in any_now(), about in select(&SCOPES[..])) {
        let asked = Asked { scope: Some(scope(about)), ..asked };
        let (verdict, steps) = explain(&facts, &asked.demand(), &scope(about), now);
        prop_assert_eq!(&verdict, &decide(&facts, &asked.demand(), now));
        let failed = steps.iter().filter(|explained| matches!(explained.outcome, Some(Err(_)))).count();
        match verdict {
            Verdict::Active(_) => prop_assert!(failed == 0 && steps.iter().all(|one| one.outcome.is_some())),
            Verdict::Inactive(_) => prop_assert!(failed > 0, "{steps:?}"),
        }
    }
}
