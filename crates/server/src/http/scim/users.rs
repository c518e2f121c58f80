//! `/scim/v2/Users`

use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::Response;
use jeton_token::{PrincipalId, PrincipalName};
use serde_json::{Value, json};

use super::super::Doors;
use super::super::path::Path;
use super::super::problem::{self, Problem};
use super::super::query::Query;
use super::super::v1::shown::moment;
use super::address::{self, Address};
use super::body::Body;
use super::kept::Kind;
use super::location;
use super::object::{Object, external_id, flag, get, missing, text};
use super::patch::{self, PATCH_OP, Step, Verb};
use super::person::PersonName;
use super::query::{ListQuery, OneQuery};
use super::schema::USER;
use super::shown::{self, Shown};
use super::syntax::{Comparison, unsupported};
use crate::authority::{Caller, Error, UserRequest};
use crate::store::{EmailLabel, PrincipalRecord, Provisioned, UserFilter};

/// Lists users, oldest first.
pub(crate) async fn list(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response<Answer>, Problem> {
    let (filter, window, shown) = (filter(&query.filter()?)?, query.window()?, query.shown()?);
    let found = doors.authority.find_users(&caller, &filter, window).await?;
    let users = found.items.iter().map(|(user, kept)| shown.of(json(&doors, user, kept))).collect();
    Ok(shown::list(users, found.total, window))
}

/// Makes a user, who has no password.
pub(crate) async fn create(
    State(doors): State<Doors>,
    caller: Caller,
    Query(query): Query<OneQuery>,
    body: Body,
) -> Result<Response<Answer>, Problem> {
    let (object, shown) = (body.of(USER)?, query.shown()?);
    let (name, request) = whole(&object)?;
    let (user, _) = doors.authority.put_user(&caller, &name, &request, true).await?;
    let (user, kept) = doors.authority.user_of(&caller, user.id).await?;
    let place = location(&doors, "Users", &user.id.to_string());
    Ok(problem::scim_created(&place, shown.of(json(&doors, &user, &kept))))
}

/// Shows a user.
pub(crate) async fn show(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<OneQuery>,
) -> Result<Response<Answer>, Problem> {
    answer(&doors, &caller, parsed(&id)?, &query.shown()?).await
}

/// Replaces what is kept of a user. Whether they are active stays when it is not said.
pub(crate) async fn replace(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<OneQuery>,
    body: Body,
) -> Result<Response<Answer>, Problem> {
    let (id, object, shown) = (parsed(&id)?, body.of(USER)?, query.shown()?);
    let (name, mut request) = whole(&object)?;
    request.name = Some(name);
    request.display_name.get_or_insert_default();
    request.email.get_or_insert_default();
    request.provision.email.get_or_insert_default();
    request.provision.external_id.get_or_insert_default();
    doors.authority.edit_user_of(&caller, id, &request).await?;
    answer(&doors, &caller, id, &shown).await
}

/// Changes a user: all steps or none.
pub(crate) async fn patch(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<OneQuery>,
    body: Body,
) -> Result<Response<Answer>, Problem> {
    let (id, object, shown) = (parsed(&id)?, body.of(PATCH_OP)?, query.shown()?);
    let steps = patch::steps(&object, Kind::User)?;
    let (user, kept) = doors.authority.user_of(&caller, id).await?;
    let request = changes(&steps, &user, &kept)?;
    doors.authority.edit_user_of(&caller, id, &request).await?;
    answer(&doors, &caller, id, &shown).await
}

/// Removes a user for good.
pub(crate) async fn remove(
    State(doors): State<Doors>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response<Answer>, Problem> {
    doors.authority.remove_user_of(&caller, parsed(&id)?).await?;
    Ok(problem::done())
}

async fn answer(
    doors: &Doors,
    caller: &Caller,
    id: PrincipalId,
    shown: &Shown,
) -> Result<Response<Answer>, Problem> {
    let (user, kept) = doors.authority.user_of(caller, id).await?;
    Ok(problem::scim(shown.of(json(doors, &user, &kept))))
}

/// What is no id names nothing.
pub(super) fn parsed<T: std::str::FromStr>(id: &str) -> Result<T, Error> {
    id.parse().map_err(|_| Error::Hidden)
}

/// Nobody's id, and no group's: what a filter asks for that nobody can fit.
pub(super) const NOBODY: &str = "";

/// Whom a filter means.
fn filter(comparisons: &[Comparison]) -> Result<UserFilter, Error> {
    let (mut filter, mut possible) = (UserFilter::default(), true);
    for Comparison { attribute, value } in comparisons {
        let as_text =
            || value.as_str().ok_or_else(|| unsupported(format!("`{attribute}` is compared with a text")));
        possible &= match attribute.as_str() {
            "id" => narrow_text(&mut filter.id, as_text()?),
            "externalid" => narrow_text(&mut filter.external_id, as_text()?),
            "displayname" => narrow_text(&mut filter.display_name, as_text()?),
            "emails" | "emails.value" => narrow_text(&mut filter.email, as_text()?),
            "active" => narrow(&mut filter.active, flag("active", value).map_err(|_| no_flag())?),
            "username" => {
                PrincipalName::of_directory(as_text()?).is_ok_and(|name| narrow(&mut filter.name, name))
            }
            _ => {
                let detail = "users are compared by `userName`, `externalId`, `displayName`, `active`, `emails` and `id`";
                return Err(unsupported(detail));
            }
        };
    }
    if !possible {
        filter.id = Some(NOBODY.to_owned());
    }
    Ok(filter)
}

fn no_flag() -> Error {
    unsupported("`active` is compared with `true` or `false`")
}

/// The same with a text. Nothing that is kept has a control character in it, and not every database takes one.
pub(super) fn narrow_text(asked: &mut Option<String>, text: &str) -> bool {
    !text.contains(char::is_control) && narrow(asked, text.to_owned())
}

/// Asks for one value more. Two different ones cannot both be.
pub(super) fn narrow<T: PartialEq>(asked: &mut Option<T>, value: T) -> bool {
    if let Some(there) = asked {
        return *there == value;
    }
    *asked = Some(value);
    true
}

/// From a whole resource. What is not kept here is ignored.
fn whole(object: &Object) -> Result<(PrincipalName, UserRequest), Error> {
    let mut person = PersonName::default();
    let name = person.set_user_name(get(object, "userName").ok_or_else(|| missing("userName"))?)?;
    if let Some(parts) = get(object, "name") {
        person.set_parts(parts)?;
    }
    let said = get(object, "displayName").map(|name| text("displayName", name)).transpose()?;
    let display_name = said.filter(|name| !name.is_empty()).or_else(|| person.to_show());
    let mut request = UserRequest {
        display_name,
        disabled: get(object, "active").map(|value| flag("active", value)).transpose()?.map(|active| !active),
        ..UserRequest::default()
    };
    request.provision.external_id = get(object, "externalId").map(external_id).transpose()?;
    request.provision.user_name = Some(person.user_name);
    request.provision.parts = Some(person.parts);
    if let Some(emails) = get(object, "emails") {
        set_address(&mut request, Address::chosen(emails)?);
    }
    Ok((name, request))
}

fn set_address(request: &mut UserRequest, address: Option<Address>) {
    let Address { value, label } = address.unwrap_or_default();
    request.email = Some(value);
    request.provision.email = Some(label);
}

/// From the steps of a PATCH. A name to show that followed from what else is kept goes on following from it.
fn changes(steps: &[Step], user: &PrincipalRecord, kept: &Provisioned) -> Result<UserRequest, Error> {
    let (mut request, mut address) = (UserRequest::default(), kept_address(user, kept));
    let had = PersonName::of(user, kept);
    let mut person = had.clone();
    for step in steps {
        let removes = step.verb == Verb::Remove;
        match step.path.attribute.as_str() {
            "emails" => {
                address = address::after(step, address)?;
                set_address(&mut request, address.clone());
            }
            "name" => person.step(step)?,
            "username" | "active" if removes => return Err(step.read_only()),
            _ => {
                step.check_simple()?;
                simple(step, &mut request, &mut person)?;
            }
        }
    }
    person.forget_outdated(&had, steps);
    let followed = user.display_name == had.to_show();
    let is_removed = request.display_name.as_ref().is_some_and(String::is_empty);
    if is_removed || request.display_name.is_none() && followed && person != had {
        request.display_name = Some(person.to_show().unwrap_or_default());
    }
    if person.user_name != had.user_name {
        request.provision.user_name = Some(person.user_name);
    }
    request.provision.parts = Some(person.parts).filter(|parts| *parts != had.parts);
    Ok(request)
}

fn simple(step: &Step, request: &mut UserRequest, person: &mut PersonName) -> Result<(), Error> {
    let value = if step.verb == Verb::Remove { &Value::Null } else { &step.value };
    match step.path.attribute.as_str() {
        "username" => request.name = Some(person.set_user_name(value)?),
        "active" => request.disabled = Some(!flag("active", value)?),
        "displayname" => request.display_name = Some(text("displayName", value)?),
        _ => request.provision.external_id = Some(external_id(value)?),
    }
    Ok(())
}

fn kept_address(user: &PrincipalRecord, kept: &Provisioned) -> Option<Address> {
    let value = user.email.clone()?;
    // An address without labels is the only one, and so the primary one.
    let unlabelled = EmailLabel { kind: None, primary: Some(true) };
    let label = Some(kept.email.clone()).filter(|label| *label != EmailLabel::default());
    Some(Address { value, label: label.unwrap_or(unlabelled) })
}

fn json(doors: &Doors, user: &PrincipalRecord, kept: &Provisioned) -> Object {
    let id = user.id.to_string();
    let mut shown = Object::new();
    shown.insert("schemas".to_owned(), json!([USER]));
    shown.insert("id".to_owned(), json!(id));
    let mut say = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value);
        }
    };
    say("externalId", kept.external_id.as_ref().map(|id| json!(id)));
    let person = PersonName::of(user, kept);
    say("userName", Some(json!(person.user_name_of(user))));
    say("name", person.parts_json());
    say("displayName", user.display_name.as_ref().map(|name| json!(name)));
    say("active", Some(json!(user.disabled_at.is_none())));
    say("emails", kept_address(user, kept).map(|address| json!([address.json()])));
    let meta = json!({
        "resourceType": "User",
        "created": moment(user.created_at),
        "location": location(doors, "Users", &id),
    });
    say("meta", Some(meta));
    shown
}
