//! Users, their passwords, and service accounts.

use jeton_token::{
    OrganizationId, Place, PrincipalId, PrincipalKind, PrincipalName, Rights, Timestamp, TokenId, TokenKind,
};

use super::database::{Held, Row, Transaction, statements, values};
use super::feed::Thing;
use super::provisioned::{self, Provision, Subject};
use super::token::{self, NewToken, Pen};
use super::write::Event;
use super::{Refusal, Store, StoreError, binding, group, rights};

/// A principal as stored.
#[derive(Clone, Debug)]
pub(crate) struct PrincipalRecord {
    pub(crate) id: PrincipalId,
    pub(crate) number: i64,
    pub(crate) kind: PrincipalKind,
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) disabled_at: Option<Timestamp>,
    pub(crate) last_sign_in_at: Option<Timestamp>,
    /// The organization that looks after a service account or an API.
    pub(crate) organization: Option<(OrganizationId, String)>,
}

/// A user or service account to be made.
#[derive(Debug)]
pub(crate) struct NewPrincipal {
    pub(crate) id: PrincipalId,
    pub(crate) kind: PrincipalKind,
    /// The organization that looks after a service account.
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) name: PrincipalName,
    pub(crate) password: Option<PasswordHash>,
    pub(crate) display_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) disabled: bool,
    pub(crate) provision: Provision,
}

/// A change to a user or service account. What is `None` stays as it is; an empty text clears.
#[derive(Debug, Default)]
pub(crate) struct PrincipalEdit {
    pub(crate) name: Option<PrincipalName>,
    pub(crate) password: Option<PasswordHash>,
    pub(crate) display_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) disabled: Option<bool>,
    pub(crate) provision: Provision,
    /// The session that goes on when a new password ends the others.
    pub(crate) spared: Option<TokenId>,
}

/// A password hash in PHC format.
#[derive(Clone)]
pub(crate) struct PasswordHash(pub(crate) String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// The organization that looks after a principal. An API may move to another one, so its own row says where it is.
macro_rules! organization_id {
    () => {
        "CASE WHEN principal.kind = 'api' THEN (SELECT api.organization_id FROM api WHERE api.id = principal.id)
            ELSE principal.organization_id END"
    };
}
pub(super) use organization_id;

macro_rules! columns {
    () => {
        concat!(
            "SELECT principal.number AS number, principal.id AS id, principal.kind AS kind, principal.name AS name,
                principal.display_name AS display_name, principal.email AS email,
                principal.created_at AS created_at, principal.disabled_at AS disabled_at,
                principal.last_sign_in_at AS last_sign_in_at, ",
            organization_id!(),
            " AS organization_id, organization.name AS organization_name
            FROM principal LEFT JOIN organization ON organization.id = ",
            organization_id!(),
            " "
        )
    };
}

statements! {
    OF_NAME = concat!(columns!(), "WHERE principal.kind = $1 AND principal.live_name = $2");
    OF_ID = concat!(columns!(), "WHERE principal.id = $1 AND principal.removed_at IS NULL");
    OF_NUMBER = concat!(columns!(), "WHERE principal.number = $1 AND principal.removed_at IS NULL");
    LIST = concat!(columns!(), "WHERE principal.kind = $1 AND principal.removed_at IS NULL
        AND (CAST($2 AS BIGINT) IS NULL OR principal.number < $2)
        AND (CAST($3 AS TEXT) IS NULL OR principal.organization_id = $3)
        ORDER BY principal.number DESC LIMIT $4");
    HASH = "SELECT hash FROM password WHERE principal_id = $1";
    INSERT = "INSERT INTO principal (id, kind, name, live_name, display_name, email, created_at, disabled_at,
        organization_id) VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8)";
    SIGNED_IN = "UPDATE principal SET last_sign_in_at = $1 WHERE id = $2";
    UPDATE = "UPDATE principal SET display_name = $1, email = $2, disabled_at = $3, name = $4, live_name = $4
        WHERE id = $5 AND removed_at IS NULL";
    SET_DISABLED = "UPDATE principal SET disabled_at = $1 WHERE id = $2";
    REMOVE = "UPDATE principal SET removed_at = $1, live_name = NULL WHERE id = $2 AND removed_at IS NULL";
    DELETE_HASH = "DELETE FROM password WHERE principal_id = $1";
    INSERT_HASH = "INSERT INTO password (principal_id, hash, changed_at) VALUES ($1, $2, $3)";
    // Enabled people who may do everything everywhere, by a role of their own or of a group of theirs.
    ADMINISTRATORS = "SELECT COUNT(*) AS count FROM principal
        WHERE principal.kind = 'user' AND principal.disabled_at IS NULL AND principal.removed_at IS NULL
            AND EXISTS (SELECT 1 FROM role_binding b
                JOIN role ON role.id = b.role_id AND role.live_name IS NOT NULL
                JOIN role_pattern ON role_pattern.role_id = role.id AND role_pattern.pattern = '*'
                WHERE b.organization_id IS NULL AND (b.subject_id = principal.id
                    OR b.subject_id IN (SELECT m.group_id FROM group_member m WHERE m.principal_id = principal.id)
                    OR b.subject_id IN (SELECT g.id FROM user_group g WHERE g.live_name = 'everyone')))";
    // Takes the row that every change ends with, so that of two such writes the second sees the first.
    WAIT = "UPDATE counter SET value = value WHERE name = 'change'";
}

