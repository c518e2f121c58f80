//! A secret on its way over the wire.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A token's text or a password in a request or an answer. It is never printed, and wiped when dropped. Its `Debug`
/// shows the name of the type; it cannot be copied, compared or shown otherwise:
///
/// ```
/// fn needs<T: std::fmt::Debug>() {}
/// needs::<jeton_api::Secret>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: Clone>() {}
/// needs::<jeton_api::Secret>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: PartialEq>() {}
/// needs::<jeton_api::Secret>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: std::fmt::Display>() {}
/// needs::<jeton_api::Secret>();
/// ```
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = Password, description = "A token's text, or a password."))]
#[serde(transparent)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text. Whoever calls this hands out the secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
