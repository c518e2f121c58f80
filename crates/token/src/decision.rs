//! The decision: is this token honoured, here and now, for this?
//!
//! ```text
//! effective right at a place = the token's patterns ∩ its owner's rights there now
//!                              ∩ the same of each ancestor ∩ limits of place and network ∩ policies
//! ```
//! [`decide`] is pure: it sees facts, a demand and a moment. Whoever calls it has already matched the secret.
//! An answer is a value ([`Verdict`]); not being able to know is the caller's error, never a verdict.
//!
//! Example: a pipeline's token `Taskurai.*` of an owner who lost the role yesterday is alive, and may do nothing.

use std::net::IpAddr;
use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::id::{GroupId, OrganizationId, PrincipalId, TokenId};
use crate::job::{self, JobOrigin};
use crate::lifetime::{Expiry, Timestamp};
use crate::limits::{NetworkLimit, PlaceLimit};
use crate::policy::{Holder, PlacedPolicy, Policy, PolicyRule};
use crate::principal::PrincipalKind;
use crate::rights::Rights;
use crate::scope::{Scope, ScopePattern, ScopeSet};
use crate::tenant::Place;
use crate::token_text::TokenKind;

/// All that a decision is made from: the token, and the tokens that it was made with, nearest first.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The token itself.
    pub token: Link,
    /// Its parent, the parent's parent, and so on.
    pub ancestors: Vec<Link>,
    /// What places demand, at least those that the demand is about. The same list serves the facts of many tokens.
    pub policies: Arc<Vec<PlacedPolicy>>,
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

    pub(crate) fn policies(&self, place: Place, reach: Reach) -> impl Iterator<Item = &Policy> {
        self.placed_policies(place, reach).map(|placed| &placed.policy)
    }

    fn placed_policies(&self, place: Place, reach: Reach) -> impl Iterator<Item = &PlacedPolicy> {
        let counts = move |placed: &&PlacedPolicy| match reach {
            Reach::Here => placed.place.contains(place),
            Reach::Within => placed.place.meets(place),
        };
        self.policies.iter().filter(counts)
    }
}

/// Which policies count for a right at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those of the place and of the places around it: the call acts there.
    Here,
    /// Those of places within it too: the call may act anywhere there.
    Within,
}

/// When and from where a call is made.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The present moment.
    pub now: Timestamp,
    /// Where the call came from, when that is known.
    pub client: Option<IpAddr>,
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
    /// When its secret was made.
    pub issued_at: Timestamp,
    /// When it was used last, or given its secret, whichever is later.
    pub used_at: Timestamp,
    /// When it ends.
    pub expiry: Expiry,
    /// How far its approval is.
    pub approval: Approval,
    /// The job that it is of.
    pub job: Option<JobOrigin>,
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
    /// For a person: when they last signed in, or were made.
    pub owner_seen_at: Option<Timestamp>,
    /// The groups that the owner is in, `everyone` among them where it applies.
    pub owner_groups: Vec<GroupId>,
    /// What the owner may do now, by the place where it was granted. The same list serves all tokens of the owner.
    pub rights: Arc<Vec<(Place, Rights)>>,
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

/// How far the approval of a token is that a policy asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Nobody asked, and nobody gave one.
    None,
    /// The token can do nothing until somebody has looked at it.
    Pending,
    /// Somebody did, for what these places wanted of it then. What another place wants, or the same one later, is not
    /// among it.
    Given(Vec<PlacedPattern>),
}

/// Scopes at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlacedPattern {
    /// The place.
    pub place: Place,
    /// The scopes.
    pub pattern: ScopePattern,
}

impl Approval {
    /// Whether somebody approved all of these scopes for what the policy of this place wants.
    fn covers(&self, place: Place, pattern: &ScopePattern) -> bool {
        let covers = |given: &PlacedPattern| given.place == place && given.pattern.covers_pattern(pattern);
        matches!(self, Self::Given(given) if given.iter().any(covers))
    }
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
            Self::Pending => "pending",
            Self::Policy(rule) => rule.word(),
            Self::ApprovalRequired(_) => "approval_required",
        }
    }

    /// Whether the token is alive and only does not reach this far: HTTP answers 403 then, and 401 otherwise
    /// (RFC 6750, section 3.1).
    pub fn token_is_live(&self) -> bool {
        match self {
            Self::MissingScope(_)
            | Self::NothingEffective
            | Self::ResourceRequired
            | Self::PlaceNotAllowed
            | Self::ClientIpRequired
            | Self::NetworkNotAllowed
            | Self::Policy(PolicyRule::Creators | PolicyRule::JobProjects)
            | Self::ApprovalRequired(_) => true,
            Self::Altered
            | Self::Revoked
            | Self::Expired
            | Self::Suspended
            | Self::ParentInactive
            | Self::KindNotHonoured
            | Self::Pending
            | Self::Policy(
                PolicyRule::Lifetime | PolicyRule::NeverExpires | PolicyRule::SignIn | PolicyRule::Unused,
            ) => false,
        }
    }
}

