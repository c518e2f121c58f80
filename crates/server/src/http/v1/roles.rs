//! `/api/v1/roles`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{List, PatchRole, PutRole};

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, done, no_store};
use super::super::query::{Nothing, Query};
use super::kept::{DryRun, answer};
use super::page::PageQuery;
use super::{parse, shown};
use crate::authority::{Caller, RoleRequest};

/// Lists roles, by name.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Response<Answer>, Problem> {
    let (after, limit) = query.names()?;
    let found = doors.authority.list_roles(&caller, after.as_ref(), limit).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.name.clone());
    let items = found.into_iter().map(shown::role).collect();
    Ok(no_store(Json(List { items, next_page_token: next })))
}

/// Makes a role, or replaces it.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
    Body(request): Body<PutRole>,
) -> Result<Response<Answer>, Problem> {
    let name = parse::value("name", &name)?;
    let description = request.description.map(|text| parse::text("/description", text)).transpose()?;
    let patterns = parse::scopes(&request.scopes)?;
    let kept =
        doors.authority.put_role(&caller, &name, description.as_deref(), &patterns, query.mode()).await?;
    Ok(answer(kept, shown::role))
}

/// Shows a role.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let found = doors.authority.show_role(&caller, &parse::path_resource(&name)?).await?;
    Ok(no_store(Json(shown::role(found))))
}

/// Changes a role.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
    Body(request): Body<PatchRole>,
) -> Result<Response<Answer>, Problem> {
    let request = RoleRequest {
        description: request.description.map(|text| parse::text("/description", text)).transpose()?,
        patterns: request.scopes.as_deref().map(parse::scopes).transpose()?,
    };
    let name = parse::path_resource(&name)?;
    Ok(answer(doors.authority.edit_role(&caller, &name, &request, query.mode()).await?, shown::role))
}

/// Removes a role that nobody has.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.remove_role(&caller, &parse::path_resource(&name)?, query.mode()).await?;
    Ok(done())
}
