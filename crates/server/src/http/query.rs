//! Query strings, parsed at the door. An unknown parameter is refused: it may be a filter that was misspelt.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jeton_api::Code;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::authority::Error;

/// The query of a request.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parsed = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        parsed.map(|query| Self(query.0)).map_err(|rejection| refusal(&rejection.body_text()))
    }
}

fn refusal(text: &str) -> Problem {
    let detail = text.rsplit("query string: ").next().unwrap_or_default();
    let code = if detail.contains("unknown field") { Code::UnknownField } else { Code::InvalidField };
    Error::invalid("query", code, detail).into()
}

/// No query parameter, or no field of a body, at all.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}
