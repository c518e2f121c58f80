//! `/api/v1/service-accounts`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{List, PatchServiceAccount, PutServiceAccount};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, done, no_store};
use super::super::query::{Nothing, Query};
use super::kept::{DryRun, answer};
use super::{page, parse, shown};
use crate::authority::{Caller, ServiceAccountRequest};

/// The query of the list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// Only this organization's.
    organization: Option<String>,
    /// 1 to 1000, default 100.
    #[schema(minimum = 1, maximum = 1000)]
    page_size: Option<u32>,
    /// From the page before.
    page_token: Option<String>,
}

/// Lists the service accounts that the caller looks after, newest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response<Answer>, Problem> {
    let (below, limit) = (page::below(query.page_token.as_deref())?, page::size(query.page_size)?);
    let organization = query.organization.as_deref().map(parse::path_resource).transpose()?;
    let found = doors.authority.list_service_accounts(&caller, organization.as_ref(), below, limit).await?;
    let next_page_token = found.next.map(|next| next.to_string());
    let items = found.items.into_iter().map(shown::service_account).collect();
    Ok(no_store(Json(List { items, next_page_token })))
}

/// Makes a service account, or replaces what is said about one.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
    Body(request): Body<PutServiceAccount>,
) -> Result<Response<Answer>, Problem> {
    let name = parse::value("name", &name)?;
    let organization =
        request.organization.as_deref().map(|text| parse::value("/organization", text)).transpose()?;
    let display_name = request.display_name.map(|text| parse::text("/display_name", text)).transpose()?;
    let request = ServiceAccountRequest { organization, display_name, disabled: request.disabled };
    let kept = doors.authority.put_service_account(&caller, &name, &request, query.mode()).await?;
    Ok(answer(kept, shown::service_account))
}

/// Shows a service account.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let found = doors.authority.visible_account(&caller, &parse::path_name(&name)?).await?;
    Ok(no_store(Json(shown::service_account(found))))
}

/// Changes a service account.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
    Body(request): Body<PatchServiceAccount>,
) -> Result<Response<Answer>, Problem> {
    let display_name = request.display_name.map(|text| parse::text("/display_name", text)).transpose()?;
    let request = ServiceAccountRequest { organization: None, display_name, disabled: request.disabled };
    let name = parse::path_name(&name)?;
    let kept = doors.authority.edit_service_account(&caller, &name, &request, query.mode()).await?;
    Ok(answer(kept, shown::service_account))
}

/// Removes a service account for good.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<DryRun>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.remove_service_account(&caller, &parse::path_name(&name)?, query.mode()).await?;
    Ok(done())
}
