//! Texts that nobody guesses: the one room of this crate that asks for randomness.

use anyhow::anyhow;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Result;

const BYTES: usize = 32;

/// 256 random bits, as a word for an address or a header field.
pub(crate) fn word() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<BYTES>()?))
}

/// A number from 0 to 1, for pauses that are not all alike; without randomness they are.
pub(crate) fn fraction() -> f64 {
    bytes().map_or(1.0, |bytes| f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
}

fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    #[expect(clippy::disallowed_methods, reason = "the one place where the CLI asks for randomness")]
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow!("the system gives no randomness"))?;
    Ok(bytes)
}

/// What is told before about a word that is told later (RFC 7636, `S256`).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_specification() {
        let challenge = challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn words_differ_and_have_the_length_of_a_verifier() {
        let (one, other) = (word().unwrap(), word().unwrap());
        assert!(one != other && one.len() == 43);
    }
}
