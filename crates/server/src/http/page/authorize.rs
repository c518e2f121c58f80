//! `/oauth2/authorize`: a command line on the visitor's own machine wants a session (RFC 6749, RFC 7636, RFC 8252).
//!
//! There is one client, `jeton-cli`, which has no secret. It is answered only at an address of the visitor's own
//! machine; what asks for another one gets a page and is sent nowhere.

use askama::Template;
use axum::extract::State;

use super::super::Doors;
use super::super::problem::Problem;
use super::form::{Form, Parameters, Query};
use super::return_to::ReturnTo;
use super::visitor::Visitor;
use super::{Answer, page, sign_in, to, told};
use crate::authority::{Challenge, LoopbackUri};
use crate::limits::SESSION_MS;

/// The one program that may ask.
pub(in super::super) const CLIENT: &str = "jeton-cli";

const PATH: &str = "/oauth2/authorize";
const STATE_BYTES_MAX: usize = 512;

#[derive(Template)]
#[template(path = "authorize.html")]
struct AuthorizePage<'a> {
    prefix: &'a str,
    who: &'a str,
    hours: i64,
    parameters: &'a [(&'static str, &'a str)],
}

#[derive(Template)]
#[template(path = "returning.html")]
struct ReturningPage<'a> {
    prefix: &'a str,
    to: &'a str,
    said: &'a str,
}

/// A request that can be answered.
struct Request<'a> {
    redirect_uri: LoopbackUri,
    challenge: Challenge,
    state: &'a str,
    /// As it came, to be asked again.
    parameters: Vec<(&'static str, &'a str)>,
}

/// Why a request is not answered as it wishes.
enum Wrong {
    /// Nobody knows who is asking, so this is for the visitor's eyes alone.
    Stop(Problem),
    /// The asking program is told.
    Tell(String),
}

/// `GET /oauth2/authorize`: asks the person, once they are signed in.
pub(crate) async fn show(State(doors): State<Doors>, visitor: Visitor, Query(query): Query) -> Answer {
    let request = match parse(&doors, &query) {
        Ok(request) => request,
        Err(Wrong::Stop(problem)) => return told(&doors, Err(problem)),
        Err(Wrong::Tell(address)) => return to(&address),
    };
    let Some(caller) = visitor.caller() else {
        return sign_in::first(&doors, &ReturnTo::page(PATH, &request.parameters));
    };
    let parameters = request.parameters.as_slice();
    page(&AuthorizePage { prefix: doors.prefix(), who: caller.owner_name(), hours: hours(), parameters })
}

/// `POST /oauth2/authorize`: the person has said yes or no.
pub(crate) async fn decide(State(doors): State<Doors>, visitor: Visitor, Form(form): Form) -> Answer {
    let request = match parse(&doors, &form) {
        Ok(request) => request,
        Err(Wrong::Stop(problem)) => return told(&doors, Err(problem)),
        Err(Wrong::Tell(address)) => {
            return returning(&doors, &address, "It was told that it asked wrongly.");
        }
    };
    let Some(caller) = visitor.caller() else {
        return sign_in::first(&doors, &ReturnTo::page(PATH, &request.parameters));
    };
    if form.get("decision") != Some("yes") {
        let address = request.answer(&doors, ("error", "access_denied"));
        return returning(&doors, &address, "The command line was not signed in.");
    }
    let (uri, challenge) = (request.redirect_uri.clone(), request.challenge.clone());
    let given = doors.authority.give_code(caller, uri, challenge).map_err(Problem::from);
    let answered = given.map(|code| {
        let address = request.answer(&doors, ("code", &code));
        returning(&doors, &address, "The command line is being signed in.")
    });
    told(&doors, answered)
}

/// How long the session will live, in hours.
pub(super) fn hours() -> i64 {
    SESSION_MS / (60 * 60 * 1000)
}

/// A page that goes on by itself. A redirect would not do: browsers do not let a form lead to another origin, not even
/// by a redirect, unless the page had allowed that origin, and for `[::1]` it cannot be written down.
fn returning(doors: &Doors, address: &str, said: &str) -> Answer {
    page(&ReturningPage { prefix: doors.prefix(), to: address, said })
}

impl Request<'_> {
    fn answer(&self, doors: &Doors, result: (&str, &str)) -> String {
        self.redirect_uri.with(&[result, ("state", self.state), ("iss", &doors.public_url)])
    }
}

fn parse<'a>(doors: &Doors, given: &'a Parameters) -> Result<Request<'a>, Wrong> {
    let stop = |detail: &str| Wrong::Stop(Problem::Malformed(detail.to_owned()));
    if given.get("client_id") != Some(CLIENT) {
        return Err(stop("no such program may ask here: `client_id` is not `jeton-cli`"));
    }
    let redirect_uri = given.get("redirect_uri").and_then(LoopbackUri::parse);
    let redirect_uri = redirect_uri.ok_or_else(|| {
        stop("`redirect_uri` is not like http://127.0.0.1:PORT/PATH or http://[::1]:PORT/PATH")
    })?;
    let state = given.get("state").unwrap_or_default();
    let tell = |error: &str, detail: &str| {
        let mut told = vec![("error", error), ("error_description", detail), ("iss", &doors.public_url)];
        if is_state(state) {
            told.push(("state", state));
        }
        Wrong::Tell(redirect_uri.with(&told))
    };
    if !is_state(state) {
        return Err(tell("invalid_request", "state is missing, too long, or not printable ASCII"));
    }
    if given.get("response_type") != Some("code") {
        return Err(tell("unsupported_response_type", "response_type is not code"));
    }
    // To ignore them would be to give more than was asked for.
    for (name, error) in [("scope", "invalid_scope"), ("resource", "invalid_target")] {
        if given.get(name).is_some() {
            return Err(tell(error, &format!("{name} is not taken: a session can do what its person can")));
        }
    }
    let challenge =
        given.get("code_challenge").filter(|_| given.get("code_challenge_method") == Some("S256"));
    let Some(text) = challenge else {
        return Err(tell("invalid_request", "code_challenge with the method S256 is missing"));
    };
    let Some(challenge) = Challenge::parse(text) else {
        return Err(tell("invalid_request", "code_challenge is no SHA-256 hash in base64url"));
    };
    let names =
        ["response_type", "client_id", "redirect_uri", "code_challenge", "code_challenge_method", "state"];
    let parameters = names.into_iter().filter_map(|name| Some((name, given.get(name)?))).collect();
    Ok(Request { redirect_uri, challenge, state, parameters })
}

fn is_state(text: &str) -> bool {
    (1..=STATE_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}
