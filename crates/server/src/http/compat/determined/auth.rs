//! `/api/v1/auth`: sign-in by password, and sign-out.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, Secret};
use serde::Serialize;
use serde_json::json;

use super::super::super::Doors;
use super::super::super::body::UnlabelledBody;
use super::super::super::caller::Client;
use super::super::super::problem::{Problem, no_store};
use super::super::super::v1::shown::secret;
use super::shape::Login;
use super::shown::{self, User};
use crate::authority::{Caller, Error};

#[derive(Serialize)]
struct LoggedIn {
    token: Secret,
    user: User,
}

/// Signs in by password. The client sends a hash of it, other programs may send it as it is.
pub(crate) async fn login(
    State(doors): State<Doors>,
    Client(client): Client,
    UnlabelledBody(request): UnlabelledBody<Login>,
) -> Result<Response<Body>, Problem> {
    let name = request.username.filter(|name| !name.is_empty()).ok_or_else(|| {
        Error::invalid("/username", Code::InvalidField, "the name of the user who signs in is missing")
    })?;
    let password = request.password.unwrap_or_else(|| Secret::new(""));
    let authority = &doors.authority;
    let issued = match request.is_hashed {
        Some(true) => authority.sign_in_prehashed(&name, password.expose(), client.into()).await?,
        Some(false) | None => authority.sign_in(&name, password.expose(), client.into()).await?,
    };
    let user = authority.owner_of(&issued).await?;
    let admin = authority.may_everything(&user).await?;
    Ok(no_store(Json(LoggedIn { token: secret(&issued), user: shown::user(user, admin) })))
}

/// Ends the session that the request came with. An access token outlives a sign-out.
pub(crate) async fn logout(State(doors): State<Doors>, caller: Caller) -> Result<Response<Body>, Problem> {
    if caller.is_session() {
        doors.authority.revoke_itself(&caller).await?;
    }
    Ok(no_store(Json(json!({}))))
}
