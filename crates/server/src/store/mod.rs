//! The store: what is kept, and the one way to change it.
//!
//! Reading is plain functions. Writing is a typed value ([`Write`]) that [`Store::write`] applies together with
//! its audit row, and with a change number where something that may be cached changes, in one transaction.
//! A [`Permit`](crate::authority::Permit) is the only key to it, so nothing changes that nobody was allowed to change, and nothing
//! changes unaudited.
//!
//! Token and secret rows are sealed: `UPDATE token …` by hand makes the token inactive, not more powerful.

mod audit;
mod binding;
mod bootstrap;
mod build_account;
mod catalogue;
mod change;
pub(crate) mod database;
mod delivery;
mod feed;
mod group;
mod idempotency;
mod identity;
mod job;
mod job_settings;
mod lease;
mod meta;
mod notice;
mod place;
mod policy;
mod principal;
mod provisioned;
mod refusal;
mod rights;
mod role;
mod seal;
mod token;
mod touches;
mod trust;
mod usage;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Clock;
use crate::keys::{Keys, Rng};
use crate::metrics::Metrics;
use database::{Database, Transaction};

pub(crate) use binding::{Bearer, BearerKind, BindingFilter, BindingRecord, NewBinding};
pub(crate) use bootstrap::FirstUser;
pub(crate) use build_account::NewBuildAccount;
pub(crate) use catalogue::{ApiRecord, NewApi};
pub(crate) use delivery::{AuditEvent, Letter, NamedToken, Outbox, Taken};
#[cfg(test)]
pub(crate) use feed::Underway;
pub(crate) use feed::{Feed, News, Position, Settled, Thing, Told};
pub(crate) use group::{GroupEdit, GroupRecord, MemberRecord, MemberSource};
pub(crate) use idempotency::{KeptAnswer, KeptCall};
pub(crate) use identity::{IdentityRecord, Linked, NewIdentity, SignIn};
pub(crate) use job::{JobFilter, JobRecord, NewJob};
pub(crate) use job_settings::JobSettingsOf;
pub(crate) use lease::{Full, Leases, VerifierId};
pub(crate) use notice::{Horizon, NearEnd};
pub(crate) use place::{OrganizationRecord, PipelineRecord, PipelineSettings, PlaceWrite, ProjectRecord};
pub(crate) use principal::{NewPrincipal, PasswordHash, PrincipalEdit, PrincipalRecord};
pub(crate) use provisioned::{
    EmailLabel, Found, GroupFilter, Members, NameParts, Provision, Provisioned, UserFilter, Window,
};
pub(crate) use refusal::{Refused, RefusedRecord, RefusedSeen};
pub(crate) use rights::{EVERY_API, Grounds};
pub(crate) use role::{RoleRecord, RoleSettings};
pub(crate) use token::{
    Basis, Chain, Expiring, ListFilter, NewSecret, NewToken, OldSecret, Rotation, SecretRecord, TokenEdit,
    TokenRecord,
};
pub(crate) use trust::{Exchange, Holder, NewTrust, Seen, TrustRecord, TrustTerms, TrustedKeys, Yield};
pub(crate) use usage::{LastUse, TokenUses, UseCount};
pub(crate) use write::{Made, Outcome, Write};

/// The store of one deployment.
#[derive(Clone)]
pub struct Store {
    database: Database,
    keys: Arc<Keys>,
    clock: Clock,
    rng: Rng,
    /// What is counted; here because a write is counted where it commits.
    metrics: Arc<Metrics>,
    /// What changed; here because a change is applied where it commits.
    feed: Feed,
    /// Who is told of what; here because it is put down where it commits.
    outbox: Outbox,
    /// The number of the last change that this process has committed.
    acknowledged: Arc<AtomicI64>,
}

/// How many processes answer from the same database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nodes {
    /// This one alone: the lock of the data directory holds the database file, too.
    One,
    /// Nobody can tell.
    Unknown,
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// A rule of the data says no; nothing was changed.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// Somebody else changed the same rows first; trying again is right.
    #[error("lost a race")]
    Lost,
    /// A uniqueness rule was hit; which one stands in the text.
    #[error("not unique: {0}")]
    NotUnique(String),
    /// The commit was not answered: it may have happened.
    #[error("the outcome is unknown: {0}")]
    OutcomeUnknown(String),
    /// The database did not answer, or not sensibly: nothing can be known.
    #[error("{0}")]
    Unavailable(String),
}

