//! Roles: named sets of rights, bound to a principal or group at a place.

/// The roles that a first start makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltInRole {
    /// Everything, `Jeton.Admin.*` included.
    Admin,
    /// A principal's own tokens.
    TokenCreator,
    /// Every scope of the APIs that belong to the organization of the binding, and nothing of Jeton's own.
    ApiUser,
}

impl BuiltInRole {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::TokenCreator => "TokenCreator",
            Self::ApiUser => "ApiUser",
        }
    }
}
