//! The body of an error (RFC 7644, section 3.12).

#![expect(
    clippy::indexing_slicing,
    reason = "a missing member of a JSON value reads as null and is written as new"
)]

use serde_json::{Value, json};

/// The body for a problem. The detail begins with the stable code, for SCIM has no place of its own for it.
pub(in crate::http) fn body(problem: &jeton_api::Problem, kind: Option<&str>) -> Value {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": problem.status.to_string(),
        "detail": format!("{}: {}", problem.code, problem.detail),
    });
    if let Some(kind) = kind {
        body["scimType"] = json!(kind);
    }
    body
}
