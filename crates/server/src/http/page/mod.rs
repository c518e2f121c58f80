//! Pages for people: sign-in, and saying yes to a command line that wants to sign in.
//!
//! They are plain HTML with one style sheet; nothing runs in them, and nothing is loaded from elsewhere. Who is looking
//! is known by a cookie that holds a session, and only pages read it: a page is never called by a program. Every form
//! must come from a page of this server (`form.rs`), and a way back leads only to a page of this server
//! (`return_to.rs`).

pub(super) mod authorize;
pub(super) mod cookie;
pub(super) mod device;
mod form;
pub(super) mod provider;
mod return_to;
pub(super) mod sign_in;
pub(super) mod style;
mod visitor;

use askama::Template;
use axum::body::Body;
use axum::http::Response;
use axum::http::header::LOCATION;
use axum::response::Html;

use super::Doors;
use super::headers::Policy;
use super::problem::{self, Problem};
use crate::authority::Error;

/// What a page answers.
pub(super) type Answer = Response<Body>;

/// A page that tells somebody why something was not done.
#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    prefix: &'a str,
    title: &'a str,
    detail: &'a str,
}

/// A page that tells somebody that something was done.
#[derive(Template)]
#[template(path = "done.html")]
struct DonePage<'a> {
    prefix: &'a str,
    title: &'a str,
    text: &'a str,
}

/// The answer, or a page that says why there is none.
fn told(doors: &Doors, answer: Result<Answer, Problem>) -> Answer {
    answer.unwrap_or_else(|problem| refused(doors, &problem))
}

/// A page about a problem.
fn refused(doors: &Doors, problem: &Problem) -> Answer {
    let prefix = doors.prefix();
    let told = match problem {
        Problem::Operation(error) => message(error),
        _ => None,
    };
    let detail = told.unwrap_or_else(|| problem.detail());
    with_problem(problem, &RefusedPage { prefix, title: problem.heading(), detail: &detail })
}

/// A page with the status of a problem.
fn with_problem(problem: &Problem, template: &impl Template) -> Answer {
    problem.on(page(template))
}

/// A page.
fn page(template: &impl Template) -> Answer {
    let mut answer = problem::no_store(template.render().map(Html).map_err(|_| Problem::Internal));
    answer.extensions_mut().insert(Policy::Page);
    answer
}

/// Sends a browser to another page of this server.
fn to_page(doors: &Doors, path: &str) -> Answer {
    to(&format!("{}{path}", doors.prefix()))
}

/// Sends a browser somewhere.
fn to(address: &str) -> Answer {
    let mut answer = problem::see_other();
    if let Ok(address) = address.parse() {
        answer.headers_mut().insert(LOCATION, address);
    }
    answer.extensions_mut().insert(Policy::Page);
    answer
}

/// A moment for people.
fn moment(at: jeton_token::Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX);
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// What went wrong, where a form can be sent once more.
fn message(error: &Error) -> Option<String> {
    match error {
        Error::Unauthenticated(_) => Some("User name and password do not fit.".to_owned()),
        Error::TooManyAttempts { retry_seconds } => {
            Some(format!("Too many attempts. Try again in {}.", wait(*retry_seconds)))
        }
        Error::LimitReached(_) => Some("Too much at once. Try again in a moment.".to_owned()),
        Error::Unavailable | Error::KeysUnknown { .. } => {
            Some("Nothing can be known just now. Try again in a moment.".to_owned())
        }
        _ => None,
    }
}

fn wait(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}
