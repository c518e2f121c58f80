//! Writes as values, and the one function that applies them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jeton_token::{
    BindingId, GroupId, Id, JobId, JobSettings, Place, PlacedPattern, PlacedPolicy, PrincipalId,
    ResourceName, RoleId, SecretId, Timestamp, TokenId, TrustId, standing,
};

use super::binding::{self, BindingRecord, NewBinding};
use super::build_account::{self, NewBuildAccount};
use super::catalogue::{self, ApiRecord, NewApi};
use super::database::{Held, Transaction, statements, values};
use super::feed::Thing;
use super::group::{self, GroupEdit, GroupRecord};
use super::identity::{self, NewIdentity, SignIn};
use super::job::{self, NewJob};
use super::notice::{self, NearEnd};
use super::place::{self, PlaceWrite};
use super::principal::{self, NewPrincipal, PrincipalEdit, PrincipalRecord};
use super::rights::{self, Grounds};
use super::role::{self, RoleRecord, RoleSettings};
use super::token::{self, Basis, NewToken, Pen, TokenEdit, TokenRecord};
use super::trust::{self, Exchange, NewTrust, TrustRecord};
use super::{
    Refusal, Store, StoreError, audit, bootstrap, change, delivery, idempotency, job_settings, meta, policy,
};
use crate::authority::{Attempt, Permit};

/// Everything that can be changed.
#[derive(Debug)]
pub(crate) enum Write {
    CreateToken(NewToken),
    SignIn(Box<SignIn>),
    LinkIdentity(PrincipalId, NewIdentity),
    UnlinkIdentity(PrincipalId, Id),
    EditToken(TokenId, TokenEdit),
    FinishRotation(TokenId),
    ApproveToken(TokenId, Basis, Vec<PlacedPattern>),
    RevokeToken(TokenId),
    CreatePrincipal(NewPrincipal),
    EditPrincipal(PrincipalId, PrincipalEdit),
    RemovePrincipal(PrincipalId),
    CreateGroup(Id, ResourceName, GroupEdit),
    EditGroup(GroupId, GroupEdit),
    RemoveGroup(GroupId),
    CreateRole(Id, RoleSettings),
    EditRole(RoleId, RoleSettings),
    RemoveRole(RoleId),
    /// Leaves out scopes of these namespaces, which are somebody else's.
    PutBuiltInRoles(Vec<&'static str>),
    Bind(NewBinding),
    Unbind(BindingId),
    Place(PlaceWrite),
    PutPolicy(PlacedPolicy),
    RemovePolicy(Place),
    PutApi(NewApi),
    RemoveApi(PrincipalId),
    PutTrust(NewTrust),
    RemoveTrust(TrustId),
    Exchange(Exchange),
    MakeBuildAccount(NewBuildAccount),
    StartJob(Box<NewJob>),
    /// With another lease from now on where that is said, in milliseconds.
    RenewJob(JobId, TokenId, Option<i64>),
    FinishJob(JobId, TokenId),
    PutJobSettings(Place, JobSettings),
    Bootstrap(bootstrap::FirstUser),
    /// The name and check value of a key that was added to the pepper file.
    KeepKey(String, String),
    /// The latest time that is known was wrong, and this one is right.
    PutTimeBack(Timestamp),
    /// Nothing changes; only the audit row is written.
    NoteAltered(TokenId),
    /// The same; a rotation was tried with this secret, which had ended.
    NoteReuse(TokenId, SecretId),
    /// The same; the end of a token comes near.
    NoteEnd(NearEnd),
}

impl Write {
    /// Whether it changes the row of this token.
    fn changes_token(&self, token: TokenId) -> bool {
        matches!(
            self,
            Self::EditToken(id, _)
            | Self::FinishRotation(id)
            | Self::ApproveToken(id, ..)
            | Self::RevokeToken(id)
            | Self::RenewJob(_, id, _)
            | Self::FinishJob(_, id)
                if *id == token
        )
    }

