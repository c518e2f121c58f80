//! Organizations, projects and pipelines.
//!
//! What somebody has nothing to do with, they do not see: it answers like what does not exist.

use jeton_api::Code;
use jeton_token::{OrganizationId, Place, PrincipalName, ResourceName, WHOLE_ORGANIZATION};

use super::access::{self, Action, Caller};
use super::page::{self, Page};
use super::{Authority, Error, Kept, Mode};
use crate::store::{OrganizationRecord, PipelineRecord, PipelineSettings, PlaceWrite, ProjectRecord, Write};

/// What a request says about a pipeline. What is `None` was not said.
#[derive(Clone, Debug, Default)]
pub(crate) struct PipelineRequest {
    pub(crate) name: Option<ResourceName>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) job_authorization_scope: Option<&'static str>,
    pub(crate) timeout_minutes: Option<i64>,
}

/// An organization and a project in it, by name.
#[derive(Clone, Debug)]
pub(crate) struct Within {
    pub(crate) organization: ResourceName,
    pub(crate) project: ResourceName,
}

/// Places by their text.
impl Authority {
    /// The place that a text names, if it exists and the caller may know of it.
    pub(crate) async fn visible_place(&self, caller: &Caller, text: &str) -> Result<Option<Place>, Error> {
        let Some(place) = self.any_place(text).await? else {
            return Ok(None);
        };
        let found = match (place, text.split_once('/')) {
            (Place::Project(..), Some((organization, project))) => {
                let parsed = |text: &str| text.parse().map_err(|_| Error::Hidden);
                let at = Within { organization: parsed(organization)?, project: parsed(project)? };
                self.visible_project(caller, &at).await.map(drop)
            }
            (Place::Organization(_), _) if !caller.sees(place) => Err(Error::Hidden),
            _ => Ok(()),
        };
        match found {
            Ok(()) => Ok(Some(place)),
            Err(Error::Hidden) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Organizations.
impl Authority {
    /// Makes an organization; one that is there stays as it is.
    pub(crate) async fn put_organization(
        &self,
        caller: &Caller,
        name: &ResourceName,
        mode: Mode,
    ) -> Result<Kept<OrganizationRecord>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            // To whoever does not see it, a name that is taken answers like one that is free.
            let existing = self.store.organization(name).await?;
            if let Some(existing) = existing.filter(|found| caller.sees(Place::Organization(found.id))) {
                access::at(caller, Place::Organization(existing.id), Action::OrganizationWrite)?;
                return Ok(if mode == Mode::Commit { Kept::Changed(existing) } else { Kept::Tried });
            }
            let permit = access::at(caller, Place::Global, Action::OrganizationWrite)?;
            check_tells(name)?;
            let write = Write::Place(PlaceWrite::CreateOrganization(self.mint_id(), name.clone()));
            match self.carry_out(mode, &permit, &write).await? {
                None => Ok(Kept::Tried),
                Some(_) => Ok(Kept::New(self.store.organization(name).await?.ok_or(Error::Hidden)?)),
            }
        })
        .await
    }

    /// Gives an organization another name.
    pub(crate) async fn rename_organization(
        &self,
        caller: &Caller,
        name: &ResourceName,
        new: Option<&ResourceName>,
    ) -> Result<OrganizationRecord, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let found = self.visible_organization(caller, name).await?;
            let permit = access::at(caller, Place::Organization(found.id), Action::OrganizationWrite)?;
            let Some(new) = new else {
                return Ok(found);
            };
            check_renamed(&found.name, new, check_tells)?;
            let write = Write::Place(PlaceWrite::RenameOrganization(found.id, new.clone()));
            self.store.write(&permit, &write).await?;
            self.store.organization(new).await?.ok_or(Error::Hidden)
        })
        .await
    }

    /// Removes an organization with nothing left in it.
    pub(crate) async fn remove_organization(
        &self,
        caller: &Caller,
        name: &ResourceName,
        mode: Mode,
    ) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let found = self.visible_organization(caller, name).await?;
            let permit = access::at(caller, Place::Organization(found.id), Action::OrganizationWrite)?;
            let write = Write::Place(PlaceWrite::RemoveOrganization(found.id));
            self.carry_out(mode, &permit, &write).await.map(drop)
        })
        .await
    }

    /// An organization that the caller has something to do with.
    pub(crate) async fn visible_organization(
        &self,
        caller: &Caller,
        name: &ResourceName,
    ) -> Result<OrganizationRecord, Error> {
        let found = self.store.organization(name).await?;
        found.filter(|found| caller.sees(Place::Organization(found.id))).ok_or(Error::Hidden)
    }

    /// The organizations that the caller has something to do with, newest first.
    pub(crate) async fn list_organizations(
        &self,
        caller: &Caller,
        below: Option<i64>,
        limit: usize,
    ) -> Result<Page<OrganizationRecord>, Error> {
        let read = |below| self.store.organizations(below, page::READ);
        let sees = |found: &OrganizationRecord| caller.sees(Place::Organization(found.id));
        page::seen(read, sees, |found| found.number, below, limit).await
    }
}

