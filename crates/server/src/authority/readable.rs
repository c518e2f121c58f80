//! Projects and pipelines for whoever has the right to read just these.
//!
//! Jeton's own API shows a place to everybody who has something to do with it. Here the scope decides, as in the
//! product whose scopes these are.

use jeton_token::{Id, Place, ProjectId, ResourceName};

use super::access::{self, Action, Caller};
use super::place::sees_project;
use super::{Authority, Error, page};
use crate::store::{OrganizationRecord, PipelineRecord, ProjectRecord};

/// How a project may be named: its id counts before its name, which anybody may choose like an id.
#[derive(Clone, Debug)]
pub(crate) struct ProjectKey {
    pub(crate) id: Option<Id>,
    pub(crate) name: Option<ResourceName>,
}

impl Authority {
    /// An organization that the caller may know of, for whoever may read what holds all over it.
    pub(crate) async fn readable_organization(
        &self,
        caller: &Caller,
        name: &ResourceName,
    ) -> Result<OrganizationRecord, Error> {
        let organization = self.visible_organization(caller, name).await?;
        access::check_at(caller, Place::Organization(organization.id), Action::ProjectRead)?;
        Ok(organization)
    }

    /// A project that the caller may know of, for whoever may do this there.
    pub(crate) async fn readable_project(
        &self,
        caller: &Caller,
        organization: &ResourceName,
        key: &ProjectKey,
        action: Action,
    ) -> Result<ProjectRecord, Error> {
        let of = self.visible_organization(caller, organization).await?.id;
        let by_id = match key.id.filter(|id| self.keys.is_genuine(*id)) {
            Some(id) => self.store.project_of(ProjectId(id)).await?.filter(|found| found.organization == of),
            None => None,
        };
        let found = match (by_id, &key.name) {
            (Some(found), _) => Some(found),
            (None, Some(name)) => self.store.project(of, name).await?,
            (None, None) => None,
        };
        let project = found.filter(|project| sees_project(caller, project)).ok_or(Error::Hidden)?;
        access::check_at(caller, project.place(), action)?;
        Ok(project)
    }

    /// All projects of an organization that the caller may read. Whoever may read none is told what is missing.
    pub(crate) async fn readable_projects(
        &self,
        caller: &Caller,
        organization: &ResourceName,
    ) -> Result<Vec<ProjectRecord>, Error> {
        let of = self.visible_organization(caller, organization).await?.id;
        let may = |at: Place| access::check_at(caller, at, Action::ProjectRead);
        let may_read =
            |project: &ProjectRecord| sees_project(caller, project) && may(project.place()).is_ok();
        let read = |below| self.store.projects(of, below, page::READ);
        let (mut found, mut below) = (Vec::new(), None);
        loop {
            let page = page::seen(read, may_read, |project| project.number, below, usize::MAX).await?;
            found.extend(page.items);
            below = page.next;
            if below.is_none() {
                break;
            }
        }
        if found.is_empty() {
            may(Place::Organization(of))?;
        }
        Ok(found)
    }

    /// All pipelines of a project that was read before.
    pub(crate) async fn pipelines_of(&self, project: &ProjectRecord) -> Result<Vec<PipelineRecord>, Error> {
        let (mut found, mut below) = (Vec::new(), None);
        loop {
            let page = self.store.pipelines(project.id, below, page::READ).await?;
            let is_last = i64::try_from(page.len()).is_ok_and(|count| count < page::READ);
            below = page.last().map(|pipeline| pipeline.number);
            found.extend(page);
            if is_last {
                return Ok(found);
            }
        }
    }

    /// A pipeline of a project that was read before.
    pub(crate) async fn pipeline_of_number(
        &self,
        project: &ProjectRecord,
        number: i64,
    ) -> Result<PipelineRecord, Error> {
        self.store.pipeline_of_number(project.id, number).await?.ok_or(Error::Hidden)
    }
}
