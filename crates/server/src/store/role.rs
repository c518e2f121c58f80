//! Roles.

use std::collections::BTreeMap;

use jeton_token::{
    Bindable, BuiltInRole, Id, ResourceName, Rights, RoleId, ScopePattern, ScopeSet, Timestamp,
};

use super::database::{Row, statements, values};
use super::token::Pen;
use super::write::Event;
use super::{Refusal, Store, StoreError, binding};

/// A role as stored.
#[derive(Clone, Debug)]
pub(crate) struct RoleRecord {
    pub(crate) id: RoleId,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) built_in: bool,
    pub(crate) bindable: Bindable,
    /// Whether it grants every scope of the APIs that serve the place as well.
    pub(crate) grants_apis: bool,
    pub(crate) patterns: Rights,
    pub(crate) created_at: Timestamp,
}

/// What is said about a role.
#[derive(Clone, Debug)]
pub(crate) struct RoleSettings {
    pub(crate) name: ResourceName,
    pub(crate) description: Option<String>,
    pub(crate) patterns: ScopeSet,
}

statements! {
    SELECT = "SELECT id, name, description, built_in, bindable, grants, created_at FROM role
        WHERE removed_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR live_name = $1)
            AND (CAST($2 AS TEXT) IS NULL OR id = $2)
            AND (CAST($3 AS TEXT) IS NULL OR live_name > $3) ORDER BY live_name LIMIT $4";
    // Those of the roles of one page.
    PATTERNS = "SELECT role_pattern.role_id AS role_id, role_pattern.pattern AS pattern FROM role_pattern
        WHERE role_id IN (SELECT id FROM role
            WHERE removed_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR live_name = $1)
                AND (CAST($2 AS TEXT) IS NULL OR id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR live_name > $3) ORDER BY live_name LIMIT $4)";
    INSERT = "INSERT INTO role (id, name, live_name, grants, description, built_in, bindable, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    UPDATE = "UPDATE role SET name = $1, live_name = $2, description = $3 WHERE id = $4 AND removed_at IS NULL
        AND built_in = 0";
    UPDATE_BUILT_IN = "UPDATE role SET name = $1, live_name = $2, description = $3, grants = $4, bindable = $5,
        built_in = 1 WHERE id = $6";
    REMOVE = "UPDATE role SET removed_at = $1, live_name = NULL WHERE id = $2 AND removed_at IS NULL";
    DELETE_PATTERNS = "DELETE FROM role_pattern WHERE role_id = $1";
    INSERT_PATTERN = "INSERT INTO role_pattern (role_id, pattern) VALUES ($1, $2)";
}

impl Store {
    /// The role of this name.
    pub(crate) async fn role(&self, name: &ResourceName) -> Result<Option<RoleRecord>, StoreError> {
        Ok(load(&mut self.read().await?, Some(name.fold()), None, None, 1).await?.pop())
    }

    /// Roles, by name.
    pub(crate) async fn roles(
        &self,
        after: Option<&ResourceName>,
        limit: i64,
    ) -> Result<Vec<RoleRecord>, StoreError> {
        load(&mut self.read().await?, None, None, after.map(ResourceName::fold), limit).await
    }
}

async fn load(
    transaction: &mut super::database::Transaction,
    name: Option<String>,
    id: Option<RoleId>,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<RoleRecord>, StoreError> {
    let page = values![name, id.map(|id| id.to_string()), after, limit];
    let rows = transaction.fetch(SELECT, page.clone()).await?;
    let mut patterns: BTreeMap<String, Vec<ScopePattern>> = BTreeMap::new();
    for row in transaction.fetch(PATTERNS, page).await? {
        patterns.entry(row.text("role_id")?).or_default().push(row.parse("pattern")?);
    }
    rows.iter().map(|row| record(row, patterns.remove(&row.text("id")?).unwrap_or_default())).collect()
}

fn record(row: &Row, patterns: Vec<ScopePattern>) -> Result<RoleRecord, StoreError> {
    let bindable = Bindable::from_word(&row.text("bindable")?);
    Ok(RoleRecord {
        id: row.parse("id")?,
        name: row.text("name")?,
        description: row.text_or_null("description")?,
        built_in: row.flag("built_in")?,
        bindable: bindable.ok_or_else(|| StoreError::unreadable("bindable"))?,
        grants_apis: row.text("grants")? == "apis",
        patterns: patterns.into_iter().collect(),
        created_at: Timestamp(row.int("created_at")?),
    })
}

// ---- writing

pub(super) async fn create(
    pen: &mut Pen<'_>,
    id: Id,
    settings: &RoleSettings,
) -> Result<(RoleRecord, Event), StoreError> {
    let RoleSettings { name, description, .. } = settings.clone();
    let values = values![
        id.to_string(),
        name.as_str(),
        name.fold(),
        "patterns",
        description,
        false,
        Bindable::Anywhere.word(),
        pen.now.0
    ];
    let inserted = pen.transaction.execute(INSERT, values).await;
    inserted.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))?;
    finish(pen, RoleId(id), settings, "created").await
}

