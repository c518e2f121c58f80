//! What an identity provider says about users and groups beside what everybody can say, and lists as it asks for them.

use jeton_token::{GroupId, PrincipalId, PrincipalName, ResourceName};

use super::database::{Row, Transaction, statements, values};
use super::group::{self, GroupRecord};
use super::principal::{self, PrincipalRecord};
use super::{Refusal, Store, StoreError};

/// What is kept for a provider.
#[derive(Clone, Debug, Default)]
pub(crate) struct Provisioned {
    /// The provider's own id.
    pub(crate) external_id: Option<String>,
    pub(crate) email: EmailLabel,
    /// What the directory calls the user, where that is not the name itself.
    pub(crate) user_name: Option<String>,
    pub(crate) parts: NameParts,
}

/// The name of a person in parts, as a provider says them. A part that is not said is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameParts {
    pub(crate) formatted: String,
    pub(crate) given: String,
    pub(crate) family: String,
}

/// How a provider labels the one address that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EmailLabel {
    /// `work` or the like.
    pub(crate) kind: Option<String>,
    /// Whether the provider calls it the primary one.
    pub(crate) primary: Option<bool>,
}

/// A change to what is kept. What is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Provision {
    /// An empty text clears.
    pub(crate) external_id: Option<String>,
    pub(crate) email: Option<EmailLabel>,
    /// An empty text clears.
    pub(crate) user_name: Option<String>,
    pub(crate) parts: Option<NameParts>,
}

impl Provision {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { external_id, email, user_name, parts } = self;
        external_id.is_none() && email.is_none() && user_name.is_none() && parts.is_none()
    }
}

/// Which users to find: those for whom all that is given fits.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserFilter {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<PrincipalName>,
    pub(crate) external_id: Option<String>,
    /// The case of ASCII letters does not matter.
    pub(crate) display_name: Option<String>,
    pub(crate) active: Option<bool>,
    /// The case of ASCII letters does not matter.
    pub(crate) email: Option<String>,
}

/// Which groups to find: those for whom all that is given fits.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupFilter {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<ResourceName>,
    pub(crate) external_id: Option<String>,
    /// The id of a user who is in it.
    pub(crate) member: Option<String>,
}

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// How many to leave out at the beginning.
    pub(crate) skip: i64,
    pub(crate) limit: i64,
}

/// Part of a list, and how long all of it is.
#[derive(Debug)]
pub(crate) struct Found<T> {
    pub(crate) items: Vec<T>,
    pub(crate) total: i64,
}

/// Whether to read who is in a group: that may be many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    Read,
    Leave,
}

macro_rules! of_users {
    () => {
        "WHERE principal.kind = 'user' AND principal.removed_at IS NULL
            AND (CAST($1 AS TEXT) IS NULL OR principal.id = $1)
            AND (CAST($2 AS TEXT) IS NULL OR principal.live_name = $2)
            AND (CAST($3 AS TEXT) IS NULL OR x.external_id = $3)
            AND (CAST($4 AS TEXT) IS NULL OR LOWER(principal.display_name) = $4)
            AND (CAST($5 AS BIGINT) IS NULL OR (CASE WHEN principal.disabled_at IS NULL THEN 1 ELSE 0 END) = $5)
            AND (CAST($6 AS TEXT) IS NULL OR LOWER(principal.email) = $6)"
    };
}

macro_rules! of_groups {
    () => {
        "FROM user_group g LEFT JOIN provisioned x ON x.subject_id = g.id
        WHERE g.removed_at IS NULL
            AND (CAST($1 AS TEXT) IS NULL OR g.id = $1)
            AND (CAST($2 AS TEXT) IS NULL OR g.live_name = $2)
            AND (CAST($3 AS TEXT) IS NULL OR x.external_id = $3)
            AND (CAST($4 AS TEXT) IS NULL
                OR EXISTS (SELECT 1 FROM group_member m WHERE m.group_id = g.id AND m.principal_id = $4))"
    };
}

macro_rules! kept {
    () => {
        "x.external_id AS external_id, x.email_type AS email_type, x.email_primary AS email_primary,
            x.user_name AS user_name, x.formatted_name AS formatted_name, x.given_name AS given_name,
            x.family_name AS family_name "
    };
}

statements! {
    USERS = concat!(
        "SELECT principal.number AS number, principal.id AS id, principal.kind AS kind, principal.name AS name,
            principal.display_name AS display_name, principal.email AS email,
            principal.created_at AS created_at, principal.disabled_at AS disabled_at,
            principal.last_sign_in_at AS last_sign_in_at, principal.organization_id AS organization_id,
            organization.name AS organization_name, ", kept!(), "
        FROM principal LEFT JOIN organization ON organization.id = principal.organization_id
            LEFT JOIN provisioned x ON x.subject_id = principal.id ",
        of_users!(), " ORDER BY principal.number LIMIT $7 OFFSET $8"
    );
    COUNT_USERS = concat!(
        "SELECT COUNT(*) AS count FROM principal LEFT JOIN provisioned x ON x.subject_id = principal.id ",
        of_users!()
    );
    GROUPS = concat!(
        "SELECT g.id AS id, g.name AS name, g.display_name AS display_name, g.built_in AS built_in,
            g.created_at AS created_at, ", kept!(),
        of_groups!(), " ORDER BY g.live_name LIMIT $5 OFFSET $6"
    );
    COUNT_GROUPS = concat!("SELECT COUNT(*) AS count ", of_groups!());
    KEPT = concat!("SELECT ", kept!(), "FROM provisioned x WHERE x.subject_id = $1");
    DELETE = "DELETE FROM provisioned WHERE subject_id = $1";
    INSERT = "INSERT INTO provisioned (subject_id, kind, external_id, email_type, email_primary, user_name,
            formatted_name, given_name, family_name)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
}

