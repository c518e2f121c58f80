//! What holds of all decisions.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use jeton_token::{
    Active, Approval, Audience, Catalogue, Creator, Demand, Excess, Expiry, Facts, GroupId, Inactive, JobId,
    JobOrigin, Link, Network, NetworkLimit, OwnerState, Place, PlaceLimit, PlacedPattern, PlacedPolicy,
    Policy, PrincipalId, ProjectId, Rule, Scope, ScopePattern, ScopeSet, Timestamp, TokenKind, Verdict,
    Where, decide,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::link;
use crate::sample::{declared, id, organization, pattern, project, scope};

/// Scopes of the catalogue below, and some around it.
pub(crate) const SCOPES: [&str; 6] =
    ["T.Read", "T.Update", "T.Logs.Read", "T.Logs.Write", "T.Gone", "U.Read"];
const PATTERNS: [&str; 11] = [
    "*",
    "*",
    "T.*",
    "T.*",
    "T.Logs.*",
    "T.Read",
    "T.Update",
    "T.Logs.Read",
    "T.Logs.Write",
    "T.Gone",
    "U.*",
];

pub(crate) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let scopes = vec![
        declared("T.Read", &[]),
        declared("T.Update", &["T.Read", "T.Logs.Read"]),
        declared("T.Logs.Read", &[]),
        declared("T.Logs.Write", &["T.Logs.Read"]),
    ];
    Catalogue::new("T", scopes).unwrap()
});

/// A demand that owns what it asks about.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) of_jeton: bool,
    pub(crate) organization: Option<u64>,
    pub(crate) scope: Option<Scope>,
    pub(crate) place: Where,
    pub(crate) client: Option<IpAddr>,
}

impl Asked {
    pub(crate) fn demand(&self) -> Demand<'_> {
        let api = Audience::Api { catalogue: &CATALOGUE, organization: self.organization.map(organization) };
        let audience = if self.of_jeton { Audience::Jeton } else { api };
        Demand { audience, scope: self.scope.as_ref(), place: self.place, client: self.client }
    }

    pub(crate) fn judge(&self, facts: &Facts, now: Timestamp) -> Result<Active, Inactive> {
        match decide(facts, &self.demand(), now) {
            Verdict::Active(active) => Ok(active),
            Verdict::Inactive(reason) => Err(reason),
        }
    }
}

pub(crate) fn any_place() -> impl Strategy<Value = Place> {
    let organizations = select(vec![1_u64, 1, 1, 2]);
    prop_oneof![
        1 => Just(Place::Global),
        3 => organizations.clone().prop_map(|of| Place::Organization(organization(of))),
        3 => (organizations, select(vec![1_u64, 2])).prop_map(|(of, number)| project(of, number)),
    ]
}

pub(crate) fn any_pattern() -> impl Strategy<Value = ScopePattern> {
    select(&PATTERNS[..]).prop_map(pattern)
}

pub(crate) fn any_places() -> impl Strategy<Value = PlaceLimit> {
    prop_oneof![5 => Just(PlaceLimit::Everywhere), 1 => vec(any_place(), 1..3).prop_map(PlaceLimit::from_places)]
}

pub(crate) fn any_networks() -> impl Strategy<Value = NetworkLimit> {
    let texts = vec!["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::/0", "192.0.2.7/32"];
    let networks = vec(select(texts).prop_map(|text| text.parse().unwrap()), 1..3);
    prop_oneof![5 => Just(NetworkLimit::Anywhere), 1 => networks.prop_map(NetworkLimit::from_networks)]
}

pub(crate) fn any_client() -> impl Strategy<Value = Option<IpAddr>> {
    let texts = vec!["10.1.2.3", "::ffff:10.1.2.3", "10.2.2.3", "192.0.2.7", "2001:db8::1"];
    option::weighted(0.8, select(texts).prop_map(|text| text.parse().unwrap()))
}

/// Times are small, so that ends lie before, at and after now.
pub(crate) fn any_expiry() -> impl Strategy<Value = Expiry> {
    option::weighted(0.3, (0..60_i64).prop_map(Timestamp)).prop_map(Expiry::from)
}

pub(crate) fn any_now() -> impl Strategy<Value = Timestamp> {
    (0..20_i64).prop_map(Timestamp)
}

