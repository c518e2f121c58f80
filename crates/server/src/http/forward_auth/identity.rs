//! Who is let through, in header fields that the gateway hands on.
//!
//! INVARIANT: every field is there in every 200, empty where there is nothing to say. A gateway that sets them all
//! from this answer thereby overwrites whatever the client wrote under their names.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response};
use jeton_token::{Active, Place, Scope, Where};

use super::super::Doors;
use super::super::problem::{self, Problem};
use super::super::v1::shown::moment;
use crate::authority::{Error, Known};
use crate::limits::IDENTITY_SCOPES_BYTES_MAX;
use crate::store::ApiRecord;

/// The fields, in the order in which [`told`] is given their values.
const FIELDS: [&str; 10] = [
    "x-jeton-subject",
    "x-jeton-subject-type",
    "x-jeton-token-id",
    "x-jeton-token-kind",
    "x-jeton-scopes",
    "x-jeton-organization",
    "x-jeton-project",
    "x-jeton-job",
    "x-jeton-expires-at",
    "x-jeton-would",
];

/// What would have come of a request, where gateways are only to report.
pub(super) enum Would<'a> {
    /// It would have been refused, for this reason.
    Refuse { reason: &'static str, missing_scope: Option<&'a str> },
}

/// 200 for nobody: all fields are there, and only the last one says something.
pub(super) fn nobody(would: &Would<'_>) -> Result<Response<Body>, Problem> {
    let Would::Refuse { reason, missing_scope } = would;
    let words = ["refuse", reason].into_iter().chain(*missing_scope);
    let mut values = FIELDS.map(|_| String::new());
    if let Some(last) = values.last_mut() {
        *last = words.collect::<Vec<_>>().join(" ");
    }
    told(values)
}

fn told(values: [String; FIELDS.len()]) -> Result<Response<Body>, Problem> {
    let mut response = problem::no_store(());
    for (name, value) in FIELDS.into_iter().zip(values) {
        // No name and no id has a character that a header could not carry.
        let value = HeaderValue::from_str(&value).map_err(|_| Problem::Internal)?;
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    Ok(response)
}

/// A verdict that lets somebody through.
pub(super) struct Identity<'a> {
    pub(super) api: &'a ApiRecord,
    pub(super) known: &'a Known,
    pub(super) active: &'a Active,
    /// What the call needed.
    pub(super) scope: &'a Scope,
    /// Where it acts.
    pub(super) place: Where,
}

impl Identity<'_> {
    /// 200 with all of it.
    pub(super) async fn answer(&self, doors: &Doors) -> Result<Response<Body>, Problem> {
        let (organization, project) = self.names(doors).await?;
        let token = &self.known.chain.token;
        told([
            token.owner.to_string(),
            token.owner_kind.word().to_owned(),
            token.id.to_string(),
            token.kind.word().to_owned(),
            self.scopes(),
            organization,
            project,
            token.job.map(|job| job.job.to_string()).unwrap_or_default(),
            self.active.expiry.at().map(|end| moment(end).to_string()).unwrap_or_default(),
            String::new(),
        ])
    }

    /// What the call needed, and what else of this API is effective there, as far as it fits. Whoever relies on one
    /// that is left out denies.
    fn scopes(&self) -> String {
        let mut text = self.scope.to_string();
        let others = self.active.rights.patterns().iter().map(ToString::to_string);
        for other in others.filter(|other| *other != self.scope.as_str()) {
            if text.len() + 1 + other.len() <= IDENTITY_SCOPES_BYTES_MAX {
                text.push(' ');
                text.push_str(&other);
            }
        }
        text
    }

    /// Organization and project of the call, as they are called and not as the path spells them. A call without a
    /// place is one to the whole organization that the API serves.
    async fn names(&self, doors: &Doors) -> Result<(String, String), Error> {
        let place = match self.place {
            Where::At(place) => place,
            Where::Everywhere | Where::Nowhere => {
                let served = self.api.organization.as_ref().map(|(_, name)| name.clone());
                return Ok((served.unwrap_or_default(), String::new()));
            }
        };
        let name = doors.authority.store.place_name(place).await?.ok_or(Error::Unavailable)?;
        let (organization, within) = name.split_once('/').ok_or(Error::Unavailable)?;
        let project = if matches!(place, Place::Project(..)) { within } else { "" };
        Ok((organization.to_owned(), project.to_owned()))
    }
}
