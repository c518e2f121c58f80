//! Roles and their bindings.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::optional::{given, named};
use crate::token::PrincipalRef;

/// A role: a named set of rights.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Role {
    /// The id; never reused.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether Jeton brings it along; such a role is never changed.
    pub built_in: bool,
    /// Where it can be bound.
    pub bindable: Bindable,
    /// The patterns that it grants.
    pub scopes: Vec<String>,
    /// Whether it also grants every scope of the APIs that serve the place of the binding.
    pub api_scopes: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Where a role can be bound.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Bindable {
    /// At any place.
    Anywhere,
    /// Only everywhere, `*`.
    Global,
}

/// `PUT /api/v1/roles/{name}`: makes the role, or replaces it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutRole {
    /// What it is for; absent: nothing is said.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// 1 to 256 patterns.
    pub scopes: Vec<String>,
}

/// `PATCH /api/v1/roles/{name}`: changes what is given and nothing else.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchRole {
    /// What it is for; an empty text clears it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// 1 to 256 patterns.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}

/// Who has a role, and where.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleBinding {
    /// The id; never reused.
    pub id: String,
    /// The role's name.
    pub role: String,
    /// A `user`, `group` or `service_account`.
    pub subject: PrincipalRef,
    /// `*`, `organization/*` or `organization/project`.
    pub place: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `POST /api/v1/role-bindings`: binds. Doing it again answers the binding that is there.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateRoleBinding {
    /// The role's name.
    pub role: String,
    /// A `user`, `group` or `service_account`.
    #[serde(deserialize_with = "named")]
    pub subject: PrincipalRef,
    /// `*`, `organization/*` or `organization/project`.
    pub place: String,
}

/// The query of `GET /api/v1/role-bindings`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleBindingQuery {
    /// Only of this role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Only of subjects of this type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_type: Option<String>,
    /// Only of this subject; wants `subject_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Only at exactly this place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// 1 to 1000, default 100.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// From the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}
