//! The description of the API: OpenAPI 3.1, out of the route table, the types on the wire and the tables beside this
//! file, one for each group of routes.
//!
//! The route table stays the one source. What follows from a route's method, path and action is not said again: its
//! parameters, its credential, and the refusals that every such route has. A test fails for a route that no table
//! describes and for a description that has no route.

#![expect(
    clippy::indexing_slicing,
    reason = "a missing member of a JSON value reads as null and is written as new"
)]

mod apis;
mod gateways;
mod jobs;
mod oauth2;
mod operation;
mod people;
mod places;
mod refusals;
mod rights;
mod root;
mod schema;
mod tokens;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::{Map, Value, json};

use self::operation::{Content, Group, Operation};
use self::schema::{Kind, Schemas};
use super::fixed::Fixed;
use super::problem::Wire;
use super::{ANY, Doors, RouteEntry, compat, routes};
use crate::limits::{DERIVING_KEY_CHARS_MIN, IDEMPOTENCY_KEY_CHARS_MAX};

/// Addresses that the description leaves out, and why.
const LEFT_OUT: [(&str, &str); 7] = [
    ("/compat/", "another product's wire, which that product describes"),
    ("/scim/", "SCIM describes itself"),
    ("/assets/", "a part of pages"),
    ("/sign-in", "a page"),
    ("/sign-out", "a page"),
    ("/device", "a page"),
    ("/oauth2/authorize", "a page, which RFC 6749 and RFC 7636 describe"),
];

const ABOUT: &str = "An authority for access tokens: it issues, verifies and revokes them.

An error is answered as `application/problem+json` (RFC 9457) with a stable `code`. A client treats a code that it does \
not know by its status. Every answer has an `X-Request-Id`, which the server's log has too. `x-jeton-action` says what \
a caller has to be allowed, or why nobody has to be.";

/// `GET /openapi.json`.
pub(super) async fn show(State(doors): State<Doors>, asked: HeaderMap) -> Response<Body> {
    let made = || Fixed::json(document(&doors.public_url).to_string());
    doors.fixed.description.get_or_init(made).answer(&asked)
}

/// The whole description, for a server that is reached there.
pub fn document(public_url: &str) -> Value {
    let (mut schemas, mut paths, mut tags) = (Schemas::default(), Map::new(), vec![]);
    schemas.refer(Kind::of::<jeton_api::Problem>());
    let routes = routes();
    for group in groups() {
        tags.push(json!({"name": group.name, "description": group.about}));
        for operation in &group.operations {
            let is_it =
                |route: &&RouteEntry| route.method == operation.method && route.path == operation.path;
            let Some(route) = routes.iter().find(is_it) else { continue };
            let described = describe(operation, route, group.name, &mut schemas);
            let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
            // A description has no word for every method. The usual one of those who ask there stands for all.
            let method = if operation.method == ANY { "GET" } else { operation.method };
            methods[method.to_ascii_lowercase()] = described;
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Jeton",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "tags": tags,
        "paths": paths,
        "components": {
            "responses": refusals::shared(),
            "schemas": schemas.into_value(),
            "securitySchemes": credentials(),
        },
    })
}

/// What the tables describe, and what they need not: method and path of each operation; beginnings of paths.
pub fn described() -> (Vec<(&'static str, &'static str)>, Vec<&'static str>) {
    let operations = groups().into_iter().flat_map(|group| group.operations);
    let left_out = LEFT_OUT.iter().map(|(beginning, _)| *beginning);
    (operations.map(|operation| (operation.method, operation.path)).collect(), left_out.collect())
}

fn groups() -> Vec<Group> {
    let mut groups = vec![tokens::tokens(), tokens::questions(), apis::apis()];
    groups.extend([people::users(), people::groups(), people::service_accounts(), people::trusts()]);
    groups.extend([rights::roles(), rights::role_bindings(), rights::policies()]);
    groups.extend([places::organizations(), places::projects(), places::pipelines()]);
    groups.extend([jobs::jobs(), jobs::settings()]);
    groups.extend([oauth2::oauth2(), gateways::gateways(), root::server()]);
    groups
}

fn credentials() -> Value {
    json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token (RFC 6750)."},
        "basic": {"type": "http", "scheme": "basic", "description": "Any user name, and a token as the password."},
    })
}

