//! `/sign-in` and `/sign-out`: the session of a browser.

use askama::Template;
use axum::extract::State;

use super::super::Doors;
use super::super::caller::Client;
use super::super::problem::Problem;
use super::super::v1::shown::secret;
use super::cookie::Cookie;
use super::form::{Form, Query};
use super::return_to::ReturnTo;
use super::visitor::Visitor;
use super::{Answer, message, moment, page, to_page, told, with_problem};
use crate::authority::{Caller, Error, IssuedToken, Origin};
use crate::limits::SESSION_MS;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    prefix: &'a str,
    providers: Vec<Provider<'a>>,
    return_to: &'a str,
    user: &'a str,
    message: Option<String>,
}

/// A button of somebody else's sign-in.
struct Provider<'a> {
    name: &'a str,
    title: &'a str,
    query: String,
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedInPage<'a> {
    prefix: &'a str,
    who: &'a str,
    until: &'a str,
}

/// `GET /sign-in`: the form, or who is signed in.
pub(crate) async fn show(State(doors): State<Doors>, visitor: Visitor, Query(query): Query) -> Answer {
    let return_to = ReturnTo::parse(query.get("return_to"));
    match visitor.caller() {
        Some(_) if return_to.leads_on() => return_to.go(&doors),
        Some(caller) => signed_in(&doors, caller),
        None => page(&form(&doors, &return_to, "", None)),
    }
}

/// `POST /sign-in`: by password. Whatever session the browser had before ends, so that nobody goes on in one that
/// somebody else planted.
pub(crate) async fn submit(
    State(doors): State<Doors>,
    Client(client): Client,
    visitor: Visitor,
    Form(given): Form,
) -> Answer {
    let return_to = ReturnTo::parse(given.get("return_to"));
    let (user, password) = (given.get("user").unwrap_or_default(), given.get("password").unwrap_or_default());
    match sign_in(&doors, &visitor, user, password, client.into()).await {
        Ok(issued) => begun(&doors, &return_to, &issued),
        Err(error) => {
            let message = message(&error);
            let problem = Problem::from(error);
            match message {
                Some(_) => with_problem(&problem, &form(&doors, &return_to, user, message)),
                None => told(&doors, Err(problem)),
            }
        }
    }
}

/// `POST /sign-out`
pub(crate) async fn sign_out(State(doors): State<Doors>, visitor: Visitor, Form(_): Form) -> Answer {
    let done = visitor.end(&doors).await.map_err(Problem::from).map(|()| {
        let mut answer = to_page(&doors, "/sign-in");
        Cookie::Session.clear(&doors, &mut answer);
        answer
    });
    told(&doors, done)
}

/// Sends somebody to sign in first, and back here afterwards.
pub(super) fn first(doors: &Doors, back: &ReturnTo) -> Answer {
    to_page(doors, &format!("/sign-in{}", query(back)))
}

/// The way back, as the query of an address.
fn query(back: &ReturnTo) -> String {
    let mut query = url::form_urlencoded::Serializer::for_suffix("?".to_owned(), 1);
    query.append_pair("return_to", back.as_str()).finish()
}

async fn sign_in(
    doors: &Doors,
    visitor: &Visitor,
    user: &str,
    password: &str,
    origin: Origin,
) -> Result<IssuedToken, Error> {
    let issued = doors.authority.sign_in(user, password, origin).await?;
    visitor.end(doors).await?;
    Ok(issued)
}

/// A browser gets its session, and goes where it wanted to.
pub(super) fn begun(doors: &Doors, return_to: &ReturnTo, issued: &IssuedToken) -> Answer {
    let mut answer = return_to.go(doors);
    Cookie::Session.set(doors, &mut answer, secret(issued).expose(), SESSION_MS / 1000);
    answer
}

fn signed_in(doors: &Doors, caller: &Caller) -> Answer {
    let until = caller.chain.token.expiry.at().map(moment).unwrap_or_default();
    page(&SignedInPage { prefix: doors.prefix(), who: caller.owner_name(), until: &until })
}

fn form<'a>(
    doors: &'a Doors,
    return_to: &'a ReturnTo,
    user: &'a str,
    message: Option<String>,
) -> SignInPage<'a> {
    let query = if return_to.leads_on() { query(return_to) } else { String::new() };
    let providers = doors.sign_in.iter();
    let providers = providers
        .map(|provider| Provider { name: &provider.name, title: &provider.title, query: query.clone() })
        .collect();
    SignInPage { prefix: doors.prefix(), providers, return_to: return_to.as_str(), user, message }
}
