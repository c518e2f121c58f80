//! Why a request is to be refused, and what comes of it: a refusal, or, where the API's gateways are only to report, a
//! 200 for nobody and a line in the API's list.
//!
//! INVARIANT: what cannot be read safely is refused in either case. Nothing passes that two programs could read in two
//! ways, and nothing because something could not be known.

use axum::body::Body;
use axum::http::Response;
use jeton_api::{Code, ForwardAuth};
use jeton_token::{Inactive, NeedError, RouteMatch, path_shape};

use super::super::Doors;
use super::super::problem::Problem;
use super::Wanted;
use super::identity::{Would, nobody};
use crate::authority::{Denial, Error};
use crate::store::{ApiRecord, Refused};

/// Methods that are written down; a client can make up any other.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

/// Why a request is to be refused.
pub(super) enum Refusal {
    /// No route matches, or the path is ambiguous.
    NoNeed(NeedError),
    /// It shows no token.
    NoToken,
    /// It shows two credentials.
    TwoCredentials,
    /// It shows a token that is not honoured, or something else.
    Inactive,
    /// It shows a token that is good, and not for this.
    TooLittle(Inactive),
    /// Nothing is known about it, or it cannot be read at all.
    Unknown(Problem),
}

impl Refusal {
    /// What it is called in the list. `None`: it is refused in any case, and there is nothing to say about it.
    fn word(&self) -> Option<&'static str> {
        match self {
            Self::NoNeed(NeedError::NoRoute) => Some("no_route"),
            Self::NoNeed(NeedError::Ambiguous) => Some("ambiguous_path"),
            Self::NoToken => Some("no_token"),
            Self::TwoCredentials => Some("two_credentials"),
            Self::Inactive => Some("inactive"),
            Self::TooLittle(reason) => Some(reason.word()),
            Self::Unknown(_) => None,
        }
    }

    /// Whether such a request may pass where gateways are only to report.
    fn may_pass(&self) -> bool {
        match self {
            Self::NoNeed(NeedError::NoRoute) | Self::NoToken | Self::Inactive | Self::TooLittle(_) => true,
            Self::NoNeed(NeedError::Ambiguous) | Self::TwoCredentials | Self::Unknown(_) => false,
        }
    }

    fn missing_scope(&self) -> Option<String> {
        match self {
            Self::TooLittle(Inactive::MissingScope(scope)) => Some(scope.to_string()),
            _ => None,
        }
    }

    /// Refuses the request, or lets it pass as nobody's, as the API says.
    pub(super) fn answer(
        self,
        doors: &Doors,
        api: &ApiRecord,
        wanted: &Wanted<'_>,
        need: Result<&RouteMatch<'_>, NeedError>,
    ) -> Result<Response<Body>, Problem> {
        if api.forward_auth == ForwardAuth::Enforce {
            return Err(self.into());
        }
        // That nobody may make the call counts before whose it is: it is what is missing in the catalogue.
        let refusal = match (self, need) {
            (Self::Unknown(problem), _) => Self::Unknown(problem),
            (_, Err(error)) => Self::NoNeed(error),
            (refusal, Ok(_)) => refusal,
        };
        let Some(reason) = refusal.word() else { return Err(refusal.into()) };
        let missing_scope = refusal.missing_scope();
        let would = Would::Refuse { reason, missing_scope: missing_scope.as_deref() };
        let passes = if refusal.may_pass() { nobody(&would) } else { Err(refusal.into()) };
        doors.authority.store.metrics().count_reported(reason);
        doors.authority.note_refused(Refused {
            api: api.id,
            method: METHODS.into_iter().find(|known| *known == wanted.method).unwrap_or("OTHER").to_owned(),
            path: written_path(wanted.path, need.ok()),
            reason: reason.to_owned(),
            scope: missing_scope.unwrap_or_default(),
        });
        passes
    }
}

/// The path of the route, else the shape of what was asked for; never that itself.
fn written_path(path: Option<&str>, need: Option<&RouteMatch<'_>>) -> String {
    let shape = || path.and_then(|path| path_shape(path).ok()).unwrap_or_default();
    need.map_or_else(shape, |need| need.path.to_owned())
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoNeed(error) => without_need(error).into(),
            Refusal::NoToken => Self::NoCredential,
            Refusal::TwoCredentials => Self::TwoCredentials,
            Refusal::Inactive => Error::Unauthenticated(Code::InvalidToken).into(),
            Refusal::TooLittle(reason) => too_little(&reason).into(),
            Refusal::Unknown(problem) => problem,
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NoCredential => Self::NoToken,
            Problem::TwoCredentials => Self::TwoCredentials,
            Problem::Operation(Error::Unauthenticated(_)) => Self::Inactive,
            other => Self::Unknown(other),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Unknown(error.into())
    }
}

fn without_need(error: NeedError) -> Error {
    let code = match error {
        NeedError::Ambiguous => Code::AmbiguousPath,
        NeedError::NoRoute => Code::NoRoute,
    };
    Error::denied(code, error.to_string())
}

/// The token is good, and does not reach this far.
fn too_little(reason: &Inactive) -> Error {
    let missing_scope = match reason {
        Inactive::MissingScope(scope) => Some(scope.to_string()),
        _ => None,
    };
    let detail = match &missing_scope {
        Some(scope) => format!("the token or its owner lacks the scope `{scope}`"),
        None => format!("the token is good, and not for this: `{}`", reason.word()),
    };
    Error::Denied(Denial { code: Code::InsufficientScope, missing_scope, detail, remedies: vec![] })
}