impl Link {
    /// Whether policies are about it: it is a token that somebody keeps.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.kind, TokenKind::Personal | TokenKind::Service)
    }

    /// Whether the policy wants an approval of some scope of the pattern, and the token has none for it.
    fn lacks_approval(&self, placed: &PlacedPolicy, pattern: &ScopePattern) -> bool {
        let lacks = |wanted: ScopePattern| !self.approval.covers(placed.place, &wanted);
        self.is_kept() && placed.policy.approval_wanted_of(pattern).any(lacks)
    }

    /// Whether it is a job's, and the scope one that no job has.
    pub(crate) fn lacks_as_job(&self, scope: &Scope) -> bool {
        self.kind == TokenKind::Job && job::is_never_a_jobs(scope)
    }

    fn holder(&self) -> Holder<'_> {
        Holder {
            owner: self.owner,
            groups: &self.owner_groups,
            seen_at: self.owner_seen_at,
            issued_at: self.issued_at,
            used_at: self.used_at,
            expiry: self.expiry,
        }
    }

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
    /// It waits for an approval.
    Pending,
    /// A place does not take it.
    Policy(PolicyRule),
    /// A place wants an approval before a token has this scope, and nobody gave one.
    ApprovalRequired(Scope),
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

/// Whether the token itself may be honoured anywhere: alive, unexpired, unsuspended, like its ancestors, and taken
/// by the policy that holds everywhere.
pub fn standing(facts: &Facts, now: Timestamp) -> Result<(), Inactive> {
    check_alive(&facts.token, now)?;
    if !facts.ancestors.iter().all(|link| check_alive(link, now).is_ok()) {
        return Err(Inactive::ParentInactive);
    }
    check_policies(facts, Place::Global, Reach::Here, now)
}

/// Decides. Anything not explicitly allowed is refused.
pub fn decide(facts: &Facts, demand: &Demand<'_>, now: Timestamp) -> Verdict {
    match honoured(facts, demand, now) {
        Ok(active) => Verdict::Active(active),
        Err(reason) => Verdict::Inactive(reason),
    }
}

/// What a chain of tokens may do at a place, whoever asks: as far as patterns can say it. A scope that is withheld
/// there ([`withheld`]) is not among it.
pub fn effective_at(
    facts: &Facts,
    place: Place,
    catalogues: &[&Catalogue],
    circumstances: Circumstances,
) -> Rights {
    effective(facts, (place, Reach::Here), catalogues, circumstances)
}

/// Whether a chain of tokens may do all of `wanted` everywhere in a place, and so may give it away there: each
/// pattern, whatever policies are set within, and with every approval that they want.
pub fn covers_within(
    facts: &Facts,
    place: Place,
    wanted: &Rights,
    catalogues: &[&Catalogue],
    circumstances: Circumstances,
) -> bool {
    let at = (place, Reach::Within);
    let held = effective(facts, at, catalogues, circumstances);
    let lacks = |pattern: &ScopePattern| lacks_approval(facts, at, pattern) || never_a_jobs(facts, pattern);
    // What a scope brings along is given away with it.
    let given = wanted.with_implied(catalogues.iter().copied());
    held.covers_all(wanted) && !given.patterns().iter().any(lacks)
}

/// Whether the tokens lack a scope that their patterns and owners have: a policy at the place wants an approval that
/// nobody gave, or one of them is a job's and no job has it.
pub fn withheld(facts: &Facts, place: Place, scope: &Scope) -> bool {
    is_withheld(facts, (place, Reach::Here), scope) || facts.chain().any(|link| link.lacks_as_job(scope))
}

fn never_a_jobs(facts: &Facts, pattern: &ScopePattern) -> bool {
    facts.chain().any(|link| link.kind == TokenKind::Job) && job::has_what_is_never_a_jobs(pattern)
}

