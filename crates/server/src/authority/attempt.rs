//! A call with an `Idempotency-Key`, on its way: what it is known by, and what its secret is derived from.
//!
//! The key itself is not kept, and neither is a secret. A secret that the call yields is derived from the key, the
//! call and a salt; with the key, and only with it, the same call gets the same secret once more.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use jeton_api::Code;
use jeton_token::{Mac, PepperVersion, Prefix, SecretId, TokenId, TokenKind, TokenSecret, TokenText};
use zeroize::Zeroizing;

use super::Error;
use crate::keys::{Keys, Rng};
use crate::limits::DERIVING_KEY_CHARS_MIN;

/// What a call asks for.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// Path and query, as they were sent.
    pub(crate) target: &'a str,
    pub(crate) body: &'a [u8],
}

/// Who calls, and with which key.
pub(crate) struct KeyOf<'a> {
    pub(crate) caller: TokenId,
    /// The secret that was presented.
    pub(crate) presented: SecretId,
    /// The `Idempotency-Key`.
    pub(crate) key: &'a str,
}

/// A call with a key.
pub(crate) struct Attempt {
    key: Zeroizing<String>,
    key_version: PepperVersion,
    caller: TokenId,
    presented: SecretId,
    method: String,
    target: String,
    body_hash: [u8; 32],
    mac: Mac,
    request: Mac,
    salt: [u8; 32],
    nonce: Mutex<[u8; 16]>,
    issued: Mutex<Option<(TokenKind, TokenId)>>,
    has_written: AtomicBool,
}

impl Attempt {
    /// The call, under the newest of the deployment's keys.
    pub(super) fn new(keys: &Keys, rng: &Rng, of: &KeyOf<'_>, asked: Asked<'_>) -> Self {
        let version = keys.newest().version();
        Self::under(keys, version, rng, of, asked)
    }

    /// The call, under the deployment's key of this version.
    pub(super) fn under(
        keys: &Keys,
        version: PepperVersion,
        rng: &Rng,
        of: &KeyOf<'_>,
        asked: Asked<'_>,
    ) -> Self {
        let row_key = keys.pepper(version).unwrap_or_else(|| keys.newest()).row_key();
        let caller = of.caller.to_string();
        let mac = row_key.seal("idempotency-key/v1", &[caller.as_bytes(), of.key.as_bytes()]);
        let fields = [asked.method.as_bytes(), asked.target.as_bytes(), asked.body];
        Self {
            key: Zeroizing::new(of.key.to_owned()),
            key_version: row_key.version(),
            caller: of.caller,
            presented: of.presented,
            method: asked.method.to_owned(),
            target: asked.target.to_owned(),
            body_hash: sha256(asked.body),
            mac,
            request: row_key.seal("idempotency-request/v1", &fields),
            salt: rng.bytes(),
            nonce: Mutex::new(rng.bytes()),
            issued: Mutex::new(None),
            has_written: AtomicBool::new(false),
        }
    }

    pub(crate) fn key_version(&self) -> PepperVersion {
        self.key_version
    }

    /// By what it is found again: caller and key.
    pub(crate) fn mac(&self) -> Mac {
        self.mac
    }

    /// What it asks for.
    pub(crate) fn request(&self) -> Mac {
        self.request
    }

    pub(crate) fn salt(&self) -> [u8; 32] {
        self.salt
    }

    pub(crate) fn presented(&self) -> SecretId {
        self.presented
    }

    /// What tells this call from another one with the same key.
    pub(crate) fn nonce(&self) -> [u8; 16] {
        self.nonce.lock().map(|nonce| *nonce).unwrap_or_default()
    }

    /// Goes on with a call that was begun and not answered.
    pub(crate) fn resume(&self, nonce: [u8; 16]) {
        if let Ok(mut own) = self.nonce.lock() {
            *own = nonce;
        }
    }

    /// The token whose secret it yields.
    pub(crate) fn issued(&self) -> Option<(TokenKind, TokenId)> {
        self.issued.lock().ok().and_then(|issued| *issued)
    }

    /// Whether it has changed something.
    pub(crate) fn has_written(&self) -> bool {
        self.has_written.load(Ordering::Acquire)
    }

    /// Something that it changed is committed.
    pub(crate) fn written(&self) {
        self.has_written.store(true, Ordering::Release);
    }

    /// The secret of a token that it makes or rotates. A key that could be guessed yields none.
    pub(super) fn new_secret(&self, keys: &Keys, kind: TokenKind, id: TokenId) -> Result<TokenSecret, Error> {
        if self.key.len() < DERIVING_KEY_CHARS_MIN {
            let detail = format!(
                "on a call that yields a secret it has at least {DERIVING_KEY_CHARS_MIN} random characters"
            );
            return Err(Error::invalid("Idempotency-Key", Code::IdempotencyKeyTooShort, detail));
        }
        if let Ok(mut issued) = self.issued.lock() {
            *issued = Some((kind, id));
        }
        Ok(self.secret(keys, &self.salt, id))
    }

    /// The text of the token that it yielded, once more.
    pub(super) fn text(
        &self,
        keys: &Keys,
        prefix: &Prefix,
        salt: &[u8; 32],
        of: (TokenKind, TokenId),
    ) -> TokenText {
        let (kind, id) = of;
        TokenText::new(prefix.clone(), kind, id, &self.secret(keys, salt, id))
    }

    fn secret(&self, keys: &Keys, salt: &[u8; 32], id: TokenId) -> TokenSecret {
        let pepper = keys.pepper(self.key_version).unwrap_or_else(|| keys.newest());
        let (caller, token) = (self.caller.to_string(), id.to_string());
        let fields = [
            self.key.as_bytes(),
            caller.as_bytes(),
            self.method.as_bytes(),
            self.target.as_bytes(),
            &self.body_hash,
            token.as_bytes(),
        ];
        pepper.replay_key().secret(salt, &fields)
    }
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attempt")
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap_or([0; 32])
}
