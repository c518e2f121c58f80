//! The accounts that jobs act as: service accounts like others, one for each project where jobs have run as it, and one
//! for an organization.

use jeton_token::{
    BindingId, BuiltInRole, OrganizationId, Place, PrincipalId, PrincipalKind, PrincipalName, ProjectId,
    ResourceName, build_service_title,
};

use super::binding::{self, Bearer, NewBinding};
use super::database::{statements, values};
use super::feed::Thing;
use super::principal::{self, NewPrincipal};
use super::provisioned::Provision;
use super::token::{Pen, place_text};
use super::write::Event;
use super::{PrincipalRecord, Refusal, Store, StoreError, role};

/// An account to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewBuildAccount {
    pub(crate) id: PrincipalId,
    pub(crate) binding: BindingId,
    pub(crate) organization: OrganizationId,
    /// `None`: it is the whole organization's.
    pub(crate) project: Option<ProjectId>,
}

impl NewBuildAccount {
    fn place(&self) -> Place {
        match self.project {
            None => Place::Organization(self.organization),
            Some(project) => Place::Project(self.organization, project),
        }
    }
}

statements! {
    OF_PLACE = "SELECT principal_id FROM build_account WHERE place = $1";
    LIVE_OF_PLACE = "SELECT build_account.principal_id AS principal_id, principal.name AS name
        FROM build_account JOIN principal ON principal.id = build_account.principal_id AND principal.removed_at IS NULL
        WHERE build_account.place = $1";
    OF_ORGANIZATION = "SELECT build_account.principal_id AS principal_id, organization.name AS organization_name,
            project.name AS project_name
        FROM build_account JOIN principal ON principal.id = build_account.principal_id AND principal.removed_at IS NULL
            JOIN organization ON organization.id = principal.organization_id
            LEFT JOIN project ON build_account.place = organization.id || '/' || project.id
        WHERE principal.organization_id = $1";
    NAMES = "SELECT organization.name AS organization_name, project.name AS project_name
        FROM organization LEFT JOIN project ON project.organization_id = organization.id AND project.removed_at IS NULL
            AND project.id = $2
        WHERE organization.id = $1 AND organization.removed_at IS NULL";
    INSERT = "INSERT INTO build_account (place, principal_id) VALUES ($1, $2)";
    DELETE = "DELETE FROM build_account WHERE place = $1";
    RENAME = "UPDATE principal SET name = $1, live_name = $1, display_name = $2 WHERE id = $3";
}

impl Store {
    /// The account that jobs of this place act as, if it was needed before and is still there.
    pub(crate) async fn build_account(&self, place: Place) -> Result<Option<PrincipalRecord>, StoreError> {
        let row = self.read().await?.first(OF_PLACE, values![place_text(place)]).await?;
        match row {
            Some(row) => self.principal_of(row.parse("principal_id")?).await,
            None => Ok(None),
        }
    }
}

/// Makes the account of a place, with the one role that it has by default, there.
pub(super) async fn create(pen: &mut Pen<'_>, new: &NewBuildAccount) -> Result<Event, StoreError> {
    let place = new.place();
    let (organization, project) = names(pen, new).await?;
    let project = project.as_ref();
    let account = NewPrincipal {
        id: new.id,
        kind: PrincipalKind::ServiceAccount,
        organization: Some(new.organization),
        name: PrincipalName::of_build_service(&organization, project),
        password: None,
        display_name: Some(build_service_title(&organization, project)),
        email: None,
        disabled: false,
        provision: Provision::default(),
    };
    let event = principal::create_build_account(pen, &account).await?;
    pen.transaction.execute(DELETE, values![place_text(place)]).await?;
    let inserted = pen.transaction.execute(INSERT, values![place_text(place), new.id.to_string()]).await;
    inserted.map_err(|error| error.refuse_if("build_account", Refusal::Changed))?;
    bind(pen, new, place).await?;
    let detail = format!("{}; role {}", event.detail, BuiltInRole::BuildService.name());
    Ok(Event { place: place_text(place), detail, ..event })
}

/// The names of the organization and the project as they are now. Both must still be there.
async fn names(
    pen: &mut Pen<'_>,
    new: &NewBuildAccount,
) -> Result<(ResourceName, Option<ResourceName>), StoreError> {
    let values = values![new.organization.to_string(), new.project.map(|project| project.to_string())];
    let row = pen.transaction.first(NAMES, values).await?.ok_or(Refusal::Gone)?;
    let project: Option<ResourceName> = row.parse_or_null("project_name")?;
    if project.is_some() != new.project.is_some() {
        return Err(Refusal::Gone.into());
    }
    Ok((row.parse("organization_name")?, project))
}

async fn bind(pen: &mut Pen<'_>, new: &NewBuildAccount, place: Place) -> Result<(), StoreError> {
    let role = role::built_in(pen, BuiltInRole::BuildService).await?;
    let bearer = Bearer::Principal(new.id, PrincipalKind::ServiceAccount);
    let bound = NewBinding { id: new.binding, role, bearer, place };
    binding::create(pen, &bound).await.map(drop)
}

/// Gives the accounts of an organization and its projects the names that follow from the names of now; answers whom.
pub(super) async fn rename(pen: &mut Pen<'_>, of: OrganizationId) -> Result<Vec<Thing>, StoreError> {
    let mut renamed = Vec::new();
    for row in pen.transaction.fetch(OF_ORGANIZATION, values![of.to_string()]).await? {
        let id: PrincipalId = row.parse("principal_id")?;
        let organization: ResourceName = row.parse("organization_name")?;
        let project: Option<ResourceName> = row.parse_or_null("project_name")?;
        let name = PrincipalName::of_build_service(&organization, project.as_ref());
        let title = build_service_title(&organization, project.as_ref());
        let done = pen.transaction.execute(RENAME, values![name.as_str(), title, id.to_string()]).await;
        done.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))?;
        renamed.push(Thing::Principal(id));
    }
    Ok(renamed)
}

/// Removes the account of a place that goes; its tokens are dead with it. Answers whom, if there was one.
pub(super) async fn remove(
    pen: &mut Pen<'_>,
    place: Place,
) -> Result<Option<(PrincipalId, String)>, StoreError> {
    let row = pen.transaction.first(LIVE_OF_PLACE, values![place_text(place)]).await?;
    pen.transaction.execute(DELETE, values![place_text(place)]).await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let id = row.parse("principal_id")?;
    principal::retire(pen, id).await?;
    binding::forget_subject(pen, &id.to_string()).await?;
    Ok(Some((id, row.text("name")?)))
}
