//! What can go wrong, what is said about it, and the exit code: the one place that knows the codes.

use std::process::ExitCode;

use jeton_api::{Problem, Remedy};

use crate::escape::safe;
use crate::view::owner;

/// The result of a command.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// What a script reads from a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Ok,
    /// Some other error.
    Error,
    /// The command line makes no sense, or would have to ask where nobody can answer.
    Usage,
    /// Signed in, but not allowed to.
    Denied,
    /// No credential, or one that is not honoured.
    NotSignedIn,
    /// There is no such thing, or not for this caller.
    NotFound,
    /// It is in the way of something that exists.
    Conflict,
    /// The server does not answer, or cannot know.
    Unreachable,
    /// `token verify`: the token is not honoured.
    Inactive,
    /// `scan`: there are tokens.
    Found,
    /// `scan`: there is no token in what was searched, and something was not searched.
    Unsearched,
    /// What the command that was run ended with.
    Command(u8),
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Denied => 3,
            Self::NotSignedIn => 4,
            Self::NotFound => 5,
            Self::Conflict => 6,
            Self::Unreachable => 8,
            Self::Inactive => 10,
            Self::Found => 11,
            Self::Unsearched => 12,
            Self::Command(code) => code,
        }
    }

    /// What an HTTP status of a refusal means.
    fn of_status(status: u16) -> Self {
        match status {
            401 => Self::NotSignedIn,
            403 => Self::Denied,
            404 => Self::NotFound,
            409 | 412 => Self::Conflict,
            502..=504 => Self::Unreachable,
            _ => Self::Error,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command failed. Texts are already safe to print: what others wrote is escaped when they are made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line makes no sense, or would have to ask where nobody can answer.
    #[error("{0}")]
    Usage(String),
    /// There is no credential for the server.
    #[error("not signed in to `{server}`\nsign in with: jeton login --url {server}")]
    NotSignedIn {
        /// The address.
        server: String,
    },
    /// The server refused.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The server does not answer.
    #[error("`{server}` cannot be reached: {reason}\n{}", where_to_look(server))]
    Unreachable {
        /// The address.
        server: String,
        /// What the network said.
        reason: String,
    },
    /// Something that was named does not exist.
    #[error("{0}")]
    NotFound(String),
    /// Something of that name is there already.
    #[error("{0}")]
    Conflict(String),
    /// A file that the user wrote is wrong; each line begins with file, line and column.
    #[error("{0}")]
    File(String),
    /// Several things that belong together.
    #[error("{text}")]
    Several {
        /// What is said.
        text: String,
        /// The exit code of the first.
        exit: Exit,
    },
    /// `token verify`: the token is not honoured.
    #[error("inactive: {0}")]
    Inactive(String),
    /// `scan`: there are tokens.
    #[error("{0}")]
    Found(String),
    /// `scan`: there is no token in what was searched, and something was not searched.
    #[error("{0}")]
    Unsearched(String),
    /// A command that was run ended with this code.
    #[error("the command ended with {0}")]
    Command(u8),
    /// Somebody who would have to sign in did not.
    #[error("not signed in: {0}")]
    SignIn(String),
    /// The user said no.
    #[error("nothing was changed")]
    Declined,
    /// Anything else, of this machine mostly.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl Error {
    /// A usage error.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::NotSignedIn { .. } | Self::SignIn(_) => Exit::NotSignedIn,
            Self::Refused(refusal) => Exit::of_status(refusal.problem.status),
            Self::Unreachable { .. } => Exit::Unreachable,
            Self::NotFound(_) => Exit::NotFound,
            Self::Conflict(_) => Exit::Conflict,
            Self::Inactive(_) => Exit::Inactive,
            Self::Found(_) => Exit::Found,
            Self::Unsearched(_) => Exit::Unsearched,
            Self::Several { exit, .. } => *exit,
            Self::Command(code) => Exit::Command(*code),
            Self::File(_) | Self::Declined | Self::Other(_) => Exit::Error,
        }
    }

    /// The server's answer, when that is the reason.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(refusal) => Some(&refusal.problem),
            _ => None,
        }
    }
}

