//! Groups and who is in them.

use std::collections::BTreeMap;

use jeton_token::{GroupId, Id, PrincipalId, PrincipalKind, ResourceName, Timestamp};

use super::database::{Row, Transaction, Value, statements, values};
use super::provisioned::{self, Provision, Subject};
use super::token::Pen;
use super::write::Event;
use super::{Refusal, Store, StoreError, binding, principal};

/// A group as stored.
#[derive(Clone, Debug)]
pub(crate) struct GroupRecord {
    pub(crate) id: GroupId,
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) built_in: bool,
    pub(crate) members: Vec<MemberRecord>,
    pub(crate) created_at: Timestamp,
}

/// Somebody in a group.
#[derive(Clone, Debug)]
pub(crate) struct MemberRecord {
    pub(crate) id: PrincipalId,
    pub(crate) kind: PrincipalKind,
    pub(crate) name: String,
    pub(crate) source: String,
}

/// Who put somebody into a group. Whoever takes members out touches only their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MemberSource {
    /// A call to the API.
    Manual,
    /// Another program that keeps accounts here.
    Named(String),
}

impl MemberSource {
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Manual => "manual",
            Self::Named(name) => name,
        }
    }
}

/// A change to a group. What is `None` stays as it is; an empty text clears.
#[derive(Clone, Debug)]
pub(crate) struct GroupEdit {
    pub(crate) name: Option<ResourceName>,
    pub(crate) display_name: Option<String>,
    pub(crate) add: Vec<PrincipalId>,
    pub(crate) remove: Vec<PrincipalId>,
    pub(crate) source: MemberSource,
    pub(crate) provision: Provision,
}

statements! {
    SELECT = "SELECT id, name, display_name, built_in, created_at FROM user_group
        WHERE removed_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR live_name = $1)
            AND (CAST($2 AS TEXT) IS NULL OR id = $2)
            AND (CAST($3 AS TEXT) IS NULL OR live_name > $3) ORDER BY live_name LIMIT $4";
    // Those of the groups of one page.
    MEMBERS = "SELECT m.group_id AS group_id, m.source AS source, principal.id AS id, principal.kind AS kind,
            principal.name AS name
        FROM group_member m JOIN principal ON principal.id = m.principal_id
        WHERE principal.removed_at IS NULL AND m.group_id IN (SELECT id FROM user_group
            WHERE removed_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR live_name = $1)
                AND (CAST($2 AS TEXT) IS NULL OR id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR live_name > $3) ORDER BY live_name LIMIT $4)
        ORDER BY principal.number";
    OF_MEMBER = "SELECT g.id AS id FROM group_member m JOIN user_group g ON g.id = m.group_id
        WHERE m.principal_id = $1 AND m.source = $2 AND g.removed_at IS NULL";
    INSERT = "INSERT INTO user_group (id, name, live_name, display_name, created_at) VALUES ($1, $2, $3, $4, $5)";
    UPDATE = "UPDATE user_group SET name = $1, live_name = $2, display_name = $3 WHERE id = $4
        AND removed_at IS NULL AND built_in = 0";
    REMOVE = "UPDATE user_group SET removed_at = $1, live_name = NULL WHERE id = $2 AND removed_at IS NULL
        AND built_in = 0";
    INSERT_MEMBER = "INSERT INTO group_member (group_id, principal_id, source) VALUES ($1, $2, $3)
        ON CONFLICT (group_id, principal_id) DO NOTHING";
    DELETE_MEMBER = "DELETE FROM group_member WHERE group_id = $1 AND principal_id = $2
        AND (CAST($3 AS TEXT) IS NULL OR source = $3)";
    DELETE_MEMBERS = "DELETE FROM group_member WHERE group_id = $1";
    FORGET_PRINCIPAL = "DELETE FROM group_member WHERE principal_id = $1";
}

impl Store {
    /// The group of this name.
    pub(crate) async fn group(&self, name: &ResourceName) -> Result<Option<GroupRecord>, StoreError> {
        Ok(load(&mut self.read().await?, values![name.fold(), None::<String>, None::<String>, 1])
            .await?
            .pop())
    }

    /// The group of this id.
    pub(crate) async fn group_of(&self, id: GroupId) -> Result<Option<GroupRecord>, StoreError> {
        let page = values![None::<String>, id.to_string(), None::<String>, 1];
        Ok(load(&mut self.read().await?, page).await?.pop())
    }

