//! Who is looking at a page.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use zeroize::Zeroizing;

use super::super::Doors;
use super::super::caller::client;
use super::super::problem::Problem;
use super::cookie::Cookie;
use super::{Answer, refused};
use crate::authority::{Caller, Error};

/// Somebody with a browser; signed in, perhaps.
pub(crate) struct Visitor {
    caller: Option<Caller>,
    cookie: Option<Zeroizing<String>>,
    flow: Option<Zeroizing<String>>,
}

impl Visitor {
    /// The person, if the session in the cookie is honoured.
    pub(super) fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// What the cookie holds, honoured or not.
    pub(super) fn cookie(&self) -> Option<&str> {
        self.cookie.as_ref().map(|text| text.as_str())
    }

    /// The sign-in at a provider that this browser has begun.
    pub(super) fn flow(&self) -> Option<&str> {
        self.flow.as_ref().map(|text| text.as_str())
    }

    /// Ends the session that the browser had, so that nobody goes on in one that somebody else planted.
    pub(super) async fn end(&self, doors: &Doors) -> Result<(), Error> {
        match self.cookie() {
            Some(text) => doors.authority.revoke_presented(text).await,
            None => Ok(()),
        }
    }

    async fn of(parts: &Parts, doors: &Doors) -> Result<Self, Problem> {
        let cookie = Cookie::Session.read(doors, &parts.headers)?;
        let flow = Cookie::Flow.read(doors, &parts.headers)?;
        let Some(text) = &cookie else {
            return Ok(Self { caller: None, cookie, flow });
        };
        if parts.headers.contains_key(AUTHORIZATION) {
            return Err(Problem::TwoCredentials);
        }
        let client = client(&parts.headers, &parts.extensions, &doors.trusted_proxies);
        let caller = match doors.authority.authenticate(text, client).await {
            Ok(caller) => Some(caller).filter(Caller::is_session),
            Err(Error::Unauthenticated(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self { caller, cookie, flow })
    }
}

impl FromRequestParts<Doors> for Visitor {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Answer> {
        Self::of(parts, doors).await.map_err(|problem| refused(doors, &problem))
    }
}
