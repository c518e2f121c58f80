//! Policies: limits that a place sets for the tokens used there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::optional::given;
use crate::token::PrincipalRef;

/// What a place says. What it does not say, the places around it say; nothing loosens what they say.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The longest life of a secret.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub lifetime_minutes_max: Option<i64>,
    /// The life of a secret when nobody says.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub lifetime_minutes_default: Option<i64>,
    /// Whether a token may have no end.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub never_expires: Option<Rule>,
    /// Whether the pattern `*` counts.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub everything: Option<Rule>,
    /// What happens when more is asked for than the longest life.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub excess: Option<Excess>,
    /// Whose tokens count: users, service accounts and groups. Absent: everybody's.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub creators: Option<Vec<PrincipalRef>>,
    /// Calls with a token come from one of these networks (CIDR).
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<String>>,
    /// Scopes that a token has only once somebody has approved it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub approval_scopes: Option<Vec<String>>,
    /// Tokens of a person who has not signed in for so long are suspended.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub sign_in_within_days: Option<i64>,
    /// Tokens that nobody has used for so long are suspended.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub used_within_days: Option<i64>,
    /// For so long after a person has made or rotated a token it may rotate itself.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub renewable_for_days: Option<i64>,
    /// The projects whose jobs may act here besides those of the place where they act: `organization/project` or
    /// `organization/*`. Absent: whichever have the right.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub job_projects: Option<Vec<String>>,
}

/// Whether something may be.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

/// What happens when somebody asks for a longer life than is allowed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Excess {
    /// It is cut, and the answer says so.
    Clamp,
    /// It is refused.
    Refuse,
}

/// `GET /api/v1/policies/{place}`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlacePolicy {
    /// The place.
    pub place: String,
    /// What was said there.
    pub stored: Policy,
    /// What holds there.
    pub effective: Policy,
    /// Which place decided each field of `effective`.
    pub decided_by: BTreeMap<String, Vec<String>>,
}

/// What a policy does, or would do, to tokens that exist.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyEffect {
    /// The policy as it is or would be.
    pub policy: PlacePolicy,
    /// How many live tokens can do less, or end earlier, by it than without it.
    pub tokens: i64,
    /// Whose they are, those with most first.
    pub owners: Vec<AffectedOwner>,
    /// Whether there was no time to look at all tokens: the numbers are at least these.
    pub truncated: bool,
}

/// Somebody whose tokens a policy touches.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AffectedOwner {
    /// Who.
    #[serde(flatten)]
    pub owner: PrincipalRef,
    /// How many of their tokens.
    pub tokens: i64,
    /// What happens to them: stable words.
    pub effects: Vec<String>,
}
