//! Organizations, projects and pipelines.
//!
//! A place that is removed keeps its row, so its id is never given again and what was held by the id stays nothing.

use jeton_token::{Id, OrganizationId, PipelineId, Place, ProjectId, ResourceName, Timestamp};

use super::database::{Row, statements, values};
use super::token::Pen;
use super::write::Event;
use super::{Refusal, Store, StoreError, binding, build_account, job_settings, policy, trust};

/// An organization as stored.
#[derive(Clone, Debug)]
pub(crate) struct OrganizationRecord {
    pub(crate) id: OrganizationId,
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
}

/// A project as stored.
#[derive(Clone, Debug)]
pub(crate) struct ProjectRecord {
    pub(crate) id: ProjectId,
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) organization: OrganizationId,
    pub(crate) organization_name: String,
    /// `private` or `public`.
    pub(crate) visibility: String,
    pub(crate) created_at: Timestamp,
}

/// A pipeline as stored.
#[derive(Clone, Debug)]
pub(crate) struct PipelineRecord {
    pub(crate) id: PipelineId,
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) job_authorization_scope: Option<String>,
    pub(crate) timeout_minutes: Option<i64>,
    pub(crate) created_at: Timestamp,
}

/// What is changed about a place. Each makes, changes or removes one.
#[derive(Clone, Debug)]
pub(crate) enum PlaceWrite {
    CreateOrganization(Id, ResourceName),
    RenameOrganization(OrganizationId, ResourceName),
    RemoveOrganization(OrganizationId),
    CreateProject(Id, OrganizationId, ResourceName, String),
    EditProject(OrganizationId, ProjectId, ResourceName, String),
    RemoveProject(OrganizationId, ProjectId),
    CreatePipeline(Id, ProjectRecord, PipelineSettings),
    EditPipeline(PipelineId, ProjectRecord, PipelineSettings),
    RemovePipeline(PipelineId, ProjectRecord),
}

/// What is said about a pipeline.
#[derive(Clone, Debug)]
pub(crate) struct PipelineSettings {
    pub(crate) name: ResourceName,
    pub(crate) kind: String,
    pub(crate) job_authorization_scope: Option<String>,
    pub(crate) timeout_minutes: Option<i64>,
}

macro_rules! project_columns {
    () => {
        "SELECT project.number AS number, project.id AS id, project.name AS name, project.visibility AS visibility,
            project.created_at AS created_at, organization.id AS organization_id,
            organization.name AS organization_name
        FROM project JOIN organization ON organization.id = project.organization_id
        WHERE project.removed_at IS NULL "
    };
}

