//! Users and their passwords.

use jeton_token::{PrincipalId, PrincipalKind, PrincipalName, Timestamp, TokenId, TokenKind};

use super::database::{Held, Row, Statement, Transaction, statements, values};
use super::token::{self, NewToken, Pen};
use super::write::Event;
use super::{Refusal, Store, StoreError};

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
}

/// A user to be made.
#[derive(Debug)]
pub(crate) struct NewUser {
    pub(crate) id: PrincipalId,
    pub(crate) name: PrincipalName,
    pub(crate) password: Option<PasswordHash>,
    pub(crate) display_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) disabled: bool,
}

/// A change to a user. What is `None` stays as it is; an empty text clears.
#[derive(Debug, Default)]
pub(crate) struct UserEdit {
    pub(crate) password: Option<PasswordHash>,
    pub(crate) display_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) disabled: Option<bool>,
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

statements! {
    OF_NAME = "SELECT number, id, kind, name, display_name, email, created_at, disabled_at FROM principal
        WHERE kind = $1 AND live_name = $2";
    OF_ID = "SELECT number, id, kind, name, display_name, email, created_at, disabled_at FROM principal
        WHERE id = $1 AND removed_at IS NULL";
    LIST = "SELECT number, id, kind, name, display_name, email, created_at, disabled_at FROM principal
        WHERE kind = $1 AND removed_at IS NULL AND (CAST($2 AS BIGINT) IS NULL OR number < $2)
        ORDER BY number DESC LIMIT $3";
    HASH = "SELECT hash FROM password WHERE principal_id = $1";
    INSERT = "INSERT INTO principal (id, kind, name, live_name, display_name, email, created_at, disabled_at)
        VALUES ($1, $2, $3, $3, $4, $5, $6, $7)";
    UPDATE = "UPDATE principal SET display_name = $1, email = $2, disabled_at = $3
        WHERE id = $4 AND removed_at IS NULL";
    SET_DISABLED = "UPDATE principal SET disabled_at = $1 WHERE id = $2";
    REMOVE = "UPDATE principal SET removed_at = $1, live_name = NULL WHERE id = $2 AND removed_at IS NULL";
    DELETE_HASH = "DELETE FROM password WHERE principal_id = $1";
    INSERT_HASH = "INSERT INTO password (principal_id, hash, changed_at) VALUES ($1, $2, $3)";
    OTHER_ADMINISTRATORS = "SELECT COUNT(*) AS count FROM principal
        JOIN role_binding ON role_binding.subject_id = principal.id AND role_binding.organization_id IS NULL
        JOIN role ON role.id = role_binding.role_id AND role.live_name = 'Admin'
        WHERE principal.id <> $1 AND principal.disabled_at IS NULL AND principal.removed_at IS NULL";
    // Takes the row that every change ends with, so that of two such writes the second sees the first.
    WAIT = "UPDATE counter SET value = value WHERE name = 'change'";
    IS_ADMINISTRATOR = "SELECT COUNT(*) AS count FROM role_binding
        JOIN role ON role.id = role_binding.role_id AND role.live_name = 'Admin'
        WHERE role_binding.subject_id = $1 AND role_binding.organization_id IS NULL";
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

    /// Users, newest first.
    pub(crate) async fn users(
        &self,
        below: Option<i64>,
        limit: i64,
    ) -> Result<Vec<PrincipalRecord>, StoreError> {
        let rows = self.read().await?.fetch(LIST, values![PrincipalKind::User.word(), below, limit]).await?;
        rows.iter().map(record).collect()
    }
}

pub(super) async fn create(pen: &mut Pen<'_>, new: &NewUser) -> Result<(PrincipalRecord, Event), StoreError> {
    let disabled_at = new.disabled.then_some(pen.now.0);
    insert(
        pen,
        new.id,
        PrincipalKind::User,
        &new.name,
        new.display_name.clone(),
        new.email.clone(),
        disabled_at,
    )
    .await?;
    if let Some(hash) = &new.password {
        set_password(pen, new.id, hash).await?;
    }
    finish(pen, new.id, "created", vec![]).await
}

/// Makes a principal of any kind.
pub(super) async fn insert(
    pen: &mut Pen<'_>,
    id: PrincipalId,
    kind: PrincipalKind,
    name: &PrincipalName,
    display_name: Option<String>,
    email: Option<String>,
    disabled_at: Option<i64>,
) -> Result<(), StoreError> {
    let values =
        values![id.to_string(), kind.word(), name.as_str(), display_name, email, pen.now.0, disabled_at];
    let inserted = pen.transaction.execute(INSERT, values).await;
    inserted.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))?;
    Ok(())
}

