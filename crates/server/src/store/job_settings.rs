//! What organizations and projects say about the jobs there.

use jeton_token::{JobSettings, OrganizationId, Place, ProjectId};

use super::database::{Row, Transaction, statements, values};
use super::token::{Pen, place_text};
use super::write::Event;
use super::{Store, StoreError};

/// What an organization says, and what a project in it does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobSettingsOf {
    pub(crate) organization: JobSettings,
    pub(crate) project: JobSettings,
}

impl JobSettingsOf {
    /// What holds in the project.
    pub(crate) fn effective(self) -> JobSettings {
        self.organization.tightened_by(self.project)
    }
}

statements! {
    SELECT = "SELECT limit_non_release, limit_release, limit_forks, project_wall, max_lifetime_minutes
        FROM job_settings WHERE place = $1";
    DELETE = "DELETE FROM job_settings WHERE place = $1";
    INSERT = "INSERT INTO job_settings (place, limit_non_release, limit_release, limit_forks, project_wall,
        max_lifetime_minutes) VALUES ($1, $2, $3, $4, $5, $6)";
}

impl Store {
    /// What an organization says about jobs.
    pub(crate) async fn job_settings_of(&self, of: OrganizationId) -> Result<JobSettings, StoreError> {
        let stored = stored(&mut self.read().await?, Place::Organization(of)).await?;
        Ok(stored.unwrap_or(JobSettings::OF_ORGANIZATION))
    }

    /// What an organization and a project in it say about jobs.
    pub(crate) async fn job_settings(
        &self,
        organization: OrganizationId,
        project: ProjectId,
    ) -> Result<JobSettingsOf, StoreError> {
        load(&mut self.read().await?, organization, project).await
    }
}

pub(super) async fn load(
    transaction: &mut Transaction,
    organization: OrganizationId,
    project: ProjectId,
) -> Result<JobSettingsOf, StoreError> {
    let above = stored(transaction, Place::Organization(organization)).await?;
    let below = stored(transaction, Place::Project(organization, project)).await?;
    Ok(JobSettingsOf {
        organization: above.unwrap_or(JobSettings::OF_ORGANIZATION),
        project: below.unwrap_or(JobSettings::OF_PROJECT),
    })
}

async fn stored(transaction: &mut Transaction, place: Place) -> Result<Option<JobSettings>, StoreError> {
    let row = transaction.first(SELECT, values![place_text(place)]).await?;
    row.map(|row| settings(&row)).transpose()
}

fn settings(row: &Row) -> Result<JobSettings, StoreError> {
    Ok(JobSettings {
        limit_non_release: row.flag("limit_non_release")?,
        limit_release: row.flag("limit_release")?,
        limit_forks: row.flag("limit_forks")?,
        project_wall: row.flag("project_wall")?,
        max_lifetime_minutes: row.int_or_null("max_lifetime_minutes")?,
    })
}

// ---- writing

/// Puts what a place says in place of what it said.
pub(super) async fn put(pen: &mut Pen<'_>, place: Place, new: JobSettings) -> Result<Event, StoreError> {
    forget(pen, place).await?;
    let text = place_text(place);
    let values = values![
        text.as_str(),
        new.limit_non_release,
        new.limit_release,
        new.limit_forks,
        new.project_wall,
        new.max_lifetime_minutes,
    ];
    pen.transaction.execute(INSERT, values).await?;
    let lifetime = new.max_lifetime_minutes.map_or_else(|| "-".to_owned(), |minutes| minutes.to_string());
    let detail = format!(
        "limit non-release {}; limit release {}; limit forks {}; project wall {}; max lifetime minutes {lifetime}",
        new.limit_non_release, new.limit_release, new.limit_forks, new.project_wall
    );
    Ok(Event {
        target_kind: "job_settings",
        target: text.clone(),
        place: text,
        detail,
        personal: String::new(),
        touched: vec![],
    })
}

/// What was said about a place goes with it.
pub(super) async fn forget(pen: &mut Pen<'_>, place: Place) -> Result<(), StoreError> {
    pen.transaction.execute(DELETE, values![place_text(place)]).await?;
    Ok(())
}
