//! What the token endpoint answers (RFC 6749, section 5; RFC 8693, section 2.2).

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// An access token that was granted.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Granted {
    /// The token's text.
    pub access_token: Secret,
    /// What kind of token it is, for a token exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<String>,
    /// How to present it: `Bearer`.
    pub token_type: String,
    /// In how many seconds it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<i64>,
    /// Its patterns, separated by spaces.
    pub scope: String,
    /// The job that was started, when the token is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
}

/// Why nothing was granted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantRefusal {
    /// A word of RFC 6749, section 5.2.
    pub error: String,
    /// For people.
    #[serde(default)]
    pub error_description: String,
    /// The code that Jeton's own API has for it, where the failure lies outside the rules of the grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub code: Option<String>,
    /// Names this request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub request_id: Option<String>,
}
