//! `/api/v1/role-bindings`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, CreateRoleBinding, List, RoleBindingQuery};
use jeton_token::BindingId;

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, created, done, no_store};
use super::super::query::{Nothing, Query};
use super::kept::DryRun;
use super::{page, parse, shown};
use crate::authority::{BindingList, BindingRequest, Caller, Error};
use crate::store::Made;

/// Lists the bindings that the caller may see, newest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<RoleBindingQuery>,
) -> Result<Response<Answer>, Problem> {
    let list = binding_list(query)?;
    let found = doors.authority.list_bindings(&caller, &list).await?;
    let next = found.last().filter(|_| found.len() == list.limit).map(|last| last.id.to_string());
    let mut items = Vec::with_capacity(found.len());
    for binding in found {
        items.push(shown::binding(&doors.authority, binding).await?);
    }
    Ok(no_store(Json(List { items, next_page_token: next })))
}

/// Gives somebody a role at a place.
pub(crate) async fn create(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<DryRun>,
    Body(request): Body<CreateRoleBinding>,
) -> Result<Response<Answer>, Problem> {
    let request = BindingRequest {
        role: parse::value("/role", &request.role)?,
        subject_type: request.subject.kind,
        subject: request.subject.name,
        place: request.place,
    };
    match doors.authority.bind(&caller, &request, query.mode()).await? {
        None => Ok(done()),
        Some((binding, Made::New)) => Ok(created(shown::binding(&doors.authority, binding).await?)),
        Some((binding, Made::AlreadyThere)) => {
            Ok(no_store(Json(shown::binding(&doors.authority, binding).await?)))
        }
    }
}

/// Shows a binding.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let found = doors.authority.show_binding(&caller, binding_id(&id)?).await?;
    Ok(no_store(Json(shown::binding(&doors.authority, found).await?)))
}

/// Takes a role from somebody.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DryRun>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.unbind(&caller, binding_id(&id)?, query.mode()).await?;
    Ok(done())
}

fn binding_id(text: &str) -> Result<BindingId, Error> {
    text.parse().map_err(|_| Error::Hidden)
}

fn binding_list(query: RoleBindingQuery) -> Result<BindingList, Error> {
    let subject = match (query.subject_type, query.subject) {
        (None, None) => None,
        (Some(kind), Some(name)) => Some((kind, name)),
        _ => {
            let detail = "`subject_type` and `subject` go together";
            return Err(Error::invalid("subject", Code::InvalidField, detail));
        }
    };
    let wrong = |_| Error::invalid("page_token", Code::InvalidField, "it is not one from an earlier page");
    Ok(BindingList {
        role: query.role.as_deref().map(|text| parse::value("role", text)).transpose()?,
        subject,
        place: query.place,
        below: query.page_token.map(|token| token.parse().map_err(wrong)).transpose()?,
        limit: page::size(query.page_size)?,
    })
}
