//! Tokens: the record, and the requests that make and change it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::optional::given;
use crate::secret::Secret;

/// A token's record. It never holds the secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// The public id; it is part of the token's text.
    pub id: String,
    /// A small number that names the token where an integer is needed.
    pub number: i64,
    /// `personal`, `service`, `job`, `session` or `api`.
    pub kind: String,
    /// The name, unique among the owner's live tokens.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whose it is.
    pub owner: PrincipalRef,
    /// The token that made it, as an id; absent when it was made otherwise.
    pub created_by: Option<String>,
    /// The token that it is a child of: it never does more and never lives longer.
    pub parent_id: Option<String>,
    /// What it may do at most.
    pub scopes: Vec<String>,
    /// Where it may be used; empty: everywhere.
    pub projects: Vec<String>,
    /// From where it may be used; empty: anywhere.
    pub networks: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its present secret was made.
    pub secret_issued_at: Timestamp,
    /// When it ends by itself; absent: never. Where `earlier_ends` names a place, it ends earlier there.
    pub expires_at: Option<Timestamp>,
    /// Where policies, or the token that it was made with, end it earlier than `expires_at`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_ends: Vec<EarlierEnd>,
    /// When it was last used, as far as that is recorded.
    pub last_used_at: Option<Timestamp>,
    /// From which address.
    pub last_used_from: Option<String>,
    /// What it is now.
    pub state: TokenState,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The id of the principal that revoked it.
    pub revoked_by: Option<String>,
    /// Whether a policy asked for an approval of its scopes, and whether somebody gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// How to recognise it: prefix, kind and the last four characters of the secret in force.
    pub hint: String,
    /// The secrets that rotations took the place of, until a day after their end. Lists leave them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old_secrets: Vec<OldSecret>,
}

/// A place where a token ends earlier than by itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EarlierEnd {
    /// `*`, `organization/*` or `organization/project`; it holds for all places within, too.
    pub place: String,
    /// When the token ends there, as far as is known now.
    pub ends_at: Timestamp,
}

/// A secret that a rotation took the place of.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OldSecret {
    /// When it was made.
    pub issued_at: Timestamp,
    /// It works until this moment, or did.
    pub works_until: Timestamp,
    /// When it was last used while it was an old one, to the minute; absent: not at all.
    pub last_used_at: Option<Timestamp>,
    /// From which address.
    pub last_used_from: Option<String>,
}

/// What a token is now.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// It is honoured.
    Active,
    /// It is over.
    Expired,
    /// It was revoked.
    Revoked,
    /// It is not honoured now: its owner is disabled, a token it was made with is dead, or its row was altered.
    Suspended,
    /// It waits for somebody's approval, and can do nothing until then.
    Pending,
}

/// How far the approval of a token is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Somebody has to look at its scopes and places first.
    Pending,
    /// Somebody did.
    Approved,
}

/// A user, service account, group or API by name.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrincipalRef {
    /// `user`, `service_account`, `group`, `job` or `api`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name.
    pub name: String,
}

/// A token with its secret: the answer to create and rotate, and the only time that the secret is shown.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Issued {
    /// The record.
    pub token: Token,
    /// The token's text.
    pub secret: Secret,
    /// What is otherwise than it was asked for, and why: in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// `POST /api/v1/tokens`. At most one of the three ends is given; without one it is 30 days.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// The name; default `token-NUMBER`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `personal` (the default) or `service`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whose it shall be; default: the caller's.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// 1 to 256 patterns; everything is spelled `*`.
    pub scopes: Vec<String>,
    /// Ends this many minutes from now.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub expires_in_minutes: Option<i64>,
    /// Ends at this moment.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Does not end by itself.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub never_expires: Option<bool>,
    /// `organization/project` or `organization/*`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub projects: Option<Vec<String>>,
    /// Networks in CIDR notation.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<String>>,
}

/// `PATCH /api/v1/tokens/{id}`: changes what is given and nothing else. No new secret is made.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchToken {
    /// The name.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for; an empty text clears it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it may do at most.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// When it ends.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Where it may be used; empty: everywhere.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub projects: Option<Vec<String>>,
    /// From where it may be used; empty: anywhere.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<String>>,
}

/// `POST /api/v1/tokens/{id}/rotate`: a new secret for the same token; what is given is changed with it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RotateToken {
    /// How long the old secret goes on working: 0 (it ends at once) to 10080, 7 days; default 60.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_080))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub overlap_minutes: Option<i64>,
    /// Ends this many minutes from now; default: as long a life as before.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub expires_in_minutes: Option<i64>,
    /// The name.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for; an empty text clears it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it may do at most.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// When it ends.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Where it may be used; empty: everywhere.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub projects: Option<Vec<String>>,
    /// From where it may be used; empty: anywhere.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<String>>,
}

/// `POST /api/v1/tokens/revoke`: ends all tokens that fit.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RevokeTokens {
    /// Which ones: all that is given must fit, and something must be given.
    pub filter: TokenFilter,
    /// Change nothing, and answer how many would be revoked.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// Which tokens, as in the query of `GET /api/v1/tokens`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TokenFilter {
    /// Only this principal's.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Only this kind.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only with exactly this name.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `active`, `expired`, `suspended`, `pending` or `all`; without it all that have not ended.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Only those that nobody has used for so many days, nor given a new secret.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 36600))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub unused_for_days: Option<i64>,
    /// Only those that end within so many days, and have not ended.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 36600))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub expiring_in_days: Option<i64>,
    /// Only those whose scopes cover this one, or some of this pattern.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl TokenFilter {
    /// The same as the query of a list.
    pub fn into_query(self) -> TokenQuery {
        let Self { owner, kind, name, state, unused_for_days, expiring_in_days, scope } = self;
        let (page_size, page_token) = (None, None);
        TokenQuery {
            owner,
            kind,
            name,
            state,
            unused_for_days,
            expiring_in_days,
            scope,
            page_size,
            page_token,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokedTokens {
    /// How many fit, of those that the caller may revoke.
    pub matched: u64,
    /// How many were revoked; none in a dry run.
    pub revoked: u64,
    /// Whether there may be more than one call takes; then the same call goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// The query of `GET /api/v1/tokens`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TokenQuery {
    /// Only this principal's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Only this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only with exactly this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `active` (the default), `expired`, `revoked`, `suspended`, `pending` or `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Only those that nobody has used for so many days, nor given a new secret.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 36600))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unused_for_days: Option<i64>,
    /// Only those that end within so many days, and have not ended.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 36600))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiring_in_days: Option<i64>,
    /// Only those whose scopes cover this one, or some of this pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// 1 to 1000, default 100.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// From the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}
