//! Policies of places: setting them, and what they do to tokens that exist.

use std::collections::{BTreeMap, BTreeSet};

use jeton_api::{Code, PrincipalRef};
use jeton_token::{
    Circumstances, Creator, Facts, Inactive, Place, PlacedPolicy, Policy, PolicyRule, Rights, ScopePattern,
    effective_at, standing,
};

use super::access::{self, Action, Caller};
use super::{Authority, Error, Fault};
use crate::store::{ListFilter, TokenRecord, Write};

/// A place's policy: what was said there, and what holds there.
#[derive(Clone, Debug)]
pub(crate) struct PolicyView {
    pub(crate) place: Place,
    pub(crate) stored: Policy,
    pub(crate) effective: Policy,
    /// For each field of `effective`, the places that have a say in it.
    pub(crate) decided_by: BTreeMap<&'static str, Vec<Place>>,
}

/// What a policy does, or would do, to live tokens.
#[derive(Clone, Debug)]
pub(crate) struct PolicyImpact {
    pub(crate) view: PolicyView,
    /// Tokens by owner, with the effects on them.
    pub(crate) owners: BTreeMap<(&'static str, String), (i64, BTreeSet<&'static str>)>,
    /// Whether there were more tokens than were looked at.
    pub(crate) truncated: bool,
}

/// How many tokens are looked at to tell what a policy does.
const LOOKED_AT_MAX: usize = 20_000;

impl Authority {
    /// Sets the policy of a place and says what that does; with `Rehearse` only says it.
    pub(crate) async fn put_policy(
        &self,
        caller: &Caller,
        place: Place,
        policy: &Policy,
        mode: super::Mode,
    ) -> Result<PolicyImpact, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let permit = access::at_or_hidden(caller, place, Action::PolicyWrite)?;
            let before = self.store.policies().await?;
            check_tightens(&before, place, policy)?;
            let mut after: Vec<_> = before.iter().filter(|placed| placed.place != place).cloned().collect();
            let placed = PlacedPolicy { place, policy: policy.clone() };
            after.push(placed.clone());
            let impact = self.impact(place, &before, &after).await?;
            let write = if policy.is_empty() { Write::RemovePolicy(place) } else { Write::PutPolicy(placed) };
            self.carry_out(mode, &permit, &write).await?;
            Ok(impact)
        })
        .await
    }

    /// Removes what was said about a place.
    pub(crate) async fn remove_policy(
        &self,
        caller: &Caller,
        place: Place,
        mode: super::Mode,
    ) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let permit = access::at_or_hidden(caller, place, Action::PolicyWrite)?;
            self.carry_out(mode, &permit, &Write::RemovePolicy(place)).await.map(drop)
        })
        .await
    }

    /// The policy of a place that the caller may know of, and so must know its rules.
    pub(crate) async fn show_policy(&self, _: &Caller, place: Place) -> Result<PolicyView, Error> {
        Ok(view(&self.store.policies().await?, place))
    }

    /// The policies of all places that the caller has something to do with.
    pub(crate) async fn list_policies(&self, caller: &Caller) -> Result<Vec<PolicyView>, Error> {
        let policies = self.store.policies().await?;
        let places = policies.iter().map(|placed| placed.place);
        let seen = places.filter(|place| *place == Place::Global || caller.sees(*place));
        Ok(seen.map(|place| view(&policies, place)).collect())
    }

    /// The principals and groups of a list by name; those that went are left out.
    pub(crate) async fn creators(&self, creators: &[Creator]) -> Result<Vec<PrincipalRef>, Error> {
        let mut named = Vec::with_capacity(creators.len());
        for creator in creators {
            let found = match creator {
                Creator::Principal(id) => {
                    let found = self.store.principal_of(*id).await?;
                    found.map(|found| (found.kind.word().to_owned(), found.name))
                }
                Creator::Group(id) => {
                    self.store.group_of(*id).await?.map(|found| ("group".to_owned(), found.name))
                }
            };
            named.extend(found.map(|(kind, name)| PrincipalRef { kind, name }));
        }
        Ok(named)
    }

    /// Goes through the live tokens and compares what each may do at the place, before and after.
    async fn impact(
        &self,
        place: Place,
        before: &[PlacedPolicy],
        after: &[PlacedPolicy],
    ) -> Result<PolicyImpact, Error> {
        const READ: i64 = 200;
        let mut impact = PolicyImpact { view: view(after, place), owners: BTreeMap::new(), truncated: false };
        let mut filter = ListFilter { limit: READ, ..ListFilter::default() };
        let mut looked_at = 0;
        loop {
            let chains = self.store.tokens(&filter).await?;
            let exhausted = i64::try_from(chains.len()).is_ok_and(|count| count < READ);
            for chain in chains {
                looked_at += 1;
                filter.below = Some(chain.token.number);
                if chain.token.kind.leaves_home() && chain.token.revoked_at.is_none() {
                    let found = self.store.token_with_rights(chain.token.id, |_| true).await?;
                    if let Some((chain, Some(mut grounds))) = found {
                        grounds.policies = before.to_vec();
                        let old = chain.facts(&grounds);
                        // A list that is new may ask for groups that nobody needed so far.
                        grounds
                            .groups
                            .insert(chain.token.owner, self.store.groups_of(chain.token.owner).await?);
                        grounds.policies = after.to_vec();
                        note(&mut impact, &chain.token, self.effects(place, &old, &chain.facts(&grounds)));
                    }
                }
            }
            if exhausted || looked_at >= LOOKED_AT_MAX {
                impact.truncated = !exhausted;
                return Ok(impact);
            }
        }
    }

    fn effects(&self, place: Place, before: &Facts, after: &Facts) -> BTreeSet<&'static str> {
        let now = self.now();
        let circumstances = Circumstances { now, client: None };
        let (was, is) = (taken(before, place, now), taken(after, place, now));
        let mut effects = BTreeSet::new();
        match (was, is) {
            // It is dead anyway, or was not taken before either.
            (Some(_), _) => return effects,
            (None, Some(rule)) => {
                effects.insert(rule.word());
                return effects;
            }
            (None, None) => {}
        }
        let had = effective_at(before, place, &[], circumstances);
        let has = effective_at(after, place, &[], circumstances);
        if !has.covers_all(&had) {
            effects.insert("loses_rights");
        }
        if end_of(after, place) < end_of(before, place) {
            effects.insert("ends_earlier");
        }
        let withheld =
            |facts: &Facts, rights: &Rights| rights.patterns().iter().any(|p| withheld(facts, place, p));
        if withheld(after, &has) && !withheld(before, &had) {
            effects.insert("needs_approval");
        }
        effects
    }
}

