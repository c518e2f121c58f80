//! The body of an error as OAuth libraries look for it (RFC 6749, section 5.2).

use jeton_api::{Code, GrantRefusal, Problem};

/// The body for a problem that was met outside the rules of a grant: before them, or below.
pub(in crate::http) fn body(problem: &Problem) -> GrantRefusal {
    let error = match (problem.status, problem.code.as_str()) {
        (401, _) => "invalid_client",
        (403, code) if code == Code::InsufficientScope.word() => "insufficient_scope",
        (403, code) if code == Code::NotHonouredHere.word() => "unauthorized_client",
        (403, _) => "access_denied",
        (429 | 503, _) => "temporarily_unavailable",
        (500.., _) => "server_error",
        _ => "invalid_request",
    };
    GrantRefusal {
        error: error.to_owned(),
        error_description: described(&problem.detail),
        code: Some(problem.code.clone()),
        request_id: Some(problem.request_id.clone()).filter(|id| !id.is_empty()),
    }
}

/// Without the two characters that a description must not have.
fn described(detail: &str) -> String {
    detail.replace(['"', '\\'], "'")
}
