//! Policies: what a place demands of the tokens used there.
//!
//! A policy holds at its place and at all places within. Each is judged for itself and all must be content, so
//! one further down can only tighten: what the organization refuses, no project allows.
//!
//! ```text
//! organization  lifetime ≤ 30 days
//!   project     lifetime ≤ 90 days     → 30 days hold there too
//! ```
//! Policies are for the tokens that people and service accounts keep; of a job's they only say whose jobs may act
//! there. A signed-in person and an API's own credential are not judged by them, so no policy locks out whoever could
//! change it.

use crate::alias::meant_by_pattern;
use crate::id::{GroupId, PrincipalId};
use crate::lifetime::{Expiry, Timestamp};
use crate::limits::{Network, NetworkLimit};
use crate::rights::Rights;
use crate::scope::ScopePattern;
use crate::tenant::Place;

/// What a place demands. What is `None` it leaves to the places around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The longest life of a secret, in milliseconds.
    pub lifetime_ms_max: Option<i64>,
    /// The life of a secret when nobody says, in milliseconds.
    pub lifetime_ms_default: Option<i64>,
    /// Whether a token may have no end.
    pub never_expires: Option<Rule>,
    /// Whether the pattern `*` counts.
    pub everything: Option<Rule>,
    /// What happens when more is asked for than the longest life.
    pub excess: Option<Excess>,
    /// Whose tokens count; nobody's if the list is empty.
    pub creators: Option<Vec<Creator>>,
    /// Where calls must come from; from nowhere if the list is empty.
    pub networks: Option<Vec<Network>>,
    /// Scopes that a token has only once somebody has approved it.
    pub approval: Option<Vec<ScopePattern>>,
    /// Tokens of a person who has not signed in for so long are suspended, in milliseconds.
    pub sign_in_within_ms: Option<i64>,
    /// Tokens that nobody has used for so long are suspended, in milliseconds.
    pub used_within_ms: Option<i64>,
    /// For so long after a person has made or rotated a token it may rotate itself, in milliseconds.
    pub renewable_for_ms: Option<i64>,
    /// The projects whose jobs may act here besides those of the place where they act; none if the list is empty.
    pub job_projects: Option<Vec<Place>>,
}

/// Whether something may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

/// What happens when somebody asks for a longer life than is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excess {
    /// It is cut.
    Clamp,
    /// It is refused.
    Refuse,
}

/// Somebody whose tokens count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Creator {
    /// A user or service account.
    Principal(PrincipalId),
    /// Whoever is in the group.
    Group(GroupId),
}

/// A policy with the place that it was set at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedPolicy {
    /// Where it was set.
    pub place: Place,
    /// What it demands.
    pub policy: Policy,
}

/// The rule of a policy that a token does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyRule {
    /// Its secret is older than a life may be.
    Lifetime,
    /// It has no end.
    NeverExpires,
    /// Its owner is not among those whose tokens count.
    Creators,
    /// Its owner has not signed in for too long.
    SignIn,
    /// It was not used for too long.
    Unused,
    /// It is a job's, of a project whose jobs may not act there.
    JobProjects,
}

impl PolicyRule {
    /// The stable word for it on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lifetime => "policy_lifetime",
            Self::NeverExpires => "policy_never_expires",
            Self::Creators => "policy_creators",
            Self::SignIn => "policy_sign_in",
            Self::Unused => "policy_unused",
            Self::JobProjects => "policy_job_projects",
        }
    }
}

/// What a policy looks at.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// Whose token it is.
    pub owner: PrincipalId,
    /// The groups that the owner is in, `everyone` among them where it applies.
    pub groups: &'a [GroupId],
    /// For a person: when they last signed in, or were made.
    pub seen_at: Option<Timestamp>,
    /// When the secret was made.
    pub issued_at: Timestamp,
    /// When the token was used last, or given its secret, whichever is later.
    pub used_at: Timestamp,
    /// When the token ends.
    pub expiry: Expiry,
}

impl Policy {
    /// Whether it demands nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// When a secret made at this moment with this end is over: the longest life counts for each secret.
    pub fn end(&self, issued_at: Timestamp, expiry: Expiry) -> Expiry {
        match self.lifetime_ms_max {
            Some(max) => expiry.min(Expiry::At(issued_at.plus_ms(max))),
            None => expiry,
        }
    }

