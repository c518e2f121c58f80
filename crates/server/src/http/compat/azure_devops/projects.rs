//! `{organization}/_apis/projects`

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use jeton_api::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::super::super::Doors;
use super::super::super::path::Path;
use super::super::super::problem::{Problem, no_store};
use super::super::super::v1::parse;
use super::super::super::v1::shown::moment;
use super::super::query::{Query, refused};
use super::{guid, place};
use crate::authority::{Action, Caller};
use crate::store::ProjectRecord;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Project {
    id: String,
    name: String,
    url: String,
    state: &'static str,
    revision: u8,
    visibility: String,
    last_update_time: Timestamp,
}

/// Lists the projects that the caller may read, by name. Where the next part begins is how many there were before it.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    query: Query,
) -> Result<Response<Body>, Problem> {
    let at = parse::path_resource(&organization)?;
    let mut projects = doors.authority.readable_projects(&caller, &at).await?;
    projects.sort_by_key(|project| project.name.to_ascii_lowercase());
    let count = |name: &str| {
        usize::try_from(query.number(name)?).map_err(|_| refused(name, "is a whole number from 0 on"))
    };
    let skipped = count("$skip")?.max(count("continuationToken")?);
    let top = if query.text("$top")?.is_some() { count("$top")? } else { usize::MAX };
    let value: Vec<_> =
        projects.iter().skip(skipped).take(top).map(|project| shown(&doors, project)).collect();
    let seen = skipped.saturating_add(value.len());
    let next = (seen < projects.len()).then(|| seen.to_string());
    Ok(super::page::continued(no_store(Json(json!({ "count": value.len(), "value": value }))), next))
}

/// Shows a project.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
) -> Result<Response<Body>, Problem> {
    let project = place::project(&doors, &caller, (&organization, &project), Action::ProjectRead).await?;
    Ok(no_store(Json(shown(&doors, &project))))
}

fn shown(doors: &Doors, project: &ProjectRecord) -> Project {
    let id = guid::of(project.id.0);
    Project {
        url: place::address(doors, &[&project.organization_name, "_apis", "projects", &id]),
        id,
        name: project.name.clone(),
        state: "wellFormed",
        revision: 1,
        visibility: project.visibility.clone(),
        last_update_time: moment(project.created_at),
    }
}