pub(super) async fn edit(
    pen: &mut Pen<'_>,
    id: PrincipalId,
    edit: &UserEdit,
    by: Option<PrincipalId>,
) -> Result<(PrincipalRecord, Event), StoreError> {
    let user = of_id(pen.transaction, id).await?;
    if edit.disabled == Some(true) {
        keep_an_administrator(pen.transaction, id).await?;
    }
    update(pen, &user, edit).await?;
    let mut touched = Vec::new();
    if edit.disabled.is_some_and(|disabled| disabled != user.disabled_at.is_some()) {
        touched.push(("principal", id.to_string()));
    }
    if let Some(hash) = &edit.password {
        set_password(pen, id, hash).await?;
        // Whoever knew the old password may hold a session made with it.
        let ended = token::revoke_of_owner(pen, id, TokenKind::Session, edit.spared, by).await?;
        touched.extend(ended.into_iter().map(|token| ("token", token.to_string())));
    }
    finish(pen, id, &what(edit, &touched), touched).await
}

async fn update(pen: &mut Pen<'_>, user: &PrincipalRecord, edit: &UserEdit) -> Result<(), StoreError> {
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
    let values = values![display_name, email, disabled_at.map(|at| at.0), user.id.to_string()];
    match pen.transaction.execute(UPDATE, values).await? {
        0 => Err(Refusal::Gone.into()),
        _ => Ok(()),
    }
}

/// Removes a user for good. The row stays, so that the record of who owned what stays; and because it says removed,
/// every token of theirs is dead, however many there are.
pub(super) async fn remove(
    pen: &mut Pen<'_>,
    id: PrincipalId,
) -> Result<(PrincipalRecord, Event), StoreError> {
    let user = of_id(pen.transaction, id).await?;
    keep_an_administrator(pen.transaction, id).await?;
    retire(pen, id).await?;
    pen.transaction.execute(DELETE_HASH, values![id.to_string()]).await?;
    let event = event(&user, "removed", vec![("principal", id.to_string())]);
    Ok((user, event))
}

/// A token is made only for an owner who is still there; a session or an API's credential only for one who is not
/// disabled, and a session only for a user whose password is still the one that was given.
pub(super) async fn check_owner(pen: &mut Pen<'_>, new: &NewToken) -> Result<(), StoreError> {
    let id = new.owner.to_string();
    pen.transaction.hold(Held::Principal(&id)).await?;
    let owner = of_id(pen.transaction, new.owner).await.map_err(|_| Refusal::OwnerGone)?;
    let is_key = matches!(new.kind, TokenKind::Session | TokenKind::Api);
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

async fn keep_an_administrator(transaction: &mut Transaction, id: PrincipalId) -> Result<(), StoreError> {
    transaction.execute(WAIT, values![]).await?;
    let is_one = count(transaction, IS_ADMINISTRATOR, id).await? > 0;
    if is_one && count(transaction, OTHER_ADMINISTRATORS, id).await? == 0 {
        return Err(Refusal::LastAdministrator.into());
    }
    Ok(())
}

async fn count(
    transaction: &mut Transaction,
    statement: Statement,
    id: PrincipalId,
) -> Result<i64, StoreError> {
    let row = transaction.first(statement, values![id.to_string()]).await?;
    row.ok_or_else(|| StoreError::unreadable("count"))?.int("count")
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

async fn of_id(transaction: &mut Transaction, id: PrincipalId) -> Result<PrincipalRecord, StoreError> {
    let row = transaction.first(OF_ID, values![id.to_string()]).await?;
    record(&row.ok_or(Refusal::Gone)?)
}

async fn finish(
    pen: &mut Pen<'_>,
    id: PrincipalId,
    what: &str,
    touched: Vec<(&'static str, String)>,
) -> Result<(PrincipalRecord, Event), StoreError> {
    let user = of_id(pen.transaction, id).await?;
    let event = event(&user, what, touched);
    Ok((user, event))
}

/// What an edit did, and which tokens it ended.
fn what(edit: &UserEdit, touched: &[(&'static str, String)]) -> String {
    let changes = [
        (edit.password.is_some(), "password changed"),
        (edit.display_name.is_some(), "display name changed"),
        (edit.email.is_some(), "email changed"),
        (edit.disabled == Some(true), "disabled"),
        (edit.disabled == Some(false), "enabled"),
    ];
    let said = changes.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what.to_owned());
    let ended = touched.iter().filter(|(kind, _)| *kind == "token").map(|(_, id)| format!("ended {id}"));
    said.chain(ended).collect::<Vec<_>>().join("; ")
}

fn event(principal: &PrincipalRecord, what: &str, touched: Vec<(&'static str, String)>) -> Event {
    Event {
        target_kind: principal.kind.word(),
        target: principal.id.to_string(),
        place: String::new(),
        detail: what.to_owned(),
        personal: principal.name.clone(),
        touched,
    }
}

fn record(row: &Row) -> Result<PrincipalRecord, StoreError> {
    let kind = PrincipalKind::from_word(&row.text("kind")?);
    Ok(PrincipalRecord {
        id: row.parse("id")?,
        number: row.int("number")?,
        kind: kind.ok_or_else(|| StoreError::unreadable("kind"))?,
        name: row.text("name")?,
        display_name: row.text_or_null("display_name")?,
        email: row.text_or_null("email")?,
        created_at: Timestamp(row.int("created_at")?),
        disabled_at: row.int_or_null("disabled_at")?.map(Timestamp),
    })
}