/// Projects.
impl Authority {
    /// Makes a project, or changes who sees it.
    pub(crate) async fn put_project(
        &self,
        caller: &Caller,
        at: &Within,
        visibility: Option<&'static str>,
        mode: Mode,
    ) -> Result<Kept<ProjectRecord>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let organization = self.visible_organization(caller, &at.organization).await?;
            let visibility = visibility.unwrap_or("private");
            let existing = self.store.project(organization.id, &at.project).await?;
            if let Some(existing) = existing.filter(|project| sees_project(caller, project)) {
                let permit = access::at(caller, existing.place(), Action::ProjectWrite)?;
                if existing.visibility == visibility {
                    return Ok(if mode == Mode::Commit { Kept::Changed(existing) } else { Kept::Tried });
                }
                let edit = edit_of(&existing, kept_name(&existing.name)?, visibility);
                return match self.carry_out(mode, &permit, &edit).await? {
                    None => Ok(Kept::Tried),
                    Some(_) => Ok(Kept::Changed(self.project_there(organization.id, &at.project).await?)),
                };
            }
            let permit = access::at(caller, Place::Organization(organization.id), Action::ProjectWrite)?;
            check_free(&at.project)?;
            let (id, name) = (self.mint_id(), at.project.clone());
            let create = PlaceWrite::CreateProject(id, organization.id, name, visibility.to_owned());
            match self.carry_out(mode, &permit, &Write::Place(create)).await? {
                None => Ok(Kept::Tried),
                Some(_) => Ok(Kept::New(self.project_there(organization.id, &at.project).await?)),
            }
        })
        .await
    }

    /// Changes what is said about a project and nothing else.
    pub(crate) async fn edit_project(
        &self,
        caller: &Caller,
        at: &Within,
        name: Option<&ResourceName>,
        visibility: Option<&'static str>,
    ) -> Result<ProjectRecord, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let project = self.visible_project(caller, at).await?;
            let permit = access::at(caller, project.place(), Action::ProjectWrite)?;
            name.map_or(Ok(()), |new| check_renamed(&project.name, new, check_free))?;
            let name = name.map_or_else(|| kept_name(&project.name), |name| Ok(name.clone()))?;
            let visibility = visibility.unwrap_or(&project.visibility);
            self.store.write(&permit, &edit_of(&project, name.clone(), visibility)).await?;
            self.project_there(project.organization, &name).await
        })
        .await
    }

    /// Removes a project with all that was said about it.
    pub(crate) async fn remove_project(&self, caller: &Caller, at: &Within, mode: Mode) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let project = self.visible_project(caller, at).await?;
            let permit = access::at(caller, project.place(), Action::ProjectWrite)?;
            let write = Write::Place(PlaceWrite::RemoveProject(project.organization, project.id));
            self.carry_out(mode, &permit, &write).await.map(drop)
        })
        .await
    }

    /// A project that the caller may know of: a public one, or one that the caller has something to do with.
    pub(crate) async fn visible_project(&self, caller: &Caller, at: &Within) -> Result<ProjectRecord, Error> {
        let organization = self.visible_organization(caller, &at.organization).await?;
        let found = self.store.project(organization.id, &at.project).await?;
        found.filter(|project| sees_project(caller, project)).ok_or(Error::Hidden)
    }

    /// The projects of an organization that the caller may know of, newest first.
    pub(crate) async fn list_projects(
        &self,
        caller: &Caller,
        organization: &ResourceName,
        below: Option<i64>,
        limit: usize,
    ) -> Result<Page<ProjectRecord>, Error> {
        let of = self.visible_organization(caller, organization).await?.id;
        let read = |below| self.store.projects(of, below, page::READ);
        page::seen(read, |project| sees_project(caller, project), |project| project.number, below, limit)
            .await
    }

    async fn project_there(&self, of: OrganizationId, name: &ResourceName) -> Result<ProjectRecord, Error> {
        self.store.project(of, name).await?.ok_or(Error::Hidden)
    }
}

/// The account of a project's jobs is named after it, and must not be called like that of the whole organization.
fn check_free(name: &ResourceName) -> Result<(), Error> {
    if name.as_str().eq_ignore_ascii_case(WHOLE_ORGANIZATION) {
        let detail = format!("`{name}` stands for the whole organization; choose another name");
        return Err(Error::Conflict(Code::NameTaken, detail));
    }
    check_tells(name)
}

/// The account of a place's jobs is named after it, and must not be called like that of another place.
fn check_tells(name: &ResourceName) -> Result<(), Error> {
    if PrincipalName::confuses_build_services(name) {
        let detail = format!("`{name}` reads like an account that jobs act as; leave out ` Build Service (`");
        return Err(Error::Conflict(Code::NameTaken, detail));
    }
    Ok(())
}

/// A name to be given instead of one: what keeps its name keeps it, whatever it is.
fn check_renamed(
    old: &str,
    new: &ResourceName,
    check: impl Fn(&ResourceName) -> Result<(), Error>,
) -> Result<(), Error> {
    if new.as_str().eq_ignore_ascii_case(old) { Ok(()) } else { check(new) }
}

