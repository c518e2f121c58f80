//! Places: organizations, their projects, and the pipelines of those.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::optional::given;

/// An organization.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Organization {
    /// The id; never reused.
    pub id: String,
    /// A small number that names it where an integer is needed.
    pub number: i64,
    /// The name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `PUT /api/v1/organizations/{organization}`: makes it. There is nothing to say about one but its name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutOrganization {}

/// `PATCH /api/v1/organizations/{organization}`. The id, and all that is held by it, stays.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchOrganization {
    /// Another name.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A project.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Project {
    /// The id; never reused.
    pub id: String,
    /// A small number that names it where an integer is needed.
    pub number: i64,
    /// The name, one of its kind in the organization.
    pub name: String,
    /// The organization's name.
    pub organization: String,
    /// Who sees that it exists.
    pub visibility: Visibility,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who sees that a project exists.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Whoever has a right there.
    #[default]
    Private,
    /// Whoever has a right in the organization.
    Public,
}

/// `PUT /api/v1/organizations/{organization}/projects/{project}`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutProject {
    /// Default: private.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

/// `PATCH /api/v1/organizations/{organization}/projects/{project}`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchProject {
    /// Another name.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who sees that it exists.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

/// A pipeline: what starts jobs.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pipeline {
    /// The id; never reused.
    pub id: String,
    /// A small number that names it where an integer is needed.
    pub number: i64,
    /// The name, one of its kind in the project.
    pub name: String,
    /// The project, as `organization/project`.
    pub project: String,
    /// What kind of pipeline it is.
    pub kind: PipelineKind,
    /// How far its jobs may reach; obeyed for classic builds only.
    pub job_authorization_scope: Option<JobScope>,
    /// How long a job may take.
    pub timeout_minutes: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What kind of pipeline it is: limits for jobs differ.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PipelineKind {
    /// Described by a file in the repository.
    Yaml,
    /// A build that was put together by hand.
    ClassicBuild,
    /// A release.
    Release,
}

/// How far a job may reach.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobScope {
    /// All projects of the organization.
    Organization,
    /// Its own project.
    Project,
}

/// `PUT /api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutPipeline {
    /// What kind of pipeline it is.
    pub kind: PipelineKind,
    /// How far its jobs may reach.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub job_authorization_scope: Option<JobScope>,
    /// How long a job may take.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<i64>,
}

/// `PATCH /api/v1/organizations/{organization}/projects/{project}/pipelines/{pipeline}`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchPipeline {
    /// Another name.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What kind of pipeline it is.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub kind: Option<PipelineKind>,
    /// How far its jobs may reach.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub job_authorization_scope: Option<JobScope>,
    /// How long a job may take.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<i64>,
}
