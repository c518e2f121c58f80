//! What organizations and projects say about the jobs there. What an organization has limited, no project loosens.

use jeton_api::Code;
use jeton_token::{JobSettings, Place, ResourceName};

use super::access::{self, Caller};
use super::place::Within;
use super::{Authority, Error, Fault};
use crate::store::{JobSettingsOf, OrganizationRecord, ProjectRecord, Write};

/// What a place says about jobs, what holds there, and what the level above says.
#[derive(Clone, Debug)]
pub(crate) struct JobSettingsView {
    pub(crate) place_name: String,
    pub(crate) stored: JobSettings,
    pub(crate) effective: JobSettings,
    /// Of a project: what its organization says.
    pub(crate) above: Option<JobSettings>,
}

/// What shall be otherwise. What is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct JobSettingsEdit {
    pub(crate) limit_non_release: Option<bool>,
    pub(crate) limit_release: Option<bool>,
    pub(crate) limit_forks: Option<bool>,
    pub(crate) project_wall: Option<bool>,
    pub(crate) max_lifetime_minutes: Option<i64>,
}

impl JobSettingsEdit {
    fn applied_to(self, stored: JobSettings) -> JobSettings {
        JobSettings {
            limit_non_release: self.limit_non_release.unwrap_or(stored.limit_non_release),
            limit_release: self.limit_release.unwrap_or(stored.limit_release),
            limit_forks: self.limit_forks.unwrap_or(stored.limit_forks),
            project_wall: self.project_wall.unwrap_or(stored.project_wall),
            max_lifetime_minutes: self.max_lifetime_minutes.or(stored.max_lifetime_minutes),
        }
    }

    /// The fields that would loosen what the level above says, by name. They would change nothing.
    fn loosens(self, above: JobSettings) -> Vec<&'static str> {
        let off = |asked: Option<bool>, above: bool| asked == Some(false) && above;
        let longer = self.max_lifetime_minutes.zip(above.max_lifetime_minutes).is_some_and(|(a, b)| a > b);
        let checks = [
            ("limit_non_release", off(self.limit_non_release, above.limit_non_release)),
            ("limit_release", off(self.limit_release, above.limit_release)),
            ("limit_forks", off(self.limit_forks, above.limit_forks)),
            ("project_wall", off(self.project_wall, above.project_wall)),
            ("max_lifetime_minutes", longer),
        ];
        checks.into_iter().filter(|(_, loosens)| *loosens).map(|(name, _)| name).collect()
    }
}

impl Authority {
    /// What an organization says about jobs.
    pub(crate) async fn show_organization_job_settings(
        &self,
        caller: &Caller,
        name: &ResourceName,
    ) -> Result<JobSettingsView, Error> {
        let found = self.visible_organization(caller, name).await?;
        self.organization_view(&found).await
    }

    /// What a project says about jobs, and what holds there.
    pub(crate) async fn show_project_job_settings(
        &self,
        caller: &Caller,
        at: &Within,
    ) -> Result<JobSettingsView, Error> {
        let found = self.visible_project(caller, at).await?;
        self.project_view(&found).await
    }

    /// Changes what an organization says about jobs.
    pub(crate) async fn edit_organization_job_settings(
        &self,
        caller: &Caller,
        name: &ResourceName,
        edit: JobSettingsEdit,
    ) -> Result<JobSettingsView, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let found = self.visible_organization(&caller, name).await?;
            let place = Place::Organization(found.id);
            let permit = access::on_job_settings(&caller, place)?;
            let new = edit.applied_to(self.store.job_settings_of(found.id).await?);
            self.store.write(&permit, &Write::PutJobSettings(place, new)).await?;
            self.organization_view(&found).await
        })
        .await
    }

    /// Changes what a project says about jobs. What would loosen what the organization says is refused.
    pub(crate) async fn edit_project_job_settings(
        &self,
        caller: &Caller,
        at: &Within,
        edit: JobSettingsEdit,
    ) -> Result<JobSettingsView, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let found = self.visible_project(&caller, at).await?;
            let permit = access::on_job_settings(&caller, found.place())?;
            let JobSettingsOf { organization, project } =
                self.store.job_settings(found.organization, found.id).await?;
            check_tightens(edit, organization)?;
            let new = edit.applied_to(project);
            self.store.write(&permit, &Write::PutJobSettings(found.place(), new)).await?;
            self.project_view(&found).await
        })
        .await
    }

    async fn organization_view(&self, found: &OrganizationRecord) -> Result<JobSettingsView, Error> {
        let stored = self.store.job_settings_of(found.id).await?;
        Ok(JobSettingsView {
            place_name: format!("{}/*", found.name),
            stored,
            effective: stored,
            above: None,
        })
    }

    async fn project_view(&self, found: &ProjectRecord) -> Result<JobSettingsView, Error> {
        let settings = self.store.job_settings(found.organization, found.id).await?;
        Ok(JobSettingsView {
            place_name: format!("{}/{}", found.organization_name, found.name),
            stored: settings.project,
            effective: settings.effective(),
            above: Some(settings.organization),
        })
    }
}

fn check_tightens(edit: JobSettingsEdit, above: JobSettings) -> Result<(), Error> {
    let fault = |field: &str| Fault {
        pointer: format!("/{field}"),
        code: Code::PolicyLoosens,
        detail: "the organization limits this, and a project cannot undo it; change it at the organization"
            .to_owned(),
    };
    let faults: Vec<_> = edit.loosens(above).into_iter().map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}
