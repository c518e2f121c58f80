//! `{organization}/_apis/build/GeneralSettings`, and the same of a project: which jobs are limited to their project.
//!
//! Of all that product's settings these three are kept here. One that is not kept cannot be turned on, so nobody
//! believes that it is.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use jeton_api::Code;
use jeton_token::JobSettings;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::Doors;
use super::super::super::body::UnlabelledBody;
use super::super::super::path::Path;
use super::super::super::problem::{Problem, no_store};
use super::super::super::v1::parse;
use super::place;
use crate::authority::{Action, Caller, Error, JobSettingsEdit, Within};
use crate::store::ProjectRecord;

/// The settings that are kept.
const KEPT: [&str; 3] =
    ["enforceJobAuthScope", "enforceJobAuthScopeForReleases", "enforceJobAuthScopeForForks"];
/// How much is said of the name of one that is not.
const NAME_CHARS: usize = 64;

/// What shall be otherwise; of what is not kept here, only that it is to stay off.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Changes {
    enforce_job_auth_scope: Option<bool>,
    enforce_job_auth_scope_for_releases: Option<bool>,
    enforce_job_auth_scope_for_forks: Option<bool>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// Shows what holds in an organization.
pub(crate) async fn show_organization(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
) -> Result<Response<Body>, Problem> {
    let name = parse::path_resource(&organization)?;
    doors.authority.readable_organization(&caller, &name).await?;
    let found = doors.authority.show_organization_job_settings(&caller, &name).await?;
    Ok(answer(found.effective))
}

/// Changes what an organization says.
pub(crate) async fn edit_organization(
    State(doors): State<Doors>,
    caller: Caller,
    Path(organization): Path<String>,
    UnlabelledBody(changes): UnlabelledBody<Changes>,
) -> Result<Response<Body>, Problem> {
    let name = parse::path_resource(&organization)?;
    let edit = edit(&changes)?;
    let found = doors.authority.edit_organization_job_settings(&caller, &name, edit).await?;
    Ok(answer(found.effective))
}

/// Shows what holds in a project.
pub(crate) async fn show_project(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
) -> Result<Response<Body>, Problem> {
    let project = place::project(&doors, &caller, (&organization, &project), Action::ProjectRead).await?;
    let found = doors.authority.show_project_job_settings(&caller, &within(&project)?).await?;
    Ok(answer(found.effective))
}

/// Changes what a project says.
pub(crate) async fn edit_project(
    State(doors): State<Doors>,
    caller: Caller,
    Path((organization, project)): Path<(String, String)>,
    UnlabelledBody(changes): UnlabelledBody<Changes>,
) -> Result<Response<Body>, Problem> {
    let at = (organization.as_str(), project.as_str());
    let project = place::project(&doors, &caller, at, Action::JobSettingsWrite).await?;
    let edit = edit(&changes)?;
    let found = doors.authority.edit_project_job_settings(&caller, &within(&project)?, edit).await?;
    Ok(answer(found.effective))
}

fn within(project: &ProjectRecord) -> Result<Within, Error> {
    Ok(Within {
        organization: parse::path_resource(&project.organization_name)?,
        project: parse::path_resource(&project.name)?,
    })
}

fn edit(changes: &Changes) -> Result<JobSettingsEdit, Error> {
    for (name, value) in &changes.others {
        check_not_kept(name, value)?;
    }
    Ok(JobSettingsEdit {
        limit_non_release: changes.enforce_job_auth_scope,
        limit_release: changes.enforce_job_auth_scope_for_releases,
        limit_forks: changes.enforce_job_auth_scope_for_forks,
        ..JobSettingsEdit::default()
    })
}

/// What is not kept is off. To leave it so is no change, and anything else cannot be done; nor is a setting that is kept
/// passed over because its name is spelled otherwise.
fn check_not_kept(name: &str, value: &Value) -> Result<(), Error> {
    let shown: String = name.chars().take(NAME_CHARS).filter(|c| !c.is_control()).collect();
    let no = |detail: String| Err(Error::invalid(format!("/{shown}"), Code::InvalidField, detail));
    if let Some(kept) = KEPT.iter().find(|kept| kept.eq_ignore_ascii_case(name)) {
        return no(format!("`{shown}` is spelled `{kept}` here"));
    }
    match value {
        Value::Null | Value::Bool(false) => Ok(()),
        _ => no(format!("`{shown}` is not kept here: it is off and cannot be turned on")),
    }
}

fn answer(holds: JobSettings) -> Response<Body> {
    no_store(Json(json!({
        "enforceJobAuthScope": holds.limit_non_release,
        "enforceJobAuthScopeForReleases": holds.limit_release,
        "enforceJobAuthScopeForForks": holds.limit_forks,
    })))
}
