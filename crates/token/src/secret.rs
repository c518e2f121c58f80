//! The secret part of a token: 32 base62 digits, 190 bits.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::base62;

/// A secret exists freshly minted or freshly presented, and nowhere else.
///
/// It cannot be cloned, compared, serialised or printed, and it is wiped when dropped. Its `Debug` shows the name of
/// the type; nothing else compiles:
///
/// ```
/// fn needs<T: std::fmt::Debug>() {}
/// needs::<jeton_token::TokenSecret>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: Clone>() {}
/// needs::<jeton_token::TokenSecret>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: PartialEq>() {}
/// needs::<jeton_token::TokenSecret>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: std::fmt::Display>() {}
/// needs::<jeton_token::TokenSecret>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: serde::Serialize>() {}
/// needs::<jeton_token::TokenSecret>();
/// ```
pub struct TokenSecret(Zeroizing<[u8; TokenSecret::LEN]>);

impl TokenSecret {
    /// Its length in characters.
    pub const LEN: usize = 32;

    /// The secret that 64 uniform bytes stand for: the number they spell (big-endian) modulo 62^32.
    ///
    /// 64 bytes from the operating system's generator, or from a derivation function for a replayed
    /// answer, give a secret whose distance from uniform is below 2^-321.
    pub fn from_uniform(bytes: &[u8; 64]) -> Self {
        let mut number = *bytes;
        let mut digits = Zeroizing::new([0; Self::LEN]);
        base62::reduce(&mut number, digits.as_mut());
        number.zeroize();
        Self(digits)
    }

    pub(crate) fn digits(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret")
    }
}
