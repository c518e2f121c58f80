//! Asking about a token.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::optional::given;
use crate::secret::Secret;
use crate::token::Token;
use crate::watch::Keep;

/// `POST /api/v1/verify`, with an API's own credential.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// The token that a client presented.
    pub token: Secret,
    /// The scope that the client's call needs; absent: is anything effective at all?
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The place that the call acts on, `organization/project`; absent: everywhere that the API serves.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The client's address.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// Whether the answer shall say for what it may be kept, for whoever has a lease.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
}

/// The answer to [`VerifyRequest`].
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyAnswer {
    /// The verdict. Everything else is detail.
    pub allowed: bool,
    /// Why not; only once the secret has matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The scope that is missing, when that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_scope: Option<String>,
    /// The token's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Box<Token>>,
    /// Whose token it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The scopes of this API that are effective at the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The earliest end now known; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// For what the answer may be kept under a lease, when that was asked for and it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

/// Whose token was verified.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subject {
    /// `user`, `service_account` or `job`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The id, never reused: what an API keys its own records by.
    pub id: String,
    /// The name, for people. Somebody else may have it later.
    pub name: String,
}

/// The answer of `/oauth2/introspect` (RFC 7662, section 2.2). An inactive token has exactly one member.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Introspection {
    /// Whether the token is honoured.
    pub active: bool,
    /// The effective scopes, joined by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The token's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The owner's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// `Bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// The earliest end now known: seconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When the secret was made: seconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// From when on it is honoured: seconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// The owner's id, never reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The audience of the API that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// The authority's public address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The token's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// For an API that enforces places and did not name one: what is effective where (RFC 9396).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<PlaceDetail>,
}

/// Scopes that are effective at places (RFC 9396, section 2).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlaceDetail {
    /// Always `jeton_place`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `organization/project`, or `organization/*` for all projects of the organization.
    pub locations: Vec<String>,
    /// The scopes.
    pub actions: Vec<String>,
}
