//! Policies of places.

use jeton_token::ScopePattern;
use jeton_token::{Creator, Excess, GroupId, Network, Place, PlacedPolicy, Policy, PrincipalId, Rule};

use super::database::{Row, Transaction, Value, statements, values};
use super::token::{Pen, place_from, place_text};
use super::write::Event;
use super::{Store, StoreError};

statements! {
    SELECT = "SELECT policy.place AS place, policy.lifetime_ms_max AS lifetime_ms_max,
            policy.lifetime_ms_default AS lifetime_ms_default, policy.never_expires AS never_expires,
            policy.everything AS everything, policy.excess AS excess,
            policy.sign_in_within_ms AS sign_in_within_ms, policy.used_within_ms AS used_within_ms,
            policy.renewable_for_ms AS renewable_for_ms, policy.has_creators AS has_creators,
            policy.has_networks AS has_networks, policy.has_approval AS has_approval,
            policy.has_job_projects AS has_job_projects,
            policy_item.kind AS kind, policy_item.value AS value
        FROM policy LEFT JOIN policy_item ON policy_item.place = policy.place
        ORDER BY policy.place, policy_item.kind, policy_item.position";
    DELETE_ITEMS = "DELETE FROM policy_item WHERE place = $1";
    DELETE = "DELETE FROM policy WHERE place = $1";
    INSERT = "INSERT INTO policy (place, lifetime_ms_max, lifetime_ms_default, never_expires, everything, excess,
        sign_in_within_ms, used_within_ms, renewable_for_ms, has_creators, has_networks, has_approval,
        has_job_projects)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    INSERT_ITEM = "INSERT INTO policy_item (place, kind, value, position) VALUES ($1, $2, $3, $4)";
}

impl Store {
    /// All policies. There are few: a place that says nothing has none.
    pub(crate) async fn policies(&self) -> Result<Vec<PlacedPolicy>, StoreError> {
        load(&mut self.read().await?).await
    }
}

pub(super) async fn load(transaction: &mut Transaction) -> Result<Vec<PlacedPolicy>, StoreError> {
    let mut policies: Vec<PlacedPolicy> = Vec::new();
    for row in transaction.fetch(SELECT, values![]).await? {
        let place = read_place(&row)?;
        if policies.last().is_none_or(|last| last.place != place) {
            policies.push(PlacedPolicy { place, policy: read_policy(&row)? });
        }
        if let Some(last) = policies.last_mut() {
            read_item(&row, &mut last.policy)?;
        }
    }
    Ok(policies)
}

fn read_place(row: &Row) -> Result<Place, StoreError> {
    match row.text("place")?.as_str() {
        "" => Ok(Place::Global),
        text => place_from(text).ok_or_else(|| StoreError::unreadable("place")),
    }
}

fn read_policy(row: &Row) -> Result<Policy, StoreError> {
    let list = |flag: &str| row.flag(flag);
    Ok(Policy {
        lifetime_ms_max: row.int_or_null("lifetime_ms_max")?,
        lifetime_ms_default: row.int_or_null("lifetime_ms_default")?,
        never_expires: rule(row, "never_expires")?,
        everything: rule(row, "everything")?,
        excess: excess(row)?,
        creators: list("has_creators")?.then(Vec::new),
        networks: list("has_networks")?.then(Vec::new),
        approval: list("has_approval")?.then(Vec::new),
        sign_in_within_ms: row.int_or_null("sign_in_within_ms")?,
        used_within_ms: row.int_or_null("used_within_ms")?,
        renewable_for_ms: row.int_or_null("renewable_for_ms")?,
        job_projects: list("has_job_projects")?.then(Vec::new),
    })
}

fn read_item(row: &Row, policy: &mut Policy) -> Result<(), StoreError> {
    let Some(kind) = row.text_or_null("kind")? else {
        return Ok(());
    };
    match kind.as_str() {
        "principal" => {
            let id: PrincipalId = row.parse("value")?;
            policy.creators.get_or_insert_default().push(Creator::Principal(id));
        }
        "group" => {
            let id: GroupId = row.parse("value")?;
            policy.creators.get_or_insert_default().push(Creator::Group(id));
        }
        "network" => policy.networks.get_or_insert_default().push(row.parse::<Network>("value")?),
        "approval" => policy.approval.get_or_insert_default().push(row.parse::<ScopePattern>("value")?),
        "job_project" => {
            let place = place_from(&row.text("value")?).ok_or_else(|| StoreError::unreadable("value"))?;
            policy.job_projects.get_or_insert_default().push(place);
        }
        _ => return Err(StoreError::unreadable("kind")),
    }
    Ok(())
}

fn rule(row: &Row, column: &str) -> Result<Option<Rule>, StoreError> {
    match row.text_or_null(column)?.as_deref() {
        None => Ok(None),
        Some("allowed") => Ok(Some(Rule::Allowed)),
        Some("refused") => Ok(Some(Rule::Refused)),
        Some(_) => Err(StoreError::unreadable(column)),
    }
}

