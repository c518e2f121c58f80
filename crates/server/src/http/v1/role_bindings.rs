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
use crate::store::{BearerKind, Made};

/// Lists the bindings that the caller may see, newest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<RoleBindingQuery>,
) -> Result<Response<Answer>, Problem> {
    let list = binding_list(query)?;
    let found = doors.authority.list_bindings(&caller, &list).await?;
    let next_page_token = found.next.map(|next| next.to_string());
    let items = found.items.into_iter().map(shown::binding).collect();
    Ok(no_store(Json(List { items, next_page_token })))
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
        Some((binding, Made::New)) => Ok(created(shown::binding(binding))),
        Some((binding, Made::AlreadyThere)) => Ok(no_store(Json(shown::binding(binding)))),
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
    Ok(no_store(Json(shown::binding(found))))
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
    let refused = |pointer: &str, detail: &str| Error::invalid(pointer, Code::InvalidField, detail);
    let kind = query.subject_type.as_deref().map(|word| {
        let detail = "one of `user`, `group` and `service_account`";
        BearerKind::from_word(word).ok_or_else(|| refused("subject_type", detail))
    });
    let subject = match (query.subject_type.clone(), query.subject) {
        (_, None) => None,
        (Some(kind), Some(name)) => Some((kind, name)),
        (None, Some(_)) => return Err(refused("subject", "`subject` wants `subject_type`")),
    };
    let wrong = |_| Error::invalid("page_token", Code::InvalidField, "it is not one from an earlier page");
    Ok(BindingList {
        role: query.role.as_deref().map(|text| parse::value("role", text)).transpose()?,
        kind: kind.transpose()?,
        subject,
        place: query.place,
        below: query.page_token.map(|token| token.parse().map_err(wrong)).transpose()?,
        limit: page::size(query.page_size)?,
    })
}