    /// Whether somebody may do more or less after it, so that what was judged before must be judged again.
    fn moves_rights(&self) -> bool {
        match self {
            Self::RemovePrincipal(_)
            | Self::CreateGroup(..)
            | Self::EditGroup(..)
            | Self::RemoveGroup(_)
            | Self::UnlinkIdentity(..)
            | Self::CreateRole(..)
            | Self::EditRole(..)
            | Self::RemoveRole(_)
            | Self::PutBuiltInRoles(_)
            | Self::Bind(_)
            | Self::Unbind(_)
            | Self::Place(_)
            | Self::PutPolicy(_)
            | Self::RemovePolicy(_)
            | Self::PutJobSettings(..)
            | Self::MakeBuildAccount(_)
            // Jobs end with their trust, and no row of theirs says so.
            | Self::PutTrust(_)
            | Self::RemoveTrust(_)
            | Self::PutApi(_)
            | Self::RemoveApi(_) => true,
            // A sign-in by a provider does when it changes groups, and then it says so itself.
            Self::SignIn(_)
            | Self::LinkIdentity(..)
            | Self::CreateToken(_)
            | Self::EditToken(..)
            | Self::FinishRotation(_)
            | Self::ApproveToken(..)
            | Self::RevokeToken(_)
            | Self::CreatePrincipal(_)
            | Self::EditPrincipal(..)
            | Self::Exchange(_)
            | Self::StartJob(_)
            | Self::RenewJob(..)
            | Self::FinishJob(..)
            | Self::Bootstrap(_)
            | Self::KeepKey(..)
            | Self::PutTimeBack(_)
            | Self::NoteAltered(_)
            | Self::NoteReuse(..)
            | Self::NoteEnd(_) => false,
        }
    }
}

/// What came of a write.
#[derive(Debug)]
pub(crate) enum Outcome {
    Token(Box<TokenRecord>),
    Principal(Box<PrincipalRecord>),
    Group(Box<GroupRecord>),
    Role(Box<RoleRecord>),
    Binding(Box<BindingRecord>, Made),
    Api(Box<ApiRecord>),
    Trust(Box<TrustRecord>),
    Done,
}

/// Whether a write that may find its work done made something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    New,
    AlreadyThere,
}

statements! {
    ADVANCE_FROM = "UPDATE counter SET value = value + 1 WHERE name = 'rights' AND value = $1";
    ADVANCE = "UPDATE counter SET value = value + 1 WHERE name = 'rights'";
}

/// What the audit row says about a write, and what only its transaction could tell of what it touched: `touches` has
/// the rest.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) target_kind: &'static str,
    pub(super) target: String,
    pub(super) place: String,
    pub(super) detail: String,
    pub(super) personal: String,
    pub(super) touched: Vec<Thing>,
}

const TRIES: usize = 8;

impl Store {
    /// Applies a write together with its audit row and, where something cached changes, its change numbers.
    ///
    /// When this answers, the change is durable. A race with another write is tried again, a bounded number of times.
    pub(crate) async fn write(&self, permit: &Permit, write: &Write) -> Result<Outcome, StoreError> {
        for _ in 0..TRIES {
            match self.write_once(permit, write).await {
                Err(StoreError::Lost) => {}
                done => return done,
            }
        }
        Err(StoreError::Unavailable("the same rows change too often".to_owned()))
    }

    async fn write_once(&self, permit: &Permit, write: &Write) -> Result<Outcome, StoreError> {
        let mut transaction = self.database.write().await?;
        if let Some(attempt) = permit.attempt() {
            idempotency::begin(&mut transaction, attempt, self.clock.now()).await?;
        }
        let (outcome, event) = self.apply(&mut transaction, permit, write).await?;
        let Some(event) = event else {
            // Whoever is told that it was done before finds it done in memory, too.
            self.feed.note(&write.touches(&[]));
            return Ok(outcome);
        };
        let touched = write.touches(&event.touched);
        let audit_id = audit::insert(&mut transaction, self, permit, &event).await?;
        delivery::put(&mut transaction, self, write, (permit.action().word(), &audit_id)).await?;
        let number = change::number(&mut transaction, &touched, self.clock.now()).await?;
        self.commit(transaction, touched, number).await.map_err(StoreError::of_commit)?;
        self.outbox.call();
        permit.attempt().into_iter().for_each(Attempt::written);
        self.metrics.count_write(permit.action().word());
        Ok(outcome)
    }

    /// Commits and applies to the feed what that touches.
    ///
    /// INVARIANT: a COMMIT that was sent is seen to its end, also when nobody waits for the answer any more: only then
    /// the feed can say what is true.
    async fn commit(
        &self,
        transaction: Transaction,
        touched: Vec<Thing>,
        number: i64,
    ) -> Result<(), StoreError> {
        let (underway, acknowledged) = (self.feed.begin(touched), Arc::clone(&self.acknowledged));
        let committed = tokio::spawn(async move {
            let done = transaction.commit().await;
            if done.is_ok() {
                acknowledged.fetch_max(number, Ordering::SeqCst);
            }
            underway.applied();
            done
        });
        committed.await.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
    }

