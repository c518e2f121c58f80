//! Federation trusts: whose identity tokens stand for a service account, or for jobs of a pipeline.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::optional::given;

/// A trust of a service account or of a pipeline in the identities of another issuer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trust {
    /// The id; never reused.
    pub id: String,
    /// The name, unique in its service account or pipeline.
    pub name: String,
    /// The service account that the identities stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// The pipeline that the identities start jobs of: `organization/project/pipeline`. A trust has one of the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Who signs them: exactly the `iss` of their tokens.
    pub issuer: String,
    /// For whom the tokens must be made: their `aud`.
    pub audience: String,
    /// Where the issuer's keys are, if it has no discovery.
    pub jwks_url: Option<String>,
    /// The issuer's keys themselves (RFC 7517), if they cannot be asked for.
    pub jwks: Option<Value>,
    /// What the tokens must say; all of it.
    pub claims: Vec<ClaimRule>,
    /// How often one token may be exchanged.
    pub replay: Replay,
    /// How long an access token from this trust lives at most.
    pub lifetime_minutes_max: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When an identity was last exchanged through it.
    pub last_used_at: Option<Timestamp>,
}

/// What one claim must be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClaimRule {
    /// The claim's name, or a JSON pointer to a nested one.
    pub claim: String,
    /// Its text, or how it begins: `repo:acme/*`.
    pub pattern: String,
}

/// How often one identity token may be exchanged.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Replay {
    /// Once: for CI, where each job gets a token of its own.
    #[default]
    Once,
    /// Until it expires: for token files, which a workload reads again and again. What comes out ends with it.
    UntilExpiry,
}

/// `PUT /api/v1/service-accounts/{name}/trusts/{trust}`, or the same below a pipeline: makes the trust, or replaces it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutTrust {
    /// Who signs the tokens.
    pub issuer: String,
    /// For whom they must be made; absent: this deployment's public address.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Where the issuer's keys are, if it has no discovery.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// The keys themselves, instead.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// What the tokens must say.
    pub claims: Vec<ClaimRule>,
    /// How often one token may be exchanged; absent: once.
    #[serde(default)]
    pub replay: Replay,
    /// How long an access token lives at most; absent: 60.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub lifetime_minutes_max: Option<i64>,
}
