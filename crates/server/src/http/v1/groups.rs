//! `/api/v1/groups`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, List, PatchGroup, PrincipalRef, PutGroup};
use jeton_token::{PrincipalKind, PrincipalName};

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, done, no_store};
use super::super::query::{Nothing, Query};
use super::kept::{DryRun, answer};
use super::page::PageQuery;
use super::{parse, shown};
use crate::authority::{Caller, Error, GroupRequest};
use crate::limits::MEMBERS_MAX;

/// Lists groups, by name.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Response<Answer>, Problem> {
    let (after, limit) = query.names()?;
    let found = doors.authority.list_groups(&caller, after.as_ref(), limit).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.name.clone());
    let items = found.into_iter().map(shown::group).collect();
    Ok(no_store(Json(List { items, next_page_token: next })))
}

/// Makes a group, or replaces what is said about one.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
    Body(request): Body<PutGroup>,
) -> Result<Response<Answer>, Problem> {
    let name = parse::value("name", &name)?;
    let request = GroupRequest {
        display_name: request.display_name.map(|text| parse::text("/display_name", text)).transpose()?,
        members: request.members.map(|members| people("/members", &members)).transpose()?,
        ..GroupRequest::default()
    };
    Ok(answer(doors.authority.put_group(&caller, &name, &request, query.mode()).await?, shown::group))
}

/// Shows a group.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let found = doors.authority.show_group(&caller, &parse::path_resource(&name)?).await?;
    Ok(no_store(Json(shown::group(found))))
}

/// Changes a group.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
    Body(request): Body<PatchGroup>,
) -> Result<Response<Answer>, Problem> {
    let request = GroupRequest {
        display_name: request.display_name.map(|text| parse::text("/display_name", text)).transpose()?,
        members: None,
        add: people("/add", request.add.as_deref().unwrap_or_default())?,
        remove: people("/remove", request.remove.as_deref().unwrap_or_default())?,
    };
    let name = parse::path_resource(&name)?;
    Ok(answer(doors.authority.edit_group(&caller, &name, &request, query.mode()).await?, shown::group))
}

/// Removes a group with the roles that it had.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.remove_group(&caller, &parse::path_resource(&name)?, query.mode()).await?;
    Ok(done())
}

/// Users and service accounts by name.
fn people(pointer: &str, named: &[PrincipalRef]) -> Result<Vec<(PrincipalKind, PrincipalName)>, Error> {
    if named.len() > MEMBERS_MAX {
        return Err(Error::invalid(pointer, Code::InvalidField, "at most 1000 at once"));
    }
    let one = |(at, named): (usize, &PrincipalRef)| {
        let kind = match named.kind.as_str() {
            "user" => PrincipalKind::User,
            "service_account" => PrincipalKind::ServiceAccount,
            _ => {
                let detail = "one of `user` and `service_account`";
                return Err(Error::invalid(format!("{pointer}/{at}/type"), Code::InvalidField, detail));
            }
        };
        Ok((kind, parse::value(&format!("{pointer}/{at}/name"), &named.name)?))
    };
    named.iter().enumerate().map(one).collect()
}
