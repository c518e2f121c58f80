//! Service accounts: the accounts of programs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::optional::given;

/// A service account. It has no password and is never in `everyone`: what it may do, a binding says.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceAccount {
    /// The id; never reused.
    pub id: String,
    /// A small number that names it where an integer is needed.
    pub number: i64,
    /// The name.
    pub name: String,
    /// The organization whose administrators look after it.
    pub organization: String,
    /// The name to show.
    pub display_name: Option<String>,
    /// Whether its tokens are suspended.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `PUT /api/v1/service-accounts/{name}`: makes the account, or replaces what is given.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutServiceAccount {
    /// Default: `default`. It stays what it was made with.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The name to show; absent: none.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Suspends or revives its tokens; absent: as before.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// `PATCH /api/v1/service-accounts/{name}`: changes what is given and nothing else.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchServiceAccount {
    /// The name to show; an empty text clears it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Suspends or revives its tokens.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}
