//! `/api/v1/apis`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{ApiChange, ApiRoute, ApiScope, Code, List, PutApi};
use jeton_token::{
    Catalogue, CatalogueError, CatalogueScope, PrincipalName, ResourceName, Route, RouteTable, Scope,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, created, done, no_store};
use super::super::query::{Nothing, Query};
use super::page::PageQuery;
use super::{parse, shown};
use crate::authority::{ApiRequest, Caller, Error, Put};
use crate::limits::ROUTES_MAX;

/// The query of a PUT.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutQuery {
    /// Change nothing, and answer the plan.
    dry_run: Option<bool>,
}

/// Lists all APIs with their catalogues, by name.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let apis = doors.authority.list_apis(&caller).await?;
    Ok(no_store(Json(List { items: apis.into_iter().map(shown::api).collect(), next_page_token: None })))
}

/// Registers an API or replaces what it declares; a dry run only answers the plan.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<PutQuery>,
    Body(request): Body<PutApi>,
) -> Result<Response<Answer>, Problem> {
    let request = api_request(parse::value("name", &name)?, request)?;
    Ok(match doors.authority.put_api(&caller, request, query.dry_run.unwrap_or(false)).await? {
        Put::Planned(plan) => no_store(Json(plan)),
        Put::Done(api, ApiChange::Create) => created(shown::api(*api)),
        Put::Done(api, _) => no_store(Json(shown::api(*api))),
    })
}

/// Shows an API.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let api = doors.authority.show_api(&caller, &parse::path_name(&name)?).await?;
    Ok(no_store(Json(shown::api(api))))
}

/// Lists what the gateways of an API would have refused.
pub(crate) async fn refusals(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Response<Answer>, Problem> {
    let page = query.numbers()?;
    let (found, next) = doors.authority.refusals_of(&caller, &parse::path_name(&name)?, page).await?;
    let items: Vec<_> = found.into_iter().map(shown::refusal).collect();
    Ok(no_store(Json(List { items, next_page_token: next.map(|next| next.to_string()) })))
}

/// Removes an API and revokes its credentials.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.remove_api(&caller, &parse::path_name(&name)?).await?;
    Ok(done())
}

/// Makes a credential for an API and shows it, once.
pub(crate) async fn credential(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let issued = doors.authority.api_credential(&caller, &parse::path_name(&name)?).await?;
    Ok(created(shown::issued(&doors.authority, Some(&caller), issued).await?))
}

fn api_request(name: PrincipalName, request: PutApi) -> Result<ApiRequest, Error> {
    let scopes = request.scopes.iter().enumerate().map(|(at, scope)| catalogue_scope(at, scope));
    let catalogue = Catalogue::new(&request.namespace, scopes.collect::<Result<_, _>>()?)
        .map_err(|error| refusal(&error))?;
    let routes = routes(&catalogue, &request.routes)?;
    let organization = request.organization.as_deref().unwrap_or("default");
    let organization: ResourceName = parse::value("/organization", organization)?;
    Ok(ApiRequest {
        name,
        title: parse::text("/title", request.title)?,
        organization,
        audience: parse::text("/audience", request.audience)?,
        enforces_places: request.enforces_places,
        forward_auth: request.forward_auth,
        catalogue,
        routes,
    })
}

fn catalogue_scope(at: usize, scope: &ApiScope) -> Result<CatalogueScope, Error> {
    let pointer = format!("/scopes/{at}/description");
    let mut implies: Vec<Scope> = parse::values(&format!("/scopes/{at}/implies"), &scope.implies)?;
    implies.sort_unstable();
    implies.dedup();
    Ok(CatalogueScope {
        name: parse::value(&format!("/scopes/{at}/name"), &scope.name)?,
        description: parse::text(&pointer, scope.description.clone())?,
        implies,
    })
}

/// Names that differ only in case are a conflict between two names; everything else is a wrong field.
fn refusal(error: &CatalogueError) -> Error {
    match error {
        CatalogueError::Alike(..) => Error::Conflict(Code::NameTaken, error.to_string()),
        CatalogueError::Namespace(_) => Error::invalid("/namespace", Code::InvalidField, error.to_string()),
        _ => Error::invalid("/scopes", Code::InvalidField, error.to_string()),
    }
}

fn routes(catalogue: &Catalogue, declared: &[ApiRoute]) -> Result<Vec<Route>, Error> {
    if declared.len() > ROUTES_MAX {
        return Err(Error::invalid("/routes", Code::InvalidField, "at most 1024 routes"));
    }
    let routes = declared.iter().enumerate().map(|(at, route)| one_route(catalogue, at, route));
    let routes: Vec<Route> = routes.collect::<Result<_, _>>()?;
    let table = RouteTable::new(routes.iter().cloned());
    table.map_err(|error| Error::invalid("/routes", Code::InvalidField, error.to_string()))?;
    Ok(routes)
}

fn one_route(catalogue: &Catalogue, at: usize, route: &ApiRoute) -> Result<Route, Error> {
    let pointer = format!("/routes/{at}/scope");
    let scope: Scope = parse::value(&pointer, &route.scope)?;
    if !catalogue.has(&scope) {
        let detail = format!("`{scope}` is not among the scopes of this API");
        return Err(Error::invalid(pointer, Code::UnknownScope, detail));
    }
    let ApiRoute { method, path, resource, .. } = route.clone();
    Ok(Route { method, path, scope, resource })
}
