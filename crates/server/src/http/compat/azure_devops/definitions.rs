//! `{organization}/{project}/_apis/build/Definitions`: the same pipelines, as an older API of that product has them.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use serde_json::{Value, json};

use super::super::super::Doors;
use super::super::super::path::Path;
use super::super::super::problem::{Problem, no_store};
use super::super::super::v1::shown::moment;
use super::super::query::{Query, refused};
use super::page::{Direction, Part, continued};
use super::pipelines::{FOLDER, longest, one};
use super::{guid, place};
use crate::authority::{Action, Caller, Error};
use crate::store::{PipelineRecord, ProjectRecord};

/// Lists the definitions of a project by name, all or those of a name or of numbers.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
    query: Query,
) -> Result<Response<Body>, Problem> {
    let part = Part::of(&query, direction(query.text("queryOrder")?)?, longest())?;
    let (name, numbers) = (query.text("name")?, numbers(query.text("definitionIds")?)?);
    let project = place::project(&doors, &caller, (&organization, &project), Action::BuildRead).await?;
    let mut definitions = doors.authority.pipelines_of(&project).await?;
    definitions.retain(|definition| {
        name.is_none_or(|pattern| is_like(&definition.name, pattern))
            && numbers.as_ref().is_none_or(|numbers| numbers.contains(&definition.number))
    });
    let (definitions, next) =
        part.cut(definitions, |definition| (definition.name.to_ascii_lowercase(), definition.number));
    let value: Vec<_> = definitions.iter().map(|definition| shown(&doors, &project, definition)).collect();
    Ok(continued(no_store(Json(json!({ "count": value.len(), "value": value }))), next))
}

/// Shows a definition.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project, number)): Path<(String, String, String)>,
) -> Result<Response<Body>, Problem> {
    let project = place::project(&doors, &caller, (&organization, &project), Action::BuildRead).await?;
    let definition = one(&doors, &project, &number).await?;
    Ok(no_store(Json(shown(&doors, &project, &definition))))
}

fn direction(order: Option<&str>) -> Result<Direction, Error> {
    match order.map(str::to_ascii_lowercase).as_deref() {
        None | Some("none" | "definitionnameascending" | "lastmodifiedascending") => Ok(Direction::Ascending),
        Some("definitionnamedescending" | "lastmodifieddescending") => Ok(Direction::Descending),
        Some(_) => Err(refused("queryOrder", "has no such word")),
    }
}

/// Numbers behind commas.
fn numbers(text: Option<&str>) -> Result<Option<Vec<i64>>, Error> {
    let number = |text: &str| {
        text.trim().parse().map_err(|_| refused("definitionIds", "are whole numbers behind commas"))
    };
    text.map(|text| text.split(',').map(number).collect()).transpose()
}

/// Whether a name is like a pattern in which a star stands for anything; case does not count.
fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern) = (name.to_ascii_lowercase(), pattern.to_ascii_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else {
        return name == pattern;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        let Some((_, behind)) = left.split_once(part) else {
            return false;
        };
        left = behind;
    }
    true
}

fn shown(doors: &Doors, project: &ProjectRecord, definition: &PipelineRecord) -> Value {
    let number = definition.number.to_string();
    let segments = [&project.organization_name, &project.name, "_apis", "build", "Definitions", &number];
    let url = place::address(doors, &segments);
    json!({
        "id": definition.number,
        "name": definition.name,
        "path": FOLDER,
        "type": "build",
        "queueStatus": "enabled",
        "revision": 1,
        "url": url,
        "createdDate": moment(definition.created_at),
        "project": { "id": guid::of(project.id.0), "name": project.name, "state": "wellFormed" },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, name: &str, expected: bool) {
        assert_eq!(is_like(name, pattern), expected, "{name} like {pattern}");
    }

    #[test]
    fn a_star_stands_for_anything() {
        check("ci", "CI", true);
        check("ci", "ci 2", false);
        check("ci*", "ci 2", true);
        check("*", "", true);
        check("*2", "ci 2", true);
        check("*i*", "ci 2", true);
        check("c*i*2", "ci 2", true);
        check("c*2*i", "ci 2", false);
        check("*x*", "ci 2", false);
        check("ci*ci", "ci", false);
    }
}