impl Store {
    /// The live principal of this kind and name.
    pub(crate) async fn principal(
        &self,
        kind: PrincipalKind,
        name: &PrincipalName,
    ) -> Result<Option<PrincipalRecord>, StoreError> {
        let row = self.read().await?.first(OF_NAME, values![kind.word(), name.as_str()]).await?;
        row.map(|row| record(&row)).transpose()
    }

    /// The live user of this name with the password hash, if there is one.
    pub(crate) async fn user_with_password(
        &self,
        name: &PrincipalName,
    ) -> Result<Option<(PrincipalRecord, Option<PasswordHash>)>, StoreError> {
        let mut transaction = self.read().await?;
        let user = values![PrincipalKind::User.word(), name.as_str()];
        let Some(row) = transaction.first(OF_NAME, user).await? else {
            return Ok(None);
        };
        let user = record(&row)?;
        let hash = transaction.first(HASH, values![user.id.to_string()]).await?;
        let hash = hash.map(|row| row.text("hash")).transpose()?.map(PasswordHash);
        Ok(Some((user, hash)))
    }

    /// A user's password hash, if there is one.
    pub(crate) async fn password_of(&self, user: PrincipalId) -> Result<Option<PasswordHash>, StoreError> {
        let row = self.read().await?.first(HASH, values![user.to_string()]).await?;
        Ok(row.map(|row| row.text("hash")).transpose()?.map(PasswordHash))
    }

    /// The live principal of this id.
    pub(crate) async fn principal_of(&self, id: PrincipalId) -> Result<Option<PrincipalRecord>, StoreError> {
        let row = self.read().await?.first(OF_ID, values![id.to_string()]).await?;
        row.map(|row| record(&row)).transpose()
    }

    /// The live principal of this number.
    pub(crate) async fn principal_of_number(
        &self,
        number: i64,
    ) -> Result<Option<PrincipalRecord>, StoreError> {
        let row = self.read().await?.first(OF_NUMBER, values![number]).await?;
        row.map(|row| record(&row)).transpose()
    }

    /// Users, newest first, each with what they may do and where.
    pub(crate) async fn users_with_rights(
        &self,
        below: Option<i64>,
        limit: i64,
    ) -> Result<Vec<(PrincipalRecord, Vec<(Place, Rights)>)>, StoreError> {
        let mut transaction = self.read().await?;
        let values = values![PrincipalKind::User.word(), below, None::<String>, limit];
        let rows = transaction.fetch(LIST, values).await?;
        let rights = rights::of_users(&mut transaction, below, limit).await?;
        let with_rights = |user: PrincipalRecord| {
            let rights = rights.of(user.id);
            (user, rights)
        };
        rows.iter().map(|row| Ok(with_rights(record(row)?))).collect()
    }

