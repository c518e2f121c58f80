//! `/tasks`: their lives, and the log of each.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use serde::Deserialize;

use super::{Items, Limit, Shared};
use crate::clock;
use crate::id::TaskId;
use crate::log::{Filter, Line, Output, Subject};
use crate::problem::Problem;
use crate::task::{self, NewTask, Task, TaskChange};

type Body<T> = Result<Json<T>, JsonRejection>;
type PathTo<T> = Result<Path<T>, PathRejection>;
type Created<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    state: Option<task::State>,
    #[serde(default)]
    limit: Limit,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogQuery {
    #[serde(default)]
    limit: Limit,
}

pub(super) async fn create(
    State(platform): State<Shared>,
    body: Body<NewTask>,
) -> Result<Created<Task>, Problem> {
    let Json(new) = body?;
    let task = platform.lock().create(new, clock::now())?;
    let location = format!("/tasks/{}", task.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(task)))
}

pub(super) async fn list(
    State(platform): State<Shared>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Items<Task>>, Problem> {
    let Query(query) = query?;
    let items = platform.lock().newest_tasks(query.state, query.limit.into());
    Ok(Json(Items { items }))
}

pub(super) async fn read(State(platform): State<Shared>, id: PathTo<TaskId>) -> Result<Json<Task>, Problem> {
    let Path(id) = id?;
    Ok(Json(platform.lock().task(id)?.clone()))
}

pub(super) async fn update(
    State(platform): State<Shared>,
    id: PathTo<TaskId>,
    body: Body<TaskChange>,
) -> Result<Json<Task>, Problem> {
    let (Path(id), Json(change)) = (id?, body?);
    Ok(Json(platform.lock().change(id, change, clock::now())?))
}

pub(super) async fn delete(
    State(platform): State<Shared>,
    id: PathTo<TaskId>,
) -> Result<StatusCode, Problem> {
    let Path(id) = id?;
    platform.lock().delete(id, clock::now())?;
    Ok(StatusCode::NO_CONTENT)
}

/// Both streams, while the task exists.
pub(super) async fn read_log(
    State(platform): State<Shared>,
    id: PathTo<TaskId>,
    query: Result<Query<LogQuery>, QueryRejection>,
) -> Result<Json<Items<Line>>, Problem> {
    let (Path(id), Query(query)) = (id?, query?);
    let platform = platform.lock();
    let task = platform.task(id)?;
    let filter = Filter { subject: Some(Subject::Task(task.id)), ..Filter::default() };
    Ok(Json(Items { items: platform.lines(&filter, query.limit.into()) }))
}

pub(super) async fn write_log(
    State(platform): State<Shared>,
    id: PathTo<TaskId>,
    body: Body<Output>,
) -> Result<(StatusCode, Json<Line>), Problem> {
    let (Path(id), Json(output)) = (id?, body?);
    let line = platform.lock().write_output(id, output, clock::now())?;
    Ok((StatusCode::CREATED, Json(line)))
}
