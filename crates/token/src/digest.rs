//! Keyed digests: what is stored instead of a secret, and what seals a row.
//!
//! A token's digest is HMAC-SHA-256 under a versioned *pepper* that lives outside the database. Whoever
//! reads the database learns no secret, and whoever writes it cannot plant a digest of a secret of their
//! own. The *row key* is derived from the pepper (HKDF, RFC 5869) and seals token and secret rows, so that
//! a row edited by SQL is not honoured.
//!
//! Example: `UPDATE token_item SET value = '*'` makes the token inactive, not omnipotent.

use std::fmt;

use aws_lc_rs::{hkdf, hmac};
use subtle::ConstantTimeEq;

use zeroize::Zeroizing;

use crate::secret::TokenSecret;
use crate::token_text::TokenText;

/// Which pepper a row was made with. Old versions go on verifying; only the newest one writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PepperVersion(pub u32);

/// A versioned secret key of the deployment.
pub struct Pepper {
    version: PepperVersion,
    digest_key: hmac::Key,
    row_key: RowKey,
    replay_key: ReplayKey,
    check: Mac,
}

impl Pepper {
    /// The pepper with these 32 random bytes.
    pub fn new(version: PepperVersion, bytes: &[u8; 32]) -> Self {
        let digest_key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let check = Mac::sign(&derive(bytes, b"jeton/pepper-check/v1"), b"");
        let row_key = RowKey { version, key: derive(bytes, b"jeton/row/v1") };
        let replay_key = ReplayKey(derive_bytes(bytes, b"jeton/idempotency/v1"));
        Self { version, digest_key, row_key, replay_key, check }
    }

    /// Its version.
    pub fn version(&self) -> PepperVersion {
        self.version
    }

    /// The digest of a presented or freshly minted token.
    pub fn digest(&self, text: &TokenText) -> TokenDigest {
        TokenDigest(Mac::sign(&self.digest_key, text.expose().as_bytes()).0)
    }

    /// The key that seals rows.
    pub fn row_key(&self) -> &RowKey {
        &self.row_key
    }

    /// The key that derives the secrets of calls with an idempotency key.
    pub fn replay_key(&self) -> &ReplayKey {
        &self.replay_key
    }

    /// A value that tells, without revealing the pepper, whether this is the pepper that the database was
    /// made with. It is stored at the first start and compared at every other.
    pub fn check(&self) -> &Mac {
        &self.check
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper(version {})", self.version.0)
    }
}

/// HMAC-SHA-256 of a token's text under a pepper: the only thing that is stored of a secret.
#[derive(Clone, Copy)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest as it was stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        bool::from(self.0.ct_eq(&other.0))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest")
    }
}

/// The key that seals token and secret rows, with the pepper version that it was derived from.
#[derive(Clone)]
pub struct RowKey {
    version: PepperVersion,
    key: hmac::Key,
}

impl RowKey {
    /// The pepper version.
    pub fn version(&self) -> PepperVersion {
        self.version
    }

    /// The seal of a row: table name, key version and every field go in, each prefixed by its length.
    pub fn seal(&self, table: &str, fields: &[&[u8]]) -> Mac {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&self.version.0.to_be_bytes());
        for field in std::iter::once(&table.as_bytes()).chain(fields) {
            let length = u64::try_from(field.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(field);
        }
        Mac::from_tag(context.sign())
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowKey(version {})", self.version.0)
    }
}

/// The key that derives secrets, so that a call that is repeated gets the same one without its being stored.
pub struct ReplayKey(Zeroizing<[u8; 32]>);

impl ReplayKey {
    /// The secret for this salt and these fields, each of which goes in prefixed by its length, after a label.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the only error is a length above 255 * 32 bytes; this one is 64"
    )]
    pub fn secret(&self, salt: &[u8; 32], fields: &[&[u8]]) -> TokenSecret {
        let label: &[u8] = b"jeton/replayed-secret/v1";
        let mut info = Zeroizing::new(Vec::new());
        for field in std::iter::once(&label).chain(fields) {
            info.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
            info.extend_from_slice(field);
        }
        let mut uniform = Zeroizing::new([0; 64]);
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&*self.0);
        let parts = [info.as_slice()];
        let expanded = extracted.expand(&parts, Length(64)).expect("64 bytes are within the limit of HKDF");
        expanded.fill(&mut *uniform).expect("the length is the one that was asked for");
        TokenSecret::from_uniform(&uniform)
    }
}

impl fmt::Debug for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayKey")
    }
}

/// How many bytes HKDF shall give.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// A message authentication code of 32 bytes.
#[derive(Clone, Copy)]
pub struct Mac([u8; 32]);

impl Mac {
    /// The code as it was stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares in constant time; a stored value of another length never matches.
    pub fn matches(&self, stored: &[u8]) -> bool {
        bool::from(self.0.ct_eq(stored))
    }

    fn sign(key: &hmac::Key, message: &[u8]) -> Self {
        Self::from_tag(hmac::sign(key, message))
    }

    fn from_tag(tag: hmac::Tag) -> Self {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac")
    }
}

/// A key for one purpose, told from the others by its label (RFC 5869, section 3.2).
#[expect(clippy::expect_used, reason = "the only error is a length above 255 * 32 bytes; this one is 32")]
fn derive(pepper: &[u8; 32], label: &'static [u8]) -> hmac::Key {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(pepper);
    let info = [label];
    let expanded = extracted.expand(&info, hmac::HMAC_SHA256);
    hmac::Key::from(expanded.expect("32 bytes are within the limit of HKDF"))
}

/// The same, as bytes.
#[expect(clippy::expect_used, reason = "the only error is a length above 255 * 32 bytes; this one is 32")]
fn derive_bytes(pepper: &[u8; 32], label: &'static [u8]) -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(pepper);
    let info = [label];
    let expanded = extracted.expand(&info, Length(32)).expect("32 bytes are within the limit of HKDF");
    expanded.fill(&mut *bytes).expect("the length is the one that was asked for");
    bytes
}
