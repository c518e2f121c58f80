//! `/scim/v2/Groups`
//!
//! A group is known by its name, which is SCIM's `displayName`. All users in it are shown, whoever put them in; SCIM
//! takes out only those whom it has put in itself.

use std::collections::BTreeSet;

use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_api::Code;
use jeton_token::{GroupId, PrincipalId, PrincipalKind, ResourceName};
use serde_json::{Value, json};

use super::super::Doors;
use super::super::path::Path;
use super::super::problem::{self, Problem};
use super::super::query::Query;
use super::super::v1::shown::moment;
use super::body::Body;
use super::kept::Kind;
use super::location;
use super::object::{Object, external_id, get, missing, several, wrong};
use super::patch::{self, PATCH_OP, Step, Verb};
use super::query::{ListQuery, OneQuery};
use super::schema::GROUP;
use super::shown::{self, Shown};
use super::syntax::{self, Comparison, unsupported};
use super::users::{NOBODY, narrow, narrow_text, parsed};
use crate::authority::{Caller, Error, GroupChange, MemberStep};
use crate::limits::SCIM_MEMBERS_MAX;
use crate::store::{GroupFilter, GroupRecord, MemberRecord, MemberSource, Members, Provision, Provisioned};

/// Who says what comes in here.
const SOURCE: &str = "scim";

/// Lists groups, by name.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response<Answer>, Problem> {
    let (filter, window, shown) = (filter(&query.filter()?)?, query.window()?, query.shown()?);
    let found = doors.authority.find_groups(&caller, &filter, window, members(&shown)).await?;
    let groups = found.items.iter().map(|(group, kept)| shown.of(json(&doors, group, kept))).collect();
    Ok(shown::list(groups, found.total, window))
}

/// Makes a group.
pub(crate) async fn create(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<OneQuery>,
    body: Body,
) -> Result<Response<Answer>, Problem> {
    let (object, shown) = (body.of(GROUP)?, query.shown()?);
    let (name, change) = whole(&object)?;
    let made = doors.authority.make_synced_group(&caller, &name, &change).await?;
    let (group, kept) = doors.authority.group_of(&caller, made.id, members(&shown)).await?;
    let place = location(&doors, "Groups", &group.id.to_string());
    Ok(problem::scim_created(&place, shown.of(json(&doors, &group, &kept))))
}

/// Shows a group.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<OneQuery>,
) -> Result<Response<Answer>, Problem> {
    answer(&doors, &caller, parsed(&id)?, &query.shown()?).await
}

/// Replaces what is kept of a group, and those in it whom SCIM has put in.
pub(crate) async fn replace(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<OneQuery>,
    body: Body,
) -> Result<Response<Answer>, Problem> {
    let (id, object, shown) = (parsed(&id)?, body.of(GROUP)?, query.shown()?);
    let (name, mut change) = whole(&object)?;
    change.name = Some(name);
    change.provision.external_id.get_or_insert_default();
    doors.authority.edit_synced_group(&caller, id, &change).await?;
    answer(&doors, &caller, id, &shown).await
}

/// Changes a group: all steps or none.
pub(crate) async fn patch(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<OneQuery>,
    body: Body,
) -> Result<Response<Answer>, Problem> {
    let (id, object, shown) = (parsed(&id)?, body.of(PATCH_OP)?, query.shown()?);
    let change = changes(&patch::steps(&object, Kind::Group)?)?;
    doors.authority.edit_synced_group(&caller, id, &change).await?;
    answer(&doors, &caller, id, &shown).await
}

/// Removes a group with the roles that it had.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.remove_group_of(&caller, parsed(&id)?).await?;
    Ok(problem::done())
}

async fn answer(
    doors: &Doors,
    caller: &Caller,
    id: GroupId,
    shown: &Shown,
) -> Result<Response<Answer>, Problem> {
    let (group, kept) = doors.authority.group_of(caller, id, members(shown)).await?;
    Ok(problem::scim(shown.of(json(doors, &group, &kept))))
}

/// Whether an answer needs to know who is in a group.
fn members(shown: &Shown) -> Members {
    if shown.has("members") { Members::Read } else { Members::Leave }
}

/// Which groups a filter means.
fn filter(comparisons: &[Comparison]) -> Result<GroupFilter, Error> {
    let (mut filter, mut possible) = (GroupFilter::default(), true);
    for Comparison { attribute, value } in comparisons {
        let Value::String(text) = value else {
            return Err(unsupported(format!("`{attribute}` is compared with a text")));
        };
        possible &= match attribute.as_str() {
            "id" => narrow_text(&mut filter.id, text),
            "externalid" => narrow_text(&mut filter.external_id, text),
            "displayname" => {
                ResourceName::of_directory(text).is_ok_and(|name| narrow(&mut filter.name, name))
            }
            "members" | "members.value" => narrow_text(&mut filter.member, text),
            _ => {
                return Err(unsupported(
                    "groups are compared by `displayName`, `externalId`, `members` and `id`",
                ));
            }
        };
    }
    if !possible {
        filter.id = Some(NOBODY.to_owned());
    }
    Ok(filter)
}

/// From a whole resource. What is not kept here is ignored.
fn whole(object: &Object) -> Result<(ResourceName, GroupChange), Error> {
    let mut change = nothing();
    let name = set_name(&mut change, get(object, "displayName").ok_or_else(|| missing("displayName"))?)?;
    let ids = ids(get(object, "members").unwrap_or(&Value::Null), &Unknown::Refused)?;
    change.members = vec![MemberStep::Replace(ids)];
    change.provision.external_id = get(object, "externalId").map(external_id).transpose()?;
    Ok((name, change))
}

