//! What this server can do (RFC 7644, section 4).

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use serde_json::{Value, json};

use super::super::path::Path;
use super::super::problem::{self, Problem};
use super::super::{Doors, scim::BASE};
use super::schema;
use crate::authority::{Caller, Error};
use crate::limits::PAGE_SIZE_MAX;

/// What of SCIM there is.
pub(crate) async fn service_provider_config(State(doors): State<Doors>, _: Caller) -> Response<Body> {
    problem::scim(schema::service_provider_config(&base(&doors), PAGE_SIZE_MAX))
}

/// The kinds of resources.
pub(crate) async fn resource_types(State(doors): State<Doors>, _: Caller) -> Response<Body> {
    all(&schema::resource_types(&base(&doors)))
}

/// One kind of resources.
pub(crate) async fn resource_type(
    State(doors): State<Doors>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Response<Body>, Problem> {
    one(schema::resource_types(&base(&doors)), &id)
}

/// What each kind has.
pub(crate) async fn schemas(State(doors): State<Doors>, _: Caller) -> Response<Body> {
    all(&schema::schemas(&base(&doors)))
}

/// What one kind has.
pub(crate) async fn schema(
    State(doors): State<Doors>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Response<Body>, Problem> {
    one(schema::schemas(&base(&doors)), &id)
}

/// A search in users and groups at once is left out.
pub(crate) async fn search(_: Caller) -> Problem {
    Problem::NotSupported
}

fn base(doors: &Doors) -> String {
    format!("{}{BASE}", doors.public_url)
}

fn all(resources: &[Value]) -> Response<Body> {
    problem::scim(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    }))
}

fn one(resources: Vec<Value>, id: &str) -> Result<Response<Body>, Problem> {
    let found = resources.into_iter().find(|resource| resource["id"] == id);
    Ok(problem::scim(found.ok_or(Error::Hidden)?))
}