    /// Refuses what [`Store::write`] would refuse, and changes nothing.
    pub(crate) async fn rehearse(&self, permit: &Permit, write: &Write) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let mut transaction = self.database.write().await?;
            // Dropped without a commit, the transaction is rolled back.
            match self.apply(&mut transaction, permit, write).await {
                Err(StoreError::Lost) => {}
                done => return done.map(drop),
            }
        }
        Err(StoreError::Unavailable("the same rows change too often".to_owned()))
    }

    /// Applies the write, and says what to note: nothing where nothing changed.
    async fn apply(
        &self,
        transaction: &mut Transaction,
        permit: &Permit,
        write: &Write,
    ) -> Result<(Outcome, Option<Event>), StoreError> {
        let by = permit.actor();
        let mut pen = Pen { transaction, keys: &self.keys, now: self.clock.now() };
        check_epoch(&mut pen, permit, write).await?;
        check_credential(&mut pen, permit, write).await?;
        let (outcome, event) = match write {
            Write::RevokeToken(id) => return Ok(of_ended(token::revoke(&mut pen, *id, by).await?)),
            Write::FinishRotation(id) => return Ok(of_ended(token::finish(&mut pen, *id).await?)),
            Write::FinishJob(id, of) => return Ok(of_ended(job::finish(&mut pen, (*id, *of), by).await?)),
            Write::NoteEnd(near) => return Ok((Outcome::Done, notice::note(&mut pen, near).await?)),
            Write::CreateToken(new) => of_token(token::create(&mut pen, new).await?),
            Write::SignIn(sign_in) => of_token(identity::sign_in(&mut pen, sign_in).await?),
            Write::LinkIdentity(user, new) => (Outcome::Done, identity::link(&mut pen, *user, new).await?),
            Write::UnlinkIdentity(user, id) => (Outcome::Done, identity::unlink(&mut pen, *user, *id).await?),
            Write::EditToken(id, edit) => of_token(token::edit(&mut pen, *id, edit).await?),
            Write::ApproveToken(id, basis, given) => {
                of_token(token::approve(&mut pen, *id, basis, given).await?)
            }
            Write::CreatePrincipal(new) => of_principal(principal::create(&mut pen, new).await?),
            Write::EditPrincipal(id, edit) => of_principal(principal::edit(&mut pen, *id, edit, by).await?),
            Write::RemovePrincipal(id) => of_principal(principal::remove(&mut pen, *id).await?),
            Write::CreateGroup(id, name, edit) => of_group(group::create(&mut pen, *id, name, edit).await?),
            Write::EditGroup(id, edit) => of_group(group::edit(&mut pen, *id, edit).await?),
            Write::RemoveGroup(id) => (Outcome::Done, group::remove(&mut pen, *id).await?),
            Write::CreateRole(id, settings) => of_role(role::create(&mut pen, *id, settings).await?),
            Write::EditRole(id, settings) => of_role(role::edit(&mut pen, *id, settings).await?),
            Write::RemoveRole(id) => (Outcome::Done, role::remove(&mut pen, *id).await?),
            Write::PutBuiltInRoles(foreign) => {
                let (keys, now) = (pen.keys, pen.now);
                let mint = || keys.mint_id(now, &self.rng);
                (Outcome::Done, role::put_built_in(&mut pen, foreign, mint).await?)
            }
            Write::Bind(new) => {
                let (record, event) = binding::create(&mut pen, new).await?;
                let made = if event.is_some() { Made::New } else { Made::AlreadyThere };
                return Ok((Outcome::Binding(Box::new(record), made), event));
            }
            Write::Unbind(id) => (Outcome::Done, binding::remove(&mut pen, *id).await?),
            Write::Place(write) => (Outcome::Done, place::apply(&mut pen, write).await?),
            Write::PutPolicy(placed) => (Outcome::Done, policy::put(&mut pen, placed).await?),
            Write::RemovePolicy(place) => (Outcome::Done, policy::remove(&mut pen, *place).await?),
            Write::PutApi(new) => of_api(catalogue::put(&mut pen, new).await?),
            Write::RemoveApi(id) => (Outcome::Done, catalogue::remove(&mut pen, *id, by).await?),
            Write::PutTrust(new) => of_trust(trust::put(&mut pen, new, by).await?),
            Write::RemoveTrust(id) => (Outcome::Done, trust::remove(&mut pen, *id, by).await?),
            Write::Exchange(exchange) => of_token(trust::exchange(&mut pen, exchange).await?),
            Write::MakeBuildAccount(new) => (Outcome::Done, build_account::create(&mut pen, new).await?),
            Write::StartJob(new) => of_token(job::start(&mut pen, new).await?),
            Write::RenewJob(id, of, lease_ms) => of_token(job::renew(&mut pen, (*id, *of), *lease_ms).await?),
            Write::PutJobSettings(place, settings) => {
                (Outcome::Done, job_settings::put(&mut pen, *place, *settings).await?)
            }
            Write::Bootstrap(user) => (Outcome::Done, bootstrap::fill(&mut pen, user, &self.rng).await?),
            Write::KeepKey(name, check) => {
                (Outcome::Done, meta::keep_key(pen.transaction, name, check).await?)
            }
            Write::PutTimeBack(now) => (Outcome::Done, meta::put_time_back(pen.transaction, *now).await?),
            Write::NoteAltered(id) => (Outcome::Done, note(*id, "row_mac_invalid".to_owned())),
            Write::NoteReuse(id, secret) => {
                (Outcome::Done, note(*id, format!("reuse_detected; secret {secret}")))
            }
        };
        Ok((outcome, Some(event)))
    }
}

