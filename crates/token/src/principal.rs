//! Who may hold tokens.

use std::fmt;
use std::str::FromStr;

/// The kind of a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A program's own account.
    ServiceAccount,
    /// One run of a pipeline.
    Job,
    /// A protected API, which may ask about tokens and nothing else.
    Api,
}

impl PrincipalKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::User, Self::ServiceAccount, Self::Job, Self::Api];

    /// The word in JSON and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ServiceAccount => "service_account",
            Self::Job => "job",
            Self::Api => "api",
        }
    }

    /// The kind that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A name of a user, a service account, an organization or an API, after the one normaliser.
///
/// ASCII only, lower case: `Alice` and `alice` are the same person, and nobody can be told apart from
/// somebody else only by a confusable letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalName(String);

/// A text that is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name has 1 to 64 characters from a-z, 0-9, `.`, `_`, `@`, `+` and `-`, and begins with a letter or digit"
)]
pub struct NameError;

impl PrincipalName {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PrincipalName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte);
        if starts && text.len() <= Self::MAX_BYTES && text.bytes().all(fits) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NameError)
        }
    }
}

impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
