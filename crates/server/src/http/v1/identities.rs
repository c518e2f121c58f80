//! `/api/v1/users/{name}/identities`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, Identity, LinkIdentity, List};

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, created, done, no_store};
use super::super::query::{Nothing, Query};
use super::{parse, shown};
use crate::authority::{Caller, Error};
use crate::limits::SUBJECT_BYTES_MAX;
use crate::store::IdentityRecord;

/// Lists a user's accounts at other issuers.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let identities = doors.authority.list_identities(&caller, &parse::path_name(&name)?).await?;
    let items: Vec<_> = identities.into_iter().map(identity).collect();
    Ok(no_store(Json(List { items, next_page_token: None })))
}

/// Links such an account to a user.
pub(crate) async fn link(
    State(doors): State<Doors>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<LinkIdentity>,
) -> Result<Response<Answer>, Problem> {
    let name = parse::path_name(&name)?;
    let issuer = parse::value("/issuer", &request.issuer)?;
    let subject = subject(&request.subject)?;
    Ok(created(identity(doors.authority.link_identity(&caller, &name, &issuer, subject).await?)))
}

/// Ends such a link.
pub(crate) async fn unlink(
    State(doors): State<Doors>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let id = id.parse().map_err(|_| Error::Hidden)?;
    doors.authority.unlink_identity(&caller, &parse::path_name(&name)?, id).await?;
    Ok(done())
}

fn subject(text: &str) -> Result<&str, Error> {
    let fits = (1..=SUBJECT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits {
        return Ok(text);
    }
    let detail = "a subject is what stands in `sub`: one line, not empty, not long";
    Err(Error::invalid("/subject", Code::InvalidField, detail))
}

fn identity(record: IdentityRecord) -> Identity {
    Identity {
        id: record.id.to_string(),
        issuer: record.issuer,
        subject: record.subject,
        linked_by: record.linked_by.map(|id| id.to_string()),
        created_at: shown::moment(record.created_at),
    }
}
