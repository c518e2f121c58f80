//! The outbox: what is on its way to whoever wants to be told.
//!
//! A row is made in the transaction of the audit row that it tells of. So nothing is sent that was not committed, and
//! nothing that was committed is lost. Whoever delivers takes the row first, by counting up its tries and setting the
//! moment before which nobody else does; a process that dies in between leaves it to be tried again.
//!
//! These rows change without a permit and without an audit row: nobody decides anything here.

use std::sync::Arc;

use jeton_token::{Timestamp, TokenKind};
use tokio::sync::watch;

use super::database::{Row, Transaction, statements, values};
use super::write::Write;
use super::{Store, StoreError, notice, token};
use crate::limits::{LETTER_ENTRIES_MAX, LETTER_MS_HELD};
use crate::notices::{MAIL, Wanted};

/// Who wants to be told of what. The configuration says so, and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    wanted: Arc<Wanted>,
    /// Wakes whoever delivers.
    called: watch::Sender<()>,
}

/// Something that was taken to be delivered.
#[derive(Clone, Debug)]
pub(crate) struct Taken<T> {
    pub(crate) audit_id: String,
    /// How often it was tried, this time included.
    pub(crate) tries: i64,
    pub(crate) what: T,
}

/// What an audit row says, with the names that its ids have now.
#[derive(Clone, Debug)]
pub(crate) struct AuditEvent {
    pub(crate) at: Timestamp,
    pub(crate) action: String,
    pub(crate) actor: Option<Named>,
    pub(crate) credential: String,
    pub(crate) target_kind: String,
    pub(crate) target: String,
    pub(crate) place: String,
    pub(crate) detail: String,
    /// The token that it is about.
    pub(crate) token: Option<NamedToken>,
    /// For an end that comes near: how many days before it.
    pub(crate) days: Option<i64>,
}

/// Somebody.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// A token, as far as others are told of it.
#[derive(Clone, Debug)]
pub(crate) struct NamedToken {
    pub(crate) number: i64,
    pub(crate) kind: TokenKind,
    pub(crate) name: String,
    pub(crate) owner_kind: String,
    pub(crate) owner_name: String,
    pub(crate) ends_at: Option<Timestamp>,
}

/// All that one person is to be told of by mail.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// Their address; `None` if they have none, or are no person who is let in.
    pub(crate) address: Option<String>,
    /// `None` as an entry: the end that was noted is not the token's end any more.
    pub(crate) entries: Vec<Taken<Option<NamedToken>>>,
}

macro_rules! token_columns {
    () => {
        "token.number AS token_number, token.kind AS token_kind, token.name AS token_name, token.expires_at AS ends_at,
            owner.kind AS owner_kind, owner.name AS owner_name"
    };
}

