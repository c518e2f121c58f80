//! `/api/v1/users` and `/api/v1/me`

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use serde_json::json;

use super::super::super::Doors;
use super::super::super::path::Path;
use super::super::super::problem::{Problem, no_store};
use super::super::super::v1::parse;
use super::super::query::{Query, refused};
use super::{page, shown};
use crate::authority::{Authority, Caller, Error};
use crate::limits::{PAGE_SIZE_MAX, WHOLE_LIST_PAGES_MAX};
use crate::store::PrincipalRecord;

/// Shows who the credential stands for.
pub(crate) async fn show_self(State(doors): State<Doors>, caller: Caller) -> Result<Response<Body>, Problem> {
    let own = doors.authority.show_owner(&caller).await?;
    answer(&doors.authority, own).await
}

/// Shows a user.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Response<Body>, Problem> {
    let name = parse::path_name(&name)?;
    let user = if caller.chain.token.owner_name == name.as_str() {
        doors.authority.show_owner(&caller).await?
    } else {
        doors.authority.show_user(&caller, &name).await?
    };
    answer(&doors.authority, user).await
}

/// Lists users by their numbers.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    query: Query,
) -> Result<Response<Body>, Problem> {
    let active = query.flag("active")?;
    let mut users = all(&doors.authority, &caller).await?;
    users.retain(|(user, _)| active.is_none_or(|active| active == user.disabled_at.is_none()));
    users.sort_by_key(|(user, _)| user.number);
    let (users, pagination) = page::of(users, &query)?;
    let users: Vec<_> = users.into_iter().map(|(user, admin)| shown::user(user, admin)).collect();
    Ok(no_store(Json(json!({ "users": users, "pagination": pagination }))))
}

async fn answer(authority: &Authority, user: PrincipalRecord) -> Result<Response<Body>, Problem> {
    let admin = authority.may_everything(&user).await?;
    Ok(no_store(Json(json!({ "user": shown::user(user, admin) }))))
}

/// Every user; a list without pages has to end somewhere all the same.
async fn all(authority: &Authority, caller: &Caller) -> Result<Vec<(PrincipalRecord, bool)>, Error> {
    let size = usize::try_from(PAGE_SIZE_MAX).unwrap_or_default();
    let (mut users, mut below) = (Vec::new(), None);
    for _ in 0..WHOLE_LIST_PAGES_MAX {
        let page = authority.list_users_with_power(caller, below, size).await?;
        below = page.last().map(|(user, _)| user.number);
        let is_last = page.len() < size;
        users.extend(page);
        if is_last {
            return Ok(users);
        }
    }
    Err(refused("users", "are too many for one answer; use Jeton's own API"))
}