/// A permit that moves power was given on rights as they were: they must be so still, and whatever changes them is
/// noticed by everybody who is judging meanwhile.
async fn check_epoch(pen: &mut Pen<'_>, permit: &Permit, write: &Write) -> Result<(), StoreError> {
    let unchanged = match (permit.epoch(), write.moves_rights()) {
        (None, false) => true,
        (None, true) => pen.transaction.execute(ADVANCE, values![]).await? == 1,
        (Some(epoch), true) => pen.transaction.execute(ADVANCE_FROM, values![epoch]).await? == 1,
        (Some(epoch), false) => {
            pen.transaction.hold(Held::Rights).await?;
            rights::epoch(pen.transaction).await? == epoch
        }
    };
    if unchanged { Ok(()) } else { Err(Refusal::Changed.into()) }
}

/// A permit was given on what had been read before. In the transaction that writes, the credential behind it must
/// still stand: a session that was ended meanwhile makes nothing any more, and a token that was narrowed meanwhile is
/// judged again.
async fn check_credential(pen: &mut Pen<'_>, permit: &Permit, write: &Write) -> Result<(), StoreError> {
    let Some(id) = permit.credential().filter(|_| permit.rests_on_credential()) else {
        return Ok(());
    };
    let text = id.to_string();
    let held = if write.changes_token(id) { Held::TokenToChange(&text) } else { Held::Token(&text) };
    pen.transaction.hold(held).await?;
    let chain = token::load(pen.transaction, pen.keys, pen.now, id).await?.ok_or(Refusal::CredentialGone)?;
    let facts = chain.facts(&Grounds::default());
    standing(&facts, pen.now).map_err(|_| Refusal::CredentialGone)?;
    if permit.secret().is_some_and(|secret| chain.in_force(secret, pen.now).is_none()) {
        return Err(Refusal::CredentialGone.into());
    }
    if permit.is_of(&chain) { Ok(()) } else { Err(Refusal::Changed.into()) }
}

/// What a write that moves rights only sometimes does when it does.
pub(super) async fn advance_rights(pen: &mut Pen<'_>) -> Result<(), StoreError> {
    match pen.transaction.execute(ADVANCE, values![]).await? {
        1 => Ok(()),
        _ => Err(StoreError::unreadable("counter")),
    }
}

fn of_token((token, event): (TokenRecord, Event)) -> (Outcome, Event) {
    (Outcome::Token(Box::new(token)), event)
}

/// Of something that may have been over already.
fn of_ended((token, event): (TokenRecord, Option<Event>)) -> (Outcome, Option<Event>) {
    (Outcome::Token(Box::new(token)), event)
}

fn of_principal((principal, event): (PrincipalRecord, Event)) -> (Outcome, Event) {
    (Outcome::Principal(Box::new(principal)), event)
}

fn of_group((group, event): (GroupRecord, Event)) -> (Outcome, Event) {
    (Outcome::Group(Box::new(group)), event)
}

fn of_role((role, event): (RoleRecord, Event)) -> (Outcome, Event) {
    (Outcome::Role(Box::new(role)), event)
}

fn of_api((api, event): (ApiRecord, Event)) -> (Outcome, Event) {
    (Outcome::Api(Box::new(api)), event)
}

fn of_trust((trust, event): (TrustRecord, Event)) -> (Outcome, Event) {
    (Outcome::Trust(Box::new(trust)), event)
}

fn note(id: TokenId, detail: String) -> Event {
    Event {
        target_kind: "token",
        target: id.to_string(),
        place: String::new(),
        detail,
        personal: String::new(),
        touched: vec![],
    }
}