/// Mostly alive: what is dead at once tells little about the rest.
pub(crate) fn any_link() -> impl Strategy<Value = Link> {
    let kinds = vec![
        TokenKind::Personal,
        TokenKind::Service,
        TokenKind::Job,
        TokenKind::Personal,
        TokenKind::Session,
    ];
    let states = prop_oneof![
        20 => Just(OwnerState::Enabled),
        1 => Just(OwnerState::Disabled),
        1 => Just(OwnerState::Removed),
    ];
    let patterns = vec(any_pattern(), 1..4).prop_map(|patterns| ScopeSet::new(patterns).unwrap());
    let granted = (any_place(), vec(any_pattern(), 1..3).prop_map(|patterns| patterns.into_iter().collect()));
    let grants = prop_oneof![vec(granted, 0..4), Just(link().rights.to_vec())];
    let life = (any_expiry(), prop::bool::weighted(0.03), prop::bool::weighted(0.97), states);
    let limits = (any_places(), any_networks());
    let approvals = prop_oneof![
        24 => Just(Approval::None),
        1 => Just(Approval::Pending),
        12 => any_approved().prop_map(Approval::Given),
    ];
    let moments = (0..10_i64, 0..40_i64);
    let times = (moments, option::weighted(0.7, 0..10_i64), approvals, vec(any_group(), 0..2));
    (select(kinds), patterns, grants, life, limits, times).prop_map(
        |(
            kind,
            patterns,
            rights,
            (expiry, revoked, intact, owner_state),
            (places, networks),
            ((issued_at, used_at), seen_at, approval, owner_groups),
        )| Link {
            issued_at: Timestamp(issued_at),
            used_at: Timestamp(used_at.max(issued_at)),
            owner_seen_at: seen_at.map(Timestamp),
            approval,
            owner_groups,
            job: (kind == TokenKind::Job).then(origin),
            kind,
            patterns,
            rights: rights.into(),
            expiry,
            revoked,
            intact,
            owner_state,
            places,
            networks,
            ..link()
        },
    )
}

/// A job of the first project.
fn origin() -> JobOrigin {
    JobOrigin { job: JobId(id(7)), organization: organization(1), project: ProjectId(id(101)) }
}

pub(crate) fn any_facts() -> impl Strategy<Value = Facts> {
    let ancestors = prop_oneof![Just(vec![]), vec(any_link(), 1..3)];
    (any_link(), ancestors, any_policies()).prop_map(|(token, ancestors, policies)| Facts {
        token,
        ancestors,
        policies: policies.into(),
    })
}

fn any_approved() -> impl Strategy<Value = Vec<PlacedPattern>> {
    let one = (any_place(), any_pattern()).prop_map(|(place, pattern)| PlacedPattern { place, pattern });
    vec(one, 0..6)
}

fn any_group() -> impl Strategy<Value = GroupId> {
    (70..73_u64).prop_map(|number| GroupId(id(number)))
}

fn any_creator() -> impl Strategy<Value = Creator> {
    let principals = prop_oneof![3 => Just(2_u64), 1 => Just(60)];
    prop_oneof![
        2 => principals.prop_map(|number| Creator::Principal(PrincipalId(id(number)))),
        2 => any_group().prop_map(Creator::Group),
    ]
}

fn any_rule() -> impl Strategy<Value = Option<Rule>> {
    option::weighted(0.2, select(vec![Rule::Allowed, Rule::Refused]))
}

fn any_ms() -> impl Strategy<Value = Option<i64>> {
    option::weighted(0.2, 1..60_i64)
}