fn note(impact: &mut PolicyImpact, token: &TokenRecord, effects: BTreeSet<&'static str>) {
    if !effects.is_empty() {
        let owner = (token.owner_kind.word(), token.owner_name.clone());
        let (count, all) = impact.owners.entry(owner).or_default();
        *count += 1;
        all.extend(effects);
    }
}

/// Why the place does not take a token, if it does not.
fn taken(facts: &Facts, place: Place, now: jeton_token::Timestamp) -> Option<PolicyRule> {
    // Only policies are compared, so places and networks of the token itself are left out.
    let mut everywhere = facts.clone();
    for placed in &mut everywhere.policies {
        // Whatever holds at the place is looked at as if it held everywhere.
        if placed.place.contains(place) {
            placed.place = Place::Global;
        }
    }
    match standing(&everywhere, now) {
        Err(Inactive::Policy(rule)) => Some(rule),
        // Dead for another reason: no policy changes that.
        Err(_) => Some(PolicyRule::Lifetime),
        Ok(()) => None,
    }
}

fn end_of(facts: &Facts, place: Place) -> jeton_token::Expiry {
    let here = facts.policies.iter().filter(|placed| placed.place.contains(place));
    let cut = here.map(|placed| placed.policy.end(facts.token.issued_at, facts.token.expiry)).min();
    cut.map_or(facts.expiry(), |cut| cut.min(facts.expiry()))
}

fn withheld(facts: &Facts, place: Place, pattern: &ScopePattern) -> bool {
    let mut here = facts.policies.iter().filter(|placed| placed.place.contains(place));
    facts.token.approval != jeton_token::Approval::Given
        && here.any(|placed| placed.policy.wants_approval_of(pattern))
}

/// A policy that allows what a place around it refuses would change nothing, and whoever wrote it would not know.
fn check_tightens(policies: &[PlacedPolicy], place: Place, wanted: &Policy) -> Result<(), Error> {
    let around = policies.iter().filter(|placed| placed.place != place && placed.place.contains(place));
    let outer = around.fold(Policy::default(), |outer, placed| placed.policy.tightened_by(&outer));
    let faults: Vec<_> = wanted
        .loosens(&outer)
        .into_iter()
        .map(|field| Fault {
            pointer: format!("/{field}"),
            code: Code::PolicyLoosens,
            detail: format!("a place around it says less for `{field}`, and a policy only tightens"),
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

fn view(policies: &[PlacedPolicy], place: Place) -> PolicyView {
    let stored = policies.iter().find(|placed| placed.place == place);
    let mut here: Vec<_> = policies.iter().filter(|placed| placed.place.contains(place)).collect();
    here.sort_by_key(|placed| placed.place);
    let effective = here.iter().fold(Policy::default(), |outer, placed| placed.policy.tightened_by(&outer));
    let mut decided_by: BTreeMap<&'static str, Vec<Place>> = BTreeMap::new();
    for placed in here {
        for field in said(&placed.policy, &effective) {
            decided_by.entry(field).or_default().push(placed.place);
        }
    }
    PolicyView {
        place,
        stored: stored.map(|placed| placed.policy.clone()).unwrap_or_default(),
        effective,
        decided_by,
    }
}

/// The fields in which a policy has a say in what holds: those of which it says what holds, and every list.
fn said(policy: &Policy, effective: &Policy) -> Vec<&'static str> {
    let same = |mine: bool, equal: bool| mine && equal;
    let checks = [
        (
            "lifetime_minutes_max",
            same(policy.lifetime_ms_max.is_some(), policy.lifetime_ms_max == effective.lifetime_ms_max),
        ),
        (
            "lifetime_minutes_default",
            same(
                policy.lifetime_ms_default.is_some(),
                policy.lifetime_ms_default == effective.lifetime_ms_default,
            ),
        ),
        (
            "never_expires",
            same(policy.never_expires.is_some(), policy.never_expires == effective.never_expires),
        ),
        ("everything", same(policy.everything.is_some(), policy.everything == effective.everything)),
        ("excess", same(policy.excess.is_some(), policy.excess == effective.excess)),
        (
            "sign_in_within_days",
            same(policy.sign_in_within_ms.is_some(), policy.sign_in_within_ms == effective.sign_in_within_ms),
        ),
        ("creators", policy.creators.is_some()),
        ("networks", policy.networks.is_some()),
        ("approval_scopes", policy.approval.is_some()),
    ];
    checks.into_iter().filter(|(_, is_said)| *is_said).map(|(field, _)| field).collect()
}