fn honoured(facts: &Facts, demand: &Demand<'_>, now: Timestamp) -> Result<Active, Inactive> {
    standing(facts, now)?;
    check_kind(facts, demand)?;
    check_network(facts, demand.client)?;
    let at = check_place(facts, demand)?;
    check_taken(facts, at, Circumstances { now, client: demand.client })?;
    let rights = rights_for(facts, demand, at, now);
    check_scope(&rights, facts, demand, at)?;
    Ok(Active { rights, expiry: end(facts, at) })
}

/// The earliest end of a chain of tokens that is known now, wherever it is used: its own, its ancestors', and what the
/// policies that hold everywhere say.
pub fn known_end(facts: &Facts) -> Expiry {
    end(facts, (Place::Global, Reach::Here))
}

/// A place, and which policies count for it.
pub(crate) type At = (Place, Reach);

/// The earliest end now known, policies included.
pub(crate) fn end(facts: &Facts, (place, reach): At) -> Expiry {
    let kept = facts.chain().filter(|link| link.is_kept());
    let cut = kept.flat_map(|link| facts.policies(place, reach).map(|policy| policy.until(link.holder())));
    cut.min().map_or(facts.expiry(), |cut| cut.min(facts.expiry()))
}

fn effective(facts: &Facts, at: At, catalogues: &[&Catalogue], circumstances: Circumstances) -> Rights {
    if check_taken(facts, at, circumstances).is_err() {
        return Rights::none();
    }
    intersected(facts, at, catalogues)
}

/// What patterns and owners have in common at a place, whoever takes the tokens there.
pub(crate) fn intersected(facts: &Facts, at: At, catalogues: &[&Catalogue]) -> Rights {
    let (place, reach) = at;
    let everything: Rights = ScopeSet::everything().rights();
    facts.chain().fold(everything, |held, link| {
        if !link.places.covers(place) {
            return Rights::none();
        }
        let granted = counted(facts, link, (place, reach)).with_implied(catalogues.iter().copied());
        let owned = link.rights_at(place).with_implied(catalogues.iter().copied());
        held.intersection(&granted).intersection(&owned)
    })
}

/// The patterns of a token, without those that do not count at the place.
pub(crate) fn counted(facts: &Facts, link: &Link, (place, reach): At) -> Rights {
    let counts = |pattern: &&ScopePattern| {
        !link.is_kept() || facts.policies(place, reach).all(|policy| policy.counts(pattern))
    };
    link.patterns.patterns().iter().filter(counts).cloned().collect()
}

pub(crate) fn is_withheld(facts: &Facts, (place, reach): At, scope: &Scope) -> bool {
    let scope = ScopePattern::from(scope.clone());
    lacks_approval(facts, (place, reach), &scope)
}

fn lacks_approval(facts: &Facts, (place, reach): At, pattern: &ScopePattern) -> bool {
    let lacks = |placed| facts.chain().any(|link| link.lacks_approval(placed, pattern));
    facts.placed_policies(place, reach).any(lacks)
}

pub(crate) fn check_alive(link: &Link, now: Timestamp) -> Result<(), Inactive> {
    if !link.intact {
        Err(Inactive::Altered)
    } else if link.revoked || link.owner_state == OwnerState::Removed {
        Err(Inactive::Revoked)
    } else if link.expiry.is_over(now) {
        Err(Inactive::Expired)
    } else if link.owner_state == OwnerState::Disabled {
        Err(Inactive::Suspended)
    } else if link.approval == Approval::Pending {
        Err(Inactive::Pending)
    } else {
        Ok(())
    }
}

pub(crate) fn check_kind(facts: &Facts, demand: &Demand<'_>) -> Result<(), Inactive> {
    match demand.audience {
        Audience::Jeton => Ok(()),
        Audience::Api { .. } if facts.token.kind.leaves_home() => Ok(()),
        Audience::Api { .. } => Err(Inactive::KindNotHonoured),
    }
}

pub(crate) fn check_network(facts: &Facts, client: Option<IpAddr>) -> Result<(), Inactive> {
    facts.chain().try_for_each(|link| from_allowed(&link.networks, client))
}

fn from_allowed(limit: &NetworkLimit, client: Option<IpAddr>) -> Result<(), Inactive> {
    match (limit, client) {
        (NetworkLimit::Anywhere, _) => Ok(()),
        (NetworkLimit::Within(_), None) => Err(Inactive::ClientIpRequired),
        (NetworkLimit::Within(_), Some(client)) if limit.covers(client) => Ok(()),
        (NetworkLimit::Within(_), Some(_)) => Err(Inactive::NetworkNotAllowed),
    }
}

