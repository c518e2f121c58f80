//! `/api/v1/organizations/{organization}/job-settings` and `…/projects/{project}/job-settings`

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::{Code, PlaceJobSettings};
use jeton_token::JobSettings;

use super::super::Doors;
use super::super::body::Body;
use super::super::path::Path;
use super::super::problem::{Problem, no_store};
use super::super::query::{Nothing, Query};
use super::parse;
use super::projects::within;
use crate::authority::{Caller, Error, JobSettingsEdit, JobSettingsView};
use crate::limits::JOB_MINUTES_MAX;

/// Shows what an organization says about jobs.
pub(crate) async fn show_organization(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let name = parse::path_resource(&organization)?;
    Ok(answer(doors.authority.show_organization_job_settings(&caller, &name).await?))
}

/// Changes what an organization says about jobs.
pub(crate) async fn edit_organization(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<jeton_api::JobSettings>,
) -> Result<Response<Answer>, Problem> {
    let (name, edit) = (parse::path_resource(&organization)?, parsed(request)?);
    Ok(answer(doors.authority.edit_organization_job_settings(&caller, &name, edit).await?))
}

/// Shows what a project says about jobs, and what holds there.
pub(crate) async fn show_project(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response<Answer>, Problem> {
    let at = within(&organization, &project)?;
    Ok(answer(doors.authority.show_project_job_settings(&caller, &at).await?))
}

/// Changes what a project says about jobs.
pub(crate) async fn edit_project(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
    Query(Nothing {}): Query<Nothing>,
    Body(request): Body<jeton_api::JobSettings>,
) -> Result<Response<Answer>, Problem> {
    let (at, edit) = (within(&organization, &project)?, parsed(request)?);
    Ok(answer(doors.authority.edit_project_job_settings(&caller, &at, edit).await?))
}

fn parsed(request: jeton_api::JobSettings) -> Result<JobSettingsEdit, Error> {
    if request.max_lifetime_minutes.is_some_and(|minutes| !(1..=JOB_MINUTES_MAX).contains(&minutes)) {
        let detail = "between 1 and 43200 minutes (30 days)";
        return Err(Error::invalid("/max_lifetime_minutes", Code::InvalidField, detail));
    }
    Ok(JobSettingsEdit {
        limit_non_release: request.limit_non_release,
        limit_release: request.limit_release,
        limit_forks: request.limit_forks,
        project_wall: request.project_wall,
        max_lifetime_minutes: request.max_lifetime_minutes,
    })
}

fn answer(view: JobSettingsView) -> Response<Answer> {
    no_store(Json(PlaceJobSettings {
        stored: shown(view.stored),
        effective: shown(view.effective),
        decided_by: decided_by(&view),
        place: view.place_name,
    }))
}

fn shown(settings: JobSettings) -> jeton_api::JobSettings {
    jeton_api::JobSettings {
        limit_non_release: Some(settings.limit_non_release),
        limit_release: Some(settings.limit_release),
        limit_forks: Some(settings.limit_forks),
        project_wall: Some(settings.project_wall),
        max_lifetime_minutes: settings.max_lifetime_minutes,
    }
}

/// Which level each field comes from: the organization's where it limits, and its own otherwise.
fn decided_by(view: &JobSettingsView) -> BTreeMap<String, String> {
    let above = view.above.unwrap_or(view.stored);
    let fields = [
        ("limit_non_release", above.limit_non_release),
        ("limit_release", above.limit_release),
        ("limit_forks", above.limit_forks),
        ("project_wall", above.project_wall),
        ("max_lifetime_minutes", above.max_lifetime_minutes == view.effective.max_lifetime_minutes),
    ];
    let level = |is_above| if is_above || view.above.is_none() { "organization" } else { "project" };
    fields.into_iter().map(|(name, is_above)| (name.to_owned(), level(is_above).to_owned())).collect()
}