    /// When the place stops taking a token, as far as is known now: with its life, or when its owner has not signed in
    /// for too long. That it is not used may end it, too, but using it puts that off.
    pub fn until(&self, holder: Holder<'_>) -> Expiry {
        let signed_in = self.sign_in_within_ms.zip(holder.seen_at);
        let seen = signed_in.map_or(Expiry::Never, |(within, seen_at)| Expiry::At(seen_at.plus_ms(within)));
        self.end(holder.issued_at, holder.expiry).min(seen)
    }

    /// Whether a token is one that the place takes.
    pub fn admits(&self, holder: Holder<'_>, now: Timestamp) -> Result<(), PolicyRule> {
        if self.end(holder.issued_at, holder.expiry).is_over(now) {
            return Err(PolicyRule::Lifetime);
        }
        // Also where a longest life would cut it: one more demand never makes a policy content.
        if self.never_expires == Some(Rule::Refused) && holder.expiry == Expiry::Never {
            return Err(PolicyRule::NeverExpires);
        }
        if !self.creators.as_ref().is_none_or(|creators| creators.iter().any(|one| one.is(holder))) {
            return Err(PolicyRule::Creators);
        }
        let is_over = |within: Option<i64>, since: Option<Timestamp>| {
            within.zip(since).is_some_and(|(within, since)| Expiry::At(since.plus_ms(within)).is_over(now))
        };
        if is_over(self.sign_in_within_ms, holder.seen_at) {
            return Err(PolicyRule::SignIn);
        }
        if is_over(self.used_within_ms, Some(holder.used_at)) {
            return Err(PolicyRule::Unused);
        }
        Ok(())
    }

    /// Where calls must come from.
    pub fn network_limit(&self) -> NetworkLimit {
        match &self.networks {
            None => NetworkLimit::Anywhere,
            // An empty list of a policy is a list of nothing; an empty list of a token is no limit.
            Some(networks) => NetworkLimit::Within(networks.clone()),
        }
    }

    /// Whether jobs of a project may act here, when they come from elsewhere.
    pub fn takes_jobs_of(&self, project: Place) -> bool {
        self.job_projects.as_ref().is_none_or(|places| places.iter().any(|place| place.contains(project)))
    }

    /// Whether the pattern counts.
    pub fn counts(&self, pattern: &ScopePattern) -> bool {
        !(self.everything == Some(Rule::Refused) && pattern.is_everything())
    }

    /// Whether some scope of this pattern is one that a token has only once it is approved.
    pub fn wants_approval_of(&self, pattern: &ScopePattern) -> bool {
        self.approval_wanted_of(pattern).next().is_some()
    }

    /// Which scopes of this pattern a token has only once it is approved: those of its own, and what others of it are
    /// another name for.
    pub fn approval_wanted_of(&self, pattern: &ScopePattern) -> impl Iterator<Item = ScopePattern> {
        self.approval.iter().flatten().flat_map(|wanting| met(wanting, pattern))
    }

    /// Which of the listed scopes reach something of these rights, as they are listed.
    pub fn approvals_of(&self, rights: &Rights) -> impl Iterator<Item = &ScopePattern> {
        let reaches = |wanting: &&ScopePattern| {
            rights.patterns().iter().any(|pattern| met(wanting, pattern).next().is_some())
        };
        self.approval.iter().flatten().filter(reaches)
    }

