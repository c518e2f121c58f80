//! The secrets of a token: each row has its own retirement, under its seal. A secret that retires goes on working
//! until then; when and from where it was last used is written down beside it.

use jeton_token::{SecretId, Timestamp, TokenId};

use super::super::database::{Row, statements, values};
use super::super::seal;
use super::super::{Refusal, Store, StoreError};
use super::read::secrets;
use super::{NewSecret, OldSecret, Pen, SecretRecord};
use crate::limits::{OLD_SECRET_MS_SHOWN, RETIRED_SECRET_MS_KEPT, SECRETS_IN_FORCE_MAX};

statements! {
    INSERT = "INSERT INTO secret (id, token_id, pepper_version, digest, issued_at, retired_at, mac_version, mac)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    // The old seal in the condition: of two that retire a secret at once, the second looks again.
    RETIRE = "UPDATE secret SET retired_at = $1, mac_version = $2, mac = $3 WHERE id = $4 AND retired_at IS NULL
        OR id = $4 AND retired_at = $5";
    FORGET = "DELETE FROM secret WHERE token_id = $1 AND retired_at < $2";
    OLD = "SELECT secret.issued_at AS issued_at, secret.retired_at AS retired_at,
            secret_use.last_used_at AS last_used_at, secret_use.last_used_from AS last_used_from
        FROM secret LEFT JOIN secret_use ON secret_use.secret_id = secret.id
        WHERE secret.token_id = $1 AND secret.retired_at > $2 ORDER BY secret.retired_at DESC";
    RETIRED = "SELECT id, pepper_version AS number, digest, issued_at AS created_at, retired_at AS expires_at,
            mac_version, mac
        FROM secret WHERE token_id = $1 AND retired_at <= $2";
    USE = "INSERT INTO secret_use (secret_id, last_used_at, last_used_from) VALUES ($1, $2, $3)
        ON CONFLICT (secret_id) DO UPDATE
        SET last_used_at = excluded.last_used_at, last_used_from = excluded.last_used_from
        WHERE secret_use.last_used_at <= excluded.last_used_at";
}

impl Store {
    /// The secrets that a token's rotations took the place of, those that end last first.
    pub(crate) async fn old_secrets(&self, token: TokenId) -> Result<Vec<OldSecret>, StoreError> {
        let since = self.clock.now().plus_ms(-OLD_SECRET_MS_SHOWN);
        let rows = self.read().await?.fetch(OLD, values![token.to_string(), since.0]).await?;
        rows.iter().map(old_secret).collect()
    }

    /// The secrets of a token that ended not long ago, those that are as they were sealed.
    pub(crate) async fn retired_secrets(&self, token: TokenId) -> Result<Vec<SecretRecord>, StoreError> {
        let now = self.clock.now();
        let rows = self.read().await?.fetch(RETIRED, values![token.to_string(), now.0]).await?;
        secrets(&self.keys, token, &rows.iter().collect::<Vec<_>>())
    }

    /// Writes down a use of a secret that retires. It changes nothing that a decision is made from, so it wants no
    /// permit and leaves no audit row.
    pub(crate) async fn note_secret_use(
        &self,
        secret: SecretId,
        at: Timestamp,
        from: Option<String>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        transaction.execute(USE, values![secret.to_string(), at.0, from]).await?;
        transaction.commit().await
    }
}

pub(super) async fn insert(
    pen: &mut Pen<'_>,
    token: TokenId,
    new: &NewSecret,
    at: Timestamp,
) -> Result<(), StoreError> {
    let NewSecret { id, pepper, digest } = new.clone();
    let secret = SecretRecord { id, token, pepper, digest, issued_at: at, retired_at: None };
    let seal = seal::seal_secret(pen.keys, &secret);
    let values = values![
        id.to_string(),
        token.to_string(),
        i64::from(pepper.0),
        digest.as_bytes().as_slice(),
        at.0,
        None::<i64>,
        i64::from(seal.version.0),
        seal.mac.as_slice(),
    ];
    pen.transaction.execute(INSERT, values).await?;
    Ok(())
}

/// Lets these secrets end at this moment, unless they end earlier anyway.
pub(super) async fn retire(
    pen: &mut Pen<'_>,
    secrets: &[SecretRecord],
    until: Timestamp,
) -> Result<(), StoreError> {
    if until > pen.now && secrets.len() >= SECRETS_IN_FORCE_MAX {
        return Err(Refusal::TooManySecrets.into());
    }
    for secret in secrets.iter().filter(|secret| secret.retired_at.is_none_or(|end| end > until)) {
        let retired = SecretRecord { retired_at: Some(until), ..secret.clone() };
        let seal = seal::seal_secret(pen.keys, &retired);
        let (version, id) = (i64::from(seal.version.0), secret.id.to_string());
        let before = secret.retired_at.map(|at| at.0);
        let values = values![until.0, version, seal.mac.as_slice(), id, before];
        if pen.transaction.execute(RETIRE, values).await? == 0 {
            return Err(StoreError::Lost);
        }
    }
    Ok(())
}

/// Forgets secrets that ended long ago.
pub(super) async fn forget(pen: &mut Pen<'_>, token: TokenId) -> Result<(), StoreError> {
    let before = pen.now.plus_ms(-RETIRED_SECRET_MS_KEPT);
    pen.transaction.execute(FORGET, values![token.to_string(), before.0]).await?;
    Ok(())
}

fn old_secret(row: &Row) -> Result<OldSecret, StoreError> {
    Ok(OldSecret {
        issued_at: Timestamp(row.int("issued_at")?),
        works_until: Timestamp(row.int("retired_at")?),
        last_used_at: row.int_or_null("last_used_at")?.map(Timestamp),
        last_used_from: row.text_or_null("last_used_from")?,
    })
}