/// The place to judge at.
pub(crate) fn check_place(facts: &Facts, demand: &Demand<'_>) -> Result<At, Inactive> {
    let served = match demand.audience {
        Audience::Jeton | Audience::Api { organization: None, .. } => Place::Global,
        Audience::Api { organization: Some(organization), .. } => Place::Organization(organization),
    };
    let allowed = |place| facts.chain().all(|link| link.places.covers(place));
    match (demand.place, demand.audience) {
        // At home a limited token may at least look at itself; its rights are none where it is not allowed.
        (Where::Everywhere, Audience::Jeton) => Ok((served, Reach::Here)),
        (Where::Everywhere, Audience::Api { .. }) if allowed(served) => Ok((served, Reach::Within)),
        (Where::Everywhere, Audience::Api { .. }) => Err(Inactive::ResourceRequired),
        // A call at a whole organization may act in every project of it.
        (Where::At(place), _) if served.contains(place) && allowed(place) => Ok((place, Reach::Within)),
        (Where::At(_) | Where::Nowhere, _) => Err(Inactive::PlaceNotAllowed),
    }
}

/// Whether the policies that count at the place take the tokens, called from where they are.
pub(crate) fn check_taken(facts: &Facts, at: At, circumstances: Circumstances) -> Result<(), Inactive> {
    let (place, reach) = at;
    check_policies(facts, place, reach, circumstances.now)?;
    check_job_projects(facts, place, reach)?;
    if facts.chain().any(Link::is_kept) {
        let mut limits = facts.policies(place, reach).map(Policy::network_limit);
        return limits.try_for_each(|limit| from_allowed(&limit, circumstances.client));
    }
    Ok(())
}

pub(crate) fn check_policies(
    facts: &Facts,
    place: Place,
    reach: Reach,
    now: Timestamp,
) -> Result<(), Inactive> {
    for link in facts.chain().filter(|link| link.is_kept()) {
        for policy in facts.policies(place, reach) {
            policy.admits(link.holder(), now).map_err(Inactive::Policy)?;
        }
    }
    Ok(())
}

/// Whether the places there take jobs of the project that a token's job runs in. At home, a job may look at itself; an API
/// that serves every organization is told of it at no place that would not take it.
pub(crate) fn check_job_projects(facts: &Facts, place: Place, reach: Reach) -> Result<(), Inactive> {
    if (place, reach) == (Place::Global, Reach::Here) {
        return Ok(());
    }
    for origin in facts.chain().filter_map(|link| link.job) {
        let home = origin.place();
        // What a project says about jobs is about those of others.
        let taken = |placed: &PlacedPolicy| {
            home.contains(place) || home.contains(placed.place) || placed.policy.takes_jobs_of(home)
        };
        if !facts.placed_policies(place, reach).all(taken) {
            return Err(Inactive::Policy(PolicyRule::JobProjects));
        }
    }
    Ok(())
}

fn rights_for(facts: &Facts, demand: &Demand<'_>, at: At, now: Timestamp) -> Rights {
    let circumstances = Circumstances { now, client: demand.client };
    match demand.audience {
        Audience::Jeton => effective(facts, at, &[], circumstances),
        Audience::Api { catalogue, .. } => {
            let rights = effective(facts, at, &[catalogue], circumstances);
            let never = |scope: &Scope| facts.chain().any(|link| link.lacks_as_job(scope));
            let held = catalogue.held(&rights).into_iter();
            let held = held.filter(|scope| !is_withheld(facts, at, scope) && !never(scope));
            held.cloned().map(Into::into).collect()
        }
    }
}

fn check_scope(rights: &Rights, facts: &Facts, demand: &Demand<'_>, at: At) -> Result<(), Inactive> {
    match (demand.scope, demand.audience) {
        (Some(scope), _) if facts.chain().any(|link| link.lacks_as_job(scope)) => {
            Err(Inactive::MissingScope(scope.clone()))
        }
        (Some(scope), _) if is_withheld(facts, at, scope) => Err(Inactive::ApprovalRequired(scope.clone())),
        (Some(scope), _) if rights.covers(scope) => Ok(()),
        (Some(scope), _) => Err(Inactive::MissingScope(scope.clone())),
        (None, Audience::Api { .. }) if rights.is_empty() => Err(Inactive::NothingEffective),
        // At home a token without any right may still look at itself and end itself.
        (None, Audience::Api { .. } | Audience::Jeton) => Ok(()),
    }
}
