//! Roles and bindings.

use std::collections::{BTreeMap, BTreeSet};

use jeton_api::{CreateRoleBinding, PatchRole, PutRole, Role, RoleBinding, RoleBindingQuery};
use jeton_token::{Rights, ScopePattern};
use reqwest::Method;

use super::Unknown;
use super::file::{BindingSpec, RoleSpec, place_parts, pointer};
use super::plan::Plan;
use super::principals::text_change;
use super::step::{Kind, Request, Step, Thing, changed};
use crate::client::Client;
use crate::error::Result;
use crate::names::{parse_principal, principal_text};
use crate::{binding, role};

/// What a fresh installation binds. To remove one of these is a decision of its own, which no file takes by silence.
const FRESH: [(&str, &str, &str); 3] = [
    ("admin", "user:admin", "*"),
    ("tokencreator", "group:everyone", "*"),
    ("apiuser", "group:everyone", "default/*"),
];

/// Compares roles.
pub(super) async fn plan_roles(
    plan: &mut Plan<'_>,
    client: &Client,
    named: Option<&BTreeMap<String, RoleSpec>>,
) -> Result<()> {
    let Some(named) = named else { return Ok(()) };
    let present = role::all(client).await?;
    for (name, spec) in named {
        let found = present.iter().find(|it| it.name.to_lowercase() == name.to_lowercase());
        let step = match found {
            None => Some(new_role(name, spec)?),
            Some(role) => changed_role(role, spec)?,
        };
        let needs = plan.apis_of(&spec.scopes);
        plan.steps.extend(step.map(|step| step.at(pointer(&["roles", name])).needing(needs)));
    }
    if plan.unknown == Unknown::Goes {
        let is_known = |role: &Role| named.keys().any(|name| name.to_lowercase() == role.name.to_lowercase());
        let unknown: Vec<_> = present.iter().filter(|it| !it.built_in && !is_known(it)).collect();
        let bindings = if unknown.is_empty() {
            vec![]
        } else {
            binding::all(client, &RoleBindingQuery::default()).await?
        };
        for it in unknown {
            let held =
                bindings.iter().filter(|binding| binding.role.to_lowercase() == it.name.to_lowercase());
            let needs = held.map(|binding| Thing::new(Kind::Binding, &binding_name(binding)));
            plan.steps.push(Step::delete(Kind::Role, &it.name, &role::path(&it.name)).needing(needs));
        }
    }
    Ok(())
}

fn new_role(name: &str, spec: &RoleSpec) -> Result<Step> {
    let put = PutRole { description: spec.description.clone(), scopes: spec.scopes.clone() };
    let changes = [
        changed("description", None, spec.description.as_ref()),
        changed("scopes", None, Some(&spec.scopes)),
    ];
    let request = Request::new(Method::PUT, &role::path(name), &put)?;
    Ok(Step { changes: changes.into_iter().flatten().collect(), ..Step::create(Kind::Role, name, request) })
}

fn changed_role(role: &Role, spec: &RoleSpec) -> Result<Option<Step>> {
    let mut changes = vec![];
    changes.extend(text_change("description", role.description.as_ref(), spec.description.as_ref()));
    if rights(&role.scopes) != rights(&spec.scopes) {
        let sorted = |scopes: &[String]| scopes.iter().cloned().collect::<BTreeSet<_>>();
        changes.extend(changed("scopes", Some(&sorted(&role.scopes)), Some(&sorted(&spec.scopes))));
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let patch = PatchRole { description: spec.description.clone(), scopes: Some(spec.scopes.clone()) };
    let request = Request::new(Method::PATCH, &role::path(&role.name), &patch)?;
    Ok(Some(Step::change(Kind::Role, &role.name, changes, request)))
}

/// What patterns mean together; what is no pattern means nothing, and is for the server to refuse.
fn rights(scopes: &[String]) -> (Rights, usize) {
    let parsed: Vec<_> = scopes.iter().filter_map(|text| text.parse::<ScopePattern>().ok()).collect();
    let wrong = scopes.len() - parsed.len();
    (parsed.into_iter().collect(), wrong)
}

/// Compares bindings.
pub(super) async fn plan_bindings(
    plan: &mut Plan<'_>,
    client: &Client,
    named: Option<&[BindingSpec]>,
) -> Result<()> {
    let Some(named) = named else { return Ok(()) };
    let present = binding::all(client, &RoleBindingQuery::default()).await?;
    let there: Vec<_> = present.iter().map(key).collect();
    for (at, spec) in named.iter().enumerate() {
        if !there.contains(&spec.key()) {
            let step = new_binding(spec)?;
            plan.steps.push(step.at(pointer(&["bindings", &at.to_string()])));
        }
    }
    if plan.unknown == Unknown::Goes {
        let wanted: Vec<_> = named.iter().map(BindingSpec::key).collect();
        let is_fresh = |(role, subject, place): &(String, String, String)| {
            FRESH.contains(&(role.as_str(), subject.as_str(), place.as_str()))
        };
        for (binding, key) in present.iter().zip(&there) {
            if !wanted.contains(key) && !is_fresh(key) {
                let path = binding::path(&binding.id);
                plan.steps.push(Step::delete(Kind::Binding, binding_name(binding), &path));
            }
        }
    }
    Ok(())
}

fn new_binding(spec: &BindingSpec) -> Result<Step> {
    let BindingSpec { role, subject, place } = spec;
    let subject = parse_principal(subject)?;
    let mut needs = vec![Thing::new(Kind::Role, role)];
    match subject.kind.as_str() {
        "group" => needs.push(Thing::new(Kind::Group, &subject.name)),
        "service_account" => needs.push(Thing::new(Kind::ServiceAccount, &subject.name)),
        _ => {}
    }
    needs.extend(places_needed(place));
    let name = name_of(role, &principal_text(&subject), place);
    let request = CreateRoleBinding { role: role.clone(), subject, place: place.clone() };
    let request = Request::new(Method::POST, &["role-bindings"], &request)?;
    Ok(Step::create(Kind::Binding, name, request).needing(needs))
}

/// The organization and the project of a place.
pub(super) fn places_needed(place: &str) -> Vec<Thing> {
    let (organization, project) = place_parts(place);
    let organization = organization.map(|name| Thing::new(Kind::Organization, name));
    let project =
        project.map(|(organization, name)| Thing::new(Kind::Project, &format!("{organization}/{name}")));
    organization.into_iter().chain(project).collect()
}

fn key(binding: &RoleBinding) -> (String, String, String) {
    let subject = principal_text(&binding.subject);
    (binding.role.to_lowercase(), subject.to_lowercase(), binding.place.to_lowercase())
}

fn binding_name(binding: &RoleBinding) -> String {
    name_of(&binding.role, &principal_text(&binding.subject), &binding.place)
}

/// `Reader of group:builders at acme/*`
fn name_of(role: &str, subject: &str, place: &str) -> String {
    format!("{role} of {subject} at {place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_compared_by_what_they_mean() {
        let role: Role = serde_json::from_value(serde_json::json!({
            "id": "1", "name": "R", "description": null, "built_in": false, "bindable": "anywhere",
            "scopes": ["A.B", "A.C.*"], "api_scopes": false, "created_at": "2026-11-22T00:00:00Z",
        }))
        .unwrap();
        let step = |scopes: &[&str]| {
            let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
            changed_role(&role, &RoleSpec { description: None, scopes }).unwrap()
        };
        assert!(step(&["A.C.*", "A.B"]).is_none());
        assert!(step(&["A.B"]).is_some() && step(&["A.B", "A.C.*", "nonsense"]).is_some());
    }
}
