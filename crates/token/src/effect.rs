//! What a change of policies does to a token that exists, so that it can be shown before it happens.
//!
//! A token is looked at wherever the change could matter: at the place itself, and at each place within it that the
//! token, its owner's rights or another policy single out. Between those nothing differs.

use std::collections::BTreeSet;

use crate::catalogue::Catalogue;
use crate::decision::{
    At, Facts, Inactive, Link, Reach, check_job_projects, check_policies, end, intersected, is_withheld,
    standing,
};
use crate::lifetime::{Expiry, Timestamp};
use crate::limits::NetworkLimit;
use crate::policy::{Policy, PolicyRule};
use crate::scope::Scope;
use crate::tenant::Place;

/// What a change of policies does to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It is not taken any more.
    Refused(PolicyRule),
    /// A scope does not count any more.
    LosesRights,
    /// A scope is withheld until somebody approves the token.
    NeedsApproval,
    /// It is taken from fewer networks.
    FewerNetworks,
    /// It ends earlier.
    EndsEarlier,
}

impl Effect {
    /// The stable word for it on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused(rule) => rule.word(),
            Self::LosesRights => "loses_rights",
            Self::NeedsApproval => "needs_approval",
            Self::FewerNetworks => "fewer_networks",
            Self::EndsEarlier => "ends_earlier",
        }
    }
}

/// What becomes of a token when the policies at `place` change: the same facts with the policies before and after.
/// Nothing comes of it for a token that could do nothing there before.
pub fn effects(
    before: &Facts,
    after: &Facts,
    place: Place,
    catalogues: &[&Catalogue],
    now: Timestamp,
) -> BTreeSet<Effect> {
    let at = |facts: &Facts, place: Place| Standing::of(facts, place, catalogues, now);
    let mut effects = BTreeSet::new();
    for place in places(before, after, place) {
        match (at(before, place), at(after, place)) {
            (Ok(before), Ok(after)) => effects.extend(before.compared_with(&after)),
            (Ok(before), Err(Inactive::Policy(rule))) if place == Place::Global || before.is_of_use() => {
                effects.insert(Effect::Refused(rule));
            }
            _ => {}
        }
    }
    effects
}

/// What a token can do at a place.
struct Standing {
    scopes: BTreeSet<Scope>,
    withheld: BTreeSet<Scope>,
    networks: NetworkLimit,
    end: Expiry,
}

impl Standing {
    fn of(facts: &Facts, place: Place, catalogues: &[&Catalogue], now: Timestamp) -> Result<Self, Inactive> {
        let at: At = (place, Reach::Here);
        standing(facts, now)?;
        check_policies(facts, place, Reach::Here, now)?;
        check_job_projects(facts, place, Reach::Here)?;
        let rights = intersected(facts, at, catalogues);
        let held = catalogues.iter().flat_map(|catalogue| catalogue.held(&rights)).cloned();
        let (withheld, scopes) = held.partition(|scope| is_withheld(facts, at, scope));
        Ok(Self { scopes, withheld, networks: networks(facts, at), end: end(facts, at) })
    }

    fn is_of_use(&self) -> bool {
        let nowhere = self.networks == NetworkLimit::Within(vec![]);
        !self.scopes.is_empty() && !nowhere
    }

    fn compared_with(&self, after: &Self) -> Vec<Effect> {
        if !self.is_of_use() {
            return vec![];
        }
        let missing: Vec<_> = self.scopes.difference(&after.scopes).collect();
        let checks = [
            (Effect::LosesRights, missing.iter().any(|scope| !after.withheld.contains(*scope))),
            (Effect::NeedsApproval, missing.iter().any(|scope| after.withheld.contains(*scope))),
            (Effect::FewerNetworks, !after.networks.covers_limit(&self.networks)),
            (Effect::EndsEarlier, after.end < self.end),
        ];
        checks.into_iter().filter(|(_, is_so)| *is_so).map(|(effect, _)| effect).collect()
    }
}

/// From where a call can come.
fn networks(facts: &Facts, (place, reach): At) -> NetworkLimit {
    let own = facts.chain().map(|link| link.networks.clone());
    let kept = facts.chain().any(Link::is_kept);
    let policies = facts.policies(place, reach).filter(|_| kept).map(Policy::network_limit);
    own.chain(policies).fold(NetworkLimit::Anywhere, |all, limit| all.intersection(&limit))
}

/// The place, and what is singled out within it.
fn places(before: &Facts, after: &Facts, place: Place) -> BTreeSet<Place> {
    let of_policies = before.policies.iter().chain(after.policies.iter()).map(|placed| placed.place);
    let of_links = before.chain().flat_map(|link| {
        // A job may leave its project for any place of its organization, and is taken at home whatever is said of jobs.
        let of_job =
            link.job.into_iter().flat_map(|job| [job.place(), Place::Organization(job.organization)]);
        let granted = link.rights.iter().map(|(granted, _)| *granted);
        link.places.places().iter().copied().chain(granted).chain(of_job)
    });
    of_policies.chain(of_links).filter(|one| place.contains(*one)).chain([place]).collect()
}
