//! Jobs: runs of pipelines, and what places say about them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::optional::given;
use crate::place::JobScope;
use crate::secret::Secret;
use crate::token::Token;

/// `POST /api/v1/jobs`: starts a job of a pipeline.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateJob {
    /// The organization's name.
    pub organization: String,
    /// The project's name.
    pub project: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// What the job may do at most. Absent: all that its service account may; what is not named in a list is not allowed.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// What set the run off.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub trigger: Option<JobTrigger>,
    /// For how long the token lives without a renewal: 10 to 300; default 60.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub lease_seconds: Option<i64>,
}

/// What set a run off.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobTrigger {
    /// Whether it was a fork of the repository.
    #[serde(default)]
    pub fork: bool,
}

/// `POST /api/v1/jobs/{id}/renew`: a new lease from now on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RenewJob {
    /// Another length: 10 to 300. Absent: as before.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub lease_seconds: Option<i64>,
}

/// A run of a pipeline.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// The id; never reused.
    pub id: String,
    /// A small number that names it where an integer is needed.
    pub number: i64,
    /// The organization's name.
    pub organization: String,
    /// The project's name.
    pub project: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// Whether it runs.
    pub state: JobState,
    /// Whether it acts as its project's account or as the organization's.
    pub authorization_scope: JobScope,
    /// Which rule decided that: a stable word.
    pub decided_by: String,
    /// The account that it acts as.
    pub service_account: String,
    /// What it asked for; null: all that the account has.
    pub permissions: Option<Vec<String>>,
    /// Whether a fork set it off.
    pub fork: bool,
    /// Who started it.
    pub runner: String,
    /// The token that it has.
    pub token_id: String,
    /// How long a lease is.
    pub lease_seconds: i64,
    /// When the lease ends unless it is renewed.
    pub lease_expires_at: Timestamp,
    /// When the job ends, however often the lease is renewed.
    pub ends_at: Timestamp,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it was finished.
    pub finished_at: Option<Timestamp>,
}

/// Whether a job runs. Only a running job's token is alive.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It has a lease.
    Running,
    /// Somebody ended it, or its token, or removed its pipeline.
    Finished,
    /// Its lease or its time was over.
    Expired,
}

/// A job with its token and secret: the answer to its start, and the only time that the secret is shown.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartedJob {
    /// The job.
    pub job: Job,
    /// The record of its token.
    pub token: Token,
    /// The token's text.
    pub secret: Secret,
}

/// Which jobs to list.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobQuery {
    /// Those of this organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Those of this project of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Those of this pipeline of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Those in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<JobState>,
    /// At most so many, up to 1000; default 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// What a place says about jobs; as the body of a PATCH, what shall be otherwise.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobSettings {
    /// Jobs that belong to no release are limited to their project.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub limit_non_release: Option<bool>,
    /// Jobs of releases are limited to their project.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub limit_release: Option<bool>,
    /// Jobs that a fork set off are limited to their project.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub limit_forks: Option<bool>,
    /// A job that is limited to its project has no right outside of it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub project_wall: Option<bool>,
    /// The longest that a job may live.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub max_lifetime_minutes: Option<i64>,
}

/// `GET …/job-settings`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlaceJobSettings {
    /// The place: `organization/*` or `organization/project`.
    pub place: String,
    /// What was said there.
    pub stored: JobSettings,
    /// What holds there.
    pub effective: JobSettings,
    /// Which level decided each field of `effective`: `organization` or `project`.
    pub decided_by: BTreeMap<String, String>,
}
