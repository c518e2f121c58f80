//! `/logs`: the same lines, seen from everywhere else. Each view has its own route, so that each
//! can have its own scope.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::{Items, Limit, Shared};
use crate::id::{CommandId, TaskId, WorkerId};
use crate::log::{Filter, Level, Line, Source, Stream, Subject};
use crate::problem::Problem;
use crate::text::{Correlation, Image};

type PathTo<T> = Result<Path<T>, PathRejection>;
type Queried<T> = Result<Query<T>, QueryRejection>;
type Lines = Result<Json<Items<Line>>, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    text: Option<String>,
    task: Option<TaskId>,
    level: Option<Level>,
    stream: Option<Stream>,
    #[serde(default)]
    limit: Limit,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct View {
    #[serde(default)]
    limit: Limit,
}

/// An image's name has slashes in it, so it is no part of a path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageView {
    image: Image,
    #[serde(default)]
    limit: Limit,
}

pub(super) async fn query(State(platform): State<Shared>, search: Queried<Search>) -> Lines {
    let Query(search) = search?;
    let filter = Filter {
        subject: search.task.map(Subject::Task),
        stream: search.stream,
        source: None,
        level_min: search.level,
        text: search.text,
    };
    Ok(Json(Items { items: platform.lock().lines(&filter, search.limit.into()) }))
}

pub(super) async fn console(State(platform): State<Shared>, view: Queried<View>) -> Lines {
    let filter = Filter { stream: Some(Stream::Console), ..Filter::default() };
    lines_of(&platform, &filter, view?.limit)
}

pub(super) async fn system(State(platform): State<Shared>, view: Queried<View>) -> Lines {
    let filter = Filter { stream: Some(Stream::System), ..Filter::default() };
    lines_of(&platform, &filter, view?.limit)
}

pub(super) async fn task_console(
    State(platform): State<Shared>,
    id: PathTo<TaskId>,
    view: Queried<View>,
) -> Lines {
    let filter = console_of(Subject::Task(id?.0));
    lines_of(&platform, &filter, view?.limit)
}

pub(super) async fn correlation_console(
    State(platform): State<Shared>,
    id: PathTo<Correlation>,
    view: Queried<View>,
) -> Lines {
    let filter = console_of(Subject::Correlation(id?.0));
    lines_of(&platform, &filter, view?.limit)
}

pub(super) async fn command_console(
    State(platform): State<Shared>,
    id: PathTo<CommandId>,
    view: Queried<View>,
) -> Lines {
    let filter = Filter { source: Some(Source::Command), ..console_of(Subject::Command(id?.0)) };
    lines_of(&platform, &filter, view?.limit)
}

pub(super) async fn worker_console(
    State(platform): State<Shared>,
    id: PathTo<WorkerId>,
    view: Queried<View>,
) -> Lines {
    let filter = console_of(Subject::Worker(id?.0));
    lines_of(&platform, &filter, view?.limit)
}

pub(super) async fn worker_system(
    State(platform): State<Shared>,
    id: PathTo<WorkerId>,
    view: Queried<View>,
) -> Lines {
    let filter = Filter { stream: Some(Stream::System), ..console_of(Subject::Worker(id?.0)) };
    lines_of(&platform, &filter, view?.limit)
}

pub(super) async fn image_console(State(platform): State<Shared>, view: Queried<ImageView>) -> Lines {
    let Query(view) = view?;
    let filter = Filter { source: Some(Source::ContainerImage), ..console_of(Subject::Image(view.image)) };
    lines_of(&platform, &filter, view.limit)
}

fn console_of(subject: Subject) -> Filter {
    Filter { subject: Some(subject), stream: Some(Stream::Console), ..Filter::default() }
}

fn lines_of(platform: &Shared, filter: &Filter, limit: Limit) -> Lines {
    let items = platform.lock().lines_of(filter, limit.into())?;
    Ok(Json(Items { items }))
}
