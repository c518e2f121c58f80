//! Who may do what: callers, actions and permits.
//!
//! A [`Permit`] proves that a caller may do an action. It can be made here only, it is the one key to a store write,
//! and it becomes the audit row. So there is no way to change anything that was not allowed, and none that is not
//! written down.
//!
//! What belongs to somebody else and may not be seen is answered like what does not exist.

use std::sync::Arc;

use jeton_api::{Code, Remedy};
use jeton_token::{
    BuiltInRole, Catalogue, Circumstances, Expiry, Facts, Place, PlaceLimit, PrincipalId, PrincipalKind,
    Rights, Scope, ScopePattern, SecretId, TokenId, TokenKind, covers_within, effective_at, known_end,
    withheld,
};

use super::attempt::Attempt;
use super::usage::Usage;
use super::{Denial, Error, built_in};
use crate::store::{Basis, Chain, JobRecord, PrincipalRecord, TokenRecord};

macro_rules! actions {
    ($($variant:ident = $word:literal, $own:expr, $anybodys:expr;)*) => {
        /// What can be done. Each has a word for the audit and the route table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Action {
            $($variant,)*
        }

        impl Action {
            /// Every action.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The action that a route requires by this word.
            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }

            /// The scopes of which one suffices for doing it to what is one's own, the usual one first.
            pub(crate) fn own_scopes(self) -> &'static [&'static str] {
                match self { $(Self::$variant => $own,)* }
            }

            /// The scopes of which one suffices for doing it to anybody's, the usual one first. Actions without one are
            /// never done with a caller's right alone.
            pub(crate) fn scopes(self) -> &'static [&'static str] {
                match self { $(Self::$variant => $anybodys,)* }
            }
        }
    };
}

/// Whoever may look through everything at a place holds this.
const AUDIT: &str = "Jeton.Audit.Read";
/// The same rights by the names that Azure DevOps has for them.
const PATS: &str = "vso.pats";
const PATS_MANAGE: &str = "vso.pats_manage";
const TOKEN_ADMINISTRATION: &str = "vso.tokenadministration";

actions! {
    TokenCreate = "token.create", &["Jeton.Token.Create", PATS_MANAGE], &["Jeton.Admin.Token"];
    TokenRead = "token.read", &["Jeton.Token.Read", PATS], &["Jeton.Admin.Token", AUDIT, TOKEN_ADMINISTRATION];
    TokenUpdate = "token.update", &["Jeton.Token.Update", PATS_MANAGE], &["Jeton.Admin.Token"];
    TokenRotate = "token.rotate", &["Jeton.Token.Rotate"], &["Jeton.Admin.Token"];
    TokenRevoke = "token.revoke", &["Jeton.Token.Revoke", PATS_MANAGE], &["Jeton.Admin.Token", TOKEN_ADMINISTRATION];
    TokenApprove = "token.approve", &[], &["Jeton.Admin.Token"];
    SessionCreate = "session.create", &[], &[];
    UserRead = "user.read", &[], &["Jeton.Admin.User", AUDIT];
    UserWrite = "user.write", &[], &["Jeton.Admin.User"];
    PasswordChange = "user.password", &[], &[];
    GroupRead = "group.read", &[], &["Jeton.Admin.Group", AUDIT];
    GroupWrite = "group.write", &[], &["Jeton.Admin.Group"];
    ServiceAccountRead = "service_account.read", &[], &["Jeton.Admin.ServiceAccount", AUDIT];
    ServiceAccountWrite = "service_account.write", &[], &["Jeton.Admin.ServiceAccount"];
    TrustWrite = "trust.write", &[], &["Jeton.Admin.ServiceAccount"];
    PipelineTrustRead = "pipeline_trust.read", &[], &["Jeton.Admin.Job", AUDIT];
    PipelineTrustWrite = "pipeline_trust.write", &[], &["Jeton.Admin.Job"];
    TokenExchange = "token.exchange", &[], &[];
    RoleWrite = "role.write", &[], &["Jeton.Admin.Role"];
    BindingRead = "role_binding.read", &[], &["Jeton.Admin.Role", AUDIT];
    BindingWrite = "role_binding.write", &[], &["Jeton.Admin.Role"];
    PolicyWrite = "policy.write", &[], &["Jeton.Admin.Policy"];
    OrganizationWrite = "organization.write", &[], &["Jeton.Admin.Organization"];
    ProjectWrite = "project.write", &[], &["Jeton.Admin.Organization"];
    ProjectRead = "project.read", &[], &["vso.project"];
    BuildRead = "build.read", &[], &["vso.build"];
    PipelineWrite = "pipeline.write", &[], &["Jeton.Admin.Organization"];
    JobMint = "job.mint", &[], &["Jeton.Job.Mint"];
    JobRead = "job.read", &[], &["Jeton.Job.Read", "Jeton.Admin.Job", AUDIT];
    JobRenew = "job.renew", &[], &["Jeton.Admin.Job"];
    JobFinish = "job.finish", &[], &["Jeton.Admin.Job"];
    JobSettingsWrite = "job_settings.write", &[], &["Jeton.Admin.Job", "vso.project_write"];
    ApiWrite = "api.write", &[], &["Jeton.Admin.Api"];
    ApiReport = "api.report", &[], &["Jeton.Admin.Api", AUDIT];
    ApiCredential = "api.credential", &[], &["Jeton.Admin.Api"];
    Bootstrap = "server.bootstrap", &[], &[];
    KeyAdd = "key.add", &[], &[];
    ClockPutBack = "clock.put_back", &[], &[];
    NoteAltered = "token.altered", &[], &[];
    NoteReuse = "token.reuse", &[], &[];
    NoteEnd = "token.expiring", &[], &[];
}