    /// Both together in one: of each demand the tighter one. The default life is that of `self` where it says one, cut
    /// to the longest. A creator of either is one of both only if both name it alike: whom two lists take together
    /// no one list can say when one names groups, so verdicts ask each policy for itself.
    #[must_use]
    pub fn tightened_by(&self, other: &Self) -> Self {
        let lifetime_ms_max = least(self.lifetime_ms_max, other.lifetime_ms_max);
        let usual = self.lifetime_ms_default.or(other.lifetime_ms_default);
        Self {
            lifetime_ms_max,
            lifetime_ms_default: usual.map(|usual| lifetime_ms_max.map_or(usual, |max| usual.min(max))),
            never_expires: self.never_expires.max(other.never_expires),
            everything: self.everything.max(other.everything),
            excess: self.excess.max(other.excess),
            creators: both(self.creators.as_ref(), other.creators.as_ref(), |a, b| a == b),
            networks: match self.network_limit().intersection(&other.network_limit()) {
                NetworkLimit::Anywhere => None,
                NetworkLimit::Within(networks) => Some(networks),
            },
            approval: either(self.approval.as_ref(), other.approval.as_ref()),
            sign_in_within_ms: least(self.sign_in_within_ms, other.sign_in_within_ms),
            used_within_ms: least(self.used_within_ms, other.used_within_ms),
            renewable_for_ms: least(self.renewable_for_ms, other.renewable_for_ms),
            job_projects: both(self.job_projects.as_ref(), other.job_projects.as_ref(), |a, b| a == b),
        }
    }

    /// The fields in which this would loosen what `outer` demands, by name. They would change nothing.
    pub fn loosens(&self, outer: &Self) -> Vec<&'static str> {
        let longer = |mine: Option<i64>, theirs: Option<i64>| mine.zip(theirs).is_some_and(|(m, t)| m > t);
        let allows = |mine: Option<Rule>, theirs: Option<Rule>| {
            (mine, theirs) == (Some(Rule::Allowed), Some(Rule::Refused))
        };
        let outside = |mine: &Network, theirs: &[Network]| !theirs.iter().any(|n| n.contains_network(mine));
        let networks = self.networks.as_ref().zip(outer.networks.as_ref());
        let beyond = |mine: &Place, theirs: &[Place]| !theirs.iter().any(|place| place.contains(*mine));
        let projects = self.job_projects.as_ref().zip(outer.job_projects.as_ref());
        let checks = [
            ("lifetime_minutes_max", longer(self.lifetime_ms_max, outer.lifetime_ms_max)),
            ("lifetime_minutes_default", longer(self.lifetime_ms_default, outer.lifetime_ms_max)),
            ("never_expires", allows(self.never_expires, outer.never_expires)),
            ("everything", allows(self.everything, outer.everything)),
            ("excess", (self.excess, outer.excess) == (Some(Excess::Clamp), Some(Excess::Refuse))),
            ("networks", networks.is_some_and(|(mine, theirs)| mine.iter().any(|n| outside(n, theirs)))),
            ("sign_in_within_days", longer(self.sign_in_within_ms, outer.sign_in_within_ms)),
            ("used_within_days", longer(self.used_within_ms, outer.used_within_ms)),
            ("renewable_for_days", longer(self.renewable_for_ms, outer.renewable_for_ms)),
            ("job_projects", projects.is_some_and(|(mine, theirs)| mine.iter().any(|p| beyond(p, theirs)))),
        ];
        checks.into_iter().filter(|(_, loosens)| *loosens).map(|(name, _)| name).collect()
    }
}

impl Creator {
    fn is(&self, holder: Holder<'_>) -> bool {
        match self {
            Self::Principal(principal) => *principal == holder.owner,
            Self::Group(group) => holder.groups.contains(group),
        }
    }
}

/// What a listed pattern has in common with another one, by its own names and by those that it means.
fn met(wanting: &ScopePattern, pattern: &ScopePattern) -> impl Iterator<Item = ScopePattern> {
    let meant = meant_by_pattern(pattern).filter_map(|meant| wanting.meet(&meant));
    wanting.meet(pattern).into_iter().chain(meant)
}

fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

fn both<T: Clone>(
    one: Option<&Vec<T>>,
    other: Option<&Vec<T>>,
    same: impl Fn(&T, &T) -> bool,
) -> Option<Vec<T>> {
    match (one, other) {
        (Some(one), Some(other)) => {
            Some(one.iter().filter(|mine| other.iter().any(|yours| same(mine, yours))).cloned().collect())
        }
        (one, other) => one.or(other).cloned(),
    }
}

fn either(one: Option<&Vec<ScopePattern>>, other: Option<&Vec<ScopePattern>>) -> Option<Vec<ScopePattern>> {
    let mut all: Vec<_> = one.into_iter().chain(other).flatten().cloned().collect();
    all.sort_unstable();
    all.dedup();
    if one.is_none() && other.is_none() { None } else { Some(all) }
}
