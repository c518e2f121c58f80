//! `OPTIONS {organization}/_apis`: where what is. Clients look an id up here before each first call.

use axum::Json;
use axum::body::Body;
use axum::http::Response;
use serde::Serialize;
use serde_json::json;

use super::super::super::path::Path;
use super::super::super::problem::{Problem, no_store};
use crate::authority::Caller;

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    id: &'static str,
    area: &'static str,
    resource_name: &'static str,
    route_template: &'static str,
    resource_version: u8,
    min_version: &'static str,
    max_version: &'static str,
    released_version: &'static str,
}

/// Id, area, resource, template and the highest version of the resource that clients ask for. The ids are that
/// product's, in lower case: one of its clients compares them as texts.
const KNOWN: [(&str, &str, &str, &str, u8); 9] = [
    ("00d9565f-ed9c-4a06-9a50-00e7896ccab4", "Location", "connectionData", "_apis/{resource}", 1),
    ("e81700f7-3be2-46de-8624-2eb35882fcaa", "Location", "ResourceAreas", "_apis/{resource}/{areaId}", 1),
    ("603fe2ac-9723-48b9-88ad-09305aa6c6e1", "core", "projects", "_apis/{resource}/{*projectId}", 4),
    (
        "28e1305e-2afe-47bf-abaf-cbb0e6a91988",
        "pipelines",
        "pipelines",
        "{project}/_apis/{resource}/{pipelineId}",
        1,
    ),
    (
        "dbeaf647-6167-421a-bda9-c9327b25e2e6",
        "build",
        "Definitions",
        "{project}/_apis/{area}/{resource}/{definitionId}",
        7,
    ),
    (
        "c4aefd19-30ff-405b-80ad-aca021e7242a",
        "build",
        "GeneralSettings",
        "{project}/_apis/{area}/{resource}",
        1,
    ),
    (
        "af68438b-ed04-4407-9eb6-f1dbae3f922e",
        "tokenadmin",
        "personalaccesstokens",
        "_apis/{area}/{resource}/{subjectDescriptor}",
        1,
    ),
    ("a9c08b2c-5466-4e22-8626-1ff304ffdf0f", "tokenadmin", "revocations", "_apis/{area}/{resource}", 1),
    ("ee4afb16-e7ab-4ed8-9d4b-4ef3e78f97e4", "tokenadmin", "revocationrules", "_apis/{area}/{resource}", 1),
];

fn known() -> impl Iterator<Item = Location> {
    KNOWN.into_iter().map(|(id, area, resource_name, route_template, resource_version)| Location {
        id,
        area,
        resource_name,
        route_template,
        resource_version,
        min_version: "1.0",
        max_version: "7.2",
        released_version: "7.1",
    })
}

/// All of them.
pub(crate) async fn all(_: Caller) -> Response<Body> {
    answer(known())
}

/// Those of an area.
pub(crate) async fn of_area(_: Caller, Path((_, area)): Path<(String, String)>) -> Response<Body> {
    answer(known().filter(|location| location.area.eq_ignore_ascii_case(&area)))
}

/// No areas: then a client takes the address that it was given for everything.
pub(crate) async fn areas(_: Caller) -> Result<Response<Body>, Problem> {
    Ok(no_store(Json(json!({ "count": 0, "value": null }))))
}

fn answer(locations: impl Iterator<Item = Location>) -> Response<Body> {
    let value: Vec<_> = locations.collect();
    no_store(Json(json!({ "count": value.len(), "value": value })))
}
