//! `{organization}/{project}/_apis/pipelines`

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use serde_json::{Value, json};

use super::super::super::Doors;
use super::super::super::path::Path;
use super::super::super::problem::{Problem, no_store};
use super::super::query::{Query, refused};
use super::page::{Direction, Key, Part, continued};
use super::place;
use crate::authority::{Action, Caller, Error};
use crate::limits::{PAGE_SIZE_MAX, WHOLE_LIST_PAGES_MAX};
use crate::store::{PipelineRecord, ProjectRecord};

/// Every pipeline lies at the root; there are no folders.
pub(super) const FOLDER: &str = "\\";

/// Lists the pipelines of a project, by name unless it is said otherwise.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
    query: Query,
) -> Result<Response<Body>, Problem> {
    let (by, direction) = order(query.text("orderBy")?.unwrap_or("name asc"))?;
    let part = Part::of(&query, direction, longest())?;
    let project = place::project(&doors, &caller, (&organization, &project), Action::BuildRead).await?;
    let pipelines = doors.authority.pipelines_of(&project).await?;
    let (pipelines, next) = part.cut(pipelines, |pipeline| by.key(pipeline));
    let value: Vec<_> = pipelines.iter().map(|pipeline| shown(&doors, &project, pipeline)).collect();
    Ok(continued(no_store(Json(json!({ "count": value.len(), "value": value }))), next))
}

/// Shows a pipeline.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project, number)): Path<(String, String, String)>,
) -> Result<Response<Body>, Problem> {
    let project = place::project(&doors, &caller, (&organization, &project), Action::BuildRead).await?;
    let pipeline = one(&doors, &project, &number).await?;
    let mut shown = shown(&doors, &project, &pipeline);
    if let Some(members) = shown.as_object_mut() {
        let kind = if pipeline.kind == "yaml" { "yaml" } else { "designerJson" };
        members.insert("configuration".to_owned(), json!({ "type": kind }));
    }
    Ok(no_store(Json(shown)))
}

/// The pipeline of this number.
pub(super) async fn one(
    doors: &Doors,
    project: &ProjectRecord,
    number: &str,
) -> Result<PipelineRecord, Error> {
    let number = number.parse().map_err(|_| Error::Hidden)?;
    doors.authority.pipeline_of_number(project, number).await
}

/// The most of one answer.
pub(super) fn longest() -> usize {
    usize::try_from(PAGE_SIZE_MAX).unwrap_or_default() * WHOLE_LIST_PAGES_MAX
}

/// The column that a list is sorted by.
#[derive(Clone, Copy)]
enum By {
    Name,
    Number,
}

impl By {
    fn key(self, pipeline: &PipelineRecord) -> Key {
        match self {
            Self::Name => (pipeline.name.to_ascii_lowercase(), pipeline.number),
            Self::Number => (String::new(), pipeline.number),
        }
    }
}

/// The order that words like `name desc` mean.
fn order(text: &str) -> Result<(By, Direction), Error> {
    let lower = text.to_ascii_lowercase();
    let (by, direction) = lower.split_once(' ').unwrap_or((lower.as_str(), "asc"));
    let by = match by {
        "name" => By::Name,
        "id" => By::Number,
        _ => return Err(refused("orderBy", "is by `name` or `id`")),
    };
    match direction.trim() {
        "asc" => Ok((by, Direction::Ascending)),
        "desc" => Ok((by, Direction::Descending)),
        _ => Err(refused("orderBy", "ends in `asc` or `desc`")),
    }
}

fn shown(doors: &Doors, project: &ProjectRecord, pipeline: &PipelineRecord) -> Value {
    let number = pipeline.number.to_string();
    let segments = [&project.organization_name, &project.name, "_apis", "pipelines", &number];
    let url = place::address(doors, &segments);
    json!({
        "_links": { "self": { "href": url }, "web": { "href": url } },
        "url": url,
        "id": pipeline.number,
        "revision": 1,
        "name": pipeline.name,
        "folder": FOLDER,
    })
}