impl Store {
    /// Users, oldest first, with what is kept for a provider.
    pub(crate) async fn find_users(
        &self,
        filter: &UserFilter,
        window: Window,
    ) -> Result<Found<(PrincipalRecord, Provisioned)>, StoreError> {
        let mut wanted = values![
            filter.id.clone(),
            filter.name.as_ref().map(|name| name.as_str().to_owned()),
            filter.external_id.clone(),
            filter.display_name.as_ref().map(|name| name.to_ascii_lowercase()),
            filter.active.map(i64::from),
            filter.email.as_ref().map(|email| email.to_ascii_lowercase()),
        ];
        let mut transaction = self.read().await?;
        let total = count(transaction.first(COUNT_USERS, wanted.clone()).await?)?;
        wanted.extend(values![window.limit, window.skip]);
        let rows = transaction.fetch(USERS, wanted).await?;
        let one = |row: &Row| Ok((principal::record(row)?, record(row)?));
        Ok(Found { items: rows.iter().map(one).collect::<Result<_, StoreError>>()?, total })
    }

    /// Groups, by name, with what is kept for a provider.
    pub(crate) async fn find_groups(
        &self,
        filter: &GroupFilter,
        window: Window,
        members: Members,
    ) -> Result<Found<(GroupRecord, Provisioned)>, StoreError> {
        let mut wanted = values![
            filter.id.clone(),
            filter.name.as_ref().map(ResourceName::fold),
            filter.external_id.clone(),
            filter.member.clone(),
        ];
        let mut transaction = self.read().await?;
        let total = count(transaction.first(COUNT_GROUPS, wanted.clone()).await?)?;
        wanted.extend(values![window.limit, window.skip]);
        let mut items = Vec::new();
        for row in transaction.fetch(GROUPS, wanted).await? {
            let group = match members {
                Members::Read => group::with_members(&mut transaction, &row).await?,
                Members::Leave => group::without_members(&row)?,
            };
            items.push((group, record(&row)?));
        }
        Ok(Found { items, total })
    }
}

/// What a change is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    User(PrincipalId),
    Group(GroupId),
}

impl Subject {
    fn word(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Group(_) => "group",
        }
    }

    fn id(self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::Group(id) => id.to_string(),
        }
    }
}

/// Keeps what a provider says.
pub(super) async fn put(
    transaction: &mut Transaction,
    subject: Subject,
    change: &Provision,
) -> Result<(), StoreError> {
    if change.is_empty() {
        return Ok(());
    }
    let row = transaction.first(KEPT, values![subject.id()]).await?;
    let mut kept = row.as_ref().map(record).transpose()?.unwrap_or_default();
    if let Some(external_id) = &change.external_id {
        kept.external_id = some(external_id);
    }
    if let Some(email) = &change.email {
        kept.email = email.clone();
    }
    if let Some(user_name) = &change.user_name {
        kept.user_name = some(user_name);
    }
    if let Some(parts) = &change.parts {
        kept.parts = parts.clone();
    }
    forget(transaction, &subject.id()).await?;
    let values = values![
        subject.id(),
        subject.word(),
        kept.external_id,
        kept.email.kind,
        kept.email.primary.map(i64::from),
        kept.user_name,
        some(&kept.parts.formatted),
        some(&kept.parts.given),
        some(&kept.parts.family),
    ];
    let inserted = transaction.execute(INSERT, values).await;
    inserted.map_err(|error| error.refuse_if("external_id", Refusal::ExternalIdTaken))?;
    Ok(())
}

/// Forgets what was kept about somebody or something that goes.
pub(super) async fn forget(transaction: &mut Transaction, subject: &str) -> Result<(), StoreError> {
    transaction.execute(DELETE, values![subject]).await?;
    Ok(())
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn count(row: Option<Row>) -> Result<i64, StoreError> {
    row.ok_or_else(|| StoreError::unreadable("count"))?.int("count")
}

fn record(row: &Row) -> Result<Provisioned, StoreError> {
    let primary = row.int_or_null("email_primary")?.map(|flag| flag != 0);
    let email = EmailLabel { kind: row.text_or_null("email_type")?, primary };
    let part = |column| Ok::<_, StoreError>(row.text_or_null(column)?.unwrap_or_default());
    let parts = NameParts {
        formatted: part("formatted_name")?,
        given: part("given_name")?,
        family: part("family_name")?,
    };
    let (external_id, user_name) = (row.text_or_null("external_id")?, row.text_or_null("user_name")?);
    Ok(Provisioned { external_id, email, user_name, parts })
}