statements! {
    ORGANIZATION = "SELECT number, id, name, created_at FROM organization WHERE live_name = $1";
    ORGANIZATIONS = "SELECT number, id, name, created_at FROM organization
        WHERE removed_at IS NULL AND (CAST($1 AS BIGINT) IS NULL OR number < $1) ORDER BY number DESC LIMIT $2";
    ORGANIZATION_NAME = "SELECT name FROM organization WHERE id = $1";
    PROJECT_NAMES = "SELECT organization.name AS organization_name, project.name AS name FROM project
        JOIN organization ON organization.id = project.organization_id WHERE project.id = $1";
    PROJECT = concat!(project_columns!(), "AND project.organization_id = $1 AND project.live_name = $2");
    PROJECT_OF_ID = concat!(project_columns!(), "AND project.id = $1");
    PROJECTS = concat!(project_columns!(), "AND project.organization_id = $1
        AND (CAST($2 AS BIGINT) IS NULL OR project.number < $2) ORDER BY project.number DESC LIMIT $3");
    PIPELINE = "SELECT number, id, name, kind, job_authorization_scope, timeout_minutes, created_at FROM pipeline
        WHERE project_id = $1 AND live_name = $2";
    PIPELINE_OF_ID = "SELECT number, id, name, kind, job_authorization_scope, timeout_minutes, created_at FROM pipeline
        WHERE id = $1 AND removed_at IS NULL";
    PROJECT_OF_PIPELINE = concat!(project_columns!(), "AND project.id = (SELECT project_id FROM pipeline WHERE id = $1)");
    // Also takes the row, so that the pipeline is not removed meanwhile.
    HOLD_PIPELINE = "UPDATE pipeline SET name = name WHERE id = $1 AND removed_at IS NULL";
    PIPELINES = "SELECT number, id, name, kind, job_authorization_scope, timeout_minutes, created_at FROM pipeline
        WHERE project_id = $1 AND removed_at IS NULL AND (CAST($2 AS BIGINT) IS NULL OR number < $2)
        ORDER BY number DESC LIMIT $3";
    PIPELINE_OF_NUMBER = "SELECT number, id, name, kind, job_authorization_scope, timeout_minutes, created_at
        FROM pipeline WHERE project_id = $1 AND removed_at IS NULL AND number = $2";
    INSERT_ORGANIZATION = "INSERT INTO organization (id, name, live_name, created_at) VALUES ($1, $2, $3, $4)";
    RENAME_ORGANIZATION = "UPDATE organization SET name = $1, live_name = $2 WHERE id = $3 AND removed_at IS NULL";
    REMOVE_ORGANIZATION = "UPDATE organization SET removed_at = $1, live_name = NULL
        WHERE id = $2 AND removed_at IS NULL";
    CONTENTS = "SELECT 'project' AS kind FROM project WHERE organization_id = $1 AND removed_at IS NULL
        UNION SELECT 'api' FROM api WHERE organization_id = $1 AND removed_at IS NULL
        UNION SELECT 'service account' FROM principal WHERE organization_id = $1 AND removed_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM build_account b WHERE b.principal_id = principal.id)";
    INSERT_PROJECT = "INSERT INTO project (id, organization_id, name, live_name, visibility, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    UPDATE_PROJECT = "UPDATE project SET name = $1, live_name = $2, visibility = $3
        WHERE id = $4 AND removed_at IS NULL";
    REMOVE_PROJECT = "UPDATE project SET removed_at = $1, live_name = NULL WHERE id = $2 AND removed_at IS NULL";
    REMOVE_PIPELINES = "UPDATE pipeline SET removed_at = $1, live_name = NULL
        WHERE project_id = $2 AND removed_at IS NULL";
    INSERT_PIPELINE = "INSERT INTO pipeline (id, project_id, name, live_name, kind, job_authorization_scope,
        timeout_minutes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    UPDATE_PIPELINE = "UPDATE pipeline SET name = $1, live_name = $2, kind = $3, job_authorization_scope = $4,
        timeout_minutes = $5 WHERE id = $6 AND removed_at IS NULL";
    REMOVE_PIPELINE = "UPDATE pipeline SET removed_at = $1, live_name = NULL WHERE id = $2 AND removed_at IS NULL";
}

impl Store {
    /// The organization of this name.
    pub(crate) async fn organization(
        &self,
        name: &ResourceName,
    ) -> Result<Option<OrganizationRecord>, StoreError> {
        let row = self.read().await?.first(ORGANIZATION, values![name.fold()]).await?;
        row.map(|row| organization(&row)).transpose()
    }

    /// Organizations, newest first.
    pub(crate) async fn organizations(
        &self,
        below: Option<i64>,
        limit: i64,
    ) -> Result<Vec<OrganizationRecord>, StoreError> {
        let rows = self.read().await?.fetch(ORGANIZATIONS, values![below, limit]).await?;
        rows.iter().map(organization).collect()
    }

    /// The project of this name.
    pub(crate) async fn project(
        &self,
        of: OrganizationId,
        name: &ResourceName,
    ) -> Result<Option<ProjectRecord>, StoreError> {
        let row = self.read().await?.first(PROJECT, values![of.to_string(), name.fold()]).await?;
        row.map(|row| project(&row)).transpose()
    }

    /// The project of this id.
    pub(crate) async fn project_of(&self, id: ProjectId) -> Result<Option<ProjectRecord>, StoreError> {
        let row = self.read().await?.first(PROJECT_OF_ID, values![id.to_string()]).await?;
        row.map(|row| project(&row)).transpose()
    }

    /// Projects of an organization, newest first.
    pub(crate) async fn projects(
        &self,
        of: OrganizationId,
        below: Option<i64>,
        limit: i64,
    ) -> Result<Vec<ProjectRecord>, StoreError> {
        let rows = self.read().await?.fetch(PROJECTS, values![of.to_string(), below, limit]).await?;
        rows.iter().map(project).collect()
    }

