//! What a place demands.

use std::net::IpAddr;

use jeton_token::{
    Creator, Excess, Expiry, GroupId, Holder, NetworkLimit, Policy, PolicyRule, PrincipalId, Rule, Timestamp,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::decision::properties::{any_client, any_policy};
use crate::sample::{id, pattern};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn principal(number: u64) -> PrincipalId {
    PrincipalId(id(number))
}

fn group(number: u64) -> GroupId {
    GroupId(id(number))
}

/// A token made on day 0 without an end, of somebody in group 70 who was last seen then.
fn holder(groups: &[GroupId]) -> Holder<'_> {
    let moment = Timestamp(0);
    Holder {
        owner: principal(2),
        groups,
        seen_at: Some(moment),
        issued_at: moment,
        used_at: moment,
        expiry: Expiry::Never,
    }
}

fn max(days: i64) -> Policy {
    Policy { lifetime_ms_max: Some(days * DAY), ..Policy::default() }
}

fn creators(creators: Vec<Creator>) -> Policy {
    Policy { creators: Some(creators), ..Policy::default() }
}

#[test]
fn what_says_nothing_takes_everything() {
    let policy = Policy::default();
    assert!(policy.is_empty());
    assert_eq!(policy.admits(holder(&[]), Timestamp(i64::MAX)), Ok(()));
    assert_eq!(policy.network_limit(), NetworkLimit::Anywhere);
    assert!(policy.counts(&pattern("*")) && !policy.wants_approval_of(&pattern("A.B")));
    assert_eq!(policy.end(Timestamp(0), Expiry::Never), Expiry::Never);
}

#[test]
fn a_life_counts_from_its_secret_and_is_over_at_the_very_moment() {
    let late = Holder { issued_at: Timestamp(5 * DAY), ..holder(&[]) };
    for (now, holder, expected) in [
        (DAY - 1, holder(&[]), Ok(())),
        (DAY, holder(&[]), Err(PolicyRule::Lifetime)),
        (6 * DAY - 1, late, Ok(())),
        (6 * DAY, late, Err(PolicyRule::Lifetime)),
    ] {
        assert_eq!(max(1).admits(holder, Timestamp(now)), expected, "{now}");
    }
    let sooner = Expiry::At(Timestamp(7));
    assert_eq!(max(1).end(Timestamp(0), sooner), sooner, "a policy only cuts");
    assert_eq!(max(1).end(Timestamp(i64::MAX - 1), Expiry::Never), Expiry::At(Timestamp(i64::MAX)));
}

#[test]
fn no_end_is_refused_whatever_else_is_said() {
    let refused = Policy { never_expires: Some(Rule::Refused), ..Policy::default() };
    let ends = Holder { expiry: Expiry::At(Timestamp(i64::MAX)), ..holder(&[]) };
    for policy in [refused.clone(), refused.tightened_by(&max(30))] {
        assert_eq!(policy.admits(holder(&[]), Timestamp(0)), Err(PolicyRule::NeverExpires));
        assert_eq!(policy.admits(ends, Timestamp(0)), Ok(()));
    }
    let allowed = Policy { never_expires: Some(Rule::Allowed), ..Policy::default() };
    assert_eq!(allowed.admits(holder(&[]), Timestamp(0)), Ok(()));
}

#[test]
fn a_list_of_creators_takes_those_on_it_and_nobody_if_it_is_empty() {
    let mine = [group(70)];
    for (list, taken) in [
        (vec![], false),
        (vec![Creator::Principal(principal(2))], true),
        (vec![Creator::Principal(principal(3))], false),
        (vec![Creator::Group(group(70))], true),
        (vec![Creator::Group(group(71))], false),
        (vec![Creator::Group(group(71)), Creator::Principal(principal(2))], true),
        // The id of a principal is no group's.
        (vec![Creator::Group(GroupId(id(2)))], false),
        (vec![Creator::Principal(PrincipalId(id(70)))], false),
    ] {
        let expected = if taken { Ok(()) } else { Err(PolicyRule::Creators) };
        assert_eq!(creators(list.clone()).admits(holder(&mine), Timestamp(0)), expected, "{list:?}");
    }
}

#[test]
fn a_person_has_to_sign_in_again_and_a_machine_does_not() {
    let policy = Policy { sign_in_within_ms: Some(DAY), ..Policy::default() };
    let machine = Holder { seen_at: None, ..holder(&[]) };
    assert_eq!(policy.admits(holder(&[]), Timestamp(DAY - 1)), Ok(()));
    assert_eq!(policy.admits(holder(&[]), Timestamp(DAY)), Err(PolicyRule::SignIn));
    assert_eq!(policy.admits(machine, Timestamp(100 * DAY)), Ok(()));
    assert_eq!(policy.until(holder(&[])), Expiry::At(Timestamp(DAY)));
    assert_eq!(policy.until(machine), Expiry::Never);
}

