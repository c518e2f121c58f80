//! SCIM 2.0 (RFC 7643, RFC 7644), base `/scim/v2`: an identity provider keeps users and groups here.
//!
//! These doors translate and know no rule: users and groups are changed by the same operations as everywhere else.
//! What Jeton does not keep is ignored, as SCIM says, and left out of the schemas that are published here.

pub(super) mod discovery;
pub(super) mod groups;
pub(super) mod users;

mod address;
mod body;
mod object;
mod patch;
mod query;
mod schema;
mod shown;
mod syntax;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::middleware::Next;

use super::{Doors, problem};

/// Where it all is.
pub(super) const BASE: &str = "/scim/v2";

/// Gives every error at these addresses the form of SCIM, whoever found it.
pub(super) async fn errors(request: Request, next: Next) -> Response<Body> {
    let path = request.uri().path();
    let is_here = path.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let response = next.run(request).await;
    if is_here { problem::in_scim_form(response) } else { response }
}

/// The address of something here.
fn location(doors: &Doors, endpoint: &str, id: &str) -> String {
    format!("{}{BASE}/{endpoint}/{id}", doors.public_url)
}