    /// The pipeline of this name.
    pub(crate) async fn pipeline(
        &self,
        of: ProjectId,
        name: &ResourceName,
    ) -> Result<Option<PipelineRecord>, StoreError> {
        let row = self.read().await?.first(PIPELINE, values![of.to_string(), name.fold()]).await?;
        row.map(|row| pipeline(&row)).transpose()
    }

    /// The pipeline of this id with its project, if both are there.
    pub(crate) async fn pipeline_of(
        &self,
        id: PipelineId,
    ) -> Result<Option<(ProjectRecord, PipelineRecord)>, StoreError> {
        let mut transaction = self.read().await?;
        let of_project = transaction.first(PROJECT_OF_PIPELINE, values![id.to_string()]).await?;
        let of_pipeline = transaction.first(PIPELINE_OF_ID, values![id.to_string()]).await?;
        let both = of_project.zip(of_pipeline);
        both.map(|(of_project, own)| Ok((project(&of_project)?, pipeline(&own)?))).transpose()
    }

    /// The pipeline of this number.
    pub(crate) async fn pipeline_of_number(
        &self,
        of: ProjectId,
        number: i64,
    ) -> Result<Option<PipelineRecord>, StoreError> {
        let row = self.read().await?.first(PIPELINE_OF_NUMBER, values![of.to_string(), number]).await?;
        row.map(|row| pipeline(&row)).transpose()
    }

    /// Pipelines of a project, newest first.
    pub(crate) async fn pipelines(
        &self,
        of: ProjectId,
        below: Option<i64>,
        limit: i64,
    ) -> Result<Vec<PipelineRecord>, StoreError> {
        let rows = self.read().await?.fetch(PIPELINES, values![of.to_string(), below, limit]).await?;
        rows.iter().map(pipeline).collect()
    }

    /// How a place is called, also one that was removed.
    pub(crate) async fn place_name(&self, place: Place) -> Result<Option<String>, StoreError> {
        let mut transaction = self.read().await?;
        Ok(match place {
            Place::Global => Some("*".to_owned()),
            Place::Organization(id) => {
                let row = transaction.first(ORGANIZATION_NAME, values![id.to_string()]).await?;
                row.map(|row| Ok::<_, StoreError>(format!("{}/*", row.text("name")?))).transpose()?
            }
            Place::Project(_, id) => {
                let row = transaction.first(PROJECT_NAMES, values![id.to_string()]).await?;
                let named =
                    |row: Row| Ok(format!("{}/{}", row.text("organization_name")?, row.text("name")?));
                row.map(named).transpose().map_err(|error: StoreError| error)?
            }
        })
    }
}

// ---- writing

pub(super) async fn apply(pen: &mut Pen<'_>, write: &PlaceWrite) -> Result<Event, StoreError> {
    match write {
        PlaceWrite::CreateOrganization(id, name) => create_organization(pen, *id, name).await,
        PlaceWrite::RenameOrganization(id, name) => rename_organization(pen, *id, name).await,
        PlaceWrite::RemoveOrganization(id) => remove_organization(pen, *id).await,
        PlaceWrite::CreateProject(id, of, name, visibility) => {
            create_project(pen, *id, *of, name, visibility).await
        }
        PlaceWrite::EditProject(of, id, name, visibility) => {
            edit_project(pen, *of, *id, name, visibility).await
        }
        PlaceWrite::RemoveProject(of, id) => remove_project(pen, *of, *id).await,
        PlaceWrite::CreatePipeline(id, of, settings) => create_pipeline(pen, *id, of, settings).await,
        PlaceWrite::EditPipeline(id, of, settings) => edit_pipeline(pen, *id, of, settings).await,
        PlaceWrite::RemovePipeline(id, of) => remove_pipeline(pen, *id, of).await,
    }
}

async fn create_organization(pen: &mut Pen<'_>, id: Id, name: &ResourceName) -> Result<Event, StoreError> {
    let values = values![id.to_string(), name.as_str(), name.fold(), pen.now.0];
    taken(pen.transaction.execute(INSERT_ORGANIZATION, values).await)?;
    Ok(event("organization", id.to_string(), Place::Organization(OrganizationId(id)), name, "created"))
}

