//! The decision: is this token honoured, here and now, for this?
//!
//! ```text
//! effective right at a place = the token's patterns ∩ its owner's rights there now
//!                              ∩ the same of each ancestor ∩ limits of place and network
//! ```
//! [`decide`] is pure: it sees facts, a demand and a moment. Whoever calls it has already matched the secret.
//! An answer is a value ([`Verdict`]); not being able to know is the caller's error, never a verdict.
//!
//! Example: a pipeline's token `Taskurai.*` of an owner who lost the role yesterday is alive, and may do nothing.

use std::net::IpAddr;

use crate::catalogue::Catalogue;
use crate::id::{OrganizationId, PrincipalId, TokenId};
use crate::lifetime::{Expiry, Timestamp};
use crate::limits::{NetworkLimit, PlaceLimit};
use crate::principal::PrincipalKind;
use crate::rights::Rights;
use crate::scope::{Scope, ScopeSet};
use crate::tenant::Place;
use crate::token_text::TokenKind;

/// All that a decision is made from: the token, and the tokens that it was made with, nearest first.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The token itself.
    pub token: Link,
    /// Its parent, the parent's parent, and so on.
    pub ancestors: Vec<Link>,
}

impl Facts {
    /// The token and its ancestors.
    pub fn chain(&self) -> impl Iterator<Item = &Link> {
        std::iter::once(&self.token).chain(&self.ancestors)
    }

    /// The earliest end among the token and its ancestors.
    pub fn expiry(&self) -> Expiry {
        self.chain().map(|link| link.expiry).min().unwrap_or(Expiry::Never)
    }
}

/// One token of the chain with its owner's rights.
#[derive(Clone, Debug)]
pub struct Link {
    /// The token.
    pub id: TokenId,
    /// Its kind.
    pub kind: TokenKind,
    /// What it may do at most.
    pub patterns: ScopeSet,
    /// Where it may be used.
    pub places: PlaceLimit,
    /// From where it may be used.
    pub networks: NetworkLimit,
    /// When it ends.
    pub expiry: Expiry,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Whether the seal of its rows is right.
    pub intact: bool,
    /// Whose it is.
    pub owner: PrincipalId,
    /// What the owner is.
    pub owner_kind: PrincipalKind,
    /// Whether the owner may act at all.
    pub owner_state: OwnerState,
    /// What the owner may do now, by the place where it was granted.
    pub rights: Vec<(Place, Rights)>,
}

/// Whether an owner may act at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerState {
    /// It may.
    Enabled,
    /// Not now: its tokens are suspended.
    Disabled,
    /// Never again: its tokens are dead.
    Removed,
}

impl Inactive {
    /// The stable word for it on the wire.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::ParentInactive => "parent_inactive",
            Self::KindNotHonoured => "kind_not_honoured",
            Self::ClientIpRequired => "client_ip_required",
            Self::NetworkNotAllowed => "network_not_allowed",
            Self::ResourceRequired => "resource_required",
            Self::PlaceNotAllowed => "place_not_allowed",
            Self::MissingScope(_) => "missing_scope",
            Self::NothingEffective => "nothing_effective",
        }
    }
}

impl Link {
    /// The owner's rights at a place: those granted there or at a place around it.
    pub fn rights_at(&self, place: Place) -> Rights {
        let here = self.rights.iter().filter(|(granted, _)| granted.contains(place));
        here.flat_map(|(_, rights)| rights.patterns().iter().cloned()).collect()
    }
}

/// Who asks, and so which scopes and which places are meant.
#[derive(Clone, Copy, Debug)]
pub enum Audience<'a> {
    /// Jeton's own endpoints.
    Jeton,
    /// A protected API.
    Api {
        /// Its scopes.
        catalogue: &'a Catalogue,
        /// The organization that it serves; `None` serves every one.
        organization: Option<OrganizationId>,
    },
}

/// Where a call acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Everywhere that the audience serves, or nobody said.
    Everywhere,
    /// At this place.
    At(Place),
    /// At a place that does not exist.
    Nowhere,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// By whom.
    pub audience: Audience<'a>,
    /// The scope that the call needs; `None`: is anything effective at all?
    pub scope: Option<&'a Scope>,
    /// Where the call acts.
    pub place: Where,
    /// Where the call came from, when that is known.
    pub client: Option<IpAddr>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Honoured.
    Active(Active),
    /// Not honoured.
    Inactive(Inactive),
}

/// What an honoured token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// Its effective rights at the demanded place, implied scopes included.
    pub rights: Rights,
    /// The earliest end now known.
    pub expiry: Expiry,
}

/// Why a token is not honoured. The order is that of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inactive {
    /// Its row was altered outside Jeton.
    Altered,
    /// It was revoked, or its owner removed.
    Revoked,
    /// It is over.
    Expired,
    /// Its owner is disabled.
    Suspended,
    /// A token that it was made with is none of alive, unexpired and unsuspended.
    ParentInactive,
    /// Sessions and API credentials are honoured by Jeton alone.
    KindNotHonoured,
    /// It is limited to networks, and where the call came from was not said.
    ClientIpRequired,
    /// It is limited to networks, and the call came from elsewhere.
    NetworkNotAllowed,
    /// It is limited to places, and which place is meant was not said.
    ResourceRequired,
    /// It is limited to places, or the API to an organization, and the call acts elsewhere.
    PlaceNotAllowed,
    /// It lacks the demanded scope there.
    MissingScope(Scope),
    /// Nothing is effective for this audience there.
    NothingEffective,
}

