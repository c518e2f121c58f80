//! The body of an error: the members of RFC 9457, and beside them the two places where the client looks for words.

use serde::Serialize;

/// One body for both.
#[derive(Serialize)]
pub(in crate::http) struct Body {
    #[serde(flatten)]
    problem: jeton_api::Problem,
    error: Words,
    /// Where the client looks first when something is forbidden.
    message: String,
}

#[derive(Serialize)]
struct Words {
    /// The number that gRPC has for it.
    code: u8,
    /// The same as a word.
    reason: &'static str,
    error: String,
    message: String,
}

/// The body for a problem.
pub(in crate::http) fn body(problem: jeton_api::Problem) -> Body {
    let (code, reason) = reason(problem.status);
    // One text, whatever is wrong with a credential.
    let message = if problem.status == 401 { "invalid credentials" } else { &problem.detail };
    let message = message.to_owned();
    Body { error: Words { code, reason, error: message.clone(), message: message.clone() }, message, problem }
}

/// Which code of gRPC stands for a status of HTTP.
fn reason(status: u16) -> (u8, &'static str) {
    match status {
        400 | 413 => (3, "InvalidArgument"),
        401 => (16, "Unauthenticated"),
        403 => (7, "PermissionDenied"),
        404 => (5, "NotFound"),
        405 => (12, "Unimplemented"),
        409 => (9, "FailedPrecondition"),
        429 => (8, "ResourceExhausted"),
        500 => (13, "Internal"),
        503 => (14, "Unavailable"),
        _ => (2, "Unknown"),
    }
}
