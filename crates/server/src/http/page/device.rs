//! `/device`: a person says yes to a command line that shows a code (RFC 8628, section 3.3).

use std::net::IpAddr;

use askama::Template;
use axum::extract::State;
use jeton_api::Code;

use super::super::Doors;
use super::super::caller::Client;
use super::super::problem::Problem;
use super::authorize::hours;
use super::form::{Form, Query};
use super::return_to::ReturnTo;
use super::visitor::Visitor;
use super::{Answer as Page, DonePage, message, moment, page, sign_in, told, with_problem};
use crate::authority::{Answer, AskingDevice, Caller, Error, UserCode};

#[derive(Template)]
#[template(path = "device_code.html")]
struct CodePage<'a> {
    prefix: &'a str,
    who: &'a str,
    user_code: &'a str,
    message: Option<String>,
}

#[derive(Template)]
#[template(path = "device_confirm.html")]
struct ConfirmPage<'a> {
    prefix: &'a str,
    who: &'a str,
    user_code: &'a str,
    asked_from: &'a str,
    asked_at: &'a str,
    hours: i64,
}

/// A person at this page, with what they typed.
struct Asked<'a> {
    doors: &'a Doors,
    caller: &'a Caller,
    typed: &'a str,
    client: Option<IpAddr>,
}

/// `GET /device`: asks for the code, or shows the command line that waits under it.
pub(crate) async fn show(
    State(doors): State<Doors>,
    Client(client): Client,
    visitor: Visitor,
    Query(query): Query,
) -> Page {
    let typed = query.get("user_code").unwrap_or_default();
    let Some(caller) = visitor.caller() else {
        return sign_in::first(&doors, &back(typed));
    };
    let asked = Asked { doors: &doors, caller, typed, client };
    if typed.is_empty() { page(&asked.code_page(None)) } else { asked.confirm() }
}

/// `POST /device`: the code, and then yes or no.
pub(crate) async fn submit(
    State(doors): State<Doors>,
    Client(client): Client,
    visitor: Visitor,
    Form(form): Form,
) -> Page {
    let typed = form.get("user_code").unwrap_or_default();
    let Some(caller) = visitor.caller() else {
        return sign_in::first(&doors, &back(typed));
    };
    let asked = Asked { doors: &doors, caller, typed, client };
    match form.get("decision") {
        Some("yes") => asked.decide(Answer::Yes),
        Some(_) => asked.decide(Answer::No),
        None => asked.confirm(),
    }
}

/// This page, with the code if it is one.
fn back(typed: &str) -> ReturnTo {
    let code = UserCode::parse(typed).map(|code| code.shown());
    ReturnTo::page("/device", code.as_deref().map(|code| ("user_code", code)).as_slice())
}

impl Asked<'_> {
    fn confirm(&self) -> Page {
        let code = UserCode::parse(self.typed);
        match self.doors.authority.find_device(self.caller, code.as_ref(), self.client.into()) {
            Ok(Some(device)) => page(&ConfirmPage {
                prefix: self.doors.prefix(),
                who: self.caller.owner_name(),
                user_code: &code.map(|code| code.shown()).unwrap_or_default(),
                asked_from: &self.asked_from(device),
                asked_at: &moment(device.asked_at),
                hours: hours(),
            }),
            Ok(None) => self.unknown(),
            Err(error) => self.failed(error),
        }
    }

    fn decide(&self, answer: Answer) -> Page {
        let code = UserCode::parse(self.typed);
        let answered =
            self.doors.authority.answer_device(self.caller, code.as_ref(), answer, self.client.into());
        let (title, text) = match answer {
            Answer::Yes => ("The command line is signed in", "Go back to it; this window can be closed."),
            Answer::No => {
                ("The command line was not signed in", "It was told so. This window can be closed.")
            }
        };
        match answered {
            Ok(Some(())) => page(&DonePage { prefix: self.doors.prefix(), title, text }),
            Ok(None) => self.unknown(),
            Err(error) => self.failed(error),
        }
    }

    fn asked_from(&self, device: AskingDevice) -> String {
        match device.asked_from {
            Some(address) if Some(address) == self.client => format!("{address}, as this browser"),
            Some(address) => format!("{address}, which is not where this browser is"),
            None => "an address that is not known".to_owned(),
        }
    }

    fn unknown(&self) -> Page {
        let text = "No command line waits under this code. It may have expired: look at your screen again.";
        let problem = Problem::from(Error::invalid("user_code", Code::InvalidField, text));
        with_problem(&problem, &self.code_page(Some(text.to_owned())))
    }

    fn failed(&self, error: Error) -> Page {
        let message = message(&error);
        let problem = Problem::from(error);
        match message {
            Some(_) => with_problem(&problem, &self.code_page(message)),
            None => told(self.doors, Err(problem)),
        }
    }

    fn code_page(&self, message: Option<String>) -> CodePage<'_> {
        CodePage {
            prefix: self.doors.prefix(),
            who: self.caller.owner_name(),
            user_code: self.typed,
            message,
        }
    }
}
