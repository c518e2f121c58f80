//! Who has which role, and where.

use jeton_token::{BindingId, GroupId, Place, PrincipalId, PrincipalKind, RoleId, Timestamp};

use super::database::{Row, statements, values};
use super::rights;
use super::token::Pen;
use super::write::Event;
use super::{Refusal, Store, StoreError, principal};

/// A principal or a group, as the holder of a role or a creator of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    Principal(PrincipalId, PrincipalKind),
    Group(GroupId),
}

/// A binding as stored.
#[derive(Clone, Debug)]
pub(crate) struct BindingRecord {
    pub(crate) id: BindingId,
    pub(crate) role: RoleId,
    pub(crate) role_name: String,
    pub(crate) bearer: Bearer,
    pub(crate) bearer_name: String,
    pub(crate) place: Place,
    /// How the place is called now.
    pub(crate) place_name: String,
    pub(crate) created_at: Timestamp,
}

/// A binding to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewBinding {
    pub(crate) id: BindingId,
    pub(crate) role: RoleId,
    pub(crate) bearer: Bearer,
    pub(crate) place: Place,
}

/// What a bearer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BearerKind {
    User,
    ServiceAccount,
    Group,
}

impl BearerKind {
    /// What a word on the wire says.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::User, Self::ServiceAccount, Self::Group].into_iter().find(|kind| kind.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::User => PrincipalKind::User.word(),
            Self::ServiceAccount => PrincipalKind::ServiceAccount.word(),
            Self::Group => "group",
        }
    }
}

/// Which bindings to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct BindingFilter {
    pub(crate) role: Option<RoleId>,
    pub(crate) bearer: Option<Bearer>,
    pub(crate) kind: Option<BearerKind>,
    pub(crate) place: Option<Place>,
    /// Only older ones than this: the rest of a list that was begun.
    pub(crate) below: Option<BindingId>,
    pub(crate) limit: i64,
}

impl Bearer {
    pub(crate) fn id(self) -> String {
        match self {
            Self::Principal(id, _) => id.to_string(),
            Self::Group(id) => id.to_string(),
        }
    }

    /// The word for what it is on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Principal(_, kind) => kind.word(),
            Self::Group(_) => "group",
        }
    }
}

macro_rules! columns {
    () => {
        "SELECT b.id AS id, b.role_id AS role_id, role.name AS role_name, b.subject_id AS subject_id,
            COALESCE(principal.name, g.name) AS subject_name, principal.kind AS kind,
            b.organization_id AS organization_id, b.project_id AS project_id, b.created_at AS created_at,
            organization.name AS organization_name, project.name AS project_name
        FROM role_binding b JOIN role ON role.id = b.role_id
            LEFT JOIN organization ON organization.id = b.organization_id
            LEFT JOIN project ON project.id = b.project_id
            LEFT JOIN principal ON principal.id = b.subject_id LEFT JOIN user_group g ON g.id = b.subject_id "
    };
}

