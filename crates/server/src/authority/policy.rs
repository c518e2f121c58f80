//! Policies of places: setting them, and what they do to tokens that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jeton_api::{Code, PrincipalRef};
use jeton_token::{Catalogue, Creator, Effect, Facts, Place, PlacedPolicy, Policy, Scope, effects};

use super::access::{self, Action, Caller, is_of_own_tokens};
use super::built_in::BuiltIn;
use super::{Authority, Error, Fault};
use crate::limits::POLICY_IMPACT_SECONDS_MAX;
use crate::store::{ApiRecord, Bearer, Chain, ListFilter, TokenRecord, Write};

/// A policy as a request says it, parsed but for names: whoever may not set it learns nothing about them.
#[derive(Clone, Debug)]
pub(crate) struct PolicyRequest {
    /// All but the creators.
    pub(crate) policy: Policy,
    pub(crate) creators: Option<Vec<PrincipalRef>>,
}

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
    /// Whether there was no time to look at all of them.
    pub(crate) truncated: bool,
}

impl Authority {
    /// Sets the policy of a place and says what that does; with `Rehearse` only says it.
    pub(crate) async fn put_policy(
        &self,
        caller: &Caller,
        place: Place,
        request: &PolicyRequest,
        mode: super::Mode,
    ) -> Result<PolicyImpact, Error> {
        let set = self.judged(caller, move |caller: Caller| async move {
            let permit = access::at_or_hidden(&caller, place, Action::PolicyWrite)?;
            let creators = self.named_creators(request.creators.as_deref()).await?;
            let policy = Policy { creators, ..request.policy.clone() };
            let before = self.store.policies().await?;
            check_everywhere(place, &policy)?;
            check_tightens(&before, place, &policy)?;
            let write = write(PlacedPolicy { place, policy: policy.clone() });
            self.carry_out(mode, &permit, &write).await?;
            Ok((before, policy))
        });
        let (before, policy) = set.await?;
        let mut after: Vec<_> = before.iter().filter(|placed| placed.place != place).cloned().collect();
        after.push(PlacedPolicy { place, policy });
        self.impact(place, &before, &after).await
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

    async fn named_creators(&self, named: Option<&[PrincipalRef]>) -> Result<Option<Vec<Creator>>, Error> {
        let Some(named) = named else {
            return Ok(None);
        };
        let mut creators = Vec::with_capacity(named.len());
        for (at, one) in named.iter().enumerate() {
            let creator = match self.bearer(&format!("/creators/{at}"), &one.kind, &one.name).await? {
                Bearer::Principal(id, _) => Creator::Principal(id),
                Bearer::Group(id) => Creator::Group(id),
            };
            if !creators.contains(&creator) {
                creators.push(creator);
            }
        }
        Ok(Some(creators))
    }

    /// What becomes of the live tokens. No change waits for it: it is told as far as it can be in the time that an
    /// answer has.
    async fn impact(
        &self,
        place: Place,
        before: &[PlacedPolicy],
        after: &[PlacedPolicy],
    ) -> Result<PolicyImpact, Error> {
        let mut impact = PolicyImpact { view: view(after, place), owners: BTreeMap::new(), truncated: true };
        let looking = self.look_through(&mut impact, before, after);
        match tokio::time::timeout(Duration::from_secs(POLICY_IMPACT_SECONDS_MAX), looking).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) | Err(_) => Ok(impact),
        }
    }

    /// Goes through the live tokens and compares what each may do at the place, before and after.
    async fn look_through(
        &self,
        impact: &mut PolicyImpact,
        before: &[PlacedPolicy],
        after: &[PlacedPolicy],
    ) -> Result<(), Error> {
        const READ: i64 = 200;
        let apis = self.store.apis().await?;
        let place = impact.view.place;
        let usable = usable_at(place, &apis, self.built_in());
        let catalogues: Vec<_> = usable.iter().collect();
        let mut filter = ListFilter { limit: READ, ..ListFilter::default() };
        loop {
            let chains = self.store.tokens(&filter).await?;
            let exhausted = i64::try_from(chains.len()).is_ok_and(|count| count < READ);
            for chain in chains {
                filter.below = Some(chain.token.number);
                if let Some((old, new)) = self.compared(&chain, before, after).await? {
                    note(impact, &chain.token, effects(&old, &new, place, &catalogues, self.now()));
                }
            }
            if exhausted {
                impact.truncated = false;
                return Ok(());
            }
        }
    }
}

fn write(placed: PlacedPolicy) -> Write {
    if placed.policy.is_empty() { Write::RemovePolicy(placed.place) } else { Write::PutPolicy(placed) }
}

