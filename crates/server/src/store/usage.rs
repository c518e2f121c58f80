//! What tokens are used for: side tables outside every seal.
//!
//! They are written without a permit and without an audit row: nobody decided anything, and there are too many. No right
//! comes from them; a policy that wants tokens to be used only ever takes something away.

use std::net::IpAddr;

use jeton_token::{Place, Scope, Timestamp, TokenId};

use super::database::{Transaction, statements, values};
use super::token::place_text;
use super::{Store, StoreError};

/// When and from where a token was honoured last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastUse {
    pub(crate) at: Timestamp,
    /// The address of the client, if whoever asked said it.
    pub(crate) from: Option<IpAddr>,
}

/// How often the same was asked about a token on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UseCount {
    /// Days since the Unix epoch, UTC.
    pub(crate) day: i64,
    /// The scope that the call needed; `None` where nobody said.
    pub(crate) scope: Option<Scope>,
    /// The place that the call acted at; `None` where nobody said.
    pub(crate) place: Option<Place>,
    pub(crate) allowed: i64,
    /// How often the token lacked the scope.
    pub(crate) refused: i64,
}

/// What is to be written about one token.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenUses {
    pub(crate) last: Option<LastUse>,
    pub(crate) counts: Vec<UseCount>,
}

statements! {
    // The condition keeps the later of two uses that two nodes write.
    LAST = "INSERT INTO token_use (token_id, last_used_at, last_used_from) VALUES ($1, $2, $3)
        ON CONFLICT (token_id) DO UPDATE
        SET last_used_at = excluded.last_used_at, last_used_from = excluded.last_used_from
        WHERE token_use.last_used_at < excluded.last_used_at";
    COUNT = "INSERT INTO token_use_count (token_id, day, scope, place, allowed, refused)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (token_id, day, scope, place) DO UPDATE
        SET allowed = token_use_count.allowed + excluded.allowed,
            refused = token_use_count.refused + excluded.refused";
    LAST_OF = "SELECT last_used_at, last_used_from FROM token_use WHERE token_id = $1";
    FORGET = "DELETE FROM token_use_count WHERE day < $1";
}

impl Store {
    /// Writes uses of some tokens, all or none. The order of the tokens is that of their ids, so that two nodes do not
    /// wait for each other.
    pub(crate) async fn record_uses(&self, uses: &[(TokenId, TokenUses)]) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        for (token, uses) in uses {
            record(&mut transaction, *token, uses).await?;
        }
        transaction.commit().await
    }

    /// Removes the counts of days before this one.
    pub(crate) async fn forget_uses(&self, before_day: i64) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        transaction.execute(FORGET, values![before_day]).await?;
        transaction.commit().await
    }

    /// The last use of a token that was written.
    pub(crate) async fn last_use(&self, token: TokenId) -> Result<Option<LastUse>, StoreError> {
        let row = self.read().await?.first(LAST_OF, values![token.to_string()]).await?;
        let read = |row: super::database::Row| {
            let (at, from) = (Timestamp(row.int("last_used_at")?), row.parse_or_null("last_used_from")?);
            Ok(LastUse { at, from })
        };
        row.map(read).transpose()
    }
}

async fn record(transaction: &mut Transaction, token: TokenId, uses: &TokenUses) -> Result<(), StoreError> {
    let token = token.to_string();
    if let Some(last) = uses.last {
        let from = last.from.map(|address| address.to_string());
        transaction.execute(LAST, values![token.as_str(), last.at.0, from]).await?;
    }
    for count in &uses.counts {
        let scope = count.scope.as_ref().map(ToString::to_string).unwrap_or_default();
        let place = count.place.map(place_text).unwrap_or_default();
        let values = values![token.as_str(), count.day, scope, place, count.allowed, count.refused];
        transaction.execute(COUNT, values).await?;
    }
    Ok(())
}
