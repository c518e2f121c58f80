//! `/sign-in/{provider}` and back: sign-in by somebody else's word.
//!
//! The way out begins with a link, not with a form: browsers do not let a form lead to another site when its page
//! says that forms stay here. Somebody who makes a browser follow that link sends its person to their own provider,
//! and gains nothing.

use axum::extract::State;

use super::super::Doors;
use super::super::caller::Client;
use super::super::path::Path;
use super::super::problem::Problem;
use super::cookie::Cookie;
use super::form::Query;
use super::return_to::ReturnTo;
use super::sign_in::begun;
use super::visitor::Visitor;
use super::{Answer, RefusedPage, message, to, told, with_problem};
use crate::authority::{Error, NotAdmitted, NotReturned, Returned};
use crate::config::SignInProvider;
use crate::limits::FLOW_MS;

/// `GET /sign-in/{provider}`: on to the provider.
pub(crate) async fn begin(
    State(doors): State<Doors>,
    Path(name): Path<String>,
    Query(query): Query,
) -> Answer {
    let Some(provider) = doors.provider(&name) else {
        return told(&doors, Err(Problem::Address));
    };
    let return_to = ReturnTo::parse(query.get("return_to"));
    let back = redirect_uri(&doors, provider);
    match doors.authority.begin_flow(provider, &back, return_to.as_str()).await {
        Ok(begun) => {
            let mut answer = to(&begun.address);
            Cookie::Flow.set(&doors, &mut answer, &begun.cookie, FLOW_MS / 1000);
            answer
        }
        Err(error) => refused(&doors, provider, error),
    }
}

/// `GET /sign-in/{provider}/callback`: back from the provider.
pub(crate) async fn finish(
    State(doors): State<Doors>,
    Client(client): Client,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(query): Query,
) -> Answer {
    let Some(provider) = doors.provider(&name) else {
        return told(&doors, Err(Problem::Address));
    };
    let returned = Returned {
        cookie: visitor.flow(),
        state: query.get("state"),
        code: query.get("code"),
        issuer: query.get("iss"),
        is_error: query.get("error").is_some(),
        origin: client.into(),
    };
    let back = redirect_uri(&doors, provider);
    let mut answer = match doors.authority.finish_flow(provider, &back, returned).await {
        Ok((issued, return_to)) => match visitor.end(&doors).await {
            Ok(()) => begun(&doors, &ReturnTo::parse(Some(&return_to)), &issued),
            Err(error) => told(&doors, Err(error.into())),
        },
        Err(error) => refused(&doors, provider, error),
    };
    Cookie::Flow.clear(&doors, &mut answer);
    answer
}

fn redirect_uri(doors: &Doors, provider: &SignInProvider) -> String {
    format!("{}/sign-in/{}/callback", doors.public_url, provider.name)
}

/// Says what was wrong. Nothing that came along in the address is repeated.
fn refused(doors: &Doors, provider: &SignInProvider, error: NotReturned) -> Answer {
    let title = &provider.title;
    let (problem, detail) = match error {
        NotReturned::Foreign => (
            Problem::Malformed(String::new()),
            "This sign-in was not begun in this browser, took too long, or is over already. Begin again."
                .to_owned(),
        ),
        NotReturned::Refused => {
            (Problem::Malformed(String::new()), format!("{title} did not sign you in. Begin again."))
        }
        NotReturned::Unreachable => {
            (Error::Unavailable.into(), format!("{title} cannot be asked just now. Try again in a moment."))
        }
        NotReturned::NotAdmitted(error) => not_admitted(provider, error),
        NotReturned::Failed(error) => {
            let detail = message(&error).unwrap_or_default();
            (error.into(), detail)
        }
    };
    let page = RefusedPage { prefix: doors.prefix(), title: problem.heading(), detail: &detail };
    with_problem(&problem, &page)
}

fn not_admitted(provider: &SignInProvider, error: NotAdmitted) -> (Problem, String) {
    let (title, issuer) = (&provider.title, &provider.issuer);
    let denied = || Problem::from(Error::denied(jeton_api::Code::NotAdmitted, ""));
    match error {
        NotAdmitted::NotAllowed => {
            (denied(), format!("{title} knows you, but no rule lets you in here. Ask an administrator."))
        }
        NotAdmitted::Disabled => {
            (denied(), "Your account here is disabled or removed. Ask an administrator.".to_owned())
        }
        NotAdmitted::NoName => (
            denied(),
            format!(
                "{title} does not say what you are called: the claim `{}` is missing.",
                provider.username_claim
            ),
        ),
        NotAdmitted::BadName(name) => {
            (denied(), format!("{title} calls you `{name}`, and that cannot be a user name here."))
        }
        NotAdmitted::NameTaken { name, subject } => {
            let detail = format!(
                "Somebody here is called `{name}` already. If that is you, an administrator can link the two: \
                 POST /api/v1/users/{name}/identities with issuer `{issuer}` and subject `{subject}`."
            );
            (denied(), detail)
        }
        NotAdmitted::Failed(error) => {
            let detail = message(&error).unwrap_or_default();
            (error.into(), detail)
        }
    }
}
