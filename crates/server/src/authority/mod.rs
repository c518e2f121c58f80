//! The authority: the operations that every door calls. Doors take texts apart and render answers; the rules are
//! here and in `jeton-token`.

mod access;
#[cfg(test)]
mod access_table;
mod api;
mod attempt;
mod azure_devops;
mod binding;
mod built_in;
mod bulk;
mod clock;
mod code;
mod create;
mod device;
mod edit;
mod ends;
mod explain;
mod federation;
mod flow;
mod gateway;
mod group;
mod guesses;
mod identities;
mod job;
mod job_settings;
mod memory;
mod pace;
mod page;
mod password;
mod pending;
mod place;
mod policy;
mod provider;
mod readable;
mod refusals;
mod replay;
mod revocation_rule;
mod role;
mod service_account;
mod signin;
mod sought;
mod synced_group;
mod terms;
mod token;
mod token_admin;
mod trust;
mod usage;
mod user;
mod verify;
mod watch;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use jeton_api::{Code, Remedy};
use jeton_token::{Id, Place, Prefix, ResourceName, Timestamp, TokenId, Where};

use crate::clock::Clock;
use crate::identity::{Issuers, PrivateOrigins};
use crate::keys::{Keys, Rng};
use crate::limits::{EXPIRING_MS_FRESH, EXPIRING_TOKENS_MAX};
use crate::store::{Expiring, Outcome, Refusal, Store, StoreError, Write};

use built_in::BuiltIn;
use code::Codes;
use device::Devices;
use flow::Done;
use guesses::{Bucket, Guesses};
use memory::Memory;
use pace::Pace;
use refusals::Refusals;
use replay::InFlight;
use revocation_rule::RulesLeftOff;
use usage::Usage;
use watch::Watches;

pub(crate) use access::{Action, Caller, Permit};
pub(crate) use api::{ApiRequest, Put};
pub(crate) use attempt::{Asked, Attempt};
pub(crate) use binding::{BindingList, BindingRequest};
pub(crate) use code::{Challenge, LoopbackUri};
pub(crate) use create::{CreateRequest, End, IssuedToken};
pub(crate) use device::{Answer, AskingDevice, UserCode};
pub(crate) use edit::{EditRequest, RotateRequest};
pub(crate) use explain::{ExplainQuestion, Subject};
pub(crate) use federation::{ExchangeRequest, GrantError};
pub(crate) use flow::{NotReturned, Returned};
pub(crate) use gateway::Gateway;
pub(crate) use group::GroupRequest;
pub(crate) use guesses::Origin;
pub(crate) use job::{JobListRequest, JobRequest, Started};
pub(crate) use job_settings::{JobSettingsEdit, JobSettingsView};
pub(crate) use password::{Hashing, Passwords};
pub(crate) use place::{PipelineRequest, Within};
pub(crate) use policy::{PolicyImpact, PolicyRequest, PolicyView};
pub(crate) use provider::NotAdmitted;
pub(crate) use readable::ProjectKey;
pub(crate) use replay::Course;
pub(crate) use revocation_rule::RevocationRule;
pub(crate) use role::RoleRequest;
pub(crate) use service_account::ServiceAccountRequest;
pub(crate) use sought::Sought;
pub(crate) use synced_group::{GroupChange, MemberStep};
pub(crate) use token::{ListRequest, StateFilter};
pub(crate) use trust::HolderName;
pub(crate) use user::UserRequest;
pub(crate) use verify::{Judged, Known, Question, Verification};
pub(crate) use watch::{Keeping, Use, Watch};

/// Everything that decides and changes, behind all doors.
#[derive(Clone)]
pub(crate) struct Authority {
    pub(crate) store: Store,
    memory: Arc<Memory>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) prefix: Prefix,
    pub(crate) passwords: Arc<Passwords>,
    /// Wrong passwords.
    failures: Arc<Guesses>,
    /// Wrong user codes.
    guesses: Arc<Guesses>,
    codes: Arc<Codes>,
    devices: Arc<Devices>,
    /// Answers that providers did not stand by.
    returns: Arc<Guesses>,
    done: Arc<Done>,
    /// What tokens are used for.
    usage: Arc<Usage>,
    /// What verifiers are told.
    watches: Arc<Watches>,
    /// What gateways would have refused.
    refusals: Arc<Refusals>,
    /// How many tokens end soon, and when that was looked up.
    expiring: Arc<Mutex<Option<(Timestamp, Expiring)>>>,
    /// The issuers whose identity tokens somebody trusts.
    pub(crate) issuers: Issuers,
    /// Which of the catalogues that Jeton brings along this deployment has, once a start has looked.
    declared: Arc<OnceLock<&'static BuiltIn>>,
    /// Where the first administrator's password is until it is changed.
    pub(crate) first_password: Arc<Path>,
    /// Tokens whose altered rows were noted in the audit already; once each for the life of the process.
    noted: Arc<Mutex<BTreeSet<TokenId>>>,
    /// Uses of old secrets that are written down.
    uses: Arc<Pace>,
    /// Revocation rules that are not done.
    left_off: Arc<RulesLeftOff>,
    /// Rotations with secrets that had ended.
    alarms: Arc<Pace>,
    /// Calls with idempotency keys that are being done.
    in_flight: InFlight,
    /// Many move power at the same time, until one has lost a race and is let through alone.
    turn: Arc<tokio::sync::RwLock<()>>,
}

