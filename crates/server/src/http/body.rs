//! JSON bodies, parsed at the door: what is wrong is said with a pointer to it.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use jeton_api::Code;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use super::problem::{self, Problem};
use crate::authority::Error;

/// A JSON body. An empty body counts as `{}` where every field is optional.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request.headers().get(CONTENT_TYPE).is_some_and(|kind| says_json(kind.as_bytes()));
        let bytes = read(request, state).await?;
        if is_json || bytes.is_empty() { parse_or_empty(&bytes) } else { Err(Problem::MediaType) }
    }
}

/// A JSON body whatever `Content-Type` says, for wires whose clients do not say it.
pub(crate) struct UnlabelledBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for UnlabelledBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Body(value) = read(request, state).await.and_then(|bytes| parse_or_empty(&bytes))?;
        Ok(Self(value))
    }
}

/// A JSON list, whatever `Content-Type` says.
pub(crate) struct UnlabelledList<T>(pub(crate) Vec<T>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for UnlabelledList<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = read(request, state).await?;
        parse_any(&bytes).map(Self)
    }
}

/// What some clients write before a text to say that it is UTF-8. JSON is, so it says nothing (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let bytes = Bytes::from_request(request, state).await;
    let bytes = bytes.map_err(|rejection| problem::unread(rejection.into_response().status()))?;
    Ok(if bytes.starts_with(BYTE_ORDER_MARK) { bytes.slice(BYTE_ORDER_MARK.len()..) } else { bytes })
}

fn parse_or_empty<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, Problem> {
    parse(if bytes.is_empty() { b"{}" } else { bytes })
}

fn says_json(kind: &[u8]) -> bool {
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(b"application/json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, Problem> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Error::invalid("", Code::InvalidField, "the body is an object, `{…}`").into());
    }
    let value = parse_any(bytes)?;
    // An array is read as the fields in their order, and nobody means that.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Error::invalid("", Code::InvalidField, "expected an object").into());
    }
    Ok(Body(value))
}

fn parse_any<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    let value = parsed.map_err(|error| refusal(bytes, error.path(), error.inner()))?;
    deserializer.end().map_err(|error| Problem::Malformed(place_of(&error)))?;
    Ok(value)
}

fn refusal(bytes: &[u8], path: &Path, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        // A number or null where one of several words is wanted is called a wrong syntax, too.
        let wants_a_word = error.to_string().starts_with("expected value");
        if wants_a_word && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
            let detail = "the field does not take such a value";
            return Error::invalid(pointer(path), Code::InvalidField, detail).into();
        }
        return Problem::Malformed(place_of(error));
    }
    let text = without_value(&error.to_string());
    let code = if text.starts_with("unknown field") { Code::UnknownField } else { Code::InvalidField };
    Error::invalid(pointer(path), code, text).into()
}

/// Where a body is broken, without repeating any of it: it may hold a secret.
fn place_of(error: &serde_json::Error) -> String {
    let what = if error.is_eof() { "ends too early" } else { "is no JSON" };
    format!("the body {what} at line {}, column {}", error.line(), error.column())
}

/// What is wrong with a value. Values themselves are left out of the text for the same reason.
fn without_value(text: &str) -> String {
    let text = text.split(" at line ").next().unwrap_or_default();
    let names_a_field = ["unknown field ", "missing field ", "duplicate field "];
    match text.split_once(", expected ") {
        _ if names_a_field.iter().any(|start| text.starts_with(start)) => text.to_owned(),
        Some((_, expected)) => format!("expected {expected}"),
        None => {
            "the field does not take such a value; a time is written like 2027-01-31T12:00:00Z".to_owned()
        }
    }
}

/// The path as a JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    });
    segments.collect()
}
