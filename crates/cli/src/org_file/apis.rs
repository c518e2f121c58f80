//! Protected APIs. The server itself says what registering one changes.

use std::collections::BTreeMap;

use jeton_api::{Api, ApiChange, ApiPlan, PutApi};
use reqwest::Method;

use super::Unknown;
use super::file::{ApiSpec, pointer};
use super::plan::Plan;
use super::step::{Action, Change, Kind, Rehearsal, Request, Step, Thing, changed};
use crate::apply::{gateways, routes_of, widening};
use crate::client::Client;
use crate::error::Result;
use crate::toml_file::TomlFile;

/// Compares APIs.
pub(super) async fn plan(
    plan: &mut Plan<'_>,
    client: &Client,
    named: Option<&BTreeMap<String, ApiSpec>>,
) -> Result<()> {
    let Some(named) = named else { return Ok(()) };
    let present = client.apis().await?;
    for (name, spec) in named {
        let (put, own_file) = spec.put(name, plan.text)?;
        let found = present.iter().find(|api| api.name == *name);
        plan_one(plan, client, (name, &put, own_file.as_ref()), found).await?;
    }
    if plan.unknown == Unknown::Goes {
        // Those that Jeton brings along belong to no organization.
        for api in present.iter().filter(|api| api.organization.is_some() && !named.contains_key(&api.name)) {
            let like = Request::new(Method::PUT, &["apis", &api.name], &as_it_is(api))?;
            let step = Step::delete(Kind::Api, &api.name, &["apis", &api.name]);
            plan.steps.push(Step { rehearsal: Rehearsal::Like(like), ..step });
        }
    }
    Ok(())
}

async fn plan_one(
    plan: &mut Plan<'_>,
    client: &Client,
    (name, put, own_file): (&str, &PutApi, Option<&TomlFile>),
    found: Option<&Api>,
) -> Result<()> {
    let at = pointer(&["apis", name]);
    let needs = put.organization.iter().map(|organization| Thing::new(Kind::Organization, organization));
    let needs: Vec<_> = needs.collect();
    let request = Request::new(Method::PUT, &["apis", name], put)?;
    let step = Step::create(Kind::Api, name, request).at(at.clone()).needing(needs);
    if step.needs.iter().any(|thing| plan.steps.iter().any(|step| step.thing() == *thing)) {
        let notes = put.scopes.iter().map(|scope| format!("scopes: + {}", scope.name)).collect();
        plan.push_api(&put.namespace, Step { notes, ..step });
        return Ok(());
    }
    let answer = client.plan_api(name, put).await;
    let what = format!("api {name}");
    let answer = match own_file {
        Some(file) => plan.kept_in(answer, &what, (Some(""), file))?,
        None => plan.kept_in(answer, &what, (Some(&at), plan.text))?,
    };
    let Some(answer) = answer.filter(|answer| answer.change != ApiChange::None) else { return Ok(()) };
    let action = if answer.change == ApiChange::Create { Action::Create } else { Action::Change };
    let changes = found.map(|found| changes(found, put)).unwrap_or_default();
    let step = Step { action, changes, notes: notes(&answer), rehearsal: Rehearsal::Done, ..step };
    plan.push_api(&put.namespace, step);
    Ok(())
}

fn notes(plan: &ApiPlan) -> Vec<String> {
    let added = plan.scopes_added.iter().map(|scope| format!("scopes: + {scope}"));
    let removed = plan.scopes_removed.iter().map(|scope| format!("scopes: - {scope} for ever"));
    let notes = added.chain(removed).chain(plan.widenings.iter().map(widening)).chain(routes_of(plan));
    notes.chain(plan.forward_auth.map(gateways)).collect()
}

fn changes(before: &Api, after: &PutApi) -> Vec<Change> {
    let routes = (before.routes.len(), after.routes.len());
    let changes = [
        changed("title", Some(&before.title), Some(&after.title)),
        changed("audience", Some(&before.audience), Some(&after.audience)),
        changed("enforces_places", Some(&before.enforces_places), Some(&after.enforces_places)),
        changed("routes", Some(&routes.0), Some(&routes.1)),
    ];
    changes.into_iter().flatten().collect()
}

fn as_it_is(api: &Api) -> PutApi {
    let Api {
        title, organization, namespace, audience, enforces_places, forward_auth, scopes, routes, ..
    } = api.clone();
    PutApi { title, organization, namespace, audience, enforces_places, forward_auth, scopes, routes }
}
