//! `/api/v1/organizations/{organization}/projects`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{List, PatchProject, PutProject, Visibility};

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, done, no_store};
use super::super::query::{Nothing, Query};
use super::kept::{DryRun, answer};
use super::page::PageQuery;
use super::{parse, shown};
use crate::authority::{Caller, Error, Within};

/// Lists the projects of an organization that the caller may know of, newest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Response<Answer>, Problem> {
    let (below, limit) = query.numbers()?;
    let organization = parse::path_resource(&organization)?;
    let found = doors.authority.list_projects(&caller, &organization, below, limit).await?;
    let next_page_token = found.next.map(|next| next.to_string());
    let items = found.items.into_iter().map(shown::project).collect();
    Ok(no_store(Json(List { items, next_page_token })))
}

/// Makes a project, or changes who sees it.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
    Query(query): Query<DryRun>,
    Body(request): Body<PutProject>,
) -> Result<Response<Answer>, Problem> {
    let organization = parse::path_resource(&organization)?;
    let at = Within { organization, project: parse::value("name", &project)? };
    let visibility = request.visibility.map(word);
    Ok(answer(doors.authority.put_project(&caller, &at, visibility, query.mode()).await?, shown::project))
}

/// Shows a project.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let found = doors.authority.visible_project(&caller, &within(&organization, &project)?).await?;
    Ok(no_store(Json(shown::project(found))))
}

/// Changes a project.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<PatchProject>,
) -> Result<Response<Answer>, Problem> {
    let name = request.name.as_deref().map(|text| parse::value("/name", text)).transpose()?;
    let at = within(&organization, &project)?;
    let visibility = request.visibility.map(word);
    let found = doors.authority.edit_project(&caller, &at, name.as_ref(), visibility).await?;
    Ok(no_store(Json(shown::project(found))))
}

/// Removes a project with all that was said about it.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
    Query(query): Query<DryRun>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.remove_project(&caller, &within(&organization, &project)?, query.mode()).await?;
    Ok(done())
}

/// A project by the names in a path.
pub(super) fn within(organization: &str, project: &str) -> Result<Within, Error> {
    let organization = parse::path_resource(organization)?;
    Ok(Within { organization, project: parse::path_resource(project)? })
}

fn word(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "private",
        Visibility::Public => "public",
    }
}