impl Action {
    /// Whether it may give somebody a right or a secret: then it is judged on rights that must still be so when it is
    /// written down.
    fn moves_power(self) -> bool {
        matches!(
            self,
            Self::TokenCreate
                | Self::TokenUpdate
                | Self::TokenRotate
                | Self::TokenApprove
                | Self::UserWrite
                | Self::GroupWrite
                | Self::ServiceAccountWrite
                | Self::TrustWrite
                | Self::PipelineTrustWrite
                | Self::RoleWrite
                | Self::BindingWrite
                | Self::PolicyWrite
                | Self::OrganizationWrite
                | Self::ProjectWrite
                | Self::PipelineWrite
                | Self::JobMint
                | Self::JobRenew
                | Self::JobSettingsWrite
                | Self::ApiWrite
                | Self::ApiCredential
        )
    }
}

/// Somebody whose credential was honoured.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) chain: Arc<Chain>,
    pub(crate) facts: Arc<Facts>,
    /// The secret that was presented.
    pub(crate) secret: SecretId,
    /// The call, when it has an idempotency key.
    pub(crate) attempt: Option<Arc<Attempt>>,
    /// When and from where the call was made.
    pub(crate) circumstances: Circumstances,
    /// For what moves power: which state of all rights the facts are of.
    pub(crate) epoch: Option<i64>,
    /// Where it is noted which scopes the credential is used for.
    pub(crate) usage: Arc<Usage>,
}

impl Caller {
    pub(crate) fn principal(&self) -> PrincipalId {
        self.chain.token.owner
    }

    /// The name of whoever calls.
    pub(crate) fn owner_name(&self) -> &str {
        &self.chain.token.owner_name
    }

    pub(crate) fn token(&self) -> TokenId {
        self.chain.token.id
    }

    pub(crate) fn kind(&self) -> TokenKind {
        self.chain.token.kind
    }

    /// Whether this is a job, or something that a job made.
    pub(crate) fn is_of_job(&self) -> bool {
        let mut chain = std::iter::once(&self.chain.token).chain(&self.chain.ancestors);
        chain.any(|token| token.kind == TokenKind::Job)
    }

    /// Whether this is a person who signed in, and not a token.
    pub(crate) fn is_session(&self) -> bool {
        self.kind() == TokenKind::Session
    }

    /// When the credential ends, as far as is known now.
    pub(crate) fn end(&self) -> Expiry {
        known_end(&self.facts)
    }

    /// What the caller may do at a place now.
    pub(crate) fn effective_at(&self, place: Place, catalogues: &[&Catalogue]) -> Rights {
        effective_at(&self.facts, place, catalogues, self.circumstances)
    }

    /// Whether the caller may do all that everywhere in the place, and so may give it away there.
    pub(crate) fn covers(&self, place: Place, wanted: &Rights, catalogues: &[&Catalogue]) -> bool {
        covers_within(&self.facts, place, wanted, catalogues, self.circumstances)
    }