/// What a deployment calls things, whom it may ask, and how it hashes.
pub(crate) struct Names {
    /// What every token begins with.
    pub(crate) prefix: Prefix,
    /// Where the first administrator's password is until it is changed.
    pub(crate) first_password: Arc<Path>,
    /// Which issuers in one's own network may be asked.
    pub(crate) private_issuers: PrivateOrigins,
    /// How much work a new password takes.
    pub(crate) hashing: Hashing,
}

/// Why an operation was not done. A bad token that somebody asks about is no error but a verdict.
#[derive(Debug)]
pub(crate) enum Error {
    /// The request asks for what cannot be; one fault for each wrong field.
    Invalid(Vec<Fault>),
    /// The caller's own credential is missing or not honoured.
    Unauthenticated(Code),
    /// The caller may not, and may know that.
    Denied(Denial),
    /// There is no such thing, or the caller may not know of it: the same answer for both.
    Hidden,
    /// It does not fit what is there.
    Conflict(Code, String),
    /// Too much at once.
    LimitReached(Code),
    /// Too many wrong guesses, from there or for that name.
    TooManyAttempts { retry_seconds: u64 },
    /// An issuer's keys are not known now, and it can be asked again only later.
    KeysUnknown { retry_seconds: u64 },
    /// It was done or not: the store did not say.
    OutcomeUnknown,
    /// The store cannot answer, so nothing can be known.
    Unavailable,
}

/// Why a caller may not.
#[derive(Debug)]
pub(crate) struct Denial {
    pub(crate) code: Code,
    pub(crate) missing_scope: Option<String>,
    pub(crate) detail: String,
    /// What would help.
    pub(crate) remedies: Vec<Remedy>,
}

/// What is wrong with one field.
#[derive(Debug)]
pub(crate) struct Fault {
    /// A JSON pointer (RFC 6901), or the name of a query parameter.
    pub(crate) pointer: String,
    pub(crate) code: Code,
    pub(crate) detail: String,
}

impl Error {
    pub(crate) fn invalid(pointer: impl Into<String>, code: Code, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault { pointer: pointer.into(), code, detail: detail.into() }])
    }

    pub(crate) fn denied(code: Code, detail: impl Into<String>) -> Self {
        Self::Denied(Denial { code, missing_scope: None, detail: detail.into(), remedies: vec![] })
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::OutcomeUnknown(_) => {
                tracing::error!(%error, "the store did not answer a commit");
                Self::OutcomeUnknown
            }
            StoreError::Lost | StoreError::NotUnique(_) | StoreError::Unavailable(_) => {
                tracing::error!(%error, "the store does not answer");
                Self::Unavailable
            }
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let conflict = |code: Code, detail: &str| Self::Conflict(code, detail.to_owned());
        match refusal {
            Refusal::Gone | Refusal::OwnerGone => Self::Hidden,
            Refusal::Replayed | Refusal::CredentialGone => Self::Unauthenticated(Code::InvalidToken),
            Refusal::Changed => {
                conflict(Code::ChangedMeanwhile, "somebody else changed it at the same moment; try again")
            }
            Refusal::NameTaken => conflict(Code::NameTaken, "the name is in use; choose another one"),
            Refusal::ExternalIdTaken => {
                conflict(Code::NameTaken, "another one has this external id already; choose another one")
            }
            Refusal::IdentityTaken => {
                conflict(Code::IdentityTaken, "that account of that issuer belongs to another user")
            }
            Refusal::NamespaceTaken => conflict(
                Code::NamespaceTaken,
                "the namespace belongs to another API, or differs from one only in case",
            ),
            Refusal::NamespaceFixed => conflict(Code::NamespaceTaken, "an API keeps its namespace for ever"),
            Refusal::ScopeTombstoned(scope) => Self::Conflict(
                Code::ScopeTombstoned,
                format!("`{scope}` was removed once, and tokens may still name it; choose another name"),
            ),
            Refusal::NotLive => {
                conflict(Code::TokenNotLive, "the token is revoked or expired; make a new one")
            }
            Refusal::BuiltIn => conflict(Code::BuiltIn, "what Jeton brings along cannot be changed"),
            Refusal::NotEmpty(kind) => Self::Conflict(Code::NotEmpty, {
                let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
                format!("there is still {article} {kind} in it; remove that first")
            }),
            Refusal::KeyInFlight => replay::in_flight(),
            Refusal::TooManySecrets => conflict(
                Code::LimitReached,
                "too many old secrets still work; finish a rotation first, or rotate without overlap",
            ),
            Refusal::InUse => {
                conflict(Code::InUse, "somebody still has this role; remove its bindings first")
            }
            Refusal::LastAdministrator => conflict(
                Code::LastAdministrator,
                "this is the last enabled administrator; make another one first",
            ),
        }
    }
}

