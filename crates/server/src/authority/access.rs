//! Who may do what: callers, actions and permits.
//!
//! A [`Permit`] proves that a caller may do an action. It can be made here only, it is the one key to a store write,
//! and it becomes the audit row. So there is no way to change anything that was not allowed, and none that is not
//! written down.
//!
//! What belongs to somebody else and may not be seen is answered like what does not exist.

mod action;
mod caller;
mod job;
mod missing;
mod reason;

use std::sync::Arc;

use jeton_api::Code;
use jeton_token::{Expiry, Place, PlaceLimit, PrincipalId, PrincipalKind, SecretId, TokenId};

use super::Error;
use super::attempt::Attempt;
use crate::store::{Basis, Chain, PrincipalRecord, TokenRecord};

use missing::missing;

pub(crate) use action::Action;
pub(crate) use caller::Caller;
pub(super) use caller::is_of_own_tokens;
pub(super) use job::check_gets_secrets;
pub(crate) use job::{on_job, on_job_settings, sees_job};
pub(crate) use reason::{Reason, system};

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
    // A runner renews and finishes its jobs by the right to start them.
    let own_job = matches!(action, Action::JobRenew | Action::JobFinish) && job::is_a_runner(caller);
    if is_own || own_password || own_job || caller.places().chain([Place::Global]).any(may_at) {
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