    /// Whether the caller has anything to do with a place: a right there, or within it, that is about more than
    /// tokens of one's own.
    pub(crate) fn sees(&self, place: Place) -> bool {
        let own_tokens = |pattern: &ScopePattern| is_of_own_tokens(pattern.as_str());
        let mut within = self.places().filter(|at| place.contains(*at)).chain([place]);
        let catalogues = built_in::catalogues().implying();
        within.any(|at| !self.effective_at(at, &catalogues).patterns().iter().all(own_tokens))
    }

    /// The places at which the caller's rights begin: where they were granted, and, of a person's right everywhere,
    /// where a token that is limited to places has what is left of it.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        let granted = self.facts.token.rights.iter().map(|(granted, _)| *granted);
        granted.chain(self.facts.chain().flat_map(|link| link.places.places().iter().copied()))
    }

    /// Whether the caller has this scope there. Where it does, something is about to rest on it.
    pub(crate) fn holds(&self, scope: &str, place: Place) -> bool {
        let Ok(scope) = scope.parse::<Scope>() else {
            return false;
        };
        let catalogue = built_in::catalogues().of(scope.namespace());
        let held = self.effective_at(place, catalogue.as_slice());
        let holds = held.covers(&scope) && !withheld(&self.facts, place, &scope);
        if holds {
            self.usage.note_scope(self.token(), &scope, place, self.circumstances);
        }
        holds
    }
}

/// Whether a scope or pattern is about one's own tokens and nothing else.
pub(super) fn is_of_own_tokens(text: &str) -> bool {
    text.starts_with("Jeton.Token.") || text == PATS || text == PATS_MANAGE
}

/// Proof that somebody may do something.
#[derive(Debug)]
pub(crate) struct Permit {
    actor: Option<PrincipalId>,
    credential: Option<TokenId>,
    /// The secret of the credential that was presented: it must still be in force when the permit is used.
    secret: Option<SecretId>,
    /// The call, when it has an idempotency key: it is noted in the transaction of its change.
    attempt: Option<Arc<Attempt>>,
    action: Action,
    /// Whether the credential must still stand when the permit is used.
    rests_on_credential: bool,
    /// Which state of all rights it was given on, when that counts.
    epoch: Option<i64>,
    /// The seals of the tokens that it was given on, when that counts: the credential and its ancestors.
    bases: Vec<Basis>,
}

impl Permit {
    /// Whether the credential that stands now is the one that was judged.
    pub(crate) fn is_of(&self, chain: &Chain) -> bool {
        self.epoch.is_none() || self.bases == chain.bases()
    }

    pub(crate) fn rests_on_credential(&self) -> bool {
        self.rests_on_credential
    }

    pub(crate) fn secret(&self) -> Option<SecretId> {
        self.secret
    }

    pub(crate) fn attempt(&self) -> Option<&Attempt> {
        self.attempt.as_deref()
    }

    pub(crate) fn epoch(&self) -> Option<i64> {
        self.epoch
    }

    pub(crate) fn actor(&self) -> Option<PrincipalId> {
        self.actor
    }

    pub(crate) fn credential(&self) -> Option<TokenId> {
        self.credential
    }

    pub(crate) fn action(&self) -> Action {
        self.action
    }
}

/// A principal whose tokens something is done to, and where it is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) id: PrincipalId,
    pub(crate) kind: PrincipalKind,
    /// Everywhere for people; its organization for a service account or an API.
    pub(crate) home: Place,
}

impl Owner {
    pub(crate) fn of(token: &TokenRecord) -> Self {
        Self { id: token.owner, kind: token.owner_kind, home: token.owner_home }
    }
}

impl From<&PrincipalRecord> for Owner {
    fn from(principal: &PrincipalRecord) -> Self {
        let home = principal.organization.as_ref().map_or(Place::Global, |(id, _)| Place::Organization(*id));
        Self { id: principal.id, kind: principal.kind, home }
    }
}

/// For doing something to tokens of `owner`.
pub(crate) fn on_tokens_of(caller: &Caller, owner: Owner, action: Action) -> Result<Permit, Error> {
    check_on_tokens_of(caller, owner, action).and_then(|()| permit(caller, action))
}

