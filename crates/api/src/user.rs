//! Users.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::optional::given;
use crate::secret::Secret;

/// A user.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The id; never reused.
    pub id: String,
    /// A small number that names the user where an integer is needed.
    pub number: i64,
    /// The name to sign in with, lower case.
    pub name: String,
    /// The name to show.
    pub display_name: Option<String>,
    /// Where to write to.
    pub email: Option<String>,
    /// Whether the user's tokens are suspended and sign-in is refused.
    pub disabled: bool,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user last signed in.
    #[serde(default)]
    pub last_sign_in_at: Option<Timestamp>,
}

/// `PUT /api/v1/users/{name}`: makes the user, or replaces what is given.
///
/// An absent password or `disabled` stays as it was; an absent name or address is cleared.
#[derive(Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutUser {
    /// A new password.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The name to show.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Where to write to.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Suspends or revives the user's tokens.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// `PATCH /api/v1/users/{name}`: changes what is given and nothing else; an empty text clears.
#[derive(Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchUser {
    /// A new password.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The present password, from a person who changes their own.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub current_password: Option<Secret>,
    /// The name to show.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Where to write to.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Suspends or revives the user's tokens.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}
