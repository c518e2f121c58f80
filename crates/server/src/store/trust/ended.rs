//! What ends with a trust as it was: when it is removed, and when it means somebody else from now on.

use jeton_token::{PrincipalId, TokenId};

use super::super::StoreError;
use super::super::database::{statements, values};
use super::super::feed::Thing;
use super::super::token::{self, Pen};
use super::{Holder, TrustRecord};

/// What was over with it.
pub(super) enum Ended {
    Nothing,
    /// These tokens of the account.
    Tokens(Vec<TokenId>),
    /// Every job that had come from it.
    Jobs,
}

impl Ended {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Tokens(ids) => {
                let ended: Vec<_> = ids.iter().map(|token| format!("; ended {token}")).collect();
                ended.concat()
            }
            Self::Jobs => "; ended every job that had come from it".to_owned(),
        }
    }

    /// Whose jobs those are, nobody has a list of.
    pub(super) fn touched(&self) -> Vec<Thing> {
        match self {
            Self::Nothing => vec![],
            Self::Tokens(ids) => ids.iter().copied().map(Thing::Token).collect(),
            Self::Jobs => vec![Thing::Rights],
        }
    }
}

statements! {
    // However many jobs came from it: each looks whether this is here.
    END_JOBS = "INSERT INTO trust_end (trust_id, revision, ended_at) VALUES ($1, $2, $3)";
    LIVE_TOKENS = "SELECT token.id AS id FROM trust_token JOIN token ON token.id = trust_token.token_id
        WHERE trust_token.trust_id = $1 AND token.revoked_at IS NULL
            AND (token.expires_at IS NULL OR token.expires_at > $2)";
}

/// Ends what came from a trust as it was. Tokens of an account are revoked one by one; of jobs there may be thousands, so
/// that they are over is written down once, and looked up whenever one of their tokens is read.
pub(super) async fn end(
    pen: &mut Pen<'_>,
    old: &TrustRecord,
    by: Option<PrincipalId>,
) -> Result<Ended, StoreError> {
    let id = old.id.to_string();
    match old.holder {
        Holder::Account(_) => revoke(pen, &id, by).await.map(Ended::Tokens),
        Holder::Pipeline(_) => {
            pen.transaction.execute(END_JOBS, values![id, old.revision + 1, pen.now.0]).await?;
            Ok(Ended::Jobs)
        }
    }
}

/// Revokes the live tokens that came from a trust; answers which.
async fn revoke(pen: &mut Pen<'_>, trust: &str, by: Option<PrincipalId>) -> Result<Vec<TokenId>, StoreError> {
    let rows = pen.transaction.fetch(LIVE_TOKENS, values![trust, pen.now.0]).await?;
    let ids: Vec<TokenId> = rows.iter().map(|row| row.parse("id")).collect::<Result<_, _>>()?;
    for id in &ids {
        token::revoke(pen, *id, by).await?;
    }
    Ok(ids)
}
