//! How many tokens end soon.

use jeton_token::Timestamp;

use super::super::database::{statements, values};
use super::super::{Store, StoreError};

/// How many tokens end within one, seven and thirty days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expiring {
    pub(crate) day: i64,
    pub(crate) week: i64,
    pub(crate) month: i64,
}

statements! {
    // The conditions are those of the index, so that nothing else is read. What lives for a day at most ends all the
    // time, and somebody sees to it that there is a next one.
    EXPIRING = "SELECT COALESCE(SUM(CASE WHEN expires_at <= $2 THEN 1 ELSE 0 END), 0) AS within_1_day,
            COALESCE(SUM(CASE WHEN expires_at <= $3 THEN 1 ELSE 0 END), 0) AS within_7_days,
            COUNT(*) AS within_30_days
        FROM (SELECT expires_at FROM token
            WHERE revoked_at IS NULL AND kind IN ('pat', 'svc') AND expires_at - secret_issued_at > 86400000
                AND expires_at > $1 AND expires_at <= $4
            ORDER BY expires_at LIMIT $5) soon";
}

impl Store {
    /// How many tokens end soon; of more than `most` the rest is left out.
    pub(crate) async fn expiring(&self, now: Timestamp, most: i64) -> Result<Expiring, StoreError> {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let within = |days: i64| now.plus_ms(days * DAY_MS).0;
        let values = values![now.0, within(1), within(7), within(30), most];
        let row = self.read().await?.first(EXPIRING, values).await?;
        let row = row.ok_or_else(|| StoreError::unreadable("expires_at"))?;
        Ok(Expiring {
            day: row.int("within_1_day")?,
            week: row.int("within_7_days")?,
            month: row.int("within_30_days")?,
        })
    }
}
