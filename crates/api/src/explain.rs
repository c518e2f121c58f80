//! Why a token may or may not do something.

use serde::{Deserialize, Serialize};

use crate::optional::given;
use crate::secret::Secret;
use crate::token::PrincipalRef;

/// `POST /api/v1/explain`: exactly one of `token_id` and `token`.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// The token's id, or its number.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// The token's text.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// The scope that a call needs.
    pub scope: String,
    /// Where the call acts, `organization/project` or `organization/*`; absent: everywhere that the API serves.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Where the call comes from.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
}

/// The decision, step by step.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Explanation {
    /// The verdict.
    pub allowed: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The steps in their order; those behind a failed one were not reached.
    pub steps: Vec<Step>,
    /// For a right that is missing: what would give it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
}

/// One step of a decision.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// Which rule: a stable word.
    pub rule: String,
    /// What came of it.
    pub outcome: StepOutcome,
    /// In words.
    pub detail: String,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It let the call through.
    Passed,
    /// It refused.
    Failed,
    /// A step before it had refused.
    NotReached,
}

/// Something that would give a missing right.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Remedy {
    /// What to do: `bind_role`, `add_scope`, `sign_in` and so on.
    pub action: String,
    /// In words.
    pub detail: String,
    /// The role to bind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Where to bind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Who can do it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub who: Vec<PrincipalRef>,
}