/// The same where nothing is written.
pub(super) fn check_on_tokens_of(caller: &Caller, owner: Owner, action: Action) -> Result<(), Error> {
    let is_own = owner.id == caller.principal();
    let own = action.own_scopes().first().filter(|_| is_own);
    match (owner.kind, own) {
        // What an API may do for itself is ask about tokens. A copy of its credential would else give itself new
        // secrets, and outlive the rotation that was to end it.
        (PrincipalKind::Api, Some(_)) => check_credential_of(caller, owner),
        _ if is_own && may_on_own(caller, action) => Ok(()),
        _ if looks_after_tokens_of(caller, owner, action) => Ok(()),
        (_, Some(scope)) => Err(missing(caller, scope, Place::Global)),
        (_, None) => Err(Error::Hidden),
    }
}

/// Whoever may administer tokens at the owner's home; and of an API's credentials also whoever may make them.
fn looks_after_tokens_of(caller: &Caller, owner: Owner, action: Action) -> bool {
    may_administer(caller, action, owner.home)
        || owner.kind == PrincipalKind::Api && may_administer(caller, Action::ApiCredential, owner.home)
}

/// For obtaining a secret of an API's credential, a new one or once more. Such a secret can only ask about tokens, so
/// it is judged by the right to the API, and by nothing that the API could do.
pub(super) fn check_credential_of(caller: &Caller, api: Owner) -> Result<(), Error> {
    check_gets_secrets(caller)?;
    check_at(caller, api.home, Action::ApiCredential)
}

/// For looking at a token or ending it as somebody who looks after tokens of an organization: those that are limited
/// to it are the organization's as much as their owner's. All others are their owner's.
pub(super) fn on_token_within(
    caller: &Caller,
    organization: Place,
    token: &TokenRecord,
    action: Action,
) -> Result<Permit, Error> {
    let is_for_it = match &token.places {
        PlaceLimit::Everywhere => false,
        PlaceLimit::Within(places) => places.iter().all(|place| organization.contains(*place)),
    };
    let ends_or_shows = matches!(action, Action::TokenRead | Action::TokenRevoke);
    if is_for_it && ends_or_shows && may_administer(caller, action, organization) {
        return permit(caller, action);
    }
    on_tokens_of(caller, Owner::of(token), action)
}

/// For doing something to the token that was presented. Every live credential may look at itself and end itself;
/// for anything else it needs the right to its owner's tokens.
pub(crate) fn on_itself(caller: &Caller, action: Action) -> Result<Permit, Error> {
    match action {
        Action::TokenRead | Action::TokenRevoke => permit(caller, action),
        _ => on_tokens_of(caller, Owner::of(&caller.chain.token), action),
    }
}

/// For changing one's own password, which a person does and no token.
pub(crate) fn on_own_password(caller: &Caller, owner: PrincipalId) -> Option<Permit> {
    let is_own = caller.is_session() && owner == caller.principal();
    permit(caller, Action::PasswordChange).ok().filter(|_| is_own)
}

/// A person who is signed in, by the session that says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    pub(crate) user: PrincipalId,
    pub(crate) session: TokenId,
    /// When that session ends.
    pub(crate) ends: Expiry,
}

/// The person behind a session: a token does not speak for its owner on a page.
pub(crate) fn person(caller: &Caller) -> Result<Person, Error> {
    if caller.is_session() {
        return Ok(Person { user: caller.principal(), session: caller.token(), ends: caller.facts.expiry() });
    }
    Err(Error::denied(Code::NotHonouredHere, "only a person who is signed in says yes here"))
}

/// For administering at a place.
pub(crate) fn at(caller: &Caller, place: Place, action: Action) -> Result<Permit, Error> {
    check_at(caller, place, action).and_then(|()| permit(caller, action))
}

/// The same where nothing is written.
pub(super) fn check_at(caller: &Caller, place: Place, action: Action) -> Result<(), Error> {
    match action.scopes().first() {
        _ if may_administer(caller, action, place) => Ok(()),
        Some(scope) => Err(missing(caller, scope, place)),
        None => Err(Error::denied(Code::InsufficientScope, "no scope allows this")),
    }
}