/// Mostly silent, as policies are. Its lists are sorted and say nothing twice, as they are stored.
pub(crate) fn any_policy() -> impl Strategy<Value = Policy> {
    fn list<T: Ord + Clone + std::fmt::Debug>(
        share: f64,
        entry: impl Strategy<Value = T>,
    ) -> impl Strategy<Value = Option<Vec<T>>> {
        let entries = proptest::collection::btree_set(entry, 0..4).prop_map(Vec::from_iter);
        option::weighted(share, entries)
    }
    let texts = vec!["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::/0", "192.0.2.7/32"];
    let network = select(texts).prop_map(|text| text.parse::<Network>().unwrap());
    let excess = option::of(select(vec![Excess::Clamp, Excess::Refuse]));
    let lists = (list(0.15, any_creator()), list(0.15, network), list(0.3, any_pattern()));
    let within = (any_ms(), any_ms(), any_ms(), list(0.15, any_place()));
    (any_ms(), any_ms(), any_rule(), any_rule(), excess, lists, within).prop_map(
        |(
            max,
            usual,
            never_expires,
            everything,
            excess,
            (creators, networks, approval),
            (sign_in_within_ms, used_within_ms, renewable_for_ms, job_projects),
        )| Policy {
            lifetime_ms_max: max,
            lifetime_ms_default: usual,
            never_expires,
            everything,
            excess,
            creators,
            networks,
            approval,
            sign_in_within_ms,
            used_within_ms,
            renewable_for_ms,
            job_projects,
        },
    )
}

pub(crate) fn any_policies() -> impl Strategy<Value = Vec<PlacedPolicy>> {
    let placed = (any_place(), any_policy()).prop_map(|(place, policy)| PlacedPolicy { place, policy });
    prop_oneof![2 => Just(vec![]), 3 => vec(placed, 1..3)]
}

pub(crate) fn any_asked() -> impl Strategy<Value = Asked> {
    let place = prop_oneof![
        4 => Just(Where::Everywhere),
        5 => any_place().prop_map(Where::At),
        1 => Just(Where::Nowhere),
    ];
    let scope = option::weighted(0.5, select(&SCOPES[..]).prop_map(scope));
    let organization = option::weighted(0.8, select(vec![1_u64, 1, 1, 2]));
    (prop::bool::weighted(0.2), organization, scope, place, any_client()).prop_map(
        |(of_jeton, organization, scope, place, client)| Asked {
            of_jeton,
            organization,
            scope,
            place,
            client,
        },
    )
}

/// One link of the chain: the token itself, or an ancestor.
fn nth(facts: &mut Facts, at: usize) -> &mut Link {
    match at % (facts.ancestors.len() + 1) {
        0 => &mut facts.token,
        ancestor => &mut facts.ancestors[ancestor - 1],
    }
}

/// Whether the one verdict allows nothing that the other one does not.
/// The same tokens, each of them used at this moment: that puts off when a policy calls them unused.
fn in_use(facts: &Facts, at: Timestamp) -> Facts {
    let mut facts = facts.clone();
    std::iter::once(&mut facts.token).chain(&mut facts.ancestors).for_each(|link| link.used_at = at);
    facts
}

pub(crate) fn is_within(narrow: &Result<Active, Inactive>, wide: &Result<Active, Inactive>) -> bool {
    match (narrow, wide) {
        (Err(_), _) => true,
        (Ok(narrow), Ok(wide)) => wide.rights.covers_all(&narrow.rights) && narrow.expiry <= wide.expiry,
        (Ok(_), Err(_)) => false,
    }
}