pub(super) async fn edit(
    pen: &mut Pen<'_>,
    id: RoleId,
    settings: &RoleSettings,
) -> Result<(RoleRecord, Event), StoreError> {
    let RoleSettings { name, description, .. } = settings.clone();
    let values = values![name.as_str(), name.fold(), description, id.to_string()];
    let updated = pen.transaction.execute(UPDATE, values).await;
    if updated.map_err(|error| error.refuse_if("live_name", Refusal::NameTaken))? == 0 {
        return Err(Refusal::BuiltIn.into());
    }
    finish(pen, id, settings, "changed").await
}

async fn finish(
    pen: &mut Pen<'_>,
    id: RoleId,
    settings: &RoleSettings,
    what: &str,
) -> Result<(RoleRecord, Event), StoreError> {
    let patterns: Vec<_> = settings.patterns.patterns().iter().map(ToString::to_string).collect();
    set_patterns(pen, id, &patterns).await?;
    super::principal::keep_an_administrator(pen.transaction).await?;
    let record = load(pen.transaction, None, Some(id), None, 1).await?.pop().ok_or(Refusal::Gone)?;
    let event = event(&record, &format!("{what}: {}", patterns.join(" ")));
    Ok((record, event))
}

/// Removes a role that nobody has any more.
pub(super) async fn remove(pen: &mut Pen<'_>, id: RoleId) -> Result<Event, StoreError> {
    let record = load(pen.transaction, None, Some(id), None, 1).await?.pop().ok_or(Refusal::Gone)?;
    if record.built_in {
        return Err(Refusal::BuiltIn.into());
    }
    if binding::is_bound(pen, id).await? {
        return Err(Refusal::InUse.into());
    }
    pen.transaction.execute(REMOVE, values![pen.now.0, id.to_string()]).await?;
    Ok(event(&record, "removed"))
}

/// The id of a role that Jeton brings along.
pub(super) async fn built_in(pen: &mut Pen<'_>, role: BuiltInRole) -> Result<RoleId, StoreError> {
    let name = role.name().to_ascii_lowercase();
    let found = load(pen.transaction, Some(name), None, None, 1).await?.pop();
    found.map(|role| role.id).ok_or_else(|| StoreError::unreadable("role"))
}

/// Makes the roles that Jeton brings along, or brings them to the present version, without scopes of these namespaces.
pub(super) async fn put_built_in(
    pen: &mut Pen<'_>,
    foreign: &[&str],
    mint: impl Fn() -> Id,
) -> Result<Event, StoreError> {
    for role in BuiltInRole::ALL {
        let name: ResourceName = role.name().parse().map_err(|_| StoreError::unreadable("name"))?;
        let existing = load(pen.transaction, Some(name.fold()), None, None, 1).await?.pop();
        let grants = if role.grants_apis() { "apis" } else { "patterns" };
        let id = if let Some(existing) = existing {
            let bindable = role.bindable().word();
            let id = existing.id.to_string();
            let values = values![name.as_str(), name.fold(), role.description(), grants, bindable, id];
            pen.transaction.execute(UPDATE_BUILT_IN, values).await?;
            existing.id
        } else {
            let id = RoleId(mint());
            let values = values![
                id.to_string(),
                name.as_str(),
                name.fold(),
                grants,
                role.description(),
                true,
                role.bindable().word(),
                pen.now.0
            ];
            pen.transaction.execute(INSERT, values).await?;
            id
        };
        let patterns: Vec<_> = role.patterns_without(foreign).map(ToOwned::to_owned).collect();
        set_patterns(pen, id, &patterns).await?;
    }
    Ok(Event {
        target_kind: "role",
        target: String::new(),
        place: String::new(),
        detail: "built-in roles".to_owned(),
        personal: String::new(),
        touched: vec![],
    })
}

async fn set_patterns(pen: &mut Pen<'_>, id: RoleId, patterns: &[String]) -> Result<(), StoreError> {
    pen.transaction.execute(DELETE_PATTERNS, values![id.to_string()]).await?;
    for pattern in patterns {
        pen.transaction.execute(INSERT_PATTERN, values![id.to_string(), pattern.as_str()]).await?;
    }
    Ok(())
}

fn event(record: &RoleRecord, detail: &str) -> Event {
    Event {
        target_kind: "role",
        target: record.id.to_string(),
        place: String::new(),
        detail: format!("{}: {detail}", record.name),
        personal: String::new(),
        touched: vec![],
    }
}