    /// Groups, by name.
    pub(crate) async fn groups(
        &self,
        after: Option<&ResourceName>,
        limit: i64,
    ) -> Result<Vec<GroupRecord>, StoreError> {
        let page = values![None::<String>, None::<String>, after.map(ResourceName::fold), limit];
        load(&mut self.read().await?, page).await
    }
}

pub(super) async fn with_members(
    transaction: &mut Transaction,
    row: &Row,
) -> Result<GroupRecord, StoreError> {
    let page = values![None::<String>, row.text("id")?, None::<String>, 1];
    let members = transaction.fetch(MEMBERS, page).await?;
    record(row, members.iter().map(member).collect::<Result<_, _>>()?)
}

pub(super) fn without_members(row: &Row) -> Result<GroupRecord, StoreError> {
    record(row, vec![])
}

/// The groups of one page with all who are in them, by two statements.
async fn load(transaction: &mut Transaction, page: Vec<Value>) -> Result<Vec<GroupRecord>, StoreError> {
    let rows = transaction.fetch(SELECT, page.clone()).await?;
    let mut members: BTreeMap<String, Vec<MemberRecord>> = BTreeMap::new();
    for row in transaction.fetch(MEMBERS, page).await? {
        members.entry(row.text("group_id")?).or_default().push(member(&row)?);
    }
    rows.iter().map(|row| record(row, members.remove(&row.text("id")?).unwrap_or_default())).collect()
}

fn record(row: &Row, members: Vec<MemberRecord>) -> Result<GroupRecord, StoreError> {
    Ok(GroupRecord {
        id: row.parse("id")?,
        name: row.text("name")?,
        display_name: row.text_or_null("display_name")?,
        built_in: row.flag("built_in")?,
        members,
        created_at: Timestamp(row.int("created_at")?),
    })
}

fn member(row: &Row) -> Result<MemberRecord, StoreError> {
    let kind = PrincipalKind::from_word(&row.text("kind")?);
    Ok(MemberRecord {
        id: row.parse("id")?,
        kind: kind.ok_or_else(|| StoreError::unreadable("kind"))?,
        name: row.text("name")?,
        source: row.text("source")?,
    })
}

// ---- writing

pub(super) async fn create(
    pen: &mut Pen<'_>,
    id: Id,
    name: &ResourceName,
    edit: &GroupEdit,
) -> Result<(GroupRecord, Event), StoreError> {
    let display_name = edit.display_name.clone().filter(|text| !text.is_empty());
    let values = values![id.to_string(), name.as_str(), name.fold(), display_name, pen.now.0];
    let inserted = pen.transaction.execute(INSERT, values).await;
    inserted.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))?;
    change_members(pen, GroupId(id), edit).await?;
    provisioned::put(pen.transaction, Subject::Group(GroupId(id)), &edit.provision).await?;
    finish(pen, GroupId(id), "created", edit).await
}

pub(super) async fn edit(
    pen: &mut Pen<'_>,
    id: GroupId,
    edit: &GroupEdit,
) -> Result<(GroupRecord, Event), StoreError> {
    let group = of_id(pen, id).await?;
    let name = match &edit.name {
        Some(name) => name.clone(),
        None => group.name.parse().map_err(|_| StoreError::unreadable("name"))?,
    };
    let display_name = match &edit.display_name {
        Some(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        None => group.display_name,
    };
    let values = values![name.as_str(), name.fold(), display_name, id.to_string()];
    let updated = pen.transaction.execute(UPDATE, values).await;
    if updated.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))? == 0 {
        return Err(Refusal::BuiltIn.into());
    }
    change_members(pen, id, edit).await?;
    provisioned::put(pen.transaction, Subject::Group(id), &edit.provision).await?;
    principal::keep_an_administrator(pen.transaction).await?;
    finish(pen, id, "changed", edit).await
}

