//! Who is whom at other issuers, and the one write by which somebody gets in by that.

use jeton_token::{GroupId, Id, PrincipalId, ResourceName, Timestamp};

use super::database::{Row, statements, values};
use super::group::{self, MemberSource};
use super::principal::{self, NewPrincipal};
use super::token::{self, NewToken, Pen, TokenRecord};
use super::write::{self, Event};
use super::{Refusal, Store, StoreError};

/// An account elsewhere that is a user here.
#[derive(Clone, Debug)]
pub(crate) struct IdentityRecord {
    pub(crate) id: Id,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) user: PrincipalId,
    /// The administrator who linked the two; nobody when a rule let the user in.
    pub(crate) linked_by: Option<PrincipalId>,
    pub(crate) created_at: Timestamp,
}

/// An account elsewhere, to become a user's.
#[derive(Clone, Debug)]
pub(crate) struct NewIdentity {
    pub(crate) id: Id,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) linked_by: Option<PrincipalId>,
}

/// A sign-in by somebody else's word.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) user: PrincipalId,
    pub(crate) linked: Linked,
    /// Whose memberships these are.
    pub(crate) source: MemberSource,
    /// All groups that the user shall be in by this source.
    pub(crate) groups: Vec<ResourceName>,
    pub(crate) token: NewToken,
}

/// Since when the account belongs to the user.
#[derive(Debug)]
pub(crate) enum Linked {
    /// It did when it was looked at.
    Already,
    /// From now on: the user is new.
    Now(Box<NewPrincipal>, NewIdentity),
}

macro_rules! columns {
    () => {
        "SELECT id, issuer, subject, principal_id, linked_by, created_at FROM identity "
    };
}

statements! {
    OF_SUBJECT = concat!(columns!(), "WHERE issuer = $1 AND subject = $2");
    OF_USER = concat!(columns!(), "WHERE principal_id = $1 ORDER BY created_at, id");
    INSERT = "INSERT INTO identity (id, issuer, subject, principal_id, linked_by, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    DELETE = "DELETE FROM identity WHERE id = $1 AND principal_id = $2 RETURNING issuer";
    ANOTHER_OF_ISSUER = "SELECT id FROM identity WHERE principal_id = $1 AND issuer = $2 LIMIT 1";
    // A removed user keeps the account, so that it does not let its person in again as somebody new.
    DELETE_OF_REMOVED = "DELETE FROM identity WHERE issuer = $1 AND subject = $2 AND EXISTS
        (SELECT 1 FROM principal p WHERE p.id = identity.principal_id AND p.removed_at IS NOT NULL)";
}

impl Store {
    /// Whose an account elsewhere is.
    pub(crate) async fn identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<IdentityRecord>, StoreError> {
        let row = self.read().await?.first(OF_SUBJECT, values![issuer, subject]).await?;
        row.map(|row| record(&row)).transpose()
    }

    /// A user's accounts elsewhere.
    pub(crate) async fn identities_of(&self, user: PrincipalId) -> Result<Vec<IdentityRecord>, StoreError> {
        let rows = self.read().await?.fetch(OF_USER, values![user.to_string()]).await?;
        rows.iter().map(record).collect()
    }
}

/// Lets somebody in: the user, if new; the groups; the session. All of it or nothing.
pub(super) async fn sign_in(pen: &mut Pen<'_>, sign_in: &SignIn) -> Result<(TokenRecord, Event), StoreError> {
    let found = pen.transaction.first(OF_SUBJECT, values![sign_in.issuer.as_str(), sign_in.subject.as_str()]);
    let found = found.await?.map(|row| record(&row)).transpose()?;
    match (&sign_in.linked, found) {
        (Linked::Already, Some(identity)) if identity.user == sign_in.user => {}
        (Linked::Now(new, identity), None) => {
            principal::create(pen, new).await?;
            insert(pen, sign_in.user, identity).await?;
        }
        _ => return Err(Refusal::Changed.into()),
    }
    let groups = group::named(pen, &sign_in.groups).await?;
    let (entered, left) = group::set_of_member(pen, sign_in.user, &sign_in.source, &groups).await?;
    let moves_rights = !(entered.is_empty() && left.is_empty());
    if moves_rights {
        write::advance_rights(pen).await?;
    }
    let (token, mut event) = token::create(pen, &sign_in.token).await?;
    event.detail = format!("{}; {}", said(sign_in, &entered, &left), event.detail);
    event.personal = format!("{} {}", token.owner_name, sign_in.subject);
    Ok((token, event))
}

