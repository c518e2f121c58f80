//! Bodies: one JSON object, as `application/scim+json` or `application/json`.

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use jeton_api::Code;
use serde_json::Value;

use super::super::body;
use super::super::problem::Problem;
use super::object::{self, Object};
use crate::authority::Error;

/// The object of a request.
pub(crate) struct Body(pub(crate) Object);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request.headers().get(CONTENT_TYPE).is_some_and(|kind| says_json(kind.as_bytes()));
        let bytes = body::read(request, state).await?;
        if !is_json {
            return Err(Problem::MediaType);
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(Problem::Malformed("the body is no JSON object".to_owned())),
            Err(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                Err(Problem::Malformed(format!("the body is no JSON at {place}")))
            }
        }
    }
}

impl Body {
    /// The object, unless it says that it is something else than this schema describes.
    pub(super) fn of(self, schema: &str) -> Result<Object, Error> {
        let Some(schemas) = object::get(&self.0, "schemas") else {
            return Ok(self.0);
        };
        let is_it = |text: &Value| text.as_str().is_some_and(|text| text.eq_ignore_ascii_case(schema));
        if schemas.as_array().is_some_and(|schemas| schemas.iter().any(is_it)) {
            return Ok(self.0);
        }
        Err(Error::invalid("/schemas", Code::InvalidField, format!("`schemas` does not name `{schema}`")))
    }
}

fn says_json(kind: &[u8]) -> bool {
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    [b"application/scim+json".as_slice(), b"application/json"]
        .iter()
        .any(|json| essence.eq_ignore_ascii_case(json))
}