fn excess(row: &Row) -> Result<Option<Excess>, StoreError> {
    match row.text_or_null("excess")?.as_deref() {
        None => Ok(None),
        Some("clamp") => Ok(Some(Excess::Clamp)),
        Some("refuse") => Ok(Some(Excess::Refuse)),
        Some(_) => Err(StoreError::unreadable("excess")),
    }
}

// ---- writing

/// Puts a policy in place of the one that was there.
pub(super) async fn put(pen: &mut Pen<'_>, placed: &PlacedPolicy) -> Result<Event, StoreError> {
    let (place, policy) = (place_text(placed.place), &placed.policy);
    forget(pen, placed.place).await?;
    let word = |rule: Option<Rule>| {
        rule.map(|rule| if rule == Rule::Allowed { "allowed" } else { "refused" }.to_owned())
    };
    let excess = policy.excess.map(|e| if e == Excess::Clamp { "clamp" } else { "refuse" }.to_owned());
    let values = values![
        place.as_str(),
        policy.lifetime_ms_max,
        policy.lifetime_ms_default,
        word(policy.never_expires),
        word(policy.everything),
        excess,
        policy.sign_in_within_ms,
        policy.used_within_ms,
        policy.renewable_for_ms,
        policy.creators.is_some(),
        policy.networks.is_some(),
        policy.approval.is_some(),
        policy.job_projects.is_some(),
    ];
    pen.transaction.execute(INSERT, values).await?;
    for (position, (kind, value)) in (0_i64..).zip(items(policy)) {
        let values: Vec<Value> = values![place.as_str(), kind, value, position];
        pen.transaction.execute(INSERT_ITEM, values).await?;
    }
    Ok(event(placed.place, &described(policy)))
}

/// Removes a place's policy.
pub(super) async fn remove(pen: &mut Pen<'_>, place: Place) -> Result<Event, StoreError> {
    forget(pen, place).await?;
    Ok(event(place, "removed"))
}

/// The same without a record of its own: the place goes, too.
pub(super) async fn forget(pen: &mut Pen<'_>, place: Place) -> Result<(), StoreError> {
    let place = place_text(place);
    pen.transaction.execute(DELETE_ITEMS, values![place.as_str()]).await?;
    pen.transaction.execute(DELETE, values![place.as_str()]).await?;
    Ok(())
}

fn items(policy: &Policy) -> Vec<(&'static str, String)> {
    let creators = policy.creators.iter().flatten().map(|creator| match creator {
        Creator::Principal(id) => ("principal", id.to_string()),
        Creator::Group(id) => ("group", id.to_string()),
    });
    let networks = policy.networks.iter().flatten().map(|network| ("network", network.to_string()));
    let approval = policy.approval.iter().flatten().map(|pattern| ("approval", pattern.to_string()));
    let projects = policy.job_projects.iter().flatten().map(|place| ("job_project", place_text(*place)));
    creators.chain(networks).chain(approval).chain(projects).collect()
}

/// A policy in words of its fields, for the record.
fn described(policy: &Policy) -> String {
    let number = |value: Option<i64>| value.map(|value| value.to_string());
    let rule = |rule: Option<Rule>| rule.map(|rule| (rule == Rule::Allowed).to_string());
    let list = |kind: &'static str, given: bool| {
        let values = items(policy)
            .into_iter()
            .filter(|(of, _)| *of == kind || (kind == "creator" && (*of == "principal" || *of == "group")));
        given.then(|| values.map(|(_, value)| value).collect::<Vec<_>>().join(" "))
    };
    let fields = [
        ("lifetime_ms_max", number(policy.lifetime_ms_max)),
        ("lifetime_ms_default", number(policy.lifetime_ms_default)),
        ("never_expires_allowed", rule(policy.never_expires)),
        ("everything_allowed", rule(policy.everything)),
        ("excess_refused", policy.excess.map(|excess| (excess == Excess::Refuse).to_string())),
        ("sign_in_within_ms", number(policy.sign_in_within_ms)),
        ("used_within_ms", number(policy.used_within_ms)),
        ("renewable_for_ms", number(policy.renewable_for_ms)),
        ("creators", list("creator", policy.creators.is_some())),
        ("networks", list("network", policy.networks.is_some())),
        ("approval", list("approval", policy.approval.is_some())),
        ("job_project", list("job_project", policy.job_projects.is_some())),
    ];
    let said = fields.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
    said.collect::<Vec<_>>().join("; ")
}

fn event(place: Place, detail: &str) -> Event {
    Event {
        target_kind: "policy",
        target: place_text(place),
        place: place_text(place),
        detail: detail.to_owned(),
        personal: String::new(),
        touched: vec![],
    }
}