/// A server's refusal, and what the user can do next.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What the server said.
    pub(crate) problem: Problem,
    /// A command or advice.
    pub(crate) next: Option<String>,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Problem { detail, title, errors, missing_scope, remedies, request_id, status, .. } =
            &self.problem;
        f.write_str(&safe(if detail.is_empty() { title } else { detail }))?;
        for error in errors {
            let pointer = safe(&error.pointer);
            if error.detail == *detail {
                write!(f, " (`{pointer}`)")?;
            } else {
                write!(f, "\n`{pointer}`: {}", safe(&error.detail))?;
            }
        }
        if let Some(scope) = missing_scope {
            write!(f, "\nmissing scope: {}", safe(scope))?;
        }
        for remedy in remedies {
            write!(f, "\n{}", remedy_line(remedy))?;
        }
        if *status >= 500 && !request_id.is_empty() {
            write!(f, "\nthe server's log says more under request {}", safe(request_id))?;
        }
        match &self.next {
            Some(next) => write!(f, "\n{next}"),
            None => Ok(()),
        }
    }
}

/// What would help, and who can do it, on one line.
pub(crate) fn remedy_line(remedy: &Remedy) -> String {
    let who: Vec<_> = remedy.who.iter().map(|one| safe(&owner(one)).into_owned()).collect();
    let by = if who.is_empty() { String::new() } else { format!(" (by: {})", who.join(", ")) };
    format!("would help: {}{by}", safe(&remedy.detail))
}

fn where_to_look(server: &str) -> &'static str {
    if server.contains("//127.") || server.contains("//localhost") || server.contains("//[::1]") {
        "start it with `jeton serve`, or name another one with `--url`"
    } else {
        "check the address and the network, or name another one with `--url`"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> Error {
        Refusal { problem: problem(status), next: None }.into()
    }

    fn problem(status: u16) -> Problem {
        Problem {
            kind: "about:blank".to_owned(),
            title: "a title".to_owned(),
            status,
            detail: "it is \u{1b}[2Jso".to_owned(),
            code: "some_code".to_owned(),
            errors: vec![],
            missing_scope: None,
            remedies: vec![],
            request_id: "r-1".to_owned(),
        }
    }

    #[test]
    fn every_refusal_has_its_exit_code() {
        let table =
            [(400, 1), (401, 4), (403, 3), (404, 5), (409, 6), (412, 6), (422, 1), (429, 1), (500, 1)];
        for (status, code) in table {
            assert_eq!(refused(status).exit().code(), code, "{status}");
        }
        for status in [502, 503, 504] {
            assert_eq!(refused(status).exit().code(), 8, "{status}");
        }
    }

    #[test]
    fn every_other_error_has_its_exit_code() {
        let server = "http://127.0.0.1:7070".to_owned();
        let table = [
            (Error::usage("x"), 2),
            (Error::NotSignedIn { server: server.clone() }, 4),
            (Error::Unreachable { server, reason: "x".to_owned() }, 8),
            (Error::NotFound("x".to_owned()), 5),
            (Error::Conflict("x".to_owned()), 6),
            (Error::File("x".to_owned()), 1),
            (Error::Inactive("x".to_owned()), 10),
            (Error::Found("x".to_owned()), 11),
            (Error::SignIn("x".to_owned()), 4),
            (Error::Declined, 1),
            (anyhow::anyhow!("x").into(), 1),
        ];
        for (error, code) in table {
            assert_eq!(error.exit().code(), code, "{error}");
        }
    }

    #[test]
    fn a_refusal_names_the_missing_scope_and_escapes_what_it_repeats() {
        let mut problem = problem(403);
        problem.missing_scope = Some("Jeton.Admin.Api".to_owned());
        let refusal = Refusal { problem, next: Some("do this".to_owned()) };
        assert_eq!(refusal.to_string(), "it is \\u{1b}[2Jso\nmissing scope: Jeton.Admin.Api\ndo this");
    }

    #[test]
    fn faults_of_the_server_name_the_request() {
        assert!(refused(500).to_string().ends_with("under request r-1"));
        assert!(!refused(404).to_string().contains("r-1"));
    }
}
