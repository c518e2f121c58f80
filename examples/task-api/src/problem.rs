//! Every error answer: a small `application/problem+json`, and the only file that knows status codes of errors.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::log::Subject;
use crate::platform::Refusal;

#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

#[derive(Serialize)]
struct Body {
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into() }
    }

    pub(crate) fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_such_route", "there is nothing at this path")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path has other methods")
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoSuchTask(id) => {
                Self::new(StatusCode::NOT_FOUND, "no_such_task", format!("there is no `{id}`"))
            }
            Refusal::NothingKnownOf(subject) => {
                Self::new(StatusCode::NOT_FOUND, "no_such_log", unknown(&subject))
            }
            Refusal::TooManyTasks => Self::new(
                StatusCode::CONFLICT,
                "too_many_tasks",
                "the task list is full, delete a task first",
            ),
            Refusal::NothingToChange => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing_to_change", "name a `name` or a `state`")
            }
            Refusal::NoSuchStep { from, to } => {
                Self::new(StatusCode::CONFLICT, "no_such_step", format!("a {from} task cannot become {to}"))
            }
            Refusal::NotRunning(state) => {
                Self::new(StatusCode::CONFLICT, "not_running", format!("a {state} task has no output"))
            }
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), "bad_body", rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), "bad_path", rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), "bad_query", rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
        };
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
    }
}

fn unknown(subject: &Subject) -> String {
    match subject {
        Subject::Task(id) => format!("nothing is known of `{id}`"),
        Subject::Correlation(id) => format!("nothing is known of correlation `{id}`"),
        Subject::Command(id) => format!("nothing is known of `{id}`"),
        Subject::Worker(id) => format!("nothing is known of `{id}`"),
        Subject::Image(image) => format!("nothing is known of image `{image}`"),
    }
}
