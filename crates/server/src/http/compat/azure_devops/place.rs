//! The organization and project of a path, and addresses of what lies in them.

use url::Url;

use super::super::super::Doors;
use super::super::super::problem::Problem;
use super::super::super::v1::parse;
use super::{BASE, error, guid};
use crate::authority::{Action, Caller, Error, ProjectKey};
use crate::store::{OrganizationRecord, ProjectRecord};

/// The organization that a path names, if the caller may know of it.
pub(super) async fn organization(
    doors: &Doors,
    caller: &Caller,
    named: &str,
) -> Result<OrganizationRecord, Error> {
    doors.authority.visible_organization(caller, &parse::path_resource(named)?).await
}

/// The project that a path names, for whoever may do this there. One that may not be seen is answered like one that
/// does not exist.
pub(super) async fn project(
    doors: &Doors,
    caller: &Caller,
    (organization, named): (&str, &str),
    action: Action,
) -> Result<ProjectRecord, Problem> {
    let key = ProjectKey { id: guid::read(named), name: named.parse().ok() };
    let found = match organization.parse() {
        Ok(organization) => doors.authority.readable_project(caller, &organization, &key, action).await,
        Err(_) => Err(Error::Hidden),
    };
    found.map_err(|error| match error {
        Error::Hidden => Problem::Missing(error::no_project(named)),
        other => other.into(),
    })
}

/// The address of something on this wire.
pub(super) fn address(doors: &Doors, segments: &[&str]) -> String {
    let base = format!("{}{BASE}", doors.public_url);
    let Ok(mut url) = Url::parse(&base) else {
        return base;
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend(segments);
    }
    url.into()
}
