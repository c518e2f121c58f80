//! The decision: every reason, their order, and what the rules promise of all decisions.

mod chain;
mod home;
mod order;
mod places;
pub(crate) mod properties;
mod scopes;

use jeton_token::{
    Active, Approval, Audience, Catalogue, Circumstances, Demand, Expiry, Facts, Inactive, Link,
    NetworkLimit, OwnerState, Place, PlaceLimit, PrincipalId, PrincipalKind, Rights, ScopePattern, ScopeSet,
    Timestamp, TokenId, TokenKind, Verdict, Where, decide,
};

use crate::sample::{id, organization, rights, set, tasks};

pub(crate) const NOW: Timestamp = Timestamp(1_767_225_600_000);
/// Now, and nobody knows from where.
pub(crate) const HERE: Circumstances = Circumstances { now: NOW, client: None };

/// A personal token that may do everything, of an owner who may do everything.
pub(crate) fn link() -> Link {
    Link {
        id: TokenId(id(1)),
        kind: TokenKind::Personal,
        patterns: ScopeSet::everything(),
        places: PlaceLimit::Everywhere,
        networks: NetworkLimit::Anywhere,
        issued_at: Timestamp(0),
        used_at: Timestamp(0),
        expiry: Expiry::Never,
        approval: Approval::None,
        job: None,
        revoked: false,
        intact: true,
        owner: PrincipalId(id(2)),
        owner_kind: PrincipalKind::User,
        owner_state: OwnerState::Enabled,
        owner_seen_at: Some(Timestamp(0)),
        owner_groups: vec![],
        rights: vec![(Place::Global, rights(&["*"]))].into(),
    }
}

pub(crate) fn with_patterns(patterns: &[&str]) -> Link {
    Link { patterns: set(patterns), ..link() }
}

pub(crate) fn owned_by(patterns: &[&str]) -> Link {
    Link { rights: vec![(Place::Global, rights(patterns))].into(), ..link() }
}

pub(crate) fn within(place: Place) -> Link {
    Link { places: PlaceLimit::Within(vec![place]), ..link() }
}

pub(crate) fn from_network(network: &str) -> Link {
    Link { networks: NetworkLimit::Within(vec![network.parse().unwrap()]), ..link() }
}

pub(crate) fn alone(token: Link) -> Facts {
    Facts { token, ancestors: vec![], policies: vec![].into() }
}

/// What the API `tasks` of organization 1 asks, everywhere and without a scope.
pub(crate) fn asked(catalogue: &Catalogue) -> Demand<'_> {
    let audience = Audience::Api { catalogue, organization: Some(organization(1)) };
    Demand { audience, scope: None, place: Where::Everywhere, client: None }
}

/// What Jeton's own endpoints ask.
pub(crate) fn at_home() -> Demand<'static> {
    Demand { audience: Audience::Jeton, scope: None, place: Where::Everywhere, client: None }
}

pub(crate) fn judge(facts: &Facts, demand: &Demand<'_>) -> Result<Active, Inactive> {
    match decide(facts, demand, NOW) {
        Verdict::Active(active) => Ok(active),
        Verdict::Inactive(reason) => Err(reason),
    }
}

/// The reason why the token is not honoured by the API `tasks`, everywhere; nothing when it is.
pub(crate) fn reason(facts: &Facts) -> Option<Inactive> {
    judge(facts, &asked(&tasks())).err()
}

pub(crate) fn texts(rights: &Rights) -> Vec<&str> {
    rights.patterns().iter().map(ScopePattern::as_str).collect()
}
