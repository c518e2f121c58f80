//! Groups.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::optional::{all_named, given};
use crate::token::PrincipalRef;

/// A group of users and service accounts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    /// The id; never reused.
    pub id: String,
    /// The name.
    pub name: String,
    /// The name to show.
    pub display_name: Option<String>,
    /// Whether Jeton brings it along: `everyone` has every enabled user in it, and nobody changes that.
    pub built_in: bool,
    /// Who is in it, by name; of `everyone` nobody is listed.
    pub members: Vec<Member>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Somebody in a group.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// `user` or `service_account`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name.
    pub name: String,
    /// Who put them there: `manual`, `scim`, or the issuer whose sign-in did.
    pub source: String,
}

/// `PUT /api/v1/groups/{name}`: makes the group, or replaces what is given.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutGroup {
    /// The name to show; absent: none.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// All who shall be in it; absent: as before.
    #[serde(default, deserialize_with = "all_named", skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<PrincipalRef>>,
}

/// `PATCH /api/v1/groups/{name}`: changes what is given and nothing else.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchGroup {
    /// The name to show; an empty text clears it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Who comes in.
    #[serde(default, deserialize_with = "all_named", skip_serializing_if = "Option::is_none")]
    pub add: Option<Vec<PrincipalRef>>,
    /// Who goes out.
    #[serde(default, deserialize_with = "all_named", skip_serializing_if = "Option::is_none")]
    pub remove: Option<Vec<PrincipalRef>>,
}
