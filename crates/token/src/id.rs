//! Identifiers: version 7 UUIDs (RFC 9562, section 5.7) written as 22 base62 digits, with a tag.
//!
//! An id is public: logs, audit and support name a token by it. Its last 32 bits are a truncated
//! HMAC under the *id key*, over a label and all 96 bits before them. Whoever invents an id without the
//! key is refused before any I/O, so a scan of random ids costs the attacker more than the server.
//! The tag is no secret and no proof of possession; only the digest of the whole text is.
//!
//! Example: `01J…` style guessing against `/oauth2/introspect` never reaches the database.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;

use crate::base62;

const DIGITS: usize = 22;
const LABEL: &[u8] = b"jeton/id/v1";
const TAG_BITS: u32 = 32;
const RANDOM_BITS: u32 = 42;

/// A 128-bit identifier whose version and variant are those of a version 7 UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not exactly 22 base62 digits.
    #[error("an id has exactly 22 characters from 0-9, A-Z and a-z")]
    Digits,
    /// The digits spell 2^128 or more.
    #[error("an id is below 2^128")]
    Overflow,
    /// The version is not 7, or the variant is not that of RFC 9562.
    #[error("an id is a version 7 UUID")]
    NotVersion7,
}

impl Id {
    /// The identifier with these bits, when version and variant fit.
    pub fn from_bits(bits: u128) -> Result<Self, IdError> {
        let version = (bits >> 76) & 0xF;
        let variant = (bits >> 62) & 0b11;
        if version == 7 && variant == 0b10 { Ok(Self(bits)) } else { Err(IdError::NotVersion7) }
    }

    /// The 128 bits.
    pub fn bits(self) -> u128 {
        self.0
    }

    /// When the id was minted: milliseconds since the Unix epoch.
    pub fn unix_ms(self) -> u64 {
        u64::try_from(self.0 >> 80).unwrap_or(0)
    }

    fn head(self) -> u128 {
        self.0 >> TAG_BITS
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [b'0'; DIGITS];
        base62::encode(self.0, &mut digits);
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != DIGITS || !text.bytes().all(base62::is_digit) {
            return Err(IdError::Digits);
        }
        Self::from_bits(base62::decode(text.as_bytes()).ok_or(IdError::Overflow)?)
    }
}

/// The key under which ids are tagged. It is never rolled with the pepper, because ids outlive peppers.
pub struct IdKey(hmac::Key);

impl IdKey {
    /// The key with these 32 random bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// A tagged id for this moment. Only the low 48 bits of `unix_ms` and the low 42 of `random` count.
    pub fn mint(&self, unix_ms: u64, random: u64) -> Id {
        let time = u128::from(unix_ms) & 0xFFFF_FFFF_FFFF;
        let random = u128::from(random) & ((1 << RANDOM_BITS) - 1);
        let (top, low) = (random >> 30, random & 0x3FFF_FFFF);
        let head = (time << 48) | (0x7 << 44) | (top << 32) | (0b10 << 30) | low;
        Id((head << TAG_BITS) | u128::from(self.tag(head)))
    }

    /// Whether this id was minted under this key.
    pub fn is_genuine(&self, id: Id) -> bool {
        let tag = u32::try_from(id.bits() & u128::from(u32::MAX)).unwrap_or(0);
        bool::from(tag.ct_eq(&self.tag(id.head())))
    }

    fn tag(&self, head: u128) -> u32 {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(LABEL);
        // The upper 4 of the 16 bytes are empty: a head has 96 bits.
        context.update(head.to_be_bytes().split_at(4).1);
        let mac = context.sign();
        mac.as_ref().iter().take(4).fold(0, |tag, byte| (tag << 8) | u32::from(*byte))
    }
}

impl fmt::Debug for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdKey")
    }
}

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Id);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map(Self)
            }
        }
    )*};
}

typed_id! {
    /// Names a token (the grant); it stays when the secret is rotated.
    TokenId;
    /// Names one secret of a token.
    SecretId;
    /// Names a user, a service account or an API; never reused.
    PrincipalId;
    /// Names an organization.
    OrganizationId;
    /// Names a project.
    ProjectId;
    /// Names a pipeline.
    PipelineId;
    /// Names a job: one run of a pipeline.
    JobId;
    /// Names a registered API; the same value is its principal id.
    ApiId;
    /// Names a role.
    RoleId;
    /// Names a role binding.
    BindingId;
    /// Names a group.
    GroupId;
    /// Names a federation trust.
    TrustId;
    /// Names an audit event.
    EventId;
}
