//! Service accounts and groups.

use std::collections::BTreeMap;

use jeton_api::{
    Group, PatchGroup, PatchServiceAccount, PrincipalRef, PutGroup, PutServiceAccount, ServiceAccount,
};
use reqwest::Method;
use serde_json::Value;

use super::Unknown;
use super::file::{GroupSpec, ServiceAccountSpec, pointer};
use super::plan::Plan;
use super::step::{Change, Kind, Rehearsal, Request, Step, Thing, changed};
use crate::client::Client;
use crate::error::Result;
use crate::names::{parse_principal, principal, principal_text};
use crate::{group, service_account};

/// Who put somebody into a group by hand, and so by a file.
const MANUAL: &str = "manual";

/// Compares service accounts.
pub(super) async fn plan_accounts(
    plan: &mut Plan<'_>,
    client: &Client,
    named: Option<&BTreeMap<String, ServiceAccountSpec>>,
) -> Result<()> {
    let Some(named) = named else { return Ok(()) };
    for (name, spec) in named {
        let at = pointer(&["service_accounts", name]);
        let found = client.find::<ServiceAccount>(&service_account::path(name)).await;
        let what = format!("service account {name}");
        let Some(found) = plan.kept(found, &what, Some(&at))? else { continue };
        let step = match &found {
            None => Some(new_account(name, spec)?),
            Some(account) => {
                let moved = spec
                    .organization
                    .as_ref()
                    .filter(|it| it.to_lowercase() != account.organization.to_lowercase());
                if moved.is_some() {
                    let organization = &account.organization;
                    let why = format!(
                        "it belongs to `{organization}`, and no account goes to another organization"
                    );
                    plan.refuse(&what, &format!("{at}/organization"), &why);
                }
                changed_account(account, spec)?
            }
        };
        plan.steps.extend(step.map(|step| step.at(at)));
    }
    if plan.unknown == Unknown::Goes {
        let present: Vec<ServiceAccount> = client.all(&["service-accounts"], &()).await?;
        let unknown = present.iter().filter(|it| !named.keys().any(|name| name.to_lowercase() == it.name));
        plan.steps.extend(
            unknown.map(|it| Step::delete(Kind::ServiceAccount, &it.name, &service_account::path(&it.name))),
        );
    }
    Ok(())
}

fn new_account(name: &str, spec: &ServiceAccountSpec) -> Result<Step> {
    let ServiceAccountSpec { organization, display_name, disabled } = spec;
    let put = PutServiceAccount {
        organization: organization.clone(),
        display_name: display_name.clone(),
        disabled: *disabled,
    };
    let changes = [
        changed("organization", None, organization.as_ref()),
        changed("display_name", None, display_name.as_ref()),
        changed("disabled", None, disabled.as_ref()),
    ];
    let request = Request::new(Method::PUT, &service_account::path(name), &put)?;
    let step = Step::create(Kind::ServiceAccount, name, request);
    let needs = organization.iter().map(|organization| Thing::new(Kind::Organization, organization));
    Ok(Step { changes: changes.into_iter().flatten().collect(), ..step.needing(needs) })
}

fn changed_account(account: &ServiceAccount, spec: &ServiceAccountSpec) -> Result<Option<Step>> {
    let mut changes = vec![];
    changes.extend(text_change("display_name", account.display_name.as_ref(), spec.display_name.as_ref()));
    changes.extend(spec.disabled.and_then(|it| changed("disabled", Some(&account.disabled), Some(&it))));
    if changes.is_empty() {
        return Ok(None);
    }
    let patch = PatchServiceAccount { display_name: spec.display_name.clone(), disabled: spec.disabled };
    let request = Request::new(Method::PATCH, &service_account::path(&account.name), &patch)?;
    Ok(Some(Step::change(Kind::ServiceAccount, &account.name, changes, request)))
}

/// Compares groups. Members that a provider of identities put there are its business.
pub(super) async fn plan_groups(
    plan: &mut Plan<'_>,
    client: &Client,
    named: Option<&BTreeMap<String, GroupSpec>>,
) -> Result<()> {
    let Some(named) = named else { return Ok(()) };
    for (name, spec) in named {
        let at = pointer(&["groups", name]);
        let found = client.find::<Group>(&group::path(name)).await;
        let Some(found) = plan.kept(found, &format!("group {name}"), Some(&at))? else { continue };
        let wanted =
            spec.members.as_ref().map(|members| members.iter().map(|text| parse_principal(text)).collect());
        let wanted: Option<Vec<PrincipalRef>> = wanted.transpose()?;
        let step = match &found {
            None => Some(new_group(name, spec, wanted)?),
            Some(group) => changed_group(group, spec, wanted)?,
        };
        let planned: Vec<_> = plan.steps.iter().map(Step::thing).collect();
        plan.steps.extend(step.map(|step| without_planned(step.at(at), &planned)));
    }
    if plan.unknown == Unknown::Goes {
        let present = client.all::<Group>(&["groups"], &()).await;
        let present = plan.kept(present, "groups", Some("/groups"))?.unwrap_or_default();
        let unknown = present.iter().filter(|it| {
            !it.built_in && !named.keys().any(|name| name.to_lowercase() == it.name.to_lowercase())
        });
        plan.steps.extend(unknown.map(|it| Step::delete(Kind::Group, &it.name, &group::path(&it.name))));
    }
    Ok(())
}