/// Whether a caller may still do, somewhere, what a route requires: before a call is answered once more without being
/// done again. What the answer says was the caller's to know, so it need not be the same place.
pub(super) fn check_still(caller: &Caller, word: &str) -> Result<(), Error> {
    let Some(action) = Action::from_word(word) else {
        return Ok(());
    };
    let is_own = may_on_own(caller, action);
    // Most of what is done to tokens is done to credentials of APIs, too.
    let of_apis = Some(Action::ApiCredential).filter(|_| !action.own_scopes().is_empty());
    let may_at = |place| {
        may_administer(caller, action, place)
            || of_apis.is_some_and(|other| may_administer(caller, other, place))
    };
    // People change their own password by the route to users, without a right to those.
    let own_password = action == Action::UserWrite && caller.is_session();
    if is_own || own_password || caller.places().chain([Place::Global]).any(may_at) {
        return Ok(());
    }
    let scope = action.own_scopes().first().or(action.scopes().first()).copied().unwrap_or_default();
    Err(missing(caller, scope, Place::Global))
}

/// For administering what the caller may not even know of: without the right, it does not exist. Of everywhere,
/// everybody knows.
pub(crate) fn at_or_hidden(caller: &Caller, place: Place, action: Action) -> Result<Permit, Error> {
    match at(caller, place, action) {
        Err(Error::Denied(_)) if place != Place::Global && !caller.sees(place) => Err(Error::Hidden),
        decided => decided,
    }
}

/// For renewing and finishing jobs: by whoever looks after jobs there, and by whoever started it; to renew it, while
/// they may still start jobs there. A job may finish itself, but no job prolongs one.
pub(crate) fn on_job(caller: &Caller, job: &JobRecord, action: Action) -> Result<Permit, Error> {
    let is_runner = is_runner(caller, job);
    let own = match action {
        Action::JobFinish => is_runner || caller.token() == job.token,
        Action::JobRenew if caller.is_of_job() => {
            return Err(Error::denied(
                Code::NotHonouredHere,
                "a job does not prolong itself; its runner does",
            ));
        }
        Action::JobRenew => is_runner && may_administer(caller, Action::JobMint, job.place()),
        _ => false,
    };
    if !own && caller.is_of_job() {
        return Err(Error::denied(Code::NotHonouredHere, "a job ends no job but itself"));
    }
    if own { permit(caller, action) } else { at(caller, job.place(), action) }
}

/// Whether a caller may get a secret of any token but the one that it has. No job does: a secret would outlive it.
pub(super) fn check_gets_secrets(caller: &Caller) -> Result<(), Error> {
    if caller.is_of_job() {
        return Err(Error::denied(Code::NotHonouredHere, "a job gets no secrets, for they would outlive it"));
    }
    Ok(())
}

/// For changing what a place says about jobs. No job does: it would loosen what holds for itself.
pub(crate) fn on_job_settings(caller: &Caller, place: Place) -> Result<Permit, Error> {
    if caller.is_of_job() {
        return Err(Error::denied(Code::NotHonouredHere, "a job does not change what limits jobs"));
    }
    at(caller, place, Action::JobSettingsWrite)
}

/// Whether a caller may know of a job: who started it, the job itself, and whoever may see the jobs there.
pub(crate) fn sees_job(caller: &Caller, job: &JobRecord) -> bool {
    let is_own = is_runner(caller, job) || caller.token() == job.token;
    is_own || may_administer(caller, Action::JobRead, job.place())
}

/// Whether a caller started the job. A job that a proven identity started has the account that it acts as for its runner,
/// and so have all others of the project: to be that account as a job is not to have started any.
fn is_runner(caller: &Caller, job: &JobRecord) -> bool {
    caller.principal() == job.runner && !caller.is_of_job()
}

/// Why the system itself does something, or somebody without a credential who has proved something else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reason {
    /// The first start.
    FirstStart,
    /// A start with a key that is new in the pepper file.
    KeyAdded,
    /// A start by somebody who says that the machine's clock is right.
    ClockAccepted,
    /// Somebody gave this user's password.
    PasswordProved(PrincipalId),
    /// A sign-in provider proved that this user is there.
    IdentityProved(PrincipalId),
    /// This person said yes in a session, which must still stand: a command line gets one of its own.
    SaidYes(Person),
    /// The code that a session of this user was made with was shown once more.
    CodeReplayed(PrincipalId),
    /// Somebody presented this token of this owner (RFC 7009: possession suffices).
    Possession(TokenId, PrincipalId),
    /// Somebody proved an identity that stands for this service account, or for a job that acts as it.
    Federated(PrincipalId),
    /// A row was found that is not as it was sealed.
    RowAltered,
    /// Somebody rotated with a secret that a rotation had retired.
    SecretReused,
    /// The end of a token comes near.
    EndNear,
    /// A job that this runner may start needs an account to act as; nobody's name is known when an identity is to start it.
    AccountNeeded(Option<PrincipalId>),
}

