//! `/api/v1/organizations/{organization}/projects/{project}/pipelines`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, JobScope, List, PatchPipeline, PipelineKind, PutPipeline};

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, done, no_store};
use super::super::query::{Nothing, Query};
use super::kept::{DryRun, answer};
use super::page::PageQuery;
use super::projects::within;
use super::{parse, shown};
use crate::authority::{Caller, Error, PipelineRequest};
use crate::limits::JOB_MINUTES_MAX;

/// Lists the pipelines of a project, newest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
) -> Result<Response<Answer>, Problem> {
    let (below, limit) = query.numbers()?;
    let at = within(&organization, &project)?;
    let (project, found) = doors.authority.list_pipelines(&caller, &at, below, limit).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.number.to_string());
    let items = found.into_iter().map(|pipeline| shown::pipeline((project.clone(), pipeline))).collect();
    Ok(no_store(Json(List { items, next_page_token: next })))
}

/// Makes a pipeline, or replaces what is said about one.
pub(crate) async fn put(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project, pipeline)): Path<(String, String, String)>,
    Query(query): Query<DryRun>,
    Body(request): Body<PutPipeline>,
) -> Result<Response<Answer>, Problem> {
    let name = parse::value("name", &pipeline)?;
    let PutPipeline { kind, job_authorization_scope, timeout_minutes } = request;
    let request = settings(None, Some(kind), job_authorization_scope, timeout_minutes)?;
    let at = within(&organization, &project)?;
    let kept = doors.authority.put_pipeline(&caller, &at, &name, &request, query.mode()).await?;
    Ok(answer(kept, shown::pipeline))
}

/// Shows a pipeline.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project, pipeline)): Path<(String, String, String)>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let name = parse::path_resource(&pipeline)?;
    let at = within(&organization, &project)?;
    let found = doors.authority.visible_pipeline(&caller, &at, &name).await?;
    Ok(no_store(Json(shown::pipeline(found))))
}

/// Changes a pipeline.
pub(crate) async fn edit(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project, pipeline)): Path<(String, String, String)>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<PatchPipeline>,
) -> Result<Response<Answer>, Problem> {
    let PatchPipeline { name, kind, job_authorization_scope, timeout_minutes } = request;
    let request = settings(name.as_deref(), kind, job_authorization_scope, timeout_minutes)?;
    let name = parse::path_resource(&pipeline)?;
    let at = within(&organization, &project)?;
    let found = doors.authority.edit_pipeline(&caller, &at, &name, &request).await?;
    Ok(no_store(Json(shown::pipeline(found))))
}

/// Removes a pipeline.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project, pipeline)): Path<(String, String, String)>,
    Query(query): Query<DryRun>,
) -> Result<Response<Answer>, Problem> {
    let name = parse::path_resource(&pipeline)?;
    let at = within(&organization, &project)?;
    doors.authority.remove_pipeline(&caller, &at, &name, query.mode()).await?;
    Ok(done())
}

fn settings(
    name: Option<&str>,
    kind: Option<PipelineKind>,
    scope: Option<JobScope>,
    timeout_minutes: Option<i64>,
) -> Result<PipelineRequest, Error> {
    if timeout_minutes.is_some_and(|minutes| !(1..=JOB_MINUTES_MAX).contains(&minutes)) {
        let detail = "between 1 and 43200 minutes (30 days)";
        return Err(Error::invalid("/timeout_minutes", Code::InvalidField, detail));
    }
    Ok(PipelineRequest {
        name: name.map(|text| parse::value("/name", text)).transpose()?,
        kind: kind.map(|kind| match kind {
            PipelineKind::Yaml => "yaml",
            PipelineKind::ClassicBuild => "classic_build",
            PipelineKind::Release => "release",
        }),
        job_authorization_scope: scope.map(|scope| match scope {
            JobScope::Organization => "organization",
            JobScope::Project => "project",
        }),
        timeout_minutes,
    })
}
