//! Accounts at other issuers that are users here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An account at another issuer, by which its person signs in as a user.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Identity {
    /// The id of the link.
    pub id: String,
    /// Who proves the account: `iss`.
    pub issuer: String,
    /// The account there: `sub`.
    pub subject: String,
    /// The administrator who linked the two; absent when a rule of the configuration let the user in.
    #[serde(default)]
    pub linked_by: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
}

/// `POST /api/v1/users/{name}/identities`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkIdentity {
    /// Who proves the account: `iss`.
    pub issuer: String,
    /// The account there: `sub`.
    pub subject: String,
}