#[test]
fn what_is_not_used_is_suspended_at_the_very_moment_and_using_it_puts_that_off() {
    let policy = Policy { used_within_ms: Some(DAY), ..Policy::default() };
    let used = Holder { used_at: Timestamp(DAY), seen_at: None, ..holder(&[]) };
    assert_eq!(policy.admits(holder(&[]), Timestamp(DAY - 1)), Ok(()));
    assert_eq!(policy.admits(holder(&[]), Timestamp(DAY)), Err(PolicyRule::Unused));
    assert_eq!(policy.admits(used, Timestamp(2 * DAY - 1)), Ok(()));
    assert_eq!(policy.admits(used, Timestamp(2 * DAY)), Err(PolicyRule::Unused));
    assert_eq!(policy.until(used), Expiry::Never, "no end is known as long as it is used");
}

#[test]
fn how_long_a_token_may_rotate_itself_refuses_none_that_exists() {
    let policy = Policy { renewable_for_ms: Some(1), ..Policy::default() };
    assert_eq!(policy.admits(holder(&[]), Timestamp(i64::MAX)), Ok(()));
}

#[test]
fn an_empty_list_of_networks_is_no_network() {
    let policy = Policy { networks: Some(vec![]), ..Policy::default() };
    assert!(!policy.network_limit().covers("127.0.0.1".parse().unwrap()));
}

#[test]
fn only_the_bare_star_stops_counting() {
    let policy = Policy { everything: Some(Rule::Refused), ..Policy::default() };
    assert!(!policy.counts(&pattern("*")));
    assert!(policy.counts(&pattern("Tasks.*")) && policy.counts(&pattern("Tasks.Read")));
}

#[test]
fn an_approval_is_wanted_of_whatever_reaches_a_listed_scope() {
    let policy = Policy { approval: Some(vec![pattern("Tasks.Admin.*")]), ..Policy::default() };
    for (text, wanted) in [
        ("*", true),
        ("Tasks.*", true),
        ("Tasks.Admin.*", true),
        ("Tasks.Admin.All", true),
        ("Tasks.Admin", false),
        ("Tasks.Read", false),
        ("Other.*", false),
    ] {
        assert_eq!(policy.wants_approval_of(&pattern(text)), wanted, "{text}");
    }
    assert!(
        policy.wants_approval_of(&pattern("Tasks.Admin.All"))
            && !policy.wants_approval_of(&pattern("Tasks.Admin"))
    );
}

#[test]
fn what_says_less_than_around_it_is_named() {
    let rule = |rule| Policy { never_expires: Some(rule), everything: Some(rule), ..Policy::default() };
    let excess = |excess| Policy { excess: Some(excess), ..Policy::default() };
    let usual = Policy { lifetime_ms_default: Some(31 * DAY), ..Policy::default() };
    let days = |days: i64| Policy { sign_in_within_ms: Some(days * DAY), ..Policy::default() };
    let used = |days: i64| Policy { used_within_ms: Some(days * DAY), ..Policy::default() };
    let renewable = |days: i64| Policy { renewable_for_ms: Some(days * DAY), ..Policy::default() };
    let within = |texts: &[&str]| {
        let networks = texts.iter().map(|text| text.parse().unwrap()).collect();
        Policy { networks: Some(networks), ..Policy::default() }
    };
    let lists = Policy { creators: Some(vec![]), approval: Some(vec![]), ..Policy::default() };
    let none: &[&str] = &[];
    for (inner, outer, expected) in [
        (max(30), max(30), none),
        (max(31), max(30), &["lifetime_minutes_max"]),
        (max(31), Policy::default(), none),
        (Policy::default(), max(30), none),
        (usual.clone(), max(30), &["lifetime_minutes_default"]),
        (usual, max(31), none),
        (rule(Rule::Allowed), rule(Rule::Refused), &["never_expires", "everything"]),
        (rule(Rule::Refused), rule(Rule::Allowed), none),
        (excess(Excess::Clamp), excess(Excess::Refuse), &["excess"]),
        (excess(Excess::Refuse), excess(Excess::Clamp), none),
        (within(&["10.0.0.0/8"]), within(&["10.1.0.0/16"]), &["networks"]),
        (within(&["10.1.0.0/16", "192.0.2.0/24"]), within(&["10.0.0.0/8"]), &["networks"]),
        (within(&["10.1.0.0/16"]), within(&["10.0.0.0/8"]), none),
        (within(&[]), within(&["10.0.0.0/8"]), none),
        (within(&["0.0.0.0/0"]), within(&[]), &["networks"]),
        (days(31), days(30), &["sign_in_within_days"]),
        (days(30), days(30), none),
        (used(31), used(30), &["used_within_days"]),
        (used(30), used(31), none),
        (renewable(31), renewable(30), &["renewable_for_days"]),
        (renewable(31), Policy::default(), none),
        // Both lists have to be content anyway, and an approval can only be asked for by more.
        (lists.clone(), lists, none),
    ] {
        assert_eq!(inner.loosens(&outer), expected, "{inner:?} within {outer:?}");
    }
}

