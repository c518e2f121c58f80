//! Who may hold tokens.

use std::fmt;
use std::str::FromStr;

use crate::tenant::ResourceName;

/// The kind of a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A program's own account.
    ServiceAccount,
    /// A protected API, which may ask about tokens and nothing else.
    Api,
}

impl PrincipalKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::User, Self::ServiceAccount, Self::Api];

    /// The word in JSON and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ServiceAccount => "service_account",
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
/// The accounts that jobs act as are named after project and organization: `web build service (acme)`.
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

    /// The name of the account that jobs of a project act as, or of a whole organization.
    pub fn of_build_service(organization: &ResourceName, project: Option<&ResourceName>) -> Self {
        Self(build_service_title(organization, project).to_ascii_lowercase())
    }

    /// Whether an organization or project of this name would make it unclear whose such an account is: then a text like
    /// `a Build Service (b) Build Service (c)` could be divided in two ways.
    pub fn confuses_build_services(place: &ResourceName) -> bool {
        place.fold().contains(BUILD_SERVICE_FOLDED)
    }

    /// Whether it is the name of such an account. Nobody else is called like that.
    pub fn is_of_build_service(&self) -> bool {
        is_of_build_service(&self.0)
    }
}

/// What the account that jobs of a project act as is called, or that of a whole organization, in the case of the names
/// that it is made of.
pub fn build_service_title(organization: &ResourceName, project: Option<&ResourceName>) -> String {
    let of = project.map_or(WHOLE_ORGANIZATION, ResourceName::as_str);
    format!("{of}{BUILD_SERVICE}{organization})")
}

/// Stands in the place of a project's name; no project may be called like that.
pub const WHOLE_ORGANIZATION: &str = "Project Collection";

const BUILD_SERVICE: &str = " Build Service (";
const BUILD_SERVICE_FOLDED: &str = " build service (";

fn is_of_build_service(lower_case: &str) -> bool {
    let parts = lower_case.strip_suffix(')').and_then(|rest| rest.split_once(BUILD_SERVICE_FOLDED));
    let is_name = |text: &str| text.parse::<ResourceName>().is_ok();
    parts.is_some_and(|(project, organization)| is_name(project) && is_name(organization))
}

impl FromStr for PrincipalName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let lower_case = text.to_ascii_lowercase();
        if is_of_build_service(&lower_case) {
            return Ok(Self(lower_case));
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte);
        if starts && text.len() <= Self::MAX_BYTES && text.bytes().all(fits) {
            Ok(Self(lower_case))
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
