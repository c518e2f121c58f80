//! Error bodies (RFC 9457).

use serde::{Deserialize, Serialize};

/// An `application/problem+json` body.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI that names the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the code means.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time, and what to do.
    pub detail: String,
    /// The stable code; see [`Code`](crate::Code). A text here, so that a client reads newer codes too.
    pub code: String,
    /// One entry for each field that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The scope that is missing, when that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_scope: Option<String>,
    /// What would help, when the caller may not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<crate::Remedy>,
    /// Names this request in the server's log.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
}

/// One wrong field.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Where: a JSON pointer (RFC 6901), or the name of a query parameter.
    pub pointer: String,
    /// The stable code.
    pub code: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// The body for a code. `request_id` is filled in by whoever knows it.
    pub fn new(code: crate::Code, status: u16, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:jeton:problem:{code}"),
            title: code.title().to_owned(),
            status,
            detail: detail.into(),
            code: code.word().to_owned(),
            errors: Vec::new(),
            missing_scope: None,
            remedies: Vec::new(),
            request_id: String::new(),
        }
    }
}
