//! The body of an error as clients of this wire look for it: the words in `message`, and a type that programs know.

use jeton_api::{Code, Problem};
use serde::Serialize;

/// The one body of an error.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Body {
    #[serde(rename = "$id")]
    id: &'static str,
    inner_exception: Option<()>,
    message: String,
    type_name: String,
    type_key: &'static str,
    error_code: u8,
    event_id: u16,
    /// The code that Jeton's own API has for it.
    code: String,
}

/// One text, whatever is wrong with a credential: nobody learns from it whether there ever was such a token.
const UNAUTHORIZED: &str = "TF400813: The user '' is not authorized to access this resource.";

/// How the words begin about a project that does not exist or may not be seen.
const NO_PROJECT: &str = "TF200016: ";

/// The words about a project that does not exist or may not be seen.
pub(super) fn no_project(named: &str) -> String {
    const CHARS: usize = 64;
    let named: String = named.chars().take(CHARS).filter(|c| !c.is_control()).collect();
    format!(
        "{NO_PROJECT}The following project does not exist: {named}. Check its name, and that you may see it."
    )
}

/// The body for a problem.
pub(in crate::http) fn body(problem: Problem) -> Body {
    let (type_key, space) = match problem.status {
        401 => ("UnauthorizedRequestException", FRAMEWORK),
        403 => ("AccessCheckException", FRAMEWORK),
        404 if problem.detail.starts_with(NO_PROJECT) => ("ProjectDoesNotExistWithNameException", CORE),
        400 | 404 | 405 | 413 | 415 => ("VssPropertyValidationException", FRAMEWORK),
        409 => ("VssServiceResponseException", FRAMEWORK),
        _ => ("VssServiceException", FRAMEWORK),
    };
    let (message, code) = match problem.status {
        401 => (UNAUTHORIZED.to_owned(), Code::InvalidToken.word().to_owned()),
        _ => (problem.detail, problem.code),
    };
    let type_name = format!("{space}.{type_key}, {space}");
    Body { id: "1", inner_exception: None, message, type_name, type_key, error_code: 0, event_id: 3000, code }
}

const FRAMEWORK: &str = "Microsoft.TeamFoundation.Framework.Server";
const CORE: &str = "Microsoft.TeamFoundation.Core.WebApi";
