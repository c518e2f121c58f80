//! Tokens with their secrets and ancestors.

mod expiring;
mod read;
mod secret;
mod write;

use std::sync::Arc;

use jeton_token::{
    Approval, Expiry, Facts, JobOrigin, Link, NetworkLimit, OrganizationId, OwnerState, PepperVersion, Place,
    PlaceLimit, PlacedPattern, PrincipalId, PrincipalKind, ProjectId, ScopeSet, SecretId, Timestamp,
    TokenDigest, TokenId, TokenKind,
};

use super::job::JobNow;
use super::principal::PasswordHash;
use super::rights::Grounds;
use super::seal::Seal;

pub(crate) use expiring::Expiring;
pub(super) use read::{kind_of, load};
pub(super) use write::{Pen, approve, create, edit, finish, renew, revoke, revoke_of_owner};

/// Every statement about tokens.
#[cfg(test)]
pub(super) fn statements() -> impl Iterator<Item = super::database::Statement> {
    let listed = [expiring::STATEMENTS, read::STATEMENTS, secret::STATEMENTS, write::STATEMENTS];
    listed.into_iter().flatten().copied()
}

/// A token's record: the grant. Its secrets are rows of their own.
#[derive(Clone, Debug)]
pub(crate) struct TokenRecord {
    pub(crate) number: i64,
    pub(crate) id: TokenId,
    pub(crate) kind: TokenKind,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) owner: PrincipalId,
    pub(crate) owner_kind: PrincipalKind,
    pub(crate) owner_name: String,
    pub(crate) owner_number: i64,
    pub(crate) owner_state: OwnerState,
    /// When the owner last signed in, or was made.
    pub(crate) owner_seen_at: Timestamp,
    /// Where the owner is looked after: everywhere, or in the organization of a service account or an API.
    pub(crate) owner_home: Place,
    pub(crate) parent: Option<TokenId>,
    pub(crate) created_by: Option<TokenId>,
    pub(crate) patterns: ScopeSet,
    pub(crate) places: PlaceLimit,
    pub(crate) networks: NetworkLimit,
    pub(crate) approval: Approval,
    /// The job that it is of.
    pub(crate) job: Option<JobOrigin>,
    /// What else holds for that job now.
    pub(crate) job_now: Option<JobNow>,
    /// Who has had a secret of it besides its owner.
    pub(crate) holders: Vec<PrincipalId>,
    pub(crate) created_at: Timestamp,
    pub(crate) secret_issued_at: Timestamp,
    pub(crate) expiry: Expiry,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) revoked_by: Option<PrincipalId>,
    pub(crate) hint: String,
    /// When a person rotated it last.
    pub(crate) renewed: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) last_used_from: Option<String>,
    /// Whether the row is as it was sealed.
    pub(crate) intact: bool,
    pub(super) seal: Seal,
}

/// One secret of a token.
#[derive(Clone, Debug)]
pub(crate) struct SecretRecord {
    pub(crate) id: SecretId,
    pub(crate) token: TokenId,
    pub(crate) pepper: PepperVersion,
    pub(crate) digest: TokenDigest,
    pub(crate) issued_at: Timestamp,
    pub(crate) retired_at: Option<Timestamp>,
}

/// A token with the tokens it was made with, nearest first, and its own secrets that are as they were sealed.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) token: TokenRecord,
    pub(crate) ancestors: Vec<TokenRecord>,
    pub(crate) secrets: Vec<SecretRecord>,
    /// Whether all rows of its secrets are as they were sealed.
    pub(crate) secrets_intact: bool,
}

/// A token to be made. Its name may be left to the store, which knows the number.
#[derive(Clone, Debug)]
pub(crate) struct NewToken {
    pub(crate) id: TokenId,
    pub(crate) kind: TokenKind,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) owner: PrincipalId,
    pub(crate) parent: Option<TokenId>,
    pub(crate) created_by: Option<TokenId>,
    pub(crate) patterns: ScopeSet,
    pub(crate) places: PlaceLimit,
    pub(crate) networks: NetworkLimit,
    pub(crate) approval: Approval,
    /// The job that it is of.
    pub(crate) job: Option<JobOrigin>,
    /// Who gets its secret besides its owner.
    pub(crate) holders: Vec<PrincipalId>,
    pub(crate) created_at: Timestamp,
    pub(crate) expiry: Expiry,
    pub(crate) hint: String,
    pub(crate) secret: NewSecret,
    /// For a session: the hash that the password was judged by. It must still be the user's.
    pub(crate) proof: Option<PasswordHash>,
}