fn edit_of(project: &ProjectRecord, name: ResourceName, visibility: &str) -> Write {
    let (of, id) = (project.organization, project.id);
    Write::Place(PlaceWrite::EditProject(of, id, name, visibility.to_owned()))
}

/// The name as it is stored: it keeps its case until somebody renames.
fn kept_name(stored: &str) -> Result<ResourceName, Error> {
    stored.parse().map_err(|_| Error::Unavailable)
}

pub(super) fn sees_project(caller: &Caller, project: &ProjectRecord) -> bool {
    project.visibility == "public" || caller.sees(project.place())
}

/// Pipelines.
impl Authority {
    /// Makes a pipeline, or replaces what is said about one.
    pub(crate) async fn put_pipeline(
        &self,
        caller: &Caller,
        at: &Within,
        name: &ResourceName,
        request: &PipelineRequest,
        mode: Mode,
    ) -> Result<Kept<(ProjectRecord, PipelineRecord)>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let project = self.visible_project(caller, at).await?;
            let permit = access::at(caller, project.place(), Action::PipelineWrite)?;
            let existing = self.store.pipeline(project.id, name).await?;
            let kept = existing.as_ref().map(|pipeline| kept_name(&pipeline.name)).transpose()?;
            let settings = PipelineSettings {
                name: kept.unwrap_or_else(|| name.clone()),
                kind: request.kind.unwrap_or("yaml").to_owned(),
                job_authorization_scope: request.job_authorization_scope.map(ToOwned::to_owned),
                timeout_minutes: request.timeout_minutes,
            };
            let is_new = existing.is_none();
            let write = match existing {
                Some(existing) => PlaceWrite::EditPipeline(existing.id, project.clone(), settings),
                None => PlaceWrite::CreatePipeline(self.mint_id(), project.clone(), settings),
            };
            if self.carry_out(mode, &permit, &Write::Place(write)).await?.is_none() {
                return Ok(Kept::Tried);
            }
            let pipeline = self.store.pipeline(project.id, name).await?.ok_or(Error::Hidden)?;
            Ok(if is_new { Kept::New((project, pipeline)) } else { Kept::Changed((project, pipeline)) })
        })
        .await
    }

    /// Changes what is said about a pipeline and nothing else.
    pub(crate) async fn edit_pipeline(
        &self,
        caller: &Caller,
        at: &Within,
        name: &ResourceName,
        request: &PipelineRequest,
    ) -> Result<(ProjectRecord, PipelineRecord), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let (project, pipeline) = self.visible_pipeline(caller, at, name).await?;
            let permit = access::at(caller, project.place(), Action::PipelineWrite)?;
            let new = match &request.name {
                Some(name) => name.clone(),
                None => kept_name(&pipeline.name)?,
            };
            let settings = PipelineSettings {
                name: new.clone(),
                kind: request.kind.map_or(pipeline.kind, ToOwned::to_owned),
                job_authorization_scope: request
                    .job_authorization_scope
                    .map(ToOwned::to_owned)
                    .or(pipeline.job_authorization_scope),
                timeout_minutes: request.timeout_minutes.or(pipeline.timeout_minutes),
            };
            let write = PlaceWrite::EditPipeline(pipeline.id, project.clone(), settings);
            self.store.write(&permit, &Write::Place(write)).await?;
            let pipeline = self.store.pipeline(project.id, &new).await?.ok_or(Error::Hidden)?;
            Ok((project, pipeline))
        })
        .await
    }

    /// Removes a pipeline.
    pub(crate) async fn remove_pipeline(
        &self,
        caller: &Caller,
        at: &Within,
        name: &ResourceName,
        mode: Mode,
    ) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let (project, pipeline) = self.visible_pipeline(caller, at, name).await?;
            let permit = access::at(caller, project.place(), Action::PipelineWrite)?;
            let write = Write::Place(PlaceWrite::RemovePipeline(pipeline.id, project));
            self.carry_out(mode, &permit, &write).await.map(drop)
        })
        .await
    }

    /// A pipeline of a project that the caller may know of.
    pub(crate) async fn visible_pipeline(
        &self,
        caller: &Caller,
        at: &Within,
        name: &ResourceName,
    ) -> Result<(ProjectRecord, PipelineRecord), Error> {
        let project = self.visible_project(caller, at).await?;
        let pipeline = self.store.pipeline(project.id, name).await?.ok_or(Error::Hidden)?;
        Ok((project, pipeline))
    }

    /// The pipelines of a project that the caller may know of, newest first.
    pub(crate) async fn list_pipelines(
        &self,
        caller: &Caller,
        at: &Within,
        below: Option<i64>,
        limit: usize,
    ) -> Result<(ProjectRecord, Vec<PipelineRecord>), Error> {
        let project = self.visible_project(caller, at).await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let pipelines = self.store.pipelines(project.id, below, limit).await?;
        Ok((project, pipelines))
    }
}
