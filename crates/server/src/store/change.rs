//! Change numbers: what may be cached somewhere and is different now.
//!
//! The number comes from one counter row that is updated last, so whoever gets the higher number also commits
//! later, and a reader that has seen number *n* has missed nothing below it.

use jeton_token::Timestamp;

use super::StoreError;
use super::database::{Transaction, statements, values};

statements! {
    ADVANCE = "UPDATE counter SET value = value + $1 WHERE name = 'change' RETURNING value";
    INSERT = "INSERT INTO change (number, subject, id, at) VALUES ($1, $2, $3, $4)";
}

pub(super) async fn number(
    transaction: &mut Transaction,
    touched: &[(&'static str, String)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let count = i64::try_from(touched.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(());
    }
    let row = transaction.first(ADVANCE, values![count]).await?;
    let last = row.ok_or_else(|| StoreError::unreadable("counter"))?.int("value")?;
    for (number, (subject, id)) in (last - count + 1..).zip(touched) {
        transaction.execute(INSERT, values![number, *subject, id.as_str(), now.0]).await?;
    }
    Ok(())
}