fn said(sign_in: &SignIn, entered: &[GroupId], left: &[GroupId]) -> String {
    let what = match sign_in.linked {
        Linked::Already => "by",
        Linked::Now(..) => "user made, by",
    };
    format!("{what} {}; groups in: {}; out: {}", sign_in.issuer, list(entered), list(left))
}

fn list(groups: &[GroupId]) -> String {
    groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Links an account elsewhere to a user.
pub(super) async fn link(
    pen: &mut Pen<'_>,
    user: PrincipalId,
    new: &NewIdentity,
) -> Result<Event, StoreError> {
    let owner = principal::of_id(pen.transaction, user).await?;
    pen.transaction.execute(DELETE_OF_REMOVED, values![new.issuer.as_str(), new.subject.as_str()]).await?;
    insert(pen, user, new).await?;
    Ok(event(user, &owner.name, &format!("linked to {}", new.issuer), &new.subject))
}

/// Ends such a link.
pub(super) async fn unlink(pen: &mut Pen<'_>, user: PrincipalId, id: Id) -> Result<Event, StoreError> {
    let owner = principal::of_id(pen.transaction, user).await?;
    let row = pen.transaction.first(DELETE, values![id.to_string(), user.to_string()]).await?;
    let issuer = row.ok_or(Refusal::Gone)?.text("issuer")?;
    let left = leave_groups_of(pen, user, &issuer).await?;
    principal::keep_an_administrator(pen.transaction).await?;
    let detail = format!("unlinked {id}; groups out: {}", list(&left));
    Ok(event(user, &owner.name, &detail, ""))
}

/// Nobody stays in a group by the word of an issuer that does not know them any more: it could not take the word back.
async fn leave_groups_of(
    pen: &mut Pen<'_>,
    user: PrincipalId,
    issuer: &str,
) -> Result<Vec<GroupId>, StoreError> {
    let others = pen.transaction.first(ANOTHER_OF_ISSUER, values![user.to_string(), issuer]).await?;
    // Who puts others into groups by signing them in has an address. Other words are sources of another kind.
    if others.is_some() || !issuer.contains("://") {
        return Ok(vec![]);
    }
    let source = MemberSource::Named(issuer.to_owned());
    let (_, left) = group::set_of_member(pen, user, &source, &[]).await?;
    Ok(left)
}

async fn insert(pen: &mut Pen<'_>, user: PrincipalId, new: &NewIdentity) -> Result<(), StoreError> {
    let values = values![
        new.id.to_string(),
        new.issuer.as_str(),
        new.subject.as_str(),
        user.to_string(),
        new.linked_by.map(|id| id.to_string()),
        pen.now.0,
    ];
    let inserted = pen.transaction.execute(INSERT, values).await;
    inserted.map_err(|error| error.refuse_if("subject", Refusal::IdentityTaken))?;
    Ok(())
}

fn event(user: PrincipalId, name: &str, detail: &str, subject: &str) -> Event {
    Event {
        target_kind: "user",
        target: user.to_string(),
        place: String::new(),
        detail: detail.to_owned(),
        personal: format!("{name} {subject}"),
        touched: vec![],
    }
}

fn record(row: &Row) -> Result<IdentityRecord, StoreError> {
    Ok(IdentityRecord {
        id: row.parse("id")?,
        issuer: row.text("issuer")?,
        subject: row.text("subject")?,
        user: row.parse("principal_id")?,
        linked_by: row.parse_or_null("linked_by")?,
        created_at: Timestamp(row.int("created_at")?),
    })
}