/// Members that come by this plan cannot be asked about; all the others can.
fn without_planned(mut step: Step, planned: &[Thing]) -> Step {
    let mut asked = step.request.clone();
    let is_there = |member: &Value| {
        let name = member.get("name").and_then(Value::as_str).unwrap_or_default();
        let is_account = member.get("type").and_then(Value::as_str) == Some("service_account");
        !(is_account && planned.contains(&Thing::new(Kind::ServiceAccount, name)))
    };
    for field in ["members", "add"] {
        let them = asked.body.as_mut().and_then(|body| body.get_mut(field)).and_then(Value::as_array_mut);
        if let Some(them) = them {
            them.retain(is_there);
        }
    }
    step.rehearsal = Rehearsal::Like(asked);
    step
}

fn new_group(name: &str, spec: &GroupSpec, members: Option<Vec<PrincipalRef>>) -> Result<Step> {
    let texts = members.as_ref().map(|members| texts(members));
    let changes =
        [changed("display_name", None, spec.display_name.as_ref()), changed("members", None, texts.as_ref())];
    let put = PutGroup { display_name: spec.display_name.clone(), members };
    let request = Request::new(Method::PUT, &group::path(name), &put)?;
    let step = Step::create(Kind::Group, name, request);
    Ok(Step { changes: changes.into_iter().flatten().collect(), ..step })
}

fn changed_group(group: &Group, spec: &GroupSpec, wanted: Option<Vec<PrincipalRef>>) -> Result<Option<Step>> {
    let mut changes = vec![];
    changes.extend(text_change("display_name", group.display_name.as_ref(), spec.display_name.as_ref()));
    let mut patch = PatchGroup { display_name: spec.display_name.clone(), ..PatchGroup::default() };
    if let Some(wanted) = wanted.filter(|_| !group.built_in) {
        let all: Vec<_> = group.members.iter().map(|it| principal(&it.kind, it.name.clone())).collect();
        let by_hand = group.members.iter().filter(|it| it.source == MANUAL);
        let by_hand: Vec<_> = by_hand.map(|it| principal(&it.kind, it.name.clone())).collect();
        let is_in = |them: &[PrincipalRef], one: &PrincipalRef| them.iter().any(|it| is_same(it, one));
        let add: Vec<_> = wanted.iter().filter(|it| !is_in(&all, it)).cloned().collect();
        let remove: Vec<_> = by_hand.iter().filter(|it| !is_in(&wanted, it)).cloned().collect();
        if !add.is_empty() || !remove.is_empty() {
            let after: Vec<_> = all.iter().filter(|it| !is_in(&remove, it)).chain(&add).cloned().collect();
            changes.extend(changed("members", Some(&texts(&all)), Some(&texts(&after))));
        }
        patch.add = Some(add).filter(|them| !them.is_empty());
        patch.remove = Some(remove).filter(|them| !them.is_empty());
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let request = Request::new(Method::PATCH, &group::path(&group.name), &patch)?;
    Ok(Some(Step::change(Kind::Group, &group.name, changes, request)))
}

fn is_same(one: &PrincipalRef, other: &PrincipalRef) -> bool {
    one.kind == other.kind && one.name.to_lowercase() == other.name.to_lowercase()
}

fn texts(members: &[PrincipalRef]) -> Vec<String> {
    members.iter().map(principal_text).collect()
}

/// A text that the file says and that is otherwise; an empty one is none.
pub(super) fn text_change(field: &str, before: Option<&String>, after: Option<&String>) -> Option<Change> {
    let after = after?;
    changed(field, before, Some(after).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Group {
        serde_json::from_value(serde_json::json!({
            "id": "1", "name": "Builders", "display_name": "B", "built_in": false, "created_at": "2026-11-22T00:00:00Z",
            "members": [
                {"type": "user", "name": "alice", "source": "manual"},
                {"type": "user", "name": "bob", "source": "manual"},
                {"type": "user", "name": "carol", "source": "scim"},
            ],
        }))
        .unwrap()
    }

    fn step(members: &[&str]) -> Option<Step> {
        let spec = GroupSpec { display_name: None, members: Some(vec![]) };
        let wanted = members.iter().map(|text| parse_principal(text).unwrap()).collect();
        changed_group(&group(), &spec, Some(wanted)).unwrap()
    }

    #[test]
    fn members_that_a_provider_put_there_stay() {
        assert!(step(&["user:alice", "user:bob"]).is_none());
        assert!(step(&["user:ALICE", "user:bob", "user:carol"]).is_none());
        let step = step(&["user:alice", "service-account:build"]).unwrap();
        let body = step.request.body.unwrap();
        assert_eq!(body["remove"], serde_json::json!([{"type": "user", "name": "bob"}]));
        assert_eq!(body["add"], serde_json::json!([{"type": "service_account", "name": "build"}]));
    }

    #[test]
    fn an_empty_text_clears_and_a_missing_one_says_nothing() {
        let text = |text: &str| text.to_owned();
        assert!(text_change("a", Some(&text("x")), None).is_none());
        assert!(text_change("a", None, Some(&text(""))).is_none());
        assert!(text_change("a", Some(&text("x")), Some(&text("x"))).is_none());
        assert!(text_change("a", Some(&text("x")), Some(&text(""))).is_some_and(|it| it.after.is_none()));
    }
}