async fn rename_organization(
    pen: &mut Pen<'_>,
    id: OrganizationId,
    name: &ResourceName,
) -> Result<Event, StoreError> {
    let values = values![name.as_str(), name.fold(), id.to_string()];
    there(taken(pen.transaction.execute(RENAME_ORGANIZATION, values).await)?)?;
    let touched = build_account::rename(pen, id).await?;
    let event = event("organization", id.to_string(), Place::Organization(id), name, "renamed");
    Ok(Event { touched, ..event })
}

/// Removes an organization with nothing left in it: what would be lost with it is removed knowingly, one by one.
async fn remove_organization(pen: &mut Pen<'_>, id: OrganizationId) -> Result<Event, StoreError> {
    let contents = pen.transaction.fetch(CONTENTS, values![id.to_string()]).await?;
    if let Some(content) = contents.first() {
        return Err(Refusal::NotEmpty(content.text("kind")?).into());
    }
    let place = Place::Organization(id);
    there(pen.transaction.execute(REMOVE_ORGANIZATION, values![pen.now.0, id.to_string()]).await?)?;
    let with = forget(pen, place).await?;
    Ok(removed("organization", id.to_string(), place, &with))
}

async fn create_project(
    pen: &mut Pen<'_>,
    id: Id,
    of: OrganizationId,
    name: &ResourceName,
    visibility: &str,
) -> Result<Event, StoreError> {
    let values = values![id.to_string(), of.to_string(), name.as_str(), name.fold(), visibility, pen.now.0];
    taken(pen.transaction.execute(INSERT_PROJECT, values).await)?;
    let place = Place::Project(of, ProjectId(id));
    Ok(event("project", id.to_string(), place, name, &format!("created; {visibility}")))
}

async fn edit_project(
    pen: &mut Pen<'_>,
    of: OrganizationId,
    id: ProjectId,
    name: &ResourceName,
    visibility: &str,
) -> Result<Event, StoreError> {
    let values = values![name.as_str(), name.fold(), visibility, id.to_string()];
    there(taken(pen.transaction.execute(UPDATE_PROJECT, values).await)?)?;
    let touched = build_account::rename(pen, of).await?;
    let detail = format!("changed; {visibility}");
    let event = event("project", id.to_string(), Place::Project(of, id), name, &detail);
    Ok(Event { touched, ..event })
}

/// Removes a project with its pipelines and their trusts, the bindings there, its policy, what it says about jobs, and the account that
/// they act as.
async fn remove_project(pen: &mut Pen<'_>, of: OrganizationId, id: ProjectId) -> Result<Event, StoreError> {
    let place = Place::Project(of, id);
    there(pen.transaction.execute(REMOVE_PROJECT, values![pen.now.0, id.to_string()]).await?)?;
    trust::forget_project(pen, id).await?;
    pen.transaction.execute(REMOVE_PIPELINES, values![pen.now.0, id.to_string()]).await?;
    let with = forget(pen, place).await?;
    Ok(removed("project", id.to_string(), place, &with))
}

/// What was said about a place goes with it, and the account of its jobs, which the record names.
async fn forget(pen: &mut Pen<'_>, place: Place) -> Result<String, StoreError> {
    binding::forget_place(pen, place).await?;
    let retired = build_account::remove(pen, place).await?;
    job_settings::forget(pen, place).await?;
    policy::forget(pen, place).await?;
    Ok(retired.map_or_else(String::new, |(id, name)| format!("; service account {id}: {name}")))
}

async fn create_pipeline(
    pen: &mut Pen<'_>,
    id: Id,
    of: &ProjectRecord,
    settings: &PipelineSettings,
) -> Result<Event, StoreError> {
    let PipelineSettings { name, kind, job_authorization_scope, timeout_minutes } = settings.clone();
    let values = values![
        id.to_string(),
        of.id.to_string(),
        name.as_str(),
        name.fold(),
        kind,
        job_authorization_scope,
        timeout_minutes,
        pen.now.0
    ];
    taken(pen.transaction.execute(INSERT_PIPELINE, values).await)?;
    Ok(event("pipeline", id.to_string(), of.place(), &name, &settings.detail("created")))
}

