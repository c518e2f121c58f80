//! Places: where a right is held and where a token may be used.

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
}