fn nothing() -> GroupChange {
    GroupChange {
        source: MemberSource::Named(SOURCE.to_owned()),
        name: None,
        display_name: None,
        members: vec![],
        provision: Provision::default(),
    }
}

fn set_name(change: &mut GroupChange, value: &Value) -> Result<ResourceName, Error> {
    let text = value.as_str().ok_or_else(|| wrong("displayName", "is a text"))?;
    let name = ResourceName::of_directory(text);
    let name = name.map_err(|error| Error::invalid("/displayName", Code::InvalidField, error.to_string()))?;
    change.display_name = Some(text.to_owned());
    Ok(name)
}

/// From the steps of a PATCH.
fn changes(steps: &[Step]) -> Result<GroupChange, Error> {
    let mut change = nothing();
    for step in steps {
        match step.path.attribute.as_str() {
            "members" => change.members.push(member_step(step)?),
            "displayname" => {
                step.check_simple()?;
                if step.verb == Verb::Remove {
                    return Err(step.read_only());
                }
                change.name = Some(set_name(&mut change, &step.value)?);
            }
            _ => {
                step.check_simple()?;
                let removes = step.verb == Verb::Remove;
                let value = if removes { &Value::Null } else { &step.value };
                change.provision.external_id = Some(external_id(value)?);
            }
        }
    }
    Ok(change)
}

fn member_step(step: &Step) -> Result<MemberStep, Error> {
    if step.path.sub.is_some() {
        return Err(syntax::no_such_path("members."));
    }
    match (step.verb, &step.path.filter) {
        (Verb::Add, None) => Ok(MemberStep::Add(ids(&step.value, &Unknown::Refused)?)),
        (Verb::Replace, None) => Ok(MemberStep::Replace(ids(&step.value, &Unknown::Refused)?)),
        (Verb::Remove, None) if step.value.is_null() => Ok(MemberStep::Replace(BTreeSet::new())),
        (Verb::Remove, None) => Ok(MemberStep::Remove(ids(&step.value, &Unknown::LeftOut)?)),
        (Verb::Remove, Some(filter)) => Ok(MemberStep::Remove(named(filter)?)),
        (Verb::Add | Verb::Replace, Some(_)) => Err(syntax::no_such_path("members[…]")),
    }
}

/// Whom `members[value eq "…"]` means.
fn named(filter: &[Comparison]) -> Result<BTreeSet<PrincipalId>, Error> {
    match filter {
        [Comparison { attribute, value: Value::String(id) }] if attribute == "value" => {
            // What is no id is nobody's, and so is in no group.
            Ok(id.parse().ok().into_iter().collect())
        }
        _ => Err(unsupported("members are chosen by `value eq \"…\"` alone")),
    }
}

/// What to make of a text that is nobody's id.
enum Unknown {
    Refused,
    LeftOut,
}

fn ids(members: &Value, unknown: &Unknown) -> Result<BTreeSet<PrincipalId>, Error> {
    let members = several(members);
    if members.len() > SCIM_MEMBERS_MAX {
        return Err(wrong("members", "has at most 5000 entries at once"));
    }
    let mut ids = BTreeSet::new();
    for member in members {
        let value = member.as_object().and_then(|member| get(member, "value")).and_then(Value::as_str);
        let value = value.ok_or_else(|| wrong("members", "has objects with a `value` in it"))?;
        match (value.parse::<PrincipalId>(), unknown) {
            (Ok(id), _) => drop(ids.insert(id)),
            (Err(_), Unknown::LeftOut) => {}
            (Err(_), Unknown::Refused) => {
                return Err(wrong("members", "has a `value` in it that is no user's id"));
            }
        }
    }
    Ok(ids)
}

fn json(doors: &Doors, group: &GroupRecord, kept: &Provisioned) -> Object {
    let id = group.id.to_string();
    let mut shown = Object::new();
    shown.insert("schemas".to_owned(), json!([GROUP]));
    shown.insert("id".to_owned(), json!(id));
    if let Some(external_id) = &kept.external_id {
        shown.insert("externalId".to_owned(), json!(external_id));
    }
    shown.insert("displayName".to_owned(), json!(name_to_show(group)));
    let users = group.members.iter().filter(|member| member.kind == PrincipalKind::User);
    let members: Vec<Value> = users.map(|user| member(doors, user)).collect();
    if !members.is_empty() {
        shown.insert("members".to_owned(), json!(members));
    }
    let meta = json!({
        "resourceType": "Group",
        "created": moment(group.created_at),
        "location": location(doors, "Groups", &id),
    });
    shown.insert("meta".to_owned(), meta);
    shown
}

/// What the directory calls the group, as long as the group's name follows from it.
fn name_to_show(group: &GroupRecord) -> &str {
    let follows =
        |label: &&str| ResourceName::of_directory(label).is_ok_and(|name| name.as_str() == group.name);
    group.display_name.as_deref().filter(follows).unwrap_or(&group.name)
}

fn member(doors: &Doors, user: &MemberRecord) -> Value {
    let id = user.id.to_string();
    json!({ "value": id, "$ref": location(doors, "Users", &id), "type": "User" })
}