/// Removes a group with the roles that it had.
pub(super) async fn remove(pen: &mut Pen<'_>, id: GroupId) -> Result<Event, StoreError> {
    let group = of_id(pen, id).await?;
    if pen.transaction.execute(REMOVE, values![pen.now.0, id.to_string()]).await? == 0 {
        return Err(Refusal::BuiltIn.into());
    }
    pen.transaction.execute(DELETE_MEMBERS, values![id.to_string()]).await?;
    binding::forget_subject(pen, &id.to_string()).await?;
    provisioned::forget(pen.transaction, &id.to_string()).await?;
    principal::keep_an_administrator(pen.transaction).await?;
    Ok(event(&group, "removed"))
}

/// Brings the groups of one member that come from one source to exactly these; the others stay as they are.
/// Answers which were entered and which were left.
pub(super) async fn set_of_member(
    pen: &mut Pen<'_>,
    member: PrincipalId,
    source: &MemberSource,
    wanted: &[GroupId],
) -> Result<(Vec<GroupId>, Vec<GroupId>), StoreError> {
    let rows = pen.transaction.fetch(OF_MEMBER, values![member.to_string(), source.word()]).await?;
    let had: Vec<GroupId> = rows.iter().map(|row| row.parse("id")).collect::<Result<_, _>>()?;
    let (mut entered, mut left) = (Vec::new(), Vec::new());
    for group in wanted.iter().filter(|group| !had.contains(group)) {
        let values = values![group.to_string(), member.to_string(), source.word()];
        if pen.transaction.execute(INSERT_MEMBER, values).await? > 0 {
            entered.push(*group);
        }
    }
    for group in had.iter().filter(|group| !wanted.contains(group)) {
        let values = values![group.to_string(), member.to_string(), source.word()];
        pen.transaction.execute(DELETE_MEMBER, values).await?;
        left.push(*group);
    }
    Ok((entered, left))
}

/// The groups of these names, as far as they exist. Nobody is put into one that Jeton brings along.
pub(super) async fn named(pen: &mut Pen<'_>, names: &[ResourceName]) -> Result<Vec<GroupId>, StoreError> {
    let mut groups = Vec::with_capacity(names.len());
    for name in names {
        let values = values![name.fold(), None::<String>, None::<String>, 1];
        let row = pen.transaction.first(SELECT, values).await?;
        match row {
            Some(row) if !row.flag("built_in")? => groups.push(row.parse("id")?),
            _ => {
                tracing::warn!(group = %name, "the configuration of sign-in names a group that does not exist");
            }
        }
    }
    Ok(groups)
}

/// Takes somebody who goes out of all groups.
pub(super) async fn forget_principal(pen: &mut Pen<'_>, id: PrincipalId) -> Result<(), StoreError> {
    pen.transaction.execute(FORGET_PRINCIPAL, values![id.to_string()]).await?;
    Ok(())
}

/// By hand anybody is taken out, whoever put them in; another source takes out only its own.
async fn change_members(pen: &mut Pen<'_>, id: GroupId, edit: &GroupEdit) -> Result<(), StoreError> {
    for member in &edit.remove {
        let only = match &edit.source {
            MemberSource::Manual => None,
            MemberSource::Named(name) => Some(name.clone()),
        };
        pen.transaction.execute(DELETE_MEMBER, values![id.to_string(), member.to_string(), only]).await?;
    }
    for member in &edit.add {
        let values = values![id.to_string(), member.to_string(), edit.source.word()];
        pen.transaction.execute(INSERT_MEMBER, values).await?;
    }
    Ok(())
}

async fn of_id(pen: &mut Pen<'_>, id: GroupId) -> Result<GroupRecord, StoreError> {
    let page = values![None::<String>, id.to_string(), None::<String>, 1];
    load(pen.transaction, page).await?.pop().ok_or_else(|| Refusal::Gone.into())
}

async fn finish(
    pen: &mut Pen<'_>,
    id: GroupId,
    what: &str,
    edit: &GroupEdit,
) -> Result<(GroupRecord, Event), StoreError> {
    let group = of_id(pen, id).await?;
    let list = |ids: &[PrincipalId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let detail = format!("{what}; in: {}; out: {}", list(&edit.add), list(&edit.remove));
    let event = event(&group, &detail);
    Ok((group, event))
}

fn event(group: &GroupRecord, detail: &str) -> Event {
    Event {
        target_kind: "group",
        target: group.id.to_string(),
        place: String::new(),
        detail: format!("{}: {detail}", group.name),
        personal: String::new(),
        touched: vec![],
    }
}
