//! Policies. The server says how it keeps one, and what it does to tokens that exist.

use std::collections::BTreeMap;

use jeton_api::{PlacePolicy, Policy, PolicyEffect};
use reqwest::Method;
use serde_json::{Map, Value};

use super::Unknown;
use super::file::{PolicySpec, pointer};
use super::plan::Plan;
use super::rights::places_needed;
use super::step::{Action, Change, Kind, Rehearsal, Request, Step, Thing};
use crate::client::Client;
use crate::error::Result;
use crate::names::principal_text;
use crate::policy;

/// Compares policies.
pub(super) async fn plan(
    plan: &mut Plan<'_>,
    client: &Client,
    named: Option<&BTreeMap<String, PolicySpec>>,
) -> Result<()> {
    let Some(named) = named else { return Ok(()) };
    for (place, spec) in named {
        let wanted = spec.policy(place, plan.text)?;
        plan_one(plan, client, place, wanted).await?;
    }
    if plan.unknown == Unknown::Goes {
        let present: Vec<PlacePolicy> = client.all(&["policies"], &()).await?;
        let says = |it: &&PlacePolicy| it.stored != Policy::default();
        let is_known =
            |it: &PlacePolicy| named.keys().any(|place| place.to_lowercase() == it.place.to_lowercase());
        for it in present.iter().filter(says).filter(|it| !is_known(it)) {
            plan.steps.push(Step::delete(Kind::Policy, &it.place, &policy::path(&it.place)));
        }
    }
    Ok(())
}

async fn plan_one(plan: &mut Plan<'_>, client: &Client, place: &str, wanted: Policy) -> Result<()> {
    let at = pointer(&["policies", place]);
    let creators = wanted.creators.iter().flatten().filter_map(|it| match it.kind.as_str() {
        "group" => Some(Thing::new(Kind::Group, &it.name)),
        "service_account" => Some(Thing::new(Kind::ServiceAccount, &it.name)),
        _ => None,
    });
    let needs: Vec<_> = places_needed(place)
        .into_iter()
        .chain(creators)
        .chain(plan.apis_of(wanted.approval_scopes.as_deref().unwrap_or_default()))
        .collect();
    let rests = needs.iter().any(|thing| plan.steps.iter().any(|step| step.thing() == *thing));
    let found = client.find::<PlacePolicy>(&policy::path(place)).await;
    let what = format!("policy {place}");
    let Some(found) = plan.kept(found, &what, Some(&at))? else { return Ok(()) };
    let before = found.map(|found| found.stored).unwrap_or_default();
    let effect = if rests {
        None
    } else {
        let effect = client.policy_effect(place, &wanted).await;
        match plan.kept(effect, &what, Some(&at))? {
            None => return Ok(()),
            Some(effect) => Some(effect),
        }
    };
    let after = effect.as_ref().map_or(&wanted, |effect| &effect.policy.stored);
    if before == *after {
        return Ok(());
    }
    let request = Request::new(Method::PUT, &policy::path(place), &wanted)?;
    let mut step = Step::change(Kind::Policy, place, changes(&before, after)?, request).at(at).needing(needs);
    if before == Policy::default() {
        step.action = Action::Create;
    }
    if let Some(effect) = effect {
        step.notes = notes(&effect);
        step.rehearsal = Rehearsal::Done;
    }
    plan.steps.push(step);
    Ok(())
}

fn notes(effect: &PolicyEffect) -> Vec<String> {
    let more = if effect.truncated { " or more" } else { "" };
    let touched =
        (effect.tokens > 0).then(|| format!("live tokens that it touches: {}{more}", effect.tokens));
    let whose = effect
        .owners
        .iter()
        .map(|it| format!("  {} of {}: {}", it.tokens, principal_text(&it.owner), it.effects.join(", ")));
    touched.into_iter().chain(whose).collect()
}

/// Field by field, with creators as the file writes them.
fn changes(before: &Policy, after: &Policy) -> Result<Vec<Change>> {
    let (before, after) = (fields(before)?, fields(after)?);
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let change = |name: &&String| Change {
        field: (*name).clone(),
        before: before.get(*name).cloned(),
        after: after.get(*name).cloned(),
    };
    Ok(names.iter().map(change).filter(|change| change.before != change.after).collect())
}

fn fields(policy: &Policy) -> Result<Map<String, Value>> {
    let creators = policy.creators.as_ref().map(|them| them.iter().map(principal_text).collect::<Vec<_>>());
    let rest = Policy { creators: None, ..policy.clone() };
    let value = serde_json::to_value(rest).map_err(anyhow::Error::new)?;
    let mut fields = match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    if let Some(creators) = creators {
        fields.insert("creators".to_owned(), creators.into());
    }
    Ok(fields)
}
