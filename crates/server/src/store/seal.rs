//! The seals of token and secret rows.
//!
//! A seal covers everything that a decision is made from; names, descriptions and counters are outside it.

use jeton_token::{Mac, PepperVersion};

use super::token::{SecretRecord, TokenRecord};
use crate::keys::Keys;

/// A seal as stored.
#[derive(Clone, Debug)]
pub(crate) struct Seal {
    pub(crate) version: PepperVersion,
    pub(crate) mac: Vec<u8>,
}

impl Seal {
    fn holds(&self, keys: &Keys, mac: impl Fn(&jeton_token::RowKey) -> Mac) -> bool {
        keys.pepper(self.version).is_some_and(|pepper| mac(pepper.row_key()).matches(&self.mac))
    }

    fn new(keys: &Keys, mac: impl Fn(&jeton_token::RowKey) -> Mac) -> Self {
        let row_key = keys.newest().row_key();
        Self { version: row_key.version(), mac: mac(row_key).as_bytes().to_vec() }
    }
}

/// Seals a token's row together with its items.
pub(super) fn seal_token(keys: &Keys, token: &TokenRecord) -> Seal {
    Seal::new(keys, |key| token_mac(key, token))
}

/// Whether the row and its items are as they were sealed.
pub(super) fn token_holds(keys: &Keys, token: &TokenRecord, seal: &Seal) -> bool {
    seal.holds(keys, |key| token_mac(key, token))
}

/// Seals a secret's row.
pub(super) fn seal_secret(keys: &Keys, secret: &SecretRecord) -> Seal {
    Seal::new(keys, |key| secret_mac(key, secret))
}

/// Whether the row is as it was sealed.
pub(super) fn secret_holds(keys: &Keys, secret: &SecretRecord, seal: &Seal) -> bool {
    seal.holds(keys, |key| secret_mac(key, secret))
}

fn token_mac(key: &jeton_token::RowKey, token: &TokenRecord) -> Mac {
    let mut items: Vec<String> = token.items().map(|(kind, value)| format!("{kind} {value}")).collect();
    items.sort_unstable();
    let fields = [
        token.id.to_string(),
        token.kind.tag().to_owned(),
        token.owner.to_string(),
        token.parent.map(|id| id.to_string()).unwrap_or_default(),
        token.secret_issued_at.0.to_string(),
        moment(token.expiry.at()),
        moment(token.revoked_at),
    ];
    let fields: Vec<&[u8]> = fields.iter().chain(&items).map(String::as_bytes).collect();
    key.seal("token/v1", &fields)
}

fn secret_mac(key: &jeton_token::RowKey, secret: &SecretRecord) -> Mac {
    let fields = [
        secret.id.to_string(),
        secret.token.to_string(),
        secret.pepper.0.to_string(),
        secret.issued_at.0.to_string(),
        moment(secret.retired_at),
    ];
    let texts = fields.iter().map(String::as_bytes);
    let fields: Vec<&[u8]> = texts.chain([secret.digest.as_bytes().as_slice()]).collect();
    key.seal("secret/v1", &fields)
}

/// A moment that may be absent; no moment is spelled `-`.
fn moment(at: Option<jeton_token::Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.0.to_string())
}
