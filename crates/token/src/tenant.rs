//! Places: where a right is held and where a token may be used.

use std::fmt;
use std::str::FromStr;

use crate::id::{OrganizationId, ProjectId};

/// A place. Places are held by id, so a name that is deleted and made again revives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Everywhere.
    Global,
    /// An organization and all its projects.
    Organization(OrganizationId),
    /// One project.
    Project(OrganizationId, ProjectId),
}

impl Place {
    /// Whether the other place is this one or lies within it.
    pub fn contains(self, other: Self) -> bool {
        match (self, other) {
            (Self::Global, _) => true,
            (Self::Organization(mine), Self::Organization(yours) | Self::Project(yours, _)) => mine == yours,
            (Self::Project(..), Self::Project(..)) => self == other,
            (Self::Organization(_) | Self::Project(..), _) => false,
        }
    }

    /// Whether the two have something in common: places form a tree, so one of them contains the other.
    pub fn meets(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// The organization that it is or lies in.
    pub fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::Global => None,
            Self::Organization(organization) | Self::Project(organization, _) => Some(organization),
        }
    }
}

/// A name of an organization, project, pipeline, group or role. Its case is kept and does not tell two apart.
///
/// ASCII only, so that no name is another one with a confusable letter; without `/` and `*`, which places are
/// written with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceName(String);

/// A text that is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name has 1 to 64 characters from A-Z, a-z, 0-9, space, `.`, `_`, `-`, `(` and `)`, begins with a letter or \
     digit and does not end in a space"
)]
pub struct ResourceNameError;

impl ResourceName {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes it one of its kind: the name in lower case.
    pub fn fold(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for ResourceName {
    type Err = ResourceNameError;

    fn from_str(text: &str) -> Result<Self, ResourceNameError> {
        let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b" ._-()".contains(&byte);
        let is_name =
            starts && !text.ends_with(' ') && text.len() <= Self::MAX_BYTES && text.bytes().all(fits);
        if is_name { Ok(Self(text.to_owned())) } else { Err(ResourceNameError) }
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
