//! `/api/v1/jobs`

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{CreateJob, Job, JobQuery, JobScope, List, RenewJob, StartedJob};
use jeton_token::{JobAuthorizationScope, ScopePattern};

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, created, no_store};
use super::super::query::{Nothing, Query};
use super::page::{below, size};
use super::projects::within;
use super::{parse, shown};
use crate::authority::{Authority, Caller, Error, JobListRequest, JobRequest, Started};
use crate::store::JobRecord;

/// Starts a job and shows the secret of its token, once.
pub(crate) async fn create(
    State(doors): State<Doors>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<CreateJob>,
) -> Result<Response<Answer>, Problem> {
    let request = parsed(&request)?;
    let started = doors.authority.start_job(&caller, &request).await?;
    Ok(created(answer(&doors.authority, started).await?))
}

/// Lists the jobs that the caller may know of, newest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<JobQuery>,
) -> Result<Response<Answer>, Problem> {
    let name =
        |pointer: &str, text: Option<&String>| text.map(|text| parse::value(pointer, text)).transpose();
    let request = JobListRequest {
        organization: name("organization", query.organization.as_ref())?,
        project: name("project", query.project.as_ref())?,
        pipeline: name("pipeline", query.pipeline.as_ref())?,
        state: query.state,
    };
    let (below, limit) = (below(query.page_token.as_deref())?, size(query.page_size)?);
    let found = doors.authority.list_jobs(&caller, &request, below, limit).await?;
    let next_page_token = found.next.map(|next| next.to_string());
    let items = found.items.into_iter().map(|job| shown_job(&doors.authority, job)).collect();
    Ok(no_store(Json(List { items, next_page_token })))
}

/// Shows a job.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let job = doors.authority.visible_job(&caller, doors.authority.job_named(&id).await?).await?;
    Ok(no_store(Json(shown_job(&doors.authority, job))))
}

/// Gives a running job another lease.
pub(crate) async fn renew(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(RenewJob { lease_seconds }): Body<RenewJob>,
) -> Result<Response<Answer>, Problem> {
    let id = doors.authority.job_named(&id).await?;
    let job = doors.authority.renew_job(&caller, id, lease_seconds).await?;
    Ok(no_store(Json(shown_job(&doors.authority, job))))
}

/// Ends a job.
pub(crate) async fn finish(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let job = doors.authority.finish_job(&caller, doors.authority.job_named(&id).await?).await?;
    Ok(no_store(Json(shown_job(&doors.authority, job))))
}

fn parsed(request: &CreateJob) -> Result<JobRequest, Error> {
    let CreateJob { organization, project, pipeline, permissions, trigger, lease_seconds } = request;
    parse::value::<jeton_token::ResourceName>("/organization", organization)?;
    parse::value::<jeton_token::ResourceName>("/project", project)?;
    if permissions.as_ref().is_some_and(|given| given.len() > jeton_token::MAX_PATTERNS) {
        let detail = jeton_token::ScopeSetError::TooMany.to_string();
        return Err(Error::invalid("/permissions", jeton_api::Code::InvalidField, detail));
    }
    let permissions = permissions.as_deref();
    Ok(JobRequest {
        at: within(organization, project)?,
        pipeline: parse::value("/pipeline", pipeline)?,
        permissions: permissions
            .map(|given| parse::values::<ScopePattern>("/permissions", given))
            .transpose()?,
        is_fork: trigger.is_some_and(|trigger| trigger.fork),
        lease_seconds: *lease_seconds,
    })
}

/// A started job with its secret.
pub(in crate::http) async fn answer(authority: &Authority, started: Started) -> Result<StartedJob, Error> {
    let job = shown_job(authority, started.job);
    let jeton_api::Issued { token, secret, .. } = shown::issued(authority, None, started.issued).await?;
    Ok(StartedJob { job, token, secret })
}

fn shown_job(authority: &Authority, record: JobRecord) -> Job {
    let state = authority.job_state(&record);
    let texts = |given: Vec<ScopePattern>| given.iter().map(ToString::to_string).collect();
    Job {
        id: record.id.to_string(),
        number: record.number,
        organization: record.organization_name,
        project: record.project_name,
        pipeline: record.pipeline_name,
        state,
        authorization_scope: match record.scope {
            JobAuthorizationScope::Organization => JobScope::Organization,
            JobAuthorizationScope::Project => JobScope::Project,
        },
        decided_by: record.decided_by.word().to_owned(),
        service_account: record.account_name,
        permissions: record.permissions.map(texts),
        fork: record.is_fork,
        runner: record.runner_name,
        token_id: record.token.to_string(),
        lease_seconds: record.lease_ms / 1000,
        lease_expires_at: shown::moment(record.lease_ends_at),
        ends_at: shown::moment(record.ends_at),
        created_at: shown::moment(record.created_at),
        finished_at: record.finished_at.map(shown::moment),
    }
}