/// The only other maker of permits.
pub(crate) fn system(reason: Reason) -> Permit {
    let (actor, credential, action) = match reason {
        Reason::SaidYes(person) => (Some(person.user), Some(person.session), Action::SessionCreate),
        Reason::CodeReplayed(owner) => (Some(owner), None, Action::TokenRevoke),
        Reason::FirstStart => (None, None, Action::Bootstrap),
        Reason::ClockAccepted => (None, None, Action::ClockPutBack),
        Reason::KeyAdded => (None, None, Action::KeyAdd),
        Reason::PasswordProved(user) | Reason::IdentityProved(user) => {
            (Some(user), None, Action::SessionCreate)
        }
        Reason::Possession(token, owner) => (Some(owner), Some(token), Action::TokenRevoke),
        Reason::Federated(account) => (Some(account), None, Action::TokenExchange),
        Reason::RowAltered => (None, None, Action::NoteAltered),
        Reason::SecretReused => (None, None, Action::NoteReuse),
        Reason::EndNear => (None, None, Action::NoteEnd),
        Reason::AccountNeeded(runner) => (runner, None, Action::JobMint),
    };
    let rests_on_credential = matches!(reason, Reason::SaidYes(_));
    Permit {
        actor,
        credential,
        secret: None,
        attempt: None,
        action,
        rests_on_credential,
        epoch: None,
        bases: vec![],
    }
}

fn permit(caller: &Caller, action: Action) -> Result<Permit, Error> {
    let (actor, credential) = (Some(caller.principal()), Some(caller.token()));
    let epoch = caller.epoch.filter(|_| action.moves_power());
    if action.moves_power() && epoch.is_none() {
        // An operation that forgot to judge by `Authority::judged`: nothing is allowed on rights that nobody compares.
        return Err(Error::Unavailable);
    }
    let bases = if epoch.is_some() { caller.chain.bases() } else { vec![] };
    let (secret, attempt) = (Some(caller.secret), caller.attempt.clone());
    Ok(Permit { actor, credential, secret, attempt, action, rests_on_credential: true, epoch, bases })
}

/// Whether a caller may do this to what is their own.
fn may_on_own(caller: &Caller, action: Action) -> bool {
    action.own_scopes().iter().any(|scope| caller.holds(scope, Place::Global))
}

fn may_administer(caller: &Caller, action: Action, place: Place) -> bool {
    action.scopes().iter().any(|scope| caller.holds(scope, place))
}

fn missing(caller: &Caller, scope: &str, place: Place) -> Error {
    Error::Denied(Denial {
        code: Code::InsufficientScope,
        missing_scope: Some(scope.to_owned()),
        detail: format!("this needs `{scope}`, which the credential or its owner does not have"),
        remedies: remedies(caller, scope, place),
    })
}

/// What would help, in words that tell nobody more than the catalogue of roles does.
fn remedies(caller: &Caller, scope: &str, place: Place) -> Vec<Remedy> {
    let Ok(wanted) = scope.parse::<Scope>() else {
        return vec![];
    };
    let link = &caller.facts.token;
    if !caller.is_session() && link.rights_at(place).covers(&wanted) {
        let detail = format!("sign in, or use a token with `{scope}` that may be used there");
        return vec![Remedy { action: "add_scope".to_owned(), detail, role: None, place: None, who: vec![] }];
    }
    let grants = |role: &BuiltInRole| {
        let patterns: Rights = role.patterns().iter().filter_map(|text| text.parse().ok()).collect();
        patterns.covers(&wanted) && role.bindable().allows(place)
    };
    let level = match place {
        Place::Global => "everywhere",
        Place::Organization(_) => "at the organization",
        Place::Project(..) => "at the project",
    };
    let bind = |role: BuiltInRole| Remedy {
        action: "bind_role".to_owned(),
        detail: format!("role `{}` {level}, bound by somebody with `Jeton.Admin.Role` there", role.name()),
        role: Some(role.name().to_owned()),
        place: None,
        who: vec![],
    };
    BuiltInRole::ALL.into_iter().filter(grants).map(bind).collect()
}
