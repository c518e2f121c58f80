//! `Idempotency-Key`, on every route that changes something and has a caller: one layer around them all.
//!
//! A call with a key that was done before is not done again but answered again. The key travels with the caller and
//! the permit into the transaction of the change ([`Attempt`]); the answer is kept here, without the secret in it.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderName, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response};
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use http_body_util::BodyExt as _;
use jeton_api::Code;

use super::problem::{self, Problem, created, no_store};
use super::v1::{jobs, shown};
use super::{Doors, body, caller};
use crate::authority::{Asked, Attempt, Caller, Course, Error, IssuedToken};
use crate::limits::{IDEMPOTENCY_KEY_CHARS_MAX, KEPT_ANSWER_BYTES_MAX};
use crate::store::KeptAnswer;

/// The name of the header field.
pub(super) const FIELD: &str = "idempotency-key";

/// Stands in a kept answer where the secret was: a byte that no JSON has.
const SECRET: &str = "\u{1a}";

/// What the layer knows about the route that it is around.
#[derive(Clone)]
pub(super) struct Guarded {
    pub(super) doors: Doors,
    /// What the route requires.
    pub(super) action: &'static str,
}

impl Guarded {
    fn is_rotation(&self, parts: &Parts) -> bool {
        self.action == "token.rotate" && parts.uri.path().ends_with("/rotate")
    }
}

/// Does a call, or answers it as before.
pub(super) async fn layer(State(guarded): State<Guarded>, request: Request, next: Next) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let key = match key(&parts.headers) {
        Ok(key) => key.map(ToOwned::to_owned),
        Err(problem) => return problem.into_response(),
    };
    if key.is_none() && !guarded.is_rotation(&parts) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    if key.is_some() && guarded.action.starts_with("open:") {
        return unsupported().into_response();
    }
    let done = keyed(&guarded, key.as_deref(), (parts, body), next).await;
    done.unwrap_or_else(Problem::into_response)
}

async fn keyed(
    guarded: &Guarded,
    key: Option<&str>,
    (mut parts, body): (Parts, Body),
    next: Next,
) -> Result<Response<Body>, Problem> {
    let bytes = body::read(Request::from_parts(parts.clone(), body), &()).await?;
    let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let method = parts.method.clone();
    let asked = Asked { method: method.as_str(), target: &target, body: &bytes };
    let caller = Caller::from_request_parts(&mut parts, &guarded.doors).await;
    let course = match (&caller, key) {
        (Ok(caller), Some(key)) => guarded.doors.authority.course(caller, key, asked, guarded.action).await?,
        (Err(problem), key) if guarded.is_rotation(&parts) && problem.code() == Code::InvalidToken => {
            retired(guarded, &parts, key, asked).await?
        }
        (Err(_), _) => return Err(caller.err().unwrap_or(Problem::NoCredential)),
        (Ok(_), None) => return Ok(next.run(Request::from_parts(parts, bytes.into())).await),
    };
    match course {
        Course::Do(turn) => {
            parts.extensions.insert(Arc::clone(&turn.attempt));
            let response = next.run(Request::from_parts(parts, bytes.into())).await;
            Ok(kept(&guarded.doors, &turn.attempt, response).await)
        }
        Course::Answer(answer, text) => Ok(again(answer, text.as_ref().map(jeton_token::TokenText::expose))),
        Course::Reissue(issued) => reissued(guarded, caller.as_ref().ok(), &target, *issued).await,
    }
}

/// A rotation that is asked for with a credential which is not honoured.
async fn retired(
    guarded: &Guarded,
    parts: &Parts,
    key: Option<&str>,
    asked: Asked<'_>,
) -> Result<Course, Problem> {
    let text = caller::presented(&parts.headers)?;
    let client = caller::client(&parts.headers, &parts.extensions, &guarded.doors.trusted_proxies);
    Ok(guarded.doors.authority.course_of_retired(&text, client, key, asked).await?)
}

/// Keeps the answer to a call that changed something. When that fails, the call is done all the same, and a
/// repetition makes its answer anew.
async fn kept(doors: &Doors, attempt: &Attempt, response: Response<Body>) -> Response<Body> {
    if !attempt.has_written() || !response.status().is_success() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if bytes.len() <= KEPT_ANSWER_BYTES_MAX {
        let field = |name: HeaderName| parts.headers.get(name)?.to_str().ok().map(ToOwned::to_owned);
        let answer = KeptAnswer {
            status: parts.status.as_u16(),
            content_type: field(CONTENT_TYPE),
            location: field(LOCATION),
            body: without_secret(doors, attempt, &bytes),
        };
        if let Err(error) = doors.authority.store.keep_answer(attempt, &answer).await {
            tracing::warn!(%error, "the answer to a call with an idempotency key was not kept");
        }
    }
    Response::from_parts(parts, bytes.into())
}

fn without_secret(doors: &Doors, attempt: &Attempt, bytes: &Bytes) -> Vec<u8> {
    match (doors.authority.yielded(attempt), std::str::from_utf8(bytes)) {
        (Some(text), Ok(body)) => body.replace(text.expose(), SECRET).into_bytes(),
        _ => bytes.to_vec(),
    }
}

/// The same answer once more, with the same secret.
fn again(answer: KeptAnswer, text: Option<&str>) -> Response<Body> {
    let KeptAnswer { status, content_type, location, body } = answer;
    let body = match (text, String::from_utf8(body)) {
        (Some(text), Ok(body)) => body.replace(SECRET, text).into_bytes(),
        (_, body) => body.map_or_else(std::string::FromUtf8Error::into_bytes, String::into_bytes),
    };
    problem::again(status, [(CONTENT_TYPE, content_type), (LOCATION, location)], body)
}

/// The answer to a call that yielded a secret, made from what is there now.
async fn reissued(
    guarded: &Guarded,
    caller: Option<&Caller>,
    target: &str,
    issued: IssuedToken,
) -> Result<Response<Body>, Problem> {
    if !target.starts_with("/api/v1/") {
        let detail = "the call was done, and its answer is not known any more";
        return Err(Error::Conflict(Code::ReplayGone, detail.to_owned()).into());
    }
    if guarded.action == "job.mint" {
        let started = guarded.doors.authority.started_again(issued).await?;
        return Ok(created(jobs::answer(&guarded.doors.authority, started).await?));
    }
    let shown = shown::issued(&guarded.doors.authority, caller, issued).await?;
    Ok(if guarded.action == "token.rotate" { no_store(Json(shown)) } else { created(shown) })
}

/// The key of a request: one field of visible characters.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut fields = headers.get_all(FIELD).iter();
    let Some(field) = fields.next() else { return Ok(None) };
    let is_key = |text: &&str| {
        (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    };
    if let (Some(key), None) = (field.to_str().ok().filter(is_key), fields.next()) {
        return Ok(Some(key));
    }
    let detail = format!("one field of 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters");
    Err(Error::invalid("Idempotency-Key", Code::InvalidField, detail).into())
}

/// Without a caller there is nobody whom a key could be bound to. To ignore it would be worse: whoever sends one
/// relies on it.
fn unsupported() -> Problem {
    let detail = "this call has no caller to bind a key to; send it without one";
    Error::invalid("Idempotency-Key", Code::IdempotencyKeyUnsupported, detail).into()
}