statements! {
    OF_ID = concat!(columns!(), "WHERE b.id = $1");
    LIST = concat!(columns!(), "WHERE (CAST($1 AS TEXT) IS NULL OR b.role_id = $1)
        AND (CAST($2 AS TEXT) IS NULL OR b.subject_id = $2)
        AND (CAST($3 AS TEXT) IS NULL
            OR COALESCE(b.organization_id, '') || '/' || COALESCE(b.project_id, '') = $3)
        AND (CAST($4 AS TEXT) IS NULL OR b.id < $4)
        AND (CAST($6 AS TEXT) IS NULL OR COALESCE(principal.kind, 'group') = $6) ORDER BY b.id DESC LIMIT $5");
    PLACES_OF_ROLE = "SELECT DISTINCT organization_id, project_id FROM role_binding WHERE role_id = $1";
    SAME = "SELECT id FROM role_binding WHERE subject_id = $1 AND role_id = $2
        AND COALESCE(organization_id, '') = $3 AND COALESCE(project_id, '') = $4";
    INSERT = "INSERT INTO role_binding (id, subject_id, role_id, organization_id, project_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    DELETE = "DELETE FROM role_binding WHERE id = $1";
    FORGET_SUBJECT = "DELETE FROM role_binding WHERE subject_id = $1";
    FORGET_ORGANIZATION = "DELETE FROM role_binding WHERE organization_id = $1";
    FORGET_PROJECT = "DELETE FROM role_binding WHERE project_id = $1";
    OF_ROLE = "SELECT COUNT(*) AS count FROM role_binding WHERE role_id = $1";
}

impl Store {
    /// Where somebody has the role.
    pub(crate) async fn places_of_role(&self, role: RoleId) -> Result<Vec<Place>, StoreError> {
        let rows = self.read().await?.fetch(PLACES_OF_ROLE, values![role.to_string()]).await?;
        rows.iter().map(rights::place).collect()
    }

    /// The binding of this id.
    pub(crate) async fn binding(&self, id: BindingId) -> Result<Option<BindingRecord>, StoreError> {
        let row = self.read().await?.first(OF_ID, values![id.to_string()]).await?;
        row.map(|row| record(&row)).transpose()
    }

    /// Bindings, newest first.
    pub(crate) async fn bindings(&self, filter: &BindingFilter) -> Result<Vec<BindingRecord>, StoreError> {
        let place = filter.place.map(|place| {
            let (organization, project) = rights::place_columns(place);
            format!("{}/{}", organization.unwrap_or_default(), project.unwrap_or_default())
        });
        let values = values![
            filter.role.map(|id| id.to_string()),
            filter.bearer.map(Bearer::id),
            place,
            filter.below.map(|id| id.to_string()),
            filter.limit,
            filter.kind.map(|kind| kind.word().to_owned()),
        ];
        let rows = self.read().await?.fetch(LIST, values).await?;
        rows.iter().map(record).collect()
    }
}

// ---- writing

/// Binds. A binding that is there already stays, and nothing is written.
pub(super) async fn create(
    pen: &mut Pen<'_>,
    new: &NewBinding,
) -> Result<(BindingRecord, Option<Event>), StoreError> {
    let (organization, project) = rights::place_columns(new.place);
    let same = values![
        new.bearer.id(),
        new.role.to_string(),
        organization.clone().unwrap_or_default(),
        project.clone().unwrap_or_default()
    ];
    if let Some(row) = pen.transaction.first(SAME, same).await? {
        return Ok((of_id(pen, row.parse("id")?).await?, None));
    }
    let values =
        values![new.id.to_string(), new.bearer.id(), new.role.to_string(), organization, project, pen.now.0];
    let inserted = pen.transaction.execute(INSERT, values).await;
    inserted.map_err(|error| match error {
        StoreError::NotUnique(_) => StoreError::Lost,
        other => other,
    })?;
    let record = of_id(pen, new.id).await?;
    let event = event(&record, "bound");
    Ok((record, Some(event)))
}

pub(super) async fn remove(pen: &mut Pen<'_>, id: BindingId) -> Result<Event, StoreError> {
    let record = of_id(pen, id).await?;
    pen.transaction.execute(DELETE, values![id.to_string()]).await?;
    principal::keep_an_administrator(pen.transaction).await?;
    Ok(event(&record, "unbound"))
}

/// Removes all bindings of a principal or group that goes.
pub(super) async fn forget_subject(pen: &mut Pen<'_>, id: &str) -> Result<(), StoreError> {
    pen.transaction.execute(FORGET_SUBJECT, values![id]).await?;
    Ok(())
}

/// Removes all bindings at a place that goes.
pub(super) async fn forget_place(pen: &mut Pen<'_>, place: Place) -> Result<(), StoreError> {
    match place {
        Place::Global => {}
        Place::Organization(id) => {
            pen.transaction.execute(FORGET_ORGANIZATION, values![id.to_string()]).await?;
        }
        Place::Project(_, id) => {
            pen.transaction.execute(FORGET_PROJECT, values![id.to_string()]).await?;
        }
    }
    Ok(())
}

/// Whether somebody has the role somewhere.
pub(super) async fn is_bound(pen: &mut Pen<'_>, role: RoleId) -> Result<bool, StoreError> {
    let row = pen.transaction.first(OF_ROLE, values![role.to_string()]).await?;
    Ok(row.ok_or_else(|| StoreError::unreadable("count"))?.int("count")? > 0)
}

async fn of_id(pen: &mut Pen<'_>, id: BindingId) -> Result<BindingRecord, StoreError> {
    let row = pen.transaction.first(OF_ID, values![id.to_string()]).await?;
    record(&row.ok_or(Refusal::Gone)?)
}

fn event(record: &BindingRecord, what: &str) -> Event {
    let bearer = record.bearer;
    Event {
        target_kind: "role_binding",
        target: record.id.to_string(),
        place: super::token::place_text(record.place),
        detail: format!(
            "{what}: role {} {}; {} {}",
            record.role,
            record.role_name,
            bearer.word(),
            bearer.id()
        ),
        personal: record.bearer_name.clone(),
        touched: vec![],
    }
}

/// A place as people write it.
fn place_name(row: &Row) -> Result<String, StoreError> {
    Ok(match (row.text_or_null("organization_name")?, row.text_or_null("project_name")?) {
        (None, _) => "*".to_owned(),
        (Some(organization), None) => format!("{organization}/*"),
        (Some(organization), Some(project)) => format!("{organization}/{project}"),
    })
}

fn record(row: &Row) -> Result<BindingRecord, StoreError> {
    let bearer = match row.text_or_null("kind")? {
        Some(kind) => {
            let kind = PrincipalKind::from_word(&kind).ok_or_else(|| StoreError::unreadable("kind"))?;
            Bearer::Principal(row.parse("subject_id")?, kind)
        }
        None => Bearer::Group(row.parse("subject_id")?),
    };
    Ok(BindingRecord {
        id: row.parse("id")?,
        role: row.parse("role_id")?,
        role_name: row.text("role_name")?,
        bearer,
        bearer_name: row.text("subject_name")?,
        place: rights::place(row)?,
        place_name: place_name(row)?,
        created_at: Timestamp(row.int("created_at")?),
    })
}
