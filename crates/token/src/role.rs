//! Roles: named sets of rights, bound to a principal or group at a place.

use crate::id::RoleId;
use crate::scope::ScopeSet;

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// What it grants where it is bound.
    pub grant: Grant,
}

/// What a role grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// These patterns.
    Patterns(ScopeSet),
    /// Every scope of the APIs that belong to the organization of the binding, and nothing of Jeton's own.
    ApisOfOrganization,
}

impl Role {
    /// Everything, `Jeton.Admin.*` included.
    pub const ADMIN: &'static str = "Admin";
    /// A principal's own tokens.
    pub const TOKEN_CREATOR: &'static str = "TokenCreator";
    /// The use of an organization's APIs.
    pub const API_USER: &'static str = "ApiUser";
}
