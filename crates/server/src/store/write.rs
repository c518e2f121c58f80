//! Writes as values, and the one function that applies them.

use jeton_token::{PrincipalId, TokenId, TrustId, standing};

use super::catalogue::{self, ApiRecord, NewApi};
use super::database::{Held, Transaction};
use super::principal::{self, NewUser, PrincipalRecord, UserEdit};
use super::token::{self, NewToken, Pen, TokenEdit, TokenRecord};
use super::trust::{self, Exchange, NewTrust, TrustRecord};
use super::{Refusal, RightsByOwner, Store, StoreError, audit, bootstrap, change, meta};
use crate::authority::Permit;

/// Everything that can be changed.
#[derive(Debug)]
pub(crate) enum Write {
    CreateToken(NewToken),
    EditToken(TokenId, TokenEdit),
    RevokeToken(TokenId),
    CreateUser(NewUser),
    EditUser(PrincipalId, UserEdit),
    RemoveUser(PrincipalId),
    PutApi(NewApi),
    RemoveApi(PrincipalId),
    PutTrust(NewTrust),
    RemoveTrust(TrustId),
    Exchange(Exchange),
    Bootstrap(bootstrap::FirstUser),
    /// The name and check value of a key that was added to the pepper file.
    KeepKey(String, String),
    /// Nothing changes; only the audit row is written.
    NoteAltered(TokenId),
}

/// What came of a write.
#[derive(Debug)]
pub(crate) enum Outcome {
    Token(Box<TokenRecord>),
    Principal(Box<PrincipalRecord>),
    Api(Box<ApiRecord>),
    Trust(Box<TrustRecord>),
    Done,
}

/// What the audit row says about a write, and what it touched that may be cached somewhere.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) target_kind: &'static str,
    pub(super) target: String,
    pub(super) place: String,
    pub(super) detail: String,
    pub(super) personal: String,
    pub(super) touched: Vec<(&'static str, String)>,
}

/// Whether a token write changed something that may be cached. Plain creations do not: absence is never cached.
#[derive(Clone, Copy)]
pub(super) enum Touched {
    Token,
    Nothing,
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
        let (outcome, event) = self.apply(&mut transaction, permit, write).await?;
        let Some(event) = event else {
            return Ok(outcome);
        };
        audit::insert(&mut transaction, self, permit, &event).await?;
        change::number(&mut transaction, &event.touched, self.clock.now()).await?;
        transaction.commit().await?;
        Ok(outcome)
    }

    /// Refuses what [`Store::write`] would refuse, and changes nothing.
    pub(crate) async fn rehearse(&self, permit: &Permit, write: &Write) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        self.apply(&mut transaction, permit, write).await?;
        // Dropped without a commit, the transaction is rolled back.
        Ok(())
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
        check_credential(&mut pen, permit).await?;
        let (outcome, event) = match write {
            Write::RevokeToken(id) => {
                let (token, event) = token::revoke(&mut pen, *id, by).await?;
                return Ok((Outcome::Token(Box::new(token)), event));
            }
            Write::CreateToken(new) => of_token(token::create(&mut pen, new).await?),
            Write::EditToken(id, edit) => of_token(token::edit(&mut pen, *id, edit).await?),
            Write::CreateUser(new) => of_principal(principal::create(&mut pen, new).await?),
            Write::EditUser(id, edit) => of_principal(principal::edit(&mut pen, *id, edit, by).await?),
            Write::RemoveUser(id) => of_principal(principal::remove(&mut pen, *id).await?),
            Write::PutApi(new) => of_api(catalogue::put(&mut pen, new).await?),
            Write::RemoveApi(id) => (Outcome::Done, catalogue::remove(&mut pen, *id, by).await?),
            Write::PutTrust(new) => of_trust(trust::put(&mut pen, new, by).await?),
            Write::RemoveTrust(id) => (Outcome::Done, trust::remove(&mut pen, *id, by).await?),
            Write::Exchange(exchange) => of_token(trust::exchange(&mut pen, exchange).await?),
            Write::Bootstrap(user) => (Outcome::Done, bootstrap::fill(&mut pen, user, &self.rng).await?),
            Write::KeepKey(name, check) => {
                (Outcome::Done, meta::keep_key(pen.transaction, name, check).await?)
            }
            Write::NoteAltered(id) => (Outcome::Done, altered(*id)),
        };
        Ok((outcome, Some(event)))
    }
}

/// A permit was given on what had been read before. In the transaction that writes, the credential behind it must
/// still stand: a session that was ended meanwhile makes nothing any more.
async fn check_credential(pen: &mut Pen<'_>, permit: &Permit) -> Result<(), StoreError> {
    let Some(id) = permit.credential().filter(|_| permit.rests_on_credential()) else {
        return Ok(());
    };
    pen.transaction.hold(Held::Token(&id.to_string())).await?;
    let chain = token::load(pen.transaction, pen.keys, pen.now, id).await?.ok_or(Refusal::CredentialGone)?;
    let facts = chain.facts(&RightsByOwner::default());
    standing(&facts, pen.now).map_err(|_| Refusal::CredentialGone.into())
}

fn of_token((token, event): (TokenRecord, Event)) -> (Outcome, Event) {
    (Outcome::Token(Box::new(token)), event)
}

fn of_principal((principal, event): (PrincipalRecord, Event)) -> (Outcome, Event) {
    (Outcome::Principal(Box::new(principal)), event)
}

fn of_api((api, event): (ApiRecord, Event)) -> (Outcome, Event) {
    (Outcome::Api(Box::new(api)), event)
}

fn of_trust((trust, event): (TrustRecord, Event)) -> (Outcome, Event) {
    (Outcome::Trust(Box::new(trust)), event)
}

fn altered(id: TokenId) -> Event {
    Event {
        target_kind: "token",
        target: id.to_string(),
        place: String::new(),
        detail: "row_mac_invalid".to_owned(),
        personal: String::new(),
        touched: vec![],
    }
}