/// Whether the token has anything to do with the audience: only then may it be told why a token is refused.
pub fn concerns(token: &Link, audience: Audience<'_>) -> bool {
    match audience {
        Audience::Jeton => true,
        Audience::Api { catalogue, .. } => {
            let matched = |pattern| catalogue.matches(pattern);
            token.kind.leaves_home() && token.patterns.patterns().iter().any(matched)
        }
    }
}

/// Whether the token itself may be honoured anywhere: alive, unexpired, unsuspended, like its ancestors.
pub fn standing(facts: &Facts, now: Timestamp) -> Result<(), Inactive> {
    check_alive(&facts.token, now)?;
    if facts.ancestors.iter().all(|link| check_alive(link, now).is_ok()) {
        Ok(())
    } else {
        Err(Inactive::ParentInactive)
    }
}

/// Decides. Anything not explicitly allowed is refused.
pub fn decide(facts: &Facts, demand: &Demand<'_>, now: Timestamp) -> Verdict {
    match honoured(facts, demand, now) {
        Ok(active) => Verdict::Active(active),
        Err(reason) => Verdict::Inactive(reason),
    }
}

/// What a chain of tokens may do at a place, whoever asks.
pub fn effective_at(facts: &Facts, place: Place, catalogues: &[&Catalogue]) -> Rights {
    let everything: Rights = ScopeSet::everything().rights();
    facts.chain().fold(everything, |held, link| {
        if !link.places.covers(place) {
            return Rights::none();
        }
        let granted = link.patterns.rights().with_implied(catalogues.iter().copied());
        let owned = link.rights_at(place).with_implied(catalogues.iter().copied());
        held.intersection(&granted).intersection(&owned)
    })
}

fn honoured(facts: &Facts, demand: &Demand<'_>, now: Timestamp) -> Result<Active, Inactive> {
    standing(facts, now)?;
    check_kind(facts, demand)?;
    check_network(facts, demand)?;
    let place = check_place(facts, demand)?;
    let rights = rights_for(facts, demand.audience, place);
    check_scope(&rights, demand)?;
    Ok(Active { rights, expiry: facts.expiry() })
}

fn check_alive(link: &Link, now: Timestamp) -> Result<(), Inactive> {
    if !link.intact {
        Err(Inactive::Altered)
    } else if link.revoked || link.owner_state == OwnerState::Removed {
        Err(Inactive::Revoked)
    } else if link.expiry.is_over(now) {
        Err(Inactive::Expired)
    } else if link.owner_state == OwnerState::Disabled {
        Err(Inactive::Suspended)
    } else {
        Ok(())
    }
}

fn check_kind(facts: &Facts, demand: &Demand<'_>) -> Result<(), Inactive> {
    match demand.audience {
        Audience::Jeton => Ok(()),
        Audience::Api { .. } if facts.token.kind.leaves_home() => Ok(()),
        Audience::Api { .. } => Err(Inactive::KindNotHonoured),
    }
}

fn check_network(facts: &Facts, demand: &Demand<'_>) -> Result<(), Inactive> {
    for limit in facts.chain().map(|link| &link.networks) {
        match (limit, demand.client) {
            (NetworkLimit::Anywhere, _) => {}
            (NetworkLimit::Within(_), None) => return Err(Inactive::ClientIpRequired),
            (NetworkLimit::Within(_), Some(client)) if limit.covers(client) => {}
            (NetworkLimit::Within(_), Some(_)) => return Err(Inactive::NetworkNotAllowed),
        }
    }
    Ok(())
}

/// The place to judge at.
fn check_place(facts: &Facts, demand: &Demand<'_>) -> Result<Place, Inactive> {
    let served = match demand.audience {
        Audience::Jeton | Audience::Api { organization: None, .. } => Place::Global,
        Audience::Api { organization: Some(organization), .. } => Place::Organization(organization),
    };
    let allowed = |place| facts.chain().all(|link| link.places.covers(place));
    match (demand.place, demand.audience) {
        // At home a limited token may at least look at itself; its rights are none where it is not allowed.
        (Where::Everywhere, Audience::Jeton) => Ok(served),
        (Where::Everywhere, Audience::Api { .. }) if allowed(served) => Ok(served),
        (Where::Everywhere, Audience::Api { .. }) => Err(Inactive::ResourceRequired),
        (Where::At(place), _) if served.contains(place) && allowed(place) => Ok(place),
        (Where::At(_) | Where::Nowhere, _) => Err(Inactive::PlaceNotAllowed),
    }
}

fn rights_for(facts: &Facts, audience: Audience<'_>, place: Place) -> Rights {
    match audience {
        Audience::Jeton => effective_at(facts, place, &[]),
        Audience::Api { catalogue, .. } => {
            let rights = effective_at(facts, place, &[catalogue]);
            catalogue.held(&rights).into_iter().cloned().map(Into::into).collect()
        }
    }
}

fn check_scope(rights: &Rights, demand: &Demand<'_>) -> Result<(), Inactive> {
    match (demand.scope, demand.audience) {
        (Some(scope), _) if rights.covers(scope) => Ok(()),
        (Some(scope), _) => Err(Inactive::MissingScope(scope.clone())),
        (None, Audience::Api { .. }) if rights.is_empty() => Err(Inactive::NothingEffective),
        // At home a token without any right may still look at itself and end itself.
        (None, Audience::Api { .. } | Audience::Jeton) => Ok(()),
    }
}