statements! {
    INSERT = "INSERT INTO delivery (sink, audit_id, recipient, tries, next_try_at) VALUES ($1, $2, $3, 0, $4)";
    DUE = concat!("SELECT delivery.audit_id AS audit_id, delivery.tries AS tries, audit.at AS at,
            audit.action AS action, audit.actor AS actor, audit.credential AS credential,
            audit.target_kind AS target_kind, audit.target AS target, audit.place AS place,
            audit.detail AS detail, actor.kind AS actor_kind, actor.name AS actor_name, notice.days AS days, ",
        token_columns!(), "
        FROM delivery JOIN audit ON audit.id = delivery.audit_id
            LEFT JOIN principal actor ON actor.id = audit.actor
            LEFT JOIN token ON token.id = audit.target
            LEFT JOIN principal owner ON owner.id = token.owner_id
            LEFT JOIN notice ON notice.token_id = audit.target AND notice.audit_id = audit.id
        WHERE delivery.sink = $1 AND delivery.next_try_at <= $2 AND delivery.failed_at IS NULL
        ORDER BY delivery.next_try_at, delivery.audit_id LIMIT $3");
    DUE_LETTER = "SELECT recipient FROM delivery
        WHERE sink = $1 AND next_try_at <= $2 AND failed_at IS NULL ORDER BY next_try_at, audit_id LIMIT 1";
    // What was never tried goes along, although its time has not come.
    ENTRIES = concat!("SELECT delivery.audit_id AS audit_id, delivery.tries AS tries,
            token.revoked_at AS revoked_at, notice.ends_at AS noted_end, ",
        token_columns!(), "
        FROM delivery JOIN audit ON audit.id = delivery.audit_id
            JOIN token ON token.id = audit.target
            JOIN principal owner ON owner.id = token.owner_id
            LEFT JOIN notice ON notice.token_id = audit.target AND notice.audit_id = audit.id
        WHERE delivery.sink = $1 AND delivery.recipient = $2 AND delivery.failed_at IS NULL
            AND (delivery.next_try_at <= $3 OR delivery.tries = 0)
        ORDER BY token.expires_at, delivery.audit_id LIMIT $4");
    ADDRESS = "SELECT email FROM principal
        WHERE id = $1 AND kind = 'user' AND disabled_at IS NULL AND removed_at IS NULL";
    TAKE = "UPDATE delivery SET tries = tries + 1, next_try_at = $4
        WHERE sink = $1 AND audit_id = $2 AND tries = $3 AND failed_at IS NULL";
    DELIVERED = "DELETE FROM delivery WHERE sink = $1 AND audit_id = $2";
    PUT_OFF = "UPDATE delivery SET next_try_at = $4 WHERE sink = $1 AND audit_id = $2 AND tries = $3";
    GIVE_UP = "UPDATE delivery SET failed_at = $4, outcome = 'given_up'
        WHERE sink = $1 AND audit_id = $2 AND tries = $3";
    WAITED_FOR = "SELECT DISTINCT sink FROM delivery WHERE failed_at IS NULL";
    CLOSE = "UPDATE delivery SET failed_at = $2, outcome = 'sink_removed' WHERE sink = $1 AND failed_at IS NULL";
}

impl Outbox {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self { wanted: Arc::new(wanted), called: watch::Sender::new(()) }
    }

    /// Says that something was committed.
    pub(super) fn call(&self) {
        self.called.send_replace(());
    }
}

/// Puts what a write is told of into the outbox, with its audit row.
pub(super) async fn put(
    transaction: &mut Transaction,
    store: &Store,
    write: &Write,
    (action, audit_id): (&str, &str),
) -> Result<(), StoreError> {
    let now = store.clock.now();
    for sink in store.outbox.wanted.sinks_for(action) {
        transaction.execute(INSERT, values![sink, audit_id, "", now.0]).await?;
    }
    let Write::NoteEnd(near) = write else { return Ok(()) };
    notice::name(transaction, near, audit_id).await?;
    if store.outbox.wanted.has_mail() {
        let recipient = notice::recipient(transaction, near.token).await?;
        // All that is noted at the same time goes into one letter.
        let held = now.plus_ms(LETTER_MS_HELD);
        transaction.execute(INSERT, values![MAIL, audit_id, recipient, held.0]).await?;
    }
    Ok(())
}

impl Store {
    /// Says when something may have been put into the outbox.
    pub(crate) fn outbox_calls(&self) -> watch::Receiver<()> {
        self.outbox.called.subscribe()
    }

    /// Takes what is due for a webhook. Nobody else takes it before `until`.
    pub(crate) async fn take_events(
        &self,
        sink: &str,
        until: Timestamp,
        most: i64,
    ) -> Result<Vec<Taken<AuditEvent>>, StoreError> {
        let due = values![sink, self.clock.now().0, most];
        // Most of the time there is nothing, and nobody has to wait for the one that writes.
        if self.read().await?.first(DUE, due.clone()).await?.is_none() {
            return Ok(vec![]);
        }
        let mut transaction = self.database.write().await?;
        let mut taken = Vec::new();
        for row in transaction.fetch(DUE, due).await? {
            let one = taken_from(&row, audit_event(&row)?)?;
            taken.extend(take(&mut transaction, sink, one, until).await?);
        }
        transaction.commit().await?;
        Ok(taken)
    }

    /// Takes all that is to be told to one person, if something is due.
    pub(crate) async fn take_letter(&self, until: Timestamp) -> Result<Option<Letter>, StoreError> {
        let now = self.clock.now().0;
        if self.read().await?.first(DUE_LETTER, values![MAIL, now]).await?.is_none() {
            return Ok(None);
        }
        let mut transaction = self.database.write().await?;
        let Some(row) = transaction.first(DUE_LETTER, values![MAIL, now]).await? else {
            return Ok(None);
        };
        let recipient = row.text("recipient")?;
        let address = transaction.first(ADDRESS, values![recipient.as_str()]).await?;
        let address = address.map(|row| row.text_or_null("email")).transpose()?.flatten();
        let mut entries = Vec::new();
        for row in transaction.fetch(ENTRIES, values![MAIL, recipient, now, LETTER_ENTRIES_MAX]).await? {
            let token = named_token(&row)?.filter(|token| token.ends_at.is_some());
            let is_noted = row.int_or_null("revoked_at")?.is_none()
                && row.int_or_null("noted_end")? == row.int_or_null("ends_at")?;
            let token = token.filter(|_| is_noted);
            entries.extend(take(&mut transaction, MAIL, taken_from(&row, token)?, until).await?);
        }
        transaction.commit().await?;
        Ok(Some(Letter { address, entries }))
    }

    /// It was delivered.
    pub(crate) async fn delivered<T>(&self, sink: &str, taken: &[Taken<T>]) -> Result<(), StoreError> {
        self.settle(taken, |one| (DELIVERED, values![sink, one.audit_id.as_str()])).await
    }

    /// It was not, and is tried again at this moment.
    pub(crate) async fn put_off<T>(
        &self,
        sink: &str,
        taken: &[Taken<T>],
        next: Timestamp,
    ) -> Result<(), StoreError> {
        self.settle(taken, |one| (PUT_OFF, values![sink, one.audit_id.as_str(), one.tries, next.0])).await
    }

    /// It was not, and is not tried any more.
    pub(crate) async fn give_up<T>(&self, sink: &str, taken: &[Taken<T>]) -> Result<(), StoreError> {
        let now = self.clock.now().0;
        self.settle(taken, |one| (GIVE_UP, values![sink, one.audit_id.as_str(), one.tries, now])).await
    }

    /// Closes what is on its way to sinks that nobody names any more, for no courier goes there; the rows stay. Answers
    /// how many those are for each sink.
    pub(crate) async fn close_unnamed(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let mut transaction = self.database.write().await?;
        let mut closed = Vec::new();
        for row in transaction.fetch(WAITED_FOR, values![]).await? {
            let sink = row.text("sink")?;
            if !self.outbox.wanted.has(&sink) {
                let number = transaction.execute(CLOSE, values![sink.as_str(), self.clock.now().0]).await?;
                closed.push((sink, number));
            }
        }
        transaction.commit().await?;
        Ok(closed)
    }

    async fn settle<T>(
        &self,
        taken: &[Taken<T>],
        change: impl Fn(&Taken<T>) -> (super::database::Statement, Vec<super::database::Value>),
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        for one in taken {
            let (statement, values) = change(one);
            transaction.execute(statement, values).await?;
        }
        transaction.commit().await
    }
}

/// Takes a row, unless somebody else did.
async fn take<T>(
    transaction: &mut Transaction,
    sink: &str,
    one: Taken<T>,
    until: Timestamp,
) -> Result<Option<Taken<T>>, StoreError> {
    let values = values![sink, one.audit_id.as_str(), one.tries, until.0];
    let was_free = transaction.execute(TAKE, values).await? == 1;
    Ok(was_free.then(|| Taken { tries: one.tries + 1, ..one }))
}

fn taken_from<T>(row: &Row, what: T) -> Result<Taken<T>, StoreError> {
    Ok(Taken { audit_id: row.text("audit_id")?, tries: row.int("tries")?, what })
}

fn audit_event(row: &Row) -> Result<AuditEvent, StoreError> {
    let actor = match row.text_or_null("actor_name")? {
        Some(name) => Some(Named { id: row.text("actor")?, kind: row.text("actor_kind")?, name }),
        None => None,
    };
    Ok(AuditEvent {
        at: Timestamp(row.int("at")?),
        action: row.text("action")?,
        actor,
        credential: row.text("credential")?,
        target_kind: row.text("target_kind")?,
        target: row.text("target")?,
        place: row.text("place")?,
        detail: row.text("detail")?,
        token: named_token(row)?,
        days: row.int_or_null("days")?,
    })
}

fn named_token(row: &Row) -> Result<Option<NamedToken>, StoreError> {
    let Some(number) = row.int_or_null("token_number")? else { return Ok(None) };
    Ok(Some(NamedToken {
        number,
        kind: token::kind_of(&row.text("token_kind")?)?,
        name: row.text("token_name")?,
        owner_kind: row.text("owner_kind")?,
        owner_name: row.text("owner_name")?,
        ends_at: row.int_or_null("ends_at")?.map(Timestamp),
    }))
}