async fn edit_pipeline(
    pen: &mut Pen<'_>,
    id: PipelineId,
    of: &ProjectRecord,
    settings: &PipelineSettings,
) -> Result<Event, StoreError> {
    let PipelineSettings { name, kind, job_authorization_scope, timeout_minutes } = settings.clone();
    let values =
        values![name.as_str(), name.fold(), kind, job_authorization_scope, timeout_minutes, id.to_string()];
    there(taken(pen.transaction.execute(UPDATE_PIPELINE, values).await)?)?;
    Ok(event("pipeline", id.to_string(), of.place(), &name, &settings.detail("changed")))
}

async fn remove_pipeline(pen: &mut Pen<'_>, id: PipelineId, of: &ProjectRecord) -> Result<Event, StoreError> {
    // Trusts first, like an exchange, which goes on to the pipeline: the other way round the two could wait for each other.
    trust::forget_pipeline(pen, id).await?;
    there(pen.transaction.execute(REMOVE_PIPELINE, values![pen.now.0, id.to_string()]).await?)?;
    Ok(removed("pipeline", id.to_string(), of.place(), ""))
}

/// The pipeline must still be there; nobody removes it before this transaction has ended.
pub(super) async fn check_pipeline(pen: &mut Pen<'_>, id: PipelineId) -> Result<(), StoreError> {
    there(pen.transaction.execute(HOLD_PIPELINE, values![id.to_string()]).await?)
}

impl ProjectRecord {
    pub(crate) fn place(&self) -> Place {
        Place::Project(self.organization, self.id)
    }
}

impl PipelineSettings {
    fn detail(&self, what: &str) -> String {
        let scope = self.job_authorization_scope.as_deref().unwrap_or("-");
        let timeout = self.timeout_minutes.map_or_else(|| "-".to_owned(), |minutes| minutes.to_string());
        format!("{what}; kind {}; job authorization scope {scope}; timeout minutes {timeout}", self.kind)
    }
}

fn taken(done: Result<u64, StoreError>) -> Result<u64, StoreError> {
    done.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))
}

fn there(changed: u64) -> Result<(), StoreError> {
    if changed == 0 { Err(Refusal::Gone.into()) } else { Ok(()) }
}

/// Names of places are the organization's own and no person's: they stand in the record openly.
fn event(kind: &'static str, id: String, place: Place, name: &ResourceName, detail: &str) -> Event {
    Event {
        target_kind: kind,
        target: id,
        place: super::token::place_text(place),
        detail: format!("{name}: {detail}"),
        personal: String::new(),
        touched: vec![],
    }
}

/// `with`: what else went, as the record goes on.
fn removed(kind: &'static str, id: String, place: Place, with: &str) -> Event {
    Event {
        target_kind: kind,
        target: id,
        place: super::token::place_text(place),
        detail: format!("removed{with}"),
        personal: String::new(),
        touched: vec![],
    }
}

fn organization(row: &Row) -> Result<OrganizationRecord, StoreError> {
    Ok(OrganizationRecord {
        id: row.parse("id")?,
        number: row.int("number")?,
        name: row.text("name")?,
        created_at: Timestamp(row.int("created_at")?),
    })
}

fn project(row: &Row) -> Result<ProjectRecord, StoreError> {
    Ok(ProjectRecord {
        id: row.parse("id")?,
        number: row.int("number")?,
        name: row.text("name")?,
        organization: row.parse("organization_id")?,
        organization_name: row.text("organization_name")?,
        visibility: row.text("visibility")?,
        created_at: Timestamp(row.int("created_at")?),
    })
}

fn pipeline(row: &Row) -> Result<PipelineRecord, StoreError> {
    Ok(PipelineRecord {
        id: row.parse("id")?,
        number: row.int("number")?,
        name: row.text("name")?,
        kind: row.text("kind")?,
        job_authorization_scope: row.text_or_null("job_authorization_scope")?,
        timeout_minutes: row.int_or_null("timeout_minutes")?,
        created_at: Timestamp(row.int("created_at")?),
    })
}
