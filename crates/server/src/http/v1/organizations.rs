//! `/api/v1/organizations`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{List, PatchOrganization, PutOrganization};

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, done, no_store};
use super::super::query::{Nothing, Query};
use super::kept::{DryRun, answer};
use super::page::PageQuery;
use super::{parse, shown};
use crate::authority::Caller;

/// Lists the organizations that the caller has something to do with, newest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Response<Answer>, Problem> {
    let (below, limit) = query.numbers()?;
    let found = doors.authority.list_organizations(&caller, below, limit).await?;
    let next_page_token = found.next.map(|next| next.to_string());
    let items = found.items.into_iter().map(shown::organization).collect();
    Ok(no_store(Json(List { items, next_page_token })))
}

/// Makes an organization.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
    Body(PutOrganization {}): Body<PutOrganization>,
) -> Result<Response<Answer>, Problem> {
    let name = parse::value("name", &name)?;
    Ok(answer(doors.authority.put_organization(&caller, &name, query.mode()).await?, shown::organization))
}

/// Shows an organization.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let found = doors.authority.visible_organization(&caller, &parse::path_resource(&name)?).await?;
    Ok(no_store(Json(shown::organization(found))))
}

/// Gives an organization another name.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<PatchOrganization>,
) -> Result<Response<Answer>, Problem> {
    let new = request.name.as_deref().map(|text| parse::value("/name", text)).transpose()?;
    let name = parse::path_resource(&name)?;
    let found = doors.authority.rename_organization(&caller, &name, new.as_ref()).await?;
    Ok(no_store(Json(shown::organization(found))))
}

/// Removes an organization with nothing left in it.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.remove_organization(&caller, &parse::path_resource(&name)?, query.mode()).await?;
    Ok(done())
}
