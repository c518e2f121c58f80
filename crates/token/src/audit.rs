//! Audit records: the bytes that are hashed, and their leaf hash.
//!
//! Every change commits together with exactly one record. A record has *canonical bytes* from its first day, so
//! that a tree over the leaf hashes (RFC 6962, section 2.1) can be built, signed and checked by anyone later.
//! What names a person is not in the bytes but only a salted commitment to it, so that it can be erased without
//! breaking the tree.

use aws_lc_rs::digest::{SHA256, digest};

const VERSION: u8 = 1;
const LEAF: u8 = 0;

/// What happened. Text fields are ids and words; `personal` is the one field that may name a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord<'a> {
    /// The event's id.
    pub id: &'a str,
    /// When: milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Who: a principal's id, or empty for the system itself.
    pub actor: &'a str,
    /// With which token, or empty.
    pub credential: &'a str,
    /// What was done, such as `token.create`.
    pub action: &'a str,
    /// The kind of what it was done to, such as `token`.
    pub target_kind: &'a str,
    /// Its id.
    pub target: &'a str,
    /// The id of the organization or project that it concerns, or empty.
    pub place: &'a str,
    /// More words, without names of persons.
    pub detail: &'a str,
    /// A name to show, which can be erased.
    pub personal: &'a str,
    /// Random bytes that keep the commitment from being guessed.
    pub personal_salt: &'a [u8; 16],
}

impl AuditRecord<'_> {
    /// One version byte, then each field with its length as u32 (big-endian) before it.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        let commitment = self.commitment();
        let at_ms = self.at_ms.to_be_bytes();
        let words = [
            self.actor,
            self.credential,
            self.action,
            self.target_kind,
            self.target,
            self.place,
            self.detail,
        ];
        put(&mut bytes, self.id.as_bytes());
        put(&mut bytes, &at_ms);
        for word in words {
            put(&mut bytes, word.as_bytes());
        }
        put(&mut bytes, &commitment);
        bytes
    }

    /// The hash of this record as a leaf of the tree: SHA-256 of a zero byte and the canonical bytes.
    pub fn leaf(&self) -> Leaf {
        let mut input = vec![LEAF];
        input.extend(self.canonical());
        Leaf(sha256(&input))
    }

    fn commitment(&self) -> [u8; 32] {
        let mut input = self.personal_salt.to_vec();
        input.extend(self.personal.as_bytes());
        sha256(&input)
    }
}

/// A leaf hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf(pub [u8; 32]);

fn put(bytes: &mut Vec<u8>, field: &[u8]) {
    bytes.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(field);
}

fn sha256(input: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, input).as_ref());
    hash
}
