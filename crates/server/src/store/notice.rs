//! Tokens whose end comes near, and that it was noted.

use jeton_token::{Timestamp, TokenId};

use super::database::{Row, Transaction, statements, values};
use super::token::{self, Pen};
use super::write::Event;
use super::{Refusal, Store, StoreError};

/// A token and an end of it that comes near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NearEnd {
    pub(crate) token: TokenId,
    pub(crate) at: Timestamp,
    /// How many days before the end this is about.
    pub(crate) days: i64,
}

/// Which ends are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Horizon {
    pub(crate) days: i64,
    /// Ends after this moment.
    pub(crate) after: Timestamp,
    /// And before this one.
    pub(crate) before: Timestamp,
    /// Of tokens whose secret lives at least so long.
    pub(crate) life_ms: i64,
}

statements! {
    // The first conditions are those of the index. What was noted for this end, or for less time before it, is done.
    NEAR = "SELECT token.id, token.expires_at FROM token JOIN principal ON principal.id = token.owner_id
        WHERE token.revoked_at IS NULL AND token.kind IN ('pat', 'svc')
            AND token.expires_at - token.secret_issued_at > 86400000
            AND token.expires_at > $1 AND token.expires_at < $2
            AND token.expires_at - token.secret_issued_at >= $3
            AND principal.disabled_at IS NULL AND principal.removed_at IS NULL
            AND (token.expires_at > $5 OR (token.expires_at = $5 AND token.id > $6))
            AND NOT EXISTS (SELECT 1 FROM notice WHERE notice.token_id = token.id
                AND notice.ends_at = token.expires_at AND notice.days <= $4)
        ORDER BY token.expires_at, token.id LIMIT $7";
    INSERT = "INSERT INTO notice (token_id, ends_at, days, audit_id) VALUES ($1, $2, $3, '')
        ON CONFLICT (token_id, ends_at, days) DO NOTHING";
    NAME = "UPDATE notice SET audit_id = $4 WHERE token_id = $1 AND ends_at = $2 AND days = $3";
    RECIPIENT = "SELECT CASE WHEN owner.kind = 'user' THEN owner.id WHEN maker.kind = 'user' THEN maker.id ELSE '' END
            AS recipient
        FROM token JOIN principal owner ON owner.id = token.owner_id
            LEFT JOIN token credential ON credential.id = token.created_by
            LEFT JOIN principal maker ON maker.id = credential.owner_id
        WHERE token.id = $1";
}

/// Notes that an end comes near; `None` if somebody did already, or it is not the end any more.
pub(super) async fn note(pen: &mut Pen<'_>, near: &NearEnd) -> Result<Option<Event>, StoreError> {
    let loaded = token::load(pen.transaction, pen.keys, pen.now, near.token).await?;
    let token = loaded.ok_or(Refusal::Gone)?.token;
    if token.revoked_at.is_some() || token.expiry.at() != Some(near.at) {
        return Ok(None);
    }
    let values = values![near.token.to_string(), near.at.0, near.days];
    if pen.transaction.execute(INSERT, values).await? == 0 {
        return Ok(None);
    }
    Ok(Some(Event {
        target_kind: "token",
        target: near.token.to_string(),
        place: String::new(),
        detail: format!("expires {}; days {}; owner {}", near.at.0, near.days, token.owner),
        personal: token.name,
        touched: vec![],
    }))
}

/// Says in which audit row it stands.
pub(super) async fn name(
    transaction: &mut Transaction,
    near: &NearEnd,
    audit_id: &str,
) -> Result<(), StoreError> {
    let values = values![near.token.to_string(), near.at.0, near.days, audit_id];
    transaction.execute(NAME, values).await?;
    Ok(())
}

/// The id of the person who is told about a token: its owner, or whoever made it for a service account. Empty if that
/// is no person.
pub(super) async fn recipient(transaction: &mut Transaction, token: TokenId) -> Result<String, StoreError> {
    let row = transaction.first(RECIPIENT, values![token.to_string()]).await?;
    row.map_or_else(|| Ok(String::new()), |row| row.text("recipient"))
}

impl Store {
    /// Tokens whose end is within the horizon and was not noted for that yet, from the first one behind `last`.
    pub(crate) async fn near_ends(
        &self,
        horizon: &Horizon,
        last: Option<&NearEnd>,
        most: i64,
    ) -> Result<Vec<NearEnd>, StoreError> {
        let (from, id) = last.map_or((i64::MIN, String::new()), |near| (near.at.0, near.token.to_string()));
        let Horizon { days, after, before, life_ms } = *horizon;
        let values = values![after.0, before.0, life_ms, days, from, id, most];
        let rows = self.read().await?.fetch(NEAR, values).await?;
        rows.iter().map(|row| near_end(row, days)).collect()
    }
}

fn near_end(row: &Row, days: i64) -> Result<NearEnd, StoreError> {
    Ok(NearEnd { token: row.parse("id")?, at: Timestamp(row.int("expires_at")?), days })
}