    /// Users or service accounts, newest first; of one organization where that is said.
    pub(crate) async fn principals(
        &self,
        kind: PrincipalKind,
        of: Option<OrganizationId>,
        below: Option<i64>,
        limit: i64,
    ) -> Result<Vec<PrincipalRecord>, StoreError> {
        let values = values![kind.word(), below, of.map(|id| id.to_string()), limit];
        let rows = self.read().await?.fetch(LIST, values).await?;
        rows.iter().map(record).collect()
    }
}

pub(super) async fn create(
    pen: &mut Pen<'_>,
    new: &NewPrincipal,
) -> Result<(PrincipalRecord, Event), StoreError> {
    let disabled_at = new.disabled.then_some(pen.now.0);
    insert(pen, new, disabled_at).await?;
    if let Some(hash) = &new.password {
        set_password(pen, new.id, hash).await?;
    }
    provisioned::put(pen.transaction, Subject::User(new.id), &new.provision).await?;
    finish(pen, new.id, "created", &[]).await
}

/// Makes a principal that only has a name.
pub(super) async fn insert_named(
    pen: &mut Pen<'_>,
    id: PrincipalId,
    kind: PrincipalKind,
    name: &PrincipalName,
) -> Result<(), StoreError> {
    let new = NewPrincipal {
        id,
        kind,
        organization: None,
        name: name.clone(),
        password: None,
        display_name: None,
        email: None,
        disabled: false,
        provision: Provision::default(),
    };
    insert(pen, &new, None).await
}

/// Makes an account that jobs act as. Nobody else gets a name like its.
pub(super) async fn create_build_account(pen: &mut Pen<'_>, new: &NewPrincipal) -> Result<Event, StoreError> {
    // Of two jobs that need it at once, one makes it, and the other looks again.
    insert_row(pen, new, None).await.map_err(|error| match error {
        StoreError::Refused(Refusal::NameTaken) => Refusal::Changed.into(),
        other => other,
    })?;
    finish(pen, new.id, "created for jobs", &[]).await.map(|(_, event)| event)
}

async fn insert(pen: &mut Pen<'_>, new: &NewPrincipal, disabled_at: Option<i64>) -> Result<(), StoreError> {
    check_name(&new.name)?;
    insert_row(pen, new, disabled_at).await
}

/// The names of accounts that jobs act as are not for others, whether there is such an account yet or not.
fn check_name(name: &PrincipalName) -> Result<(), StoreError> {
    if name.is_of_build_service() { Err(Refusal::NameTaken.into()) } else { Ok(()) }
}

async fn insert_row(
    pen: &mut Pen<'_>,
    new: &NewPrincipal,
    disabled_at: Option<i64>,
) -> Result<(), StoreError> {
    let values = values![
        new.id.to_string(),
        new.kind.word(),
        new.name.as_str(),
        new.display_name.clone(),
        new.email.clone(),
        pen.now.0,
        disabled_at,
        new.organization.map(|id| id.to_string()),
    ];
    let inserted = pen.transaction.execute(INSERT, values).await;
    inserted.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))?;
    Ok(())
}

pub(super) async fn edit(
    pen: &mut Pen<'_>,
    id: PrincipalId,
    edit: &PrincipalEdit,
    by: Option<PrincipalId>,
) -> Result<(PrincipalRecord, Event), StoreError> {
    let user = of_id(pen.transaction, id).await?;
    update(pen, &user, edit).await?;
    provisioned::put(pen.transaction, Subject::User(id), &edit.provision).await?;
    let mut ended = Vec::new();
    if let Some(hash) = &edit.password {
        set_password(pen, id, hash).await?;
        // Whoever knew the old password may hold a session made with it.
        ended = token::revoke_of_owner(pen, id, TokenKind::Session, edit.spared, by).await?;
    }
    if edit.disabled == Some(true) {
        keep_an_administrator(pen.transaction).await?;
    }
    finish(pen, id, &what(edit, &ended), &ended).await
}

