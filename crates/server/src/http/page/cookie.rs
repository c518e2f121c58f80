//! Our cookies. One holds a session, for pages only.
//!
//! Over HTTPS its name begins with `__Host-`: browsers then take it only over HTTPS, from this very host and for all
//! paths, so that no neighbour can plant one.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use super::super::Doors;
use super::super::problem::Problem;
use super::Answer;

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Cookie {
    /// The session.
    Session,
    /// A sign-in at a provider that has begun.
    Flow,
}

impl Cookie {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Session => ("__Host-jeton", "jeton"),
            Self::Flow => ("__Host-jeton-flow", "jeton-flow"),
        }
    }

    fn name(self, doors: &Doors) -> &'static str {
        let (secure, plain) = self.names();
        if doors.is_https() { secure } else { plain }
    }

    /// What the request has under this name; two of them are one too many.
    pub(super) fn read(
        self,
        doors: &Doors,
        headers: &HeaderMap,
    ) -> Result<Option<Zeroizing<String>>, Problem> {
        let name = self.name(doors);
        let mut found = pairs(headers).filter(|(known, _)| *known == name).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Problem::TwoCredentials),
            (found, None) => Ok(found.map(|value| Zeroizing::new(value.to_owned()))),
        }
    }

    /// Lets a browser keep a value for a time.
    pub(super) fn set(self, doors: &Doors, answer: &mut Answer, value: &str, seconds: i64) {
        let secure = if doors.is_https() { "; Secure" } else { "" };
        let name = self.name(doors);
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        if let Ok(mut value) = HeaderValue::from_str(&text) {
            value.set_sensitive(true);
            answer.headers_mut().append(SET_COOKIE, value);
        }
    }

    /// Lets a browser forget it.
    pub(super) fn clear(self, doors: &Doors, answer: &mut Answer) {
        self.set(doors, answer, "", 0);
    }
}

/// Whether there is a session's cookie, under either name: whoever has one has signed in, perhaps.
pub(in super::super) fn has_session(headers: &HeaderMap) -> bool {
    let (secure, plain) = Cookie::Session.names();
    pairs(headers).any(|(name, _)| name == secure || name == plain)
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='))
}
