//! Calls with an `Idempotency-Key`: that they were made, in the transaction of what they changed, and what was
//! answered, after it. No secret is kept, only the salt to derive it with, and that for a day.

use jeton_token::{Mac, SecretId, Timestamp, TokenId};

use super::database::{Row, Transaction, statements, values};
use super::{Refusal, Store, StoreError};
use crate::authority::Attempt;
use crate::limits::KEY_MS_KEPT;
use crate::limits::KEYS_FORGOTTEN_AT_ONCE;

/// A call that was made before with the same key by the same caller.
#[derive(Debug)]
pub(crate) struct KeptCall {
    /// The MAC over what was asked for.
    pub(crate) request: Vec<u8>,
    pub(crate) attempt: [u8; 16],
    pub(crate) salt: [u8; 32],
    /// The secret of the caller's token that it came with.
    pub(crate) presented: SecretId,
    /// The token whose secret it yielded.
    pub(crate) token: Option<TokenId>,
    /// What was answered. It is unknown when the process ended in between, or the outcome was not known.
    pub(crate) answer: Option<KeptAnswer>,
}

/// What was answered, a secret left out.
#[derive(Debug)]
pub(crate) struct KeptAnswer {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

statements! {
    FIND = "SELECT request, attempt, salt, presented, token_id, status, content_type, location, body
        FROM idempotency WHERE mac = $1 AND created_at > $2";
    FORGET_SAME = "DELETE FROM idempotency WHERE mac = $1 AND created_at <= $2";
    FORGET = "DELETE FROM idempotency WHERE mac IN
        (SELECT mac FROM idempotency WHERE created_at <= $1 ORDER BY created_at LIMIT $2)";
    INSERT = "INSERT INTO idempotency (mac, key_version, request, attempt, salt, presented, token_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (mac) DO NOTHING";
    ATTEMPT = "SELECT attempt FROM idempotency WHERE mac = $1";
    ANSWER = "UPDATE idempotency SET status = $1, content_type = $2, location = $3, body = $4
        WHERE mac = $5 AND attempt = $6";
}

impl Store {
    /// The call that was made with this key before, if it is not forgotten.
    pub(crate) async fn kept_call(&self, mac: &Mac) -> Result<Option<KeptCall>, StoreError> {
        let since = self.clock.now().plus_ms(-KEY_MS_KEPT);
        let row = self.read().await?.first(FIND, values![mac.as_bytes().as_slice(), since.0]).await?;
        row.as_ref().map(kept_call).transpose()
    }

    /// Keeps what a call was answered, for its repetitions. Forgets some that are old.
    pub(crate) async fn keep_answer(&self, attempt: &Attempt, answer: &KeptAnswer) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        forget(&mut transaction, self.clock.now()).await?;
        let values = values![
            i64::from(answer.status),
            answer.content_type.clone(),
            answer.location.clone(),
            answer.body.as_slice(),
            attempt.mac().as_bytes().as_slice(),
            attempt.nonce().as_slice(),
        ];
        transaction.execute(ANSWER, values).await?;
        transaction.commit().await
    }

    /// Forgets calls whose day is over: with the salt the way to their secrets goes.
    pub(crate) async fn forget_calls(&self) -> Result<(), StoreError> {
        loop {
            let mut transaction = self.database.write().await?;
            let forgotten = forget(&mut transaction, self.clock.now()).await?;
            transaction.commit().await?;
            if i64::try_from(forgotten).is_ok_and(|count| count < KEYS_FORGOTTEN_AT_ONCE) {
                return Ok(());
            }
        }
    }
}

async fn forget(transaction: &mut Transaction, now: Timestamp) -> Result<u64, StoreError> {
    transaction.execute(FORGET, values![now.plus_ms(-KEY_MS_KEPT).0, KEYS_FORGOTTEN_AT_ONCE]).await
}

/// Notes the call in the transaction of its change. Of two with the same key only one comes through: the other waits
/// here for the first one to commit, and is refused.
pub(super) async fn begin(
    transaction: &mut Transaction,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mac = attempt.mac();
    let forgotten = now.plus_ms(-KEY_MS_KEPT).0;
    transaction.execute(FORGET_SAME, values![mac.as_bytes().as_slice(), forgotten]).await?;
    let values = values![
        mac.as_bytes().as_slice(),
        i64::from(attempt.key_version().0),
        attempt.request().as_bytes().as_slice(),
        attempt.nonce().as_slice(),
        attempt.salt().as_slice(),
        attempt.presented().to_string(),
        attempt.issued().map(|(_, id)| id.to_string()),
        now.0,
    ];
    if transaction.execute(INSERT, values).await? == 1 {
        return Ok(());
    }
    // A call that changes several things notes itself with the first.
    let row = transaction.first(ATTEMPT, values![mac.as_bytes().as_slice()]).await?;
    match row {
        Some(row) if row.bytes("attempt")? == attempt.nonce() => Ok(()),
        _ => Err(Refusal::KeyInFlight.into()),
    }
}

fn kept_call(row: &Row) -> Result<KeptCall, StoreError> {
    let unreadable = |_| StoreError::unreadable("attempt");
    let answer = match row.int_or_null("status")? {
        None => None,
        Some(status) => Some(KeptAnswer {
            status: u16::try_from(status).map_err(|_| StoreError::unreadable("status"))?,
            content_type: row.text_or_null("content_type")?,
            location: row.text_or_null("location")?,
            body: row.bytes("body")?,
        }),
    };
    Ok(KeptCall {
        request: row.bytes("request")?,
        attempt: row.bytes("attempt")?.try_into().map_err(unreadable)?,
        salt: row.bytes("salt")?.try_into().map_err(unreadable)?,
        presented: row.parse("presented")?,
        token: row.parse_or_null("token_id")?,
        answer,
    })
}