async fn update(pen: &mut Pen<'_>, user: &PrincipalRecord, edit: &PrincipalEdit) -> Result<(), StoreError> {
    edit.name.as_ref().map_or(Ok(()), check_name)?;
    let text = |given: &Option<String>, had: &Option<String>| match given {
        Some(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        None => had.clone(),
    };
    let disabled_at = match edit.disabled {
        Some(true) => user.disabled_at.or(Some(pen.now)),
        Some(false) => None,
        None => user.disabled_at,
    };
    let display_name = text(&edit.display_name, &user.display_name);
    let email = text(&edit.email, &user.email);
    let name = edit.name.as_ref().map_or(user.name.as_str(), PrincipalName::as_str);
    let values = values![display_name, email, disabled_at.map(|at| at.0), name, user.id.to_string()];
    let updated = pen.transaction.execute(UPDATE, values).await;
    match updated.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))? {
        0 => Err(Refusal::Gone.into()),
        _ => Ok(()),
    }
}

/// Removes a user or service account for good. The row stays, so that the record of who owned what stays; and because it says removed,
/// every token of theirs is dead, however many there are.
pub(super) async fn remove(
    pen: &mut Pen<'_>,
    id: PrincipalId,
) -> Result<(PrincipalRecord, Event), StoreError> {
    let user = of_id(pen.transaction, id).await?;
    retire(pen, id).await?;
    binding::forget_subject(pen, &id.to_string()).await?;
    group::forget_principal(pen, id).await?;
    provisioned::forget(pen.transaction, &id.to_string()).await?;
    pen.transaction.execute(DELETE_HASH, values![id.to_string()]).await?;
    keep_an_administrator(pen.transaction).await?;
    let event = event(&user, "removed", &[]);
    Ok((user, event))
}

/// A token is made only for an owner who is still there; a session, a job's token or an API's credential only for one
/// who is not disabled, and a session only for a user whose password is still the one that was given.
pub(super) async fn check_owner(pen: &mut Pen<'_>, new: &NewToken) -> Result<(), StoreError> {
    let id = new.owner.to_string();
    pen.transaction.hold(Held::Principal(&id)).await?;
    let owner = of_id(pen.transaction, new.owner).await.map_err(|_| Refusal::OwnerGone)?;
    let is_key = matches!(new.kind, TokenKind::Session | TokenKind::Api | TokenKind::Job);
    if is_key && owner.disabled_at.is_some() {
        return Err(Refusal::OwnerGone.into());
    }
    if let Some(proof) = &new.proof {
        let row = pen.transaction.first(HASH, values![id]).await?;
        let hash = row.map(|row| row.text("hash")).transpose()?;
        if hash.as_ref() != Some(&proof.0) {
            return Err(Refusal::OwnerGone.into());
        }
    }
    Ok(())
}

/// The principal must still be there; nobody removes it before this transaction has ended.
pub(super) async fn check_there(pen: &mut Pen<'_>, id: PrincipalId) -> Result<PrincipalRecord, StoreError> {
    pen.transaction.hold(Held::Principal(&id.to_string())).await?;
    of_id(pen.transaction, id).await.map_err(|error| match error {
        StoreError::Refused(_) => Refusal::OwnerGone.into(),
        other => other,
    })
}

/// The same, and enabled.
pub(super) async fn check_enabled(pen: &mut Pen<'_>, id: PrincipalId) -> Result<(), StoreError> {
    match check_there(pen, id).await?.disabled_at {
        None => Ok(()),
        Some(_) => Err(Refusal::OwnerGone.into()),
    }
}

/// Suspends or revives all tokens of a principal.
pub(super) async fn set_disabled(
    pen: &mut Pen<'_>,
    id: PrincipalId,
    disabled: bool,
) -> Result<(), StoreError> {
    let disabled_at = disabled.then_some(pen.now.0);
    pen.transaction.execute(SET_DISABLED, values![disabled_at, id.to_string()]).await?;
    Ok(())
}

