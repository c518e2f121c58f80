//! What a place holds already, told apart without being shown.

use std::fmt;

use jeton_token::TokenText;

/// A value that a new one would take the place of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// A token, by its id and by what may be shown of it.
    Token { id: String, hint: String },
    /// Something else.
    Else,
}

impl Held {
    /// The first of these values that would be lost if the token of this id got their place.
    pub(super) fn first_other(values: &[impl AsRef<str>], id: Option<&str>) -> Option<Self> {
        values.iter().filter_map(|value| Self::read(value.as_ref())).find(|held| !held.is_of(id))
    }

    /// Nothing when there is nothing to lose.
    fn read(value: &str) -> Option<Self> {
        let value = value.trim();
        if value.is_empty() {
            return None;
        }
        Some(match value.parse::<TokenText>() {
            Ok(token) => Self::Token { id: token.id().to_string(), hint: token.hint() },
            Err(_) => Self::Else,
        })
    }

    fn is_of(&self, id: Option<&str>) -> bool {
        matches!(self, Self::Token { id: held, .. } if Some(&**held) == id)
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { id, hint } => write!(f, "another token, `{hint}` ({id})"),
            Self::Else => f.write_str("a value that is not this token's"),
        }
    }
}