/// What a token's verdicts are made from, before and after.
impl Authority {
    async fn compared(
        &self,
        chain: &Chain,
        before: &[PlacedPolicy],
        after: &[PlacedPolicy],
    ) -> Result<Option<(Facts, Facts)>, Error> {
        if !chain.token.kind.leaves_home() || chain.token.revoked_at.is_some() {
            return Ok(None);
        }
        let found = self.store.token_with_rights(chain.token.id, |_| true).await?;
        let Some((mut chain, Some(mut grounds))) = found else {
            return Ok(None);
        };
        self.usage.refresh(&mut chain);
        // A list that is new may ask for groups that nobody needed so far.
        for owner in std::iter::once(&chain.token).chain(&chain.ancestors).map(|token| token.owner) {
            grounds.groups.insert(owner, self.store.groups_of(owner).await?);
        }
        grounds.policies = before.to_vec().into();
        let old = chain.facts(&grounds);
        grounds.policies = after.to_vec().into();
        Ok(Some((old, chain.facts(&grounds))))
    }
}

/// The scopes that can be used at a place: one's own tokens lie at none, so the right to them is one everywhere or not
/// at all.
fn usable_at(place: Place, apis: &[ApiRecord], built_in: &BuiltIn) -> Vec<Catalogue> {
    let without_own = |catalogue: &Catalogue| {
        let is_left = |scope: &Scope| !is_of_own_tokens(scope.as_str(), built_in);
        let mut scopes: Vec<_> =
            catalogue.scopes().iter().filter(|scope| is_left(&scope.name)).cloned().collect();
        for scope in &mut scopes {
            scope.implies.retain(is_left);
        }
        Catalogue::new(catalogue.namespace(), scopes).ok()
    };
    let catalogues = apis.iter().map(|api| &api.catalogue);
    match place {
        Place::Global => catalogues.cloned().collect(),
        _ => catalogues.filter_map(without_own).collect(),
    }
}

fn note(impact: &mut PolicyImpact, token: &TokenRecord, effects: BTreeSet<Effect>) {
    if !effects.is_empty() {
        let owner = (token.owner_kind.word(), token.owner_name.clone());
        let (count, all) = impact.owners.entry(owner).or_default();
        *count += 1;
        all.extend(effects.into_iter().map(Effect::word));
    }
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

/// A use is one of the token, wherever it happens. If one place called a token unused that another honours, a call there
/// would bring it back here.
fn check_everywhere(place: Place, wanted: &Policy) -> Result<(), Error> {
    if place != Place::Global && wanted.used_within_ms.is_some() {
        let detail = "a token that is used at one place is not unused at another: say this for `*`";
        return Err(Error::invalid("/used_within_days", Code::InvalidField, detail));
    }
    Ok(())
}

fn view(policies: &[PlacedPolicy], place: Place) -> PolicyView {
    let stored = policies.iter().find(|placed| placed.place == place);
    let mut here: Vec<_> = policies.iter().filter(|placed| placed.place.contains(place)).collect();
    here.sort_by_key(|placed| placed.place);
    let mut effective =
        here.iter().fold(Policy::default(), |outer, placed| placed.policy.tightened_by(&outer));
    // Whom several lists take together is not one list; the innermost is shown, and all places that have one.
    effective.creators = here.iter().rev().find_map(|placed| placed.policy.creators.clone());
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
    fn is<T: PartialEq>(mine: Option<&T>, effective: Option<&T>) -> bool {
        mine.is_some() && mine == effective
    }
    let checks = [
        ("lifetime_minutes_max", is(policy.lifetime_ms_max.as_ref(), effective.lifetime_ms_max.as_ref())),
        (
            "lifetime_minutes_default",
            is(policy.lifetime_ms_default.as_ref(), effective.lifetime_ms_default.as_ref()),
        ),
        ("never_expires", is(policy.never_expires.as_ref(), effective.never_expires.as_ref())),
        ("everything", is(policy.everything.as_ref(), effective.everything.as_ref())),
        ("excess", is(policy.excess.as_ref(), effective.excess.as_ref())),
        ("sign_in_within_days", is(policy.sign_in_within_ms.as_ref(), effective.sign_in_within_ms.as_ref())),
        ("used_within_days", is(policy.used_within_ms.as_ref(), effective.used_within_ms.as_ref())),
        ("renewable_for_days", is(policy.renewable_for_ms.as_ref(), effective.renewable_for_ms.as_ref())),
        ("job_projects", policy.job_projects.is_some()),
        ("creators", policy.creators.is_some()),
        ("networks", policy.networks.is_some()),
        ("approval_scopes", policy.approval.is_some()),
    ];
    checks.into_iter().filter(|(_, is_said)| *is_said).map(|(field, _)| field).collect()
}