/// Frees a principal's name and marks it removed.
pub(super) async fn retire(pen: &mut Pen<'_>, id: PrincipalId) -> Result<(), StoreError> {
    pen.transaction.execute(REMOVE, values![pen.now.0, id.to_string()]).await?;
    Ok(())
}

/// After a change that could have taken the last one away: somebody must remain who can administer. It comes last, for
/// it takes the row that every other change takes last.
pub(super) async fn keep_an_administrator(transaction: &mut Transaction) -> Result<(), StoreError> {
    transaction.execute(WAIT, values![]).await?;
    let row = transaction.first(ADMINISTRATORS, values![]).await?;
    match row.ok_or_else(|| StoreError::unreadable("count"))?.int("count")? {
        0 => Err(Refusal::LastAdministrator.into()),
        _ => Ok(()),
    }
}

/// Notes that somebody has signed in.
pub(super) async fn signed_in(pen: &mut Pen<'_>, id: PrincipalId) -> Result<(), StoreError> {
    pen.transaction.execute(SIGNED_IN, values![pen.now.0, id.to_string()]).await?;
    Ok(())
}

pub(super) async fn set_password(
    pen: &mut Pen<'_>,
    id: PrincipalId,
    hash: &PasswordHash,
) -> Result<(), StoreError> {
    pen.transaction.execute(DELETE_HASH, values![id.to_string()]).await?;
    pen.transaction.execute(INSERT_HASH, values![id.to_string(), hash.0.as_str(), pen.now.0]).await?;
    Ok(())
}

pub(super) async fn of_id(
    transaction: &mut Transaction,
    id: PrincipalId,
) -> Result<PrincipalRecord, StoreError> {
    let row = transaction.first(OF_ID, values![id.to_string()]).await?;
    record(&row.ok_or(Refusal::Gone)?)
}

async fn finish(
    pen: &mut Pen<'_>,
    id: PrincipalId,
    what: &str,
    ended: &[TokenId],
) -> Result<(PrincipalRecord, Event), StoreError> {
    let user = of_id(pen.transaction, id).await?;
    let event = event(&user, what, ended);
    Ok((user, event))
}

/// What an edit did, and which tokens it ended.
fn what(edit: &PrincipalEdit, ended: &[TokenId]) -> String {
    let changes = [
        (edit.name.is_some(), "renamed"),
        (edit.password.is_some(), "password changed"),
        (edit.display_name.is_some(), "display name changed"),
        (edit.email.is_some(), "email changed"),
        (edit.provision.external_id.is_some(), "external id changed"),
        (edit.disabled == Some(true), "disabled"),
        (edit.disabled == Some(false), "enabled"),
    ];
    let said = changes.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what.to_owned());
    let ended = ended.iter().map(|id| format!("ended {id}"));
    said.chain(ended).collect::<Vec<_>>().join("; ")
}

fn event(principal: &PrincipalRecord, what: &str, ended: &[TokenId]) -> Event {
    Event {
        target_kind: principal.kind.word(),
        target: principal.id.to_string(),
        place: String::new(),
        detail: what.to_owned(),
        personal: principal.name.clone(),
        touched: ended.iter().copied().map(Thing::Token).collect(),
    }
}

pub(super) fn record(row: &Row) -> Result<PrincipalRecord, StoreError> {
    let kind = PrincipalKind::from_word(&row.text("kind")?);
    let organization: Option<OrganizationId> = row.parse_or_null("organization_id")?;
    Ok(PrincipalRecord {
        id: row.parse("id")?,
        number: row.int("number")?,
        kind: kind.ok_or_else(|| StoreError::unreadable("kind"))?,
        name: row.text("name")?,
        display_name: row.text_or_null("display_name")?,
        email: row.text_or_null("email")?,
        created_at: Timestamp(row.int("created_at")?),
        disabled_at: row.int_or_null("disabled_at")?.map(Timestamp),
        last_sign_in_at: row.int_or_null("last_sign_in_at")?.map(Timestamp),
        organization: organization.zip(row.text_or_null("organization_name")?),
    })
}