/// The stored part of a secret to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewSecret {
    pub(crate) id: SecretId,
    pub(crate) pepper: PepperVersion,
    pub(crate) digest: TokenDigest,
}

/// What a change was judged by: the seal of the record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basis(Vec<u8>);

/// A change to a token. What is `None` stays as it is.
#[derive(Clone, Debug)]
pub(crate) struct TokenEdit {
    /// The record must still be the one that was judged.
    pub(crate) basis: Basis,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) patterns: Option<ScopeSet>,
    pub(crate) places: Option<PlaceLimit>,
    pub(crate) networks: Option<NetworkLimit>,
    pub(crate) approval: Option<Approval>,
    pub(crate) expiry: Option<Expiry>,
    /// A person looked after it.
    pub(crate) renewed: Option<Timestamp>,
    /// With a new secret, the old ones retire.
    pub(crate) rotation: Option<Rotation>,
}

/// A new secret for a token.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    pub(crate) secret: NewSecret,
    pub(crate) hint: String,
    /// Who gets it besides the owner.
    pub(crate) holders: Vec<PrincipalId>,
    /// The moment that the end was reckoned from.
    pub(crate) at: Timestamp,
    /// How long the old secrets go on working, in milliseconds.
    pub(crate) overlap_ms: i64,
}

/// A secret that a rotation took the place of.
#[derive(Clone, Debug)]
pub(crate) struct OldSecret {
    pub(crate) issued_at: Timestamp,
    pub(crate) works_until: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) last_used_from: Option<String>,
}

/// Which tokens to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListFilter {
    pub(crate) owner: Option<PrincipalId>,
    pub(crate) kind: Option<TokenKind>,
    pub(crate) name: Option<String>,
    /// Only numbers below this one: the rest of a list that was begun.
    pub(crate) below: Option<i64>,
    pub(crate) limit: i64,
}

impl SecretRecord {
    /// Whether it still counts.
    pub(crate) fn is_in_force(&self, now: Timestamp) -> bool {
        self.retired_at.is_none_or(|end| end > now)
    }
}

impl Chain {
    /// This secret of the token, if it still counts.
    pub(crate) fn in_force(&self, secret: SecretId, now: Timestamp) -> Option<&SecretRecord> {
        self.secrets.iter().find(|one| one.id == secret && one.is_in_force(now))
    }

    /// What whoever was judged by these tokens was judged by.
    pub(crate) fn bases(&self) -> Vec<Basis> {
        std::iter::once(&self.token).chain(&self.ancestors).map(TokenRecord::basis).collect()
    }

    /// What a decision is made from.
    pub(crate) fn facts(&self, grounds: &Grounds) -> Facts {
        let link = |record: &TokenRecord| record.link(grounds);
        let ancestors = self.ancestors.iter().map(link).collect();
        Facts { token: link(&self.token), ancestors, policies: Arc::clone(&grounds.policies) }
    }
}

impl TokenRecord {
    /// What a change to this record is judged by.
    pub(crate) fn basis(&self) -> Basis {
        Basis(self.seal.mac.clone())
    }

    /// The child rows: patterns, places, networks, how far an approval is, who has had a secret, when a person rotated
    /// it, and the job that it is of.
    pub(crate) fn items(&self) -> impl Iterator<Item = (&'static str, String)> {
        let limits = limits(&self.patterns, &self.places, &self.networks);
        let renewed = self.renewed.map(|at| ("renewed", at.0.to_string()));
        limits.chain(trusted(&self.approval, &self.holders)).chain(renewed).chain(of_job(self.job))
    }

    /// When it was used last, or given its secret, whichever is later.
    pub(crate) fn used_at(&self) -> Timestamp {
        self.last_used_at.map_or(self.secret_issued_at, |used_at| used_at.max(self.secret_issued_at))
    }