impl Authority {
    /// The authority over a store.
    pub(crate) fn new(store: Store, keys: Arc<Keys>, clock: Clock, rng: Rng, names: Names) -> Self {
        let Names { prefix, first_password, private_issuers, hashing } = names;
        let passwords = Arc::new(Passwords::new(&rng, hashing));
        let issuers = Issuers::new(clock.clone(), private_issuers);
        let memory = Arc::new(Memory::of(&store));
        let usage = Arc::new(Usage::new(Arc::clone(store.metrics())));
        let watches = Arc::new(Watches::new(&rng));
        Self {
            store,
            memory,
            keys,
            clock,
            rng,
            prefix,
            passwords,
            failures: Arc::new(Guesses::new()),
            guesses: Arc::new(Guesses::new()),
            codes: Arc::new(Codes::new()),
            issuers,
            devices: Arc::new(Devices::new()),
            returns: Arc::new(Guesses::new()),
            done: Arc::new(Done::new()),
            usage,
            refusals: Arc::default(),
            watches,
            expiring: Arc::default(),
            left_off: Arc::default(),
            declared: Arc::default(),
            first_password,
            noted: Arc::default(),
            uses: Arc::default(),
            alarms: Arc::default(),
            in_flight: InFlight::default(),
            turn: Arc::default(),
        }
    }

    /// Whether the store answers.
    pub(crate) async fn answers(&self) -> bool {
        self.store.ping().await.is_ok()
    }

    /// How many tokens end soon. Whoever asks often is told what was looked up a moment ago.
    pub(crate) async fn expiring(&self) -> Result<Expiring, Error> {
        let now = self.now();
        let known = self.expiring.lock().ok().and_then(|known| *known);
        let is_fresh = |at: Timestamp| at <= now && now < at.plus_ms(EXPIRING_MS_FRESH);
        if let Some((_, expiring)) = known.filter(|(at, _)| is_fresh(*at)) {
            return Ok(expiring);
        }
        let expiring = self.store.expiring(now, EXPIRING_TOKENS_MAX).await?;
        if let Ok(mut known) = self.expiring.lock() {
            *known = Some((now, expiring));
        }
        Ok(expiring)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn mint_id(&self) -> Id {
        self.keys.mint_id(self.now(), &self.rng)
    }

    /// The place that `organization/project` or `organization/*` names, if it exists.
    pub(crate) async fn place(&self, text: &str) -> Result<Option<Place>, Error> {
        let Some((organization, within)) = text.split_once('/') else {
            return Ok(None);
        };
        let Ok(organization) = organization.parse::<ResourceName>() else {
            return Ok(None);
        };
        let Some(organization) = self.store.organization(&organization).await? else {
            return Ok(None);
        };
        if within == "*" {
            return Ok(Some(Place::Organization(organization.id)));
        }
        let Ok(project) = within.parse::<ResourceName>() else {
            return Ok(None);
        };
        Ok(self.store.project(organization.id, &project).await?.map(|project| project.place()))
    }

    /// The same, and `*` for everywhere.
    pub(crate) async fn any_place(&self, text: &str) -> Result<Option<Place>, Error> {
        if text == "*" { Ok(Some(Place::Global)) } else { self.place(text).await }
    }

    /// Where a call acts that names this place, or none.
    pub(crate) async fn place_of_call(&self, resource: Option<&str>) -> Result<Where, Error> {
        match resource {
            None => Ok(Where::Everywhere),
            Some(text) => Ok(self.remembered_place(text).await?.map_or(Where::Nowhere, Where::At)),
        }
    }

    /// How a place is written.
    pub(crate) async fn place_name(&self, place: Place) -> Result<String, Error> {
        let name = self.remembered_place_name(place).await?;
        Ok(name.map_or_else(|| "(removed)".to_owned(), |name| (*name).clone()))
    }

    /// Writes, or only says whether that would be refused.
    pub(crate) async fn carry_out(
        &self,
        mode: Mode,
        permit: &Permit,
        write: &Write,
    ) -> Result<Option<Outcome>, Error> {
        match mode {
            Mode::Commit => Ok(Some(self.store.write(permit, write).await?)),
            Mode::Rehearse => {
                self.store.rehearse(permit, write).await?;
                Ok(None)
            }
        }
    }
}

/// Whether something is done, or only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Commit,
    /// Everything is checked and nothing changes.
    Rehearse,
}

/// What came of a PUT of something that may have been there.
#[derive(Debug)]
pub(crate) enum Kept<T> {
    New(T),
    Changed(T),
    /// It was only tried.
    Tried,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}
