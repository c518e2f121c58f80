//! What a webhook is told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::PrincipalRef;

/// The body of a call to a webhook: the payload of Standard Webhooks. No secret is in it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WebhookEvent {
    /// What happened: the word of the audit, such as `token.revoke`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The rest.
    pub data: WebhookData,
}

/// What an audit row says, with the names that its ids have by now.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WebhookData {
    /// Who did it; `None` for the server itself.
    pub actor: Option<WebhookActor>,
    /// The id of the token that it was done with.
    pub credential: Option<String>,
    /// What kind of thing it was done to.
    pub target_type: String,
    /// The id of that thing.
    pub target: String,
    /// The ids of the place, as `organization` or `organization/project`.
    pub place: Option<String>,
    /// What was done, as the audit has it: for people who read it.
    pub detail: String,
    /// The token that it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<WebhookToken>,
    /// With `token.expiring`: how many days before the end this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
}

/// Who did something.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WebhookActor {
    /// The id.
    pub id: String,
    /// `user`, `service_account`, `job` or `api`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name.
    pub name: String,
}

/// A token that something was done to, as it is when the event is sent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WebhookToken {
    /// The number.
    pub number: i64,
    /// `personal`, `service`, `session`, `job` or `api`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Whose it is.
    pub owner: PrincipalRef,
    /// Its end.
    pub expires_at: Option<Timestamp>,
}
