//! The tokens that Jeton publishes itself, in its test vectors and its test data. Everybody knows their secrets.
//!
//! `published.txt` has the SHA-256 of each whole text. Only that counts: to hide a live token behind this rule, an
//! attacker would need one whose secret is printed in Jeton's repository, and a server draws its secrets at random.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// A digest on each line, as base64. A test writes it.
const PUBLISHED: &str = include_str!("published.txt");

/// Whether the whole text of a token is published.
pub(super) fn is_published(text: &str) -> bool {
    let digest = STANDARD_NO_PAD.encode(digest(&SHA256, text.as_bytes()));
    PUBLISHED.lines().any(|line| line == digest)
}