    /// When it was made, or a person rotated it last. The id says when it was made, and it cannot be changed.
    pub(crate) fn renewed_at(&self) -> Timestamp {
        self.renewed.unwrap_or_else(|| Timestamp(i64::try_from(self.id.0.unix_ms()).unwrap_or(0)))
    }

    /// Where it may be used now: a wall may have been put up around a job's project since it was started.
    fn places_now(&self) -> PlaceLimit {
        match (self.job, self.job_now) {
            (Some(job), Some(JobNow { wall: Some(_), .. })) => PlaceLimit::from_places(vec![job.place()]),
            _ => self.places.clone(),
        }
    }

    fn link(&self, grounds: &Grounds) -> Link {
        Link {
            id: self.id,
            kind: self.kind,
            patterns: self.patterns.clone(),
            places: self.places_now(),
            networks: self.networks.clone(),
            issued_at: self.secret_issued_at,
            used_at: self.used_at(),
            expiry: self.expiry,
            approval: self.approval.clone(),
            job: self.job,
            revoked: self.revoked_at.is_some() || self.job_now.is_some_and(|job| job.is_over),
            intact: self.intact,
            owner: self.owner,
            owner_kind: self.owner_kind,
            owner_state: self.owner_state,
            owner_seen_at: (self.owner_kind == PrincipalKind::User).then_some(self.owner_seen_at),
            owner_groups: grounds.groups.get(&self.owner).cloned().unwrap_or_default(),
            rights: grounds.rights.of(self.owner).into(),
        }
    }
}

impl NewToken {
    /// The child rows, as `TokenRecord::items` says.
    fn items(&self) -> impl Iterator<Item = (&'static str, String)> {
        let limits = limits(&self.patterns, &self.places, &self.networks);
        limits.chain(trusted(&self.approval, &self.holders)).chain(of_job(self.job))
    }
}

fn limits(
    patterns: &ScopeSet,
    places: &PlaceLimit,
    networks: &NetworkLimit,
) -> impl Iterator<Item = (&'static str, String)> {
    let patterns: Vec<_> = patterns.patterns().iter().map(|pattern| ("scope", pattern.to_string())).collect();
    let places: Vec<_> = places.places().iter().map(|place| ("place", place_text(*place))).collect();
    let networks: Vec<_> =
        networks.networks().iter().map(|network| ("network", network.to_string())).collect();
    patterns.into_iter().chain(places).chain(networks)
}

/// Who vouched for a token, for what, and who cannot.
fn trusted(approval: &Approval, holders: &[PrincipalId]) -> impl Iterator<Item = (&'static str, String)> {
    let given = if let Approval::Given(given) = approval { given.as_slice() } else { &[] };
    let text = |given: &PlacedPattern| format!("{} {}", place_text(given.place), given.pattern);
    let given: Vec<_> = given.iter().map(|given| ("approved", text(given))).collect();
    let holders: Vec<_> = holders.iter().map(|holder| ("holder", holder.to_string())).collect();
    let word = approval.word().map(|word| ("approval", word.to_owned()));
    word.into_iter().chain(given).chain(holders)
}

/// The job that a token is of: its id and its project.
fn of_job(job: Option<JobOrigin>) -> impl Iterator<Item = (&'static str, String)> {
    job.into_iter().map(|job| ("job", format!("{} {}", job.job, place_text(job.place()))))
}

/// A place as stored: `organization` or `organization/project`, by id; everywhere is the empty text.
pub(super) fn place_text(place: Place) -> String {
    match place {
        Place::Global => String::new(),
        Place::Organization(organization) => organization.to_string(),
        Place::Project(organization, project) => format!("{organization}/{project}"),
    }
}

pub(super) fn place_from(text: &str) -> Option<Place> {
    let id = |text: &str| text.parse().ok();
    match text.split_once('/') {
        None => Some(Place::Organization(OrganizationId(id(text)?))),
        Some((organization, project)) => {
            Some(Place::Project(OrganizationId(id(organization)?), ProjectId(id(project)?)))
        }
    }
}
