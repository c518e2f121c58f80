//! `/api/v1/users`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::header::IF_NONE_MATCH;
use axum::http::{HeaderMap, Response};
use jeton_api::{List, PatchUser, PutUser, Secret};
use zeroize::Zeroizing;

use super::super::Doors;
use super::super::body::Body;
use super::super::caller::Client;
use super::super::path::Path;
use super::super::problem::{Problem, created, done, no_store};
use super::super::query::{Nothing, Query};
use super::page::PageQuery;
use super::{parse, shown};
use crate::authority::{Caller, Error, UserRequest};

/// Lists users, newest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Response<Answer>, Problem> {
    let (below, limit) = query.numbers()?;
    let users = doors.authority.list_users(&caller, below, limit).await?;
    let next = users.last().filter(|_| users.len() == limit).map(|user| user.number.to_string());
    Ok(no_store(Json(List { items: users.into_iter().map(shown::user).collect(), next_page_token: next })))
}

/// Makes a user or replaces what is said about one; with `If-None-Match: *` only makes.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    headers: HeaderMap,
    Body(request): Body<PutUser>,
) -> Result<Response<Answer>, Problem> {
    let name = parse::value("name", &name)?;
    let PutUser { password, display_name, email, disabled } = request;
    let request = user_request(password, None, display_name, email, disabled)?;
    let only_new = headers.get(IF_NONE_MATCH).is_some_and(|value| value == "*");
    let (user, is_new) = doors.authority.put_user(&caller, &name, &request, only_new).await?;
    let shown = shown::user(user);
    Ok(if is_new { created(shown) } else { no_store(Json(shown)) })
}

/// Shows a user.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let user = doors.authority.show_user(&caller, &parse::path_name(&name)?).await?;
    Ok(no_store(Json(shown::user(user))))
}

/// Changes a user.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    Client(client): Client,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<PatchUser>,
) -> Result<Response<Answer>, Problem> {
    let PatchUser { password, current_password, display_name, email, disabled } = request;
    let request = user_request(password, current_password, display_name, email, disabled)?;
    let name = parse::path_name(&name)?;
    let user = doors.authority.edit_user(&caller, &name, &request, client.into()).await?;
    Ok(no_store(Json(shown::user(user))))
}

/// Removes a user for good.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.remove_user(&caller, &parse::path_name(&name)?).await?;
    Ok(done())
}

#[expect(clippy::needless_pass_by_value, reason = "the value ends here")]
fn wiped(secret: Secret) -> Zeroizing<String> {
    Zeroizing::new(secret.expose().to_owned())
}

fn user_request(
    password: Option<Secret>,
    current_password: Option<Secret>,
    display_name: Option<String>,
    email: Option<String>,
    disabled: Option<bool>,
) -> Result<UserRequest, Error> {
    Ok(UserRequest {
        password: password.map(wiped),
        current_password: current_password.map(wiped),
        display_name: display_name.map(|text| parse::text("/display_name", text)).transpose()?,
        email: email.map(|text| parse::text("/email", text)).transpose()?,
        disabled,
        ..UserRequest::default()
    })
}