/// What the data itself refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NameTaken,
    /// A provider's id for a user or group is the id of another one already.
    ExternalIdTaken,
    /// The account elsewhere belongs to another user.
    IdentityTaken,
    NamespaceTaken,
    NamespaceFixed,
    ScopeTombstoned(String),
    NotLive,
    /// The record is not the one that the change was judged by.
    Changed,
    /// The credential of the permit was revoked, has expired or was suspended since.
    CredentialGone,
    /// Another call with the same idempotency key came first.
    KeyInFlight,
    /// The owner was removed since, or, where that counts, disabled, or has another password.
    OwnerGone,
    /// An identity token that is taken once was taken before.
    Replayed,
    Gone,
    BuiltIn,
    LastAdministrator,
    /// Something of this kind is still in it.
    NotEmpty(String),
    /// Somebody still has it.
    InUse,
    /// So many secrets of the token are in force that another one would be too many.
    TooManySecrets,
}

impl StoreError {
    fn unreadable(column: &str) -> Self {
        Self::Unavailable(format!("column `{column}` holds what this program did not write"))
    }

    /// What a failed commit means: only a lost race is known to have changed nothing.
    fn of_commit(self) -> Self {
        match self {
            Self::Lost => Self::Lost,
            other => Self::OutcomeUnknown(other.to_string()),
        }
    }

    /// Turns a uniqueness error whose text has this word into the refusal that it means.
    fn refuse_if(self, word: &str, refusal: Refusal) -> Self {
        match self {
            Self::NotUnique(which) if which.contains(word) => Self::Refused(refusal),
            other => other,
        }
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return Self::Unavailable(error.to_string());
        };
        // PostgreSQL: serialization_failure and deadlock_detected.
        let raced = matches!(database.code().as_deref(), Some("40001" | "40P01"));
        if raced {
            Self::Lost
        } else if database.is_unique_violation() {
            Self::NotUnique(format!("{} {}", database.constraint().unwrap_or_default(), database.message()))
        } else {
            Self::Unavailable(error.to_string())
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Unavailable(format!("the database cannot be brought to the present form: {error}"))
    }
}

/// A database that is open and of the present form, before anybody has shown the keys to it.
pub(crate) struct Opened(Database);

impl Opened {
    pub(crate) async fn sqlite(file: &Path) -> Result<Self, StoreError> {
        Ok(Self(Database::open_sqlite(file).await?))
    }

    pub(crate) async fn postgres(url: &str) -> Result<Self, StoreError> {
        Ok(Self(Database::open_postgres(url).await?))
    }

    pub(crate) fn with(self, keys: Arc<Keys>, clock: Clock, rng: Rng, outbox: Outbox) -> Store {
        let (metrics, feed, acknowledged) = (Arc::default(), Feed::default(), Arc::default());
        Store { database: self.0, keys, clock, rng, metrics, feed, outbox, acknowledged }
    }
}

impl Store {
    /// Ends all connections. Every later call says that it cannot know.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// What is counted.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Waits until everything that was done so far is known to every verifier that answers from memory, or until it does
    /// not do so any more. Before that nobody is told that it is done.
    pub(crate) async fn settled(&self) {
        self.metrics.count_settled(self.feed.settled().await);
    }

    /// Which changes were applied here.
    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Who else may be writing.
    pub(crate) fn nodes(&self) -> Nodes {
        match self.database {
            Database::Sqlite { .. } => Nodes::One,
            Database::Postgres(_) => Nodes::Unknown,
        }
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let mut transaction = self.database.read().await?;
        meta::value(&mut transaction, "prefix").await?;
        Ok(())
    }

    /// The number that every change of rights advances. Read before judging, it is compared when the write commits.
    pub(crate) async fn rights_epoch(&self) -> Result<i64, StoreError> {
        rights::epoch(&mut self.read().await?).await
    }

    async fn read(&self) -> Result<Transaction, StoreError> {
        self.database.read().await
    }

    /// To read what a decision rests on: refused where the database shows a state behind what was acknowledged.
    async fn read_for_decision(&self) -> Result<Transaction, StoreError> {
        let acknowledged = self.acknowledged.load(Ordering::SeqCst);
        let mut transaction = self.database.read().await?;
        change::check_sees(&mut transaction, acknowledged).await?;
        Ok(transaction)
    }
}

#[cfg(test)]
mod tests;