fn describe(operation: &Operation, route: &RouteEntry, tag: &str, schemas: &mut Schemas) -> Value {
    let is_open = route.action.starts_with("open:");
    let mut described = json!({
        "tags": [tag],
        "operationId": route.name(),
        "summary": operation.summary,
        "x-jeton-action": route.action,
        "security": if is_open { json!([]) } else { json!([{"bearer": []}, {"basic": []}]) },
        "responses": responses(operation, route, schemas),
    });
    if let Some(about) = operation.about {
        described["description"] = about.into();
    }
    let mut parameters = parameters(operation);
    if !matches!(operation.method, "GET" | ANY) && !is_open {
        parameters.push(idempotency_key(operation));
    }
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if let Some(Content { media, kind }) = &operation.body {
        let content = json!({*media: {"schema": schemas.refer(*kind)}});
        described["requestBody"] = json!({"required": !kind.is_optional(), "content": content});
    }
    described
}

fn responses(operation: &Operation, route: &RouteEntry, schemas: &mut Schemas) -> Value {
    let mut responses = Map::new();
    for (status, codes) in refusals::of(operation, route.action) {
        // An answer of the same status is told beside it, and nothing stands beside a reference.
        let is_told_beside =
            operation.answers.iter().any(|answer| answer.status.to_string() == status.to_string());
        let told = match compat::wire(operation.path) {
            Wire::OAuth => refusals::described_as_oauth(&codes, schemas),
            _ if is_told_beside => refusals::described(&codes),
            _ => refusals::describe(&codes),
        };
        responses.insert(status.to_string(), told);
    }
    for answer in &operation.answers {
        let response = responses.entry(answer.status.to_string()).or_insert_with(|| json!({}));
        let (about, content) = (&mut response["description"], &answer.content);
        *about = about
            .as_str()
            .map_or_else(|| answer.about.into(), |more| format!("{}\n{more}", answer.about))
            .into();
        if let Some(Content { media, kind }) = content {
            response["content"][*media]["schema"] = schemas.refer(*kind);
        }
    }
    responses.into()
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let mut parameters: Vec<_> =
        in_path(operation.path).map(|name| path_parameter(operation.path, name)).collect();
    let query = operation.query.map(|kind| kind.schema());
    for (name, schema) in query.iter().filter_map(|schema| schema["properties"].as_object()).flatten() {
        let mut schema = schema.clone();
        let about =
            schema.as_object_mut().and_then(|schema| schema.remove("description")).unwrap_or_default();
        parameters.push(json!({"name": name, "in": "query", "description": about, "schema": schema}));
    }
    if let Some((name, about)) = operation.header {
        let schema = json!({"type": "string"});
        parameters.push(json!({"name": name, "in": "header", "description": about, "schema": schema}));
    }
    parameters
}

/// The key by which a repeated call is known.
fn idempotency_key(operation: &Operation) -> Value {
    let shortest = if operation.yields_secret() { DERIVING_KEY_CHARS_MIN } else { 1 };
    let about = "A call with the same key and body is done once; a repetition within 24 hours is answered alike. \
        Random, and a new one for each new call.";
    let schema = json!({
        "type": "string",
        "minLength": shortest,
        "maxLength": IDEMPOTENCY_KEY_CHARS_MAX,
        "pattern": "^[!-~]+$",
    });
    json!({"name": "Idempotency-Key", "in": "header", "description": about, "schema": schema})
}

fn in_path(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// Names of users, service accounts and APIs.
const PRINCIPAL_NAME: &str = "^[a-z0-9][a-z0-9._@+-]{0,63}$";
/// All other names.
const RESOURCE_NAME: &str = "^[A-Za-z0-9]([A-Za-z0-9 ._()-]{0,62}[A-Za-z0-9._()-])?$";

fn path_parameter(path: &str, name: &str) -> Value {
    let is_numbered = ["/api/v1/tokens/", "/api/v1/jobs/"].iter().any(|start| path.starts_with(start));
    let about = match name {
        "id" if is_numbered => "The id, or the number.",
        "id" => "The id.",
        "organization" => "The organization's name.",
        "project" => "The project's name.",
        "pipeline" => "The pipeline's name.",
        "place" => "`*`, `organization/*` or `organization/project`, percent-encoded.",
        _ => "The name.",
    };
    let named_like_people =
        ["/api/v1/users/", "/api/v1/service-accounts/", "/api/v1/apis/", "/forward-auth/"];
    let schema = match name {
        "id" | "place" => json!({"type": "string", "minLength": 1}),
        "name" | "api" if named_like_people.iter().any(|start| path.starts_with(start)) => {
            json!({"type": "string", "pattern": PRINCIPAL_NAME})
        }
        _ => json!({"type": "string", "pattern": RESOURCE_NAME}),
    };
    json!({"name": name, "in": "path", "required": true, "description": about, "schema": schema})
}