/// The samples are worth something only if a good part of them is honoured.
#[test]
fn the_strategies_reach_both_verdicts() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut one = || {
        let tree = (any_facts(), any_asked(), any_now()).new_tree(&mut runner).unwrap();
        let (facts, asked, now) = proptest::strategy::ValueTree::current(&tree);
        asked.judge(&facts, now).is_ok()
    };
    let active = (0..1_000).filter(|_| one()).count();
    assert!((100..850).contains(&active), "{active} of 1000 are active");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn a_wider_token_is_allowed_no_less(facts in any_facts(), asked in any_asked(), now in any_now(), at in 0..4_usize, more in any_pattern()) {
        let mut wider = facts.clone();
        let link = nth(&mut wider, at);
        link.patterns = ScopeSet::new(link.patterns.patterns().iter().cloned().chain([more])).unwrap();
        prop_assert!(is_within(&asked.judge(&facts, now), &asked.judge(&wider, now)));
    }

    #[test]
    fn an_owner_with_more_rights_is_allowed_no_less(facts in any_facts(), asked in any_asked(), now in any_now(), at in 0..4_usize, place in any_place(), more in any_pattern()) {
        let mut wider = facts.clone();
        Arc::make_mut(&mut nth(&mut wider, at).rights).push((place, [more].into_iter().collect()));
        prop_assert!(is_within(&asked.judge(&facts, now), &asked.judge(&wider, now)));
    }

    #[test]
    fn what_is_inactive_stays_inactive(facts in any_facts(), asked in any_asked(), now in any_now(), later in any_now()) {
        let (now, later) = (now.min(later), now.max(later));
        prop_assert!(is_within(&asked.judge(&facts, later), &asked.judge(&facts, now)));
    }

    #[test]
    fn what_is_active_is_over_at_its_end_and_not_before(facts in any_facts(), asked in any_asked(), now in any_now()) {
        if let Ok(active) = asked.judge(&facts, now) {
            let end = active.expiry.at().unwrap_or(Timestamp(i64::MAX));
            prop_assert!(active.expiry == Expiry::Never || asked.judge(&facts, end).is_err());
            let before = Timestamp(end.0 - 1);
            prop_assert_eq!(asked.judge(&in_use(&facts, before), before), Ok(active));
        }
    }

    #[test]
    fn one_more_ancestor_allows_no_more(facts in any_facts(), asked in any_asked(), now in any_now(), at in 0..4_usize, ancestor in any_link()) {
        let mut deeper = facts.clone();
        deeper.ancestors.insert(at.min(facts.ancestors.len()), ancestor);
        prop_assert!(is_within(&asked.judge(&deeper, now), &asked.judge(&facts, now)));
    }

    #[test]
    fn one_more_policy_allows_no_more(facts in any_facts(), asked in any_asked(), now in any_now(), place in any_place(), policy in any_policy()) {
        let mut stricter = facts.clone();
        Arc::make_mut(&mut stricter.policies).push(PlacedPolicy { place, policy });
        prop_assert!(is_within(&asked.judge(&stricter, now), &asked.judge(&facts, now)));
    }

    #[test]
    fn a_policy_further_out_allows_no_more_than_the_same_within(facts in any_facts(), asked in any_asked(), now in any_now(), place in any_place(), policy in any_policy()) {
        // An approval is kept with the place of the policy that wanted it, and counts for none further in.
        let policy = Policy { approval: None, ..policy };
        let with = |place| {
            let mut facts = facts.clone();
            Arc::make_mut(&mut facts.policies).push(PlacedPolicy { place, policy: policy.clone() });
            asked.judge(&facts, now)
        };
        let around = place.organization().filter(|_| matches!(place, Place::Project(..)));
        prop_assert!(is_within(&with(around.map_or(Place::Global, Place::Organization)), &with(place)));
    }

    #[test]
    fn one_more_demand_of_a_policy_allows_no_more(facts in any_facts(), asked in any_asked(), now in any_now(), place in any_place(), one in any_policy(), other in any_policy()) {
        let with = |policy: Policy| {
            let mut facts = facts.clone();
            Arc::make_mut(&mut facts.policies).push(PlacedPolicy { place, policy });
            asked.judge(&facts, now)
        };
        prop_assert!(is_within(&with(one.tightened_by(&other)), &with(one)));
    }

    #[test]
    fn an_approval_allows_no_less(facts in any_facts(), asked in any_asked(), now in any_now(), at in 0..4_usize, more in any_approved()) {
        let mut approved = facts.clone();
        let approval = &mut nth(&mut approved, at).approval;
        let before = if let Approval::Given(given) = &*approval { given.clone() } else { vec![] };
        *approval = Approval::Given([before, more].concat());
        prop_assert!(is_within(&asked.judge(&facts, now), &asked.judge(&approved, now)));
    }

    #[test]
    fn what_is_approved_for_every_policy_is_judged_as_if_none_wanted_an_approval(facts in any_facts(), asked in any_asked(), now in any_now()) {
        let mut approved = facts.clone();
        let of = |placed: &PlacedPolicy| {
            let (place, patterns) = (placed.place, placed.policy.approval.clone().unwrap_or_default());
            patterns.into_iter().map(move |pattern| PlacedPattern { place, pattern })
        };
        let all: Vec<_> = facts.policies.iter().flat_map(of).collect();
        for at in 0..4 {
            nth(&mut approved, at).approval = Approval::Given(all.clone());
        }
        let mut unasked = approved.clone();
        for placed in Arc::make_mut(&mut unasked.policies) {
            placed.policy.approval = None;
        }
        prop_assert_eq!(asked.judge(&approved, now), asked.judge(&unasked, now));
    }

    #[test]
    fn an_approval_counts_for_no_other_place(facts in any_facts(), asked in any_asked(), now in any_now(), approved in any_approved()) {
        let with = |approval: Approval| {
            let mut facts = facts.clone();
            for at in 0..4 {
                nth(&mut facts, at).approval = approval.clone();
            }
            asked.judge(&facts, now)
        };
        let wanted = |given: &PlacedPattern| facts.policies.iter().any(|placed| placed.place == given.place);
        let elsewhere = approved.into_iter().filter(|given| !wanted(given)).collect();
        prop_assert_eq!(with(Approval::Given(elsewhere)), with(Approval::None));
    }

    #[test]
    fn policies_do_not_judge_who_is_signed_in(facts in any_facts(), asked in any_asked(), now in any_now()) {
        let of_sessions = |mut facts: Facts| {
            facts.token.kind = TokenKind::Session;
            facts.token.job = None;
            facts.ancestors.clear();
            facts
        };
        let without = of_sessions(Facts { policies: vec![].into(), ..facts.clone() });
        prop_assert_eq!(asked.judge(&of_sessions(facts), now), asked.judge(&without, now));
    }

    #[test]
    fn a_limit_allows_no_more(facts in any_facts(), asked in any_asked(), now in any_now(), at in 0..4_usize, places in any_places(), networks in any_networks()) {
        let unlimited = |mut facts: Facts| {
            let link = nth(&mut facts, at);
            (link.places, link.networks) = (PlaceLimit::Everywhere, NetworkLimit::Anywhere);
            facts
        };
        let mut limited = unlimited(facts.clone());
        let link = nth(&mut limited, at);
        (link.places, link.networks) = (places, networks);
        let wide = unlimited(facts);
        prop_assert!(is_within(&asked.judge(&limited, now), &asked.judge(&wide, now)));
    }

    #[test]
    fn one_more_place_or_network_allows_no_less(facts in any_facts(), asked in any_asked(), now in any_now(), at in 0..4_usize, place in any_place()) {
        let mut wider = facts.clone();
        if let PlaceLimit::Within(places) = &mut nth(&mut wider, at).places {
            places.push(place);
        }
        if let NetworkLimit::Within(networks) = &mut nth(&mut wider, at).networks {
            networks.push("0.0.0.0/0".parse().unwrap());
        }
        prop_assert!(is_within(&asked.judge(&facts, now), &asked.judge(&wider, now)));
    }

    #[test]
    fn what_is_allowed_everywhere_is_allowed_at_each_place_served(facts in any_facts(), asked in any_asked(), now in any_now(), of in select(vec![1_u64, 2]), number in select(vec![1_u64, 2])) {
        let served = asked.organization.unwrap_or(of);
        let everywhere = Asked { place: Where::Everywhere, of_jeton: false, ..asked };
        let there = Asked { place: Where::At(project(served, number)), ..everywhere.clone() };
        prop_assert!(is_within(&everywhere.judge(&facts, now), &there.judge(&facts, now)));
    }

    #[test]
    fn what_is_active_is_alive_and_has_the_demanded_scope(facts in any_facts(), asked in any_asked(), now in any_now()) {
        if let Ok(active) = asked.judge(&facts, now) {
            for link in facts.chain() {
                prop_assert!(link.intact && !link.revoked && link.owner_state == OwnerState::Enabled);
                prop_assert!(!link.expiry.is_over(now));
            }
            prop_assert!(asked.of_jeton || facts.token.kind.leaves_home());
            prop_assert!(asked.scope.is_none_or(|scope| active.rights.covers(&scope)));
            prop_assert!(active.expiry <= facts.expiry());
        }
    }

    #[test]
    fn what_is_effective_is_within_every_token_and_every_owner(facts in any_facts(), asked in any_asked(), now in any_now()) {
        if let Ok(active) = asked.judge(&facts, now) {
            for link in facts.chain() {
                let every_grant = link.rights.iter().flat_map(|(_, rights)| rights.patterns()).cloned();
                let owned: jeton_token::Rights = every_grant.collect();
                prop_assert!(link.patterns.rights().with_implied([&*CATALOGUE]).covers_all(&active.rights));
                prop_assert!(owned.with_implied([&*CATALOGUE]).covers_all(&active.rights));
            }
        }
    }
}
