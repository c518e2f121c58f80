//! `/api/v1/sessions`

use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::CreateSession;

use super::super::Doors;
use super::super::body::Body;
use super::super::caller::Client;
use super::super::problem::{Problem, created};
use super::super::query::{Nothing, Query};
use super::shown;

/// Signs in by password.
pub(crate) async fn create(
    State(doors): State<Doors>,
    Client(client): Client,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<CreateSession>,
) -> Result<Response<Answer>, Problem> {
    let issued = doors.authority.sign_in(&request.user, request.password.expose(), client.into()).await?;
    Ok(created(shown::issued(&doors.authority, None, issued).await?))
}
