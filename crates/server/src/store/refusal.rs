//! What doors for gateways would have refused: a side table, like that of uses.
//!
//! It is written without a permit and without an audit row: nobody decided anything, and there are too many. Rows hold the
//! shape of a path and never a path as it was sent. What was seen before an API was declared last says nothing about what
//! it declares now, so each declaration starts the list over.

use jeton_token::{ApiId, Timestamp};

use super::database::{Row, Transaction, statements, values};
use super::token::Pen;
use super::{Store, StoreError};
use crate::limits::REFUSALS_OF_API_MAX;

/// Requests to an API that would be refused alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Refused {
    pub(crate) api: ApiId,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) reason: String,
    /// The scope that was missing, or nothing.
    pub(crate) scope: String,
}

impl Refused {
    /// What is counted where there is no room to tell things apart.
    pub(crate) fn overflow(api: ApiId) -> Self {
        let (method, path, scope) = (String::new(), String::new(), String::new());
        Self { api, method, path, reason: "overflow".to_owned(), scope }
    }
}

/// How many there were, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefusedSeen {
    pub(crate) count: i64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

/// Such requests as stored.
#[derive(Clone, Debug)]
pub(crate) struct RefusedRecord {
    /// Where it stands in its API's list; 0 is what found no room.
    pub(crate) number: i64,
    pub(crate) refused: Refused,
    pub(crate) seen: RefusedSeen,
}

statements! {
    DECLARED = "SELECT declared_at FROM api WHERE id = $1 AND removed_at IS NULL AND reports_only = 1";
    ADD = "UPDATE api_refusal SET count = count + $1,
            last_seen_at = CASE WHEN last_seen_at < $2 THEN $2 ELSE last_seen_at END
        WHERE api_id = $3 AND method = $4 AND path = $5 AND reason = $6 AND scope = $7";
    LAST = "SELECT COUNT(*) AS size, COALESCE(MAX(number), 0) AS last FROM api_refusal
        WHERE api_id = $1 AND number > 0";
    INSERT = "INSERT INTO api_refusal (api_id, number, method, path, reason, scope, count, first_seen_at, last_seen_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FORGET = "DELETE FROM api_refusal WHERE api_id = $1";
    LIST = "SELECT api_id, number, method, path, reason, scope, count, first_seen_at, last_seen_at FROM api_refusal
        WHERE api_id = $1 AND (CAST($2 AS BIGINT) IS NULL OR number < $2) ORDER BY number DESC LIMIT $3";
    REPORTING = "SELECT name FROM api WHERE removed_at IS NULL AND reports_only = 1 ORDER BY name";
}

impl Store {
    /// Adds to what would have been refused, all or nothing. The order is that of the values, so that two nodes do not
    /// wait for each other.
    pub(crate) async fn record_refused(&self, noted: &[(Refused, RefusedSeen)]) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        for (refused, seen) in noted {
            record(&mut transaction, refused, *seen).await?;
        }
        transaction.commit().await
    }

    /// A page of what an API's gateways would have refused, what was seen first last.
    pub(crate) async fn refused(
        &self,
        api: ApiId,
        below: Option<i64>,
        most: i64,
    ) -> Result<Vec<RefusedRecord>, StoreError> {
        let rows = self.read().await?.fetch(LIST, values![api.to_string(), below, most]).await?;
        rows.iter().map(read).collect()
    }

    /// The names of the APIs whose gateways refuse nobody.
    pub(crate) async fn reporting_apis(&self) -> Result<Vec<String>, StoreError> {
        let rows = self.read().await?.fetch(REPORTING, values![]).await?;
        rows.iter().map(|row| row.text("name")).collect()
    }
}

/// Starts an API's list over.
pub(super) async fn forget(pen: &mut Pen<'_>, api: ApiId) -> Result<(), StoreError> {
    pen.transaction.execute(FORGET, values![api.to_string()]).await?;
    Ok(())
}

async fn record(
    transaction: &mut Transaction,
    refused: &Refused,
    seen: RefusedSeen,
) -> Result<(), StoreError> {
    let api = refused.api.to_string();
    let declared = transaction.first(DECLARED, values![api.as_str()]).await?;
    let declared = declared.map(|row| row.int("declared_at")).transpose()?;
    if declared.is_none_or(|at| seen.last.0 < at) || add(transaction, refused, seen).await? {
        return Ok(());
    }
    let row = transaction.first(LAST, values![api.as_str()]).await?;
    let row = row.ok_or_else(|| StoreError::unreadable("number"))?;
    if row.int("size")? < REFUSALS_OF_API_MAX {
        return insert(transaction, row.int("last")? + 1, refused, seen).await;
    }
    let overflow = Refused::overflow(refused.api);
    if add(transaction, &overflow, seen).await? {
        return Ok(());
    }
    insert(transaction, 0, &overflow, seen).await
}

/// Whether there was a row to add to.
async fn add(
    transaction: &mut Transaction,
    refused: &Refused,
    seen: RefusedSeen,
) -> Result<bool, StoreError> {
    let Refused { api, method, path, reason, scope } = refused;
    let values = values![
        seen.count,
        seen.last.0,
        api.to_string(),
        method.as_str(),
        path.as_str(),
        reason.as_str(),
        scope.as_str(),
    ];
    Ok(transaction.execute(ADD, values).await? > 0)
}

async fn insert(
    transaction: &mut Transaction,
    number: i64,
    refused: &Refused,
    seen: RefusedSeen,
) -> Result<(), StoreError> {
    let Refused { api, method, path, reason, scope } = refused;
    let values = values![
        api.to_string(),
        number,
        method.as_str(),
        path.as_str(),
        reason.as_str(),
        scope.as_str(),
        seen.count,
        seen.first.0,
        seen.last.0,
    ];
    transaction.execute(INSERT, values).await?;
    Ok(())
}

fn read(row: &Row) -> Result<RefusedRecord, StoreError> {
    let refused = Refused {
        api: row.parse("api_id")?,
        method: row.text("method")?,
        path: row.text("path")?,
        reason: row.text("reason")?,
        scope: row.text("scope")?,
    };
    let (first, last) = (Timestamp(row.int("first_seen_at")?), Timestamp(row.int("last_seen_at")?));
    let seen = RefusedSeen { count: row.int("count")?, first, last };
    Ok(RefusedRecord { number: row.int("number")?, refused, seen })
}
