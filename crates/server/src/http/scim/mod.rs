//! SCIM 2.0 (RFC 7643, RFC 7644), base `/scim/v2`: an identity provider keeps users and groups here.
//!
//! These doors translate and know no rule: users and groups are changed by the same operations as everywhere else.
//! What Jeton does not keep is ignored, as SCIM says, and left out of the schemas that are published here.

pub(super) mod discovery;
pub(super) mod error;
pub(super) mod groups;
pub(super) mod users;

mod address;
mod body;
mod kept;
mod object;
mod patch;
mod person;
mod query;
mod schema;
mod shown;
mod syntax;

use super::Doors;

/// Where it all is.
pub(super) const BASE: &str = "/scim/v2";

/// Whether an address is one of these.
pub(super) fn is_here(path: &str) -> bool {
    path.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The address of something here.
fn location(doors: &Doors, endpoint: &str, id: &str) -> String {
    format!("{}{BASE}/{endpoint}/{id}", doors.public_url)
}
