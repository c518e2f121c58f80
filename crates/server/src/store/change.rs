//! Change numbers: what may be remembered somewhere and is different now. Each write names it in `touches`.
//!
//! The number comes from one counter row that is updated last, so whoever gets the higher number also commits
//! later, and a reader that has seen number *n* has missed nothing below it.

use jeton_token::Timestamp;

use super::StoreError;
use super::database::{Transaction, statements, values};
use super::feed::Thing;

statements! {
    ADVANCE = "UPDATE counter SET value = value + $1 WHERE name = 'change' RETURNING value";
    LATEST = "SELECT value FROM counter WHERE name = 'change'";
    INSERT = "INSERT INTO change (number, subject, id, at) VALUES ($1, $2, $3, $4)";
}

/// Answers the last number, or 0 where nothing is touched.
pub(super) async fn number(
    transaction: &mut Transaction,
    touched: &[Thing],
    now: Timestamp,
) -> Result<i64, StoreError> {
    let count = i64::try_from(touched.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(0);
    }
    let row = transaction.first(ADVANCE, values![count]).await?;
    let last = row.ok_or_else(|| StoreError::unreadable("counter"))?.int("value")?;
    for (number, thing) in (last - count + 1..).zip(touched) {
        let (subject, id) = thing.row();
        transaction.execute(INSERT, values![number, subject, id, now.0]).await?;
    }
    Ok(last)
}

/// Checks that a transaction sees at least the change with this number, which was acknowledged before it began.
///
/// INVARIANT: no decision rests on a state behind what was acknowledged here. A connection that shows one is not used
/// again.
pub(super) async fn check_sees(transaction: &mut Transaction, acknowledged: i64) -> Result<(), StoreError> {
    let row = transaction.first(LATEST, values![]).await?;
    let seen = row.ok_or_else(|| StoreError::unreadable("counter"))?.int("value")?;
    if seen >= acknowledged {
        return Ok(());
    }
    transaction.distrust();
    let behind = format!("a read saw change {seen}, and change {acknowledged} was acknowledged before it");
    tracing::error!("the database showed an old state: {behind}");
    Err(StoreError::Unavailable(behind))
}