#[test]
fn each_rule_has_a_word_of_its_own() {
    use PolicyRule::{Creators, Lifetime, NeverExpires, SignIn, Unused};
    let all = [Lifetime, NeverExpires, Creators, SignIn, Unused];
    let words =
        ["policy_lifetime", "policy_never_expires", "policy_creators", "policy_sign_in", "policy_unused"];
    assert_eq!(all.map(PolicyRule::word), words);
}

/// Owner, groups, last sign-in, issue and last use, and end.
type Held = (PrincipalId, Vec<GroupId>, Option<i64>, (i64, i64), Option<i64>);

fn any_holder() -> impl Strategy<Value = Held> {
    let principals = select(vec![2_u64, 60, 61]).prop_map(principal);
    let groups = proptest::collection::vec((70..73_u64).prop_map(group), 0..3);
    let moments = (0..40_i64, 0..40_i64);
    (principals, groups, proptest::option::of(0..40_i64), moments, proptest::option::of(0..90_i64))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn both_together_take_only_what_each_takes(one in any_policy(), other in any_policy(), (owner, groups, seen, (issued, used), end) in any_holder(), now in 0..90_i64, client in any_client()) {
        let holder = Holder {
            owner,
            groups: &groups,
            seen_at: seen.map(Timestamp),
            issued_at: Timestamp(issued),
            used_at: Timestamp(used),
            expiry: end.map(Timestamp).into(),
        };
        let (both, now) = (one.tightened_by(&other), Timestamp(now));
        let each = one.admits(holder, now).is_ok() && other.admits(holder, now).is_ok();
        prop_assert!(each || both.admits(holder, now).is_err());
        // But for lists of creators, which no one list can say, it is exactly that.
        if one.creators.is_none() || other.creators.is_none() {
            prop_assert_eq!(both.admits(holder, now).is_ok(), each);
        }
        prop_assert_eq!(both.until(holder), one.until(holder).min(other.until(holder)));
        let client: Option<IpAddr> = client;
        if let Some(client) = client {
            let covers = |policy: &Policy| policy.network_limit().covers(client);
            prop_assert_eq!(covers(&both), covers(&one) && covers(&other));
        }
    }

    #[test]
    fn both_together_ask_for_all_that_each_asks_for(one in any_policy(), other in any_policy(), about in crate::decision::properties::any_pattern()) {
        let both = one.tightened_by(&other);
        prop_assert_eq!(both.counts(&about), one.counts(&about) && other.counts(&about));
        prop_assert_eq!(both.wants_approval_of(&about), one.wants_approval_of(&about) || other.wants_approval_of(&about));
    }

    #[test]
    fn the_order_matters_to_the_default_alone(one in any_policy(), other in any_policy()) {
        let without = |policy: Policy| Policy { lifetime_ms_default: None, ..policy };
        let (one, other) = (without(one), without(other));
        prop_assert_eq!(one.tightened_by(&other), other.tightened_by(&one));
    }

    #[test]
    fn twice_is_once(one in any_policy(), other in any_policy()) {
        let both = one.tightened_by(&other);
        prop_assert_eq!(both.tightened_by(&both), both.clone());
        prop_assert_eq!(both.tightened_by(&other), both);
    }

    #[test]
    fn what_was_tightened_loosens_neither(one in any_policy(), other in any_policy()) {
        let both = one.tightened_by(&other);
        prop_assert_eq!(both.loosens(&one), Vec::<&str>::new());
        prop_assert_eq!(both.loosens(&other), Vec::<&str>::new());
        prop_assert!(both.loosens(&both).is_empty());
    }

    #[test]
    fn nothing_tightens_nothing(one in any_policy()) {
        let usual = one.lifetime_ms_default.map(|usual| usual.min(one.lifetime_ms_max.unwrap_or(usual)));
        let same = Policy { lifetime_ms_default: usual, ..one.clone() };
        prop_assert_eq!(one.tightened_by(&Policy::default()), same.clone());
        prop_assert_eq!(Policy::default().tightened_by(&one), same);
    }
}
