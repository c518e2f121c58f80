//! Verifiers that answer from memory: what they ask to go on doing so, and what they are told.

use serde::{Deserialize, Serialize};

use crate::optional::given;

/// `POST /api/v1/verify/watch`, with an API's own credential. It is answered when something has changed, or after a
/// short while.
#[derive(Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WatchRequest {
    /// The watch that goes on; absent: a new one.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub verifier: Option<String>,
    /// The position of the last answer, which says that everything in it is applied.
    #[serde(default)]
    pub applied: u64,
    /// For what verdicts from memory were used since the last call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<ToldUse>,
}

/// How often a kept verdict was used.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ToldUse {
    /// The token's id.
    pub token_id: String,
    /// What [`Keep`] had for this.
    pub receipt: String,
    /// The scope that was asked for.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The place that was asked about.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// From where one of the last of these calls came.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// How often.
    pub count: u64,
}

/// The answer to [`WatchRequest`]. Apply the change first, and take the lease then.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WatchAnswer {
    /// The watch to go on with.
    pub verifier: String,
    /// Where this answer leads.
    pub position: u64,
    /// Whether anything may have changed: nothing that was kept is good.
    pub everything: bool,
    /// The names of what has changed, as in [`Keep::names`].
    pub changed: Vec<String>,
    /// For how long verdicts may be answered from memory, in milliseconds, counted from when this was **asked**. With 0
    /// an earlier lease goes on to its end and there is no new one.
    pub lease_ms: u64,
}

/// For what a verdict may be kept under a lease.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Keep {
    /// For how long at most, in milliseconds, counted from when it was asked for.
    pub for_ms: u64,
    /// What it was made from. When one of these changes it is good no more.
    pub names: Vec<String>,
    /// Whether it is the same wherever the client calls from.
    pub any_client: bool,
    /// What proves, beside a use that is told, that the token was shown.
    pub receipt: String,
}
