//! Organizations, their projects, and the pipelines of those.

use std::collections::BTreeMap;

use jeton_api::{Pipeline, Project, PutOrganization, PutPipeline, PutProject, ServiceAccount};
use reqwest::Method;

use super::Unknown;
use super::file::{OrganizationSpec, ProjectSpec, pointer};
use super::plan::Plan;
use super::step::{Action, Change, Kind, Request, Step, Thing, changed};
use crate::client::Client;
use crate::error::Result;
use crate::{organization, pipeline, project};

/// The organization that is always there.
const DEFAULT: &str = "default";

/// Things by their names; case does not count.
fn find<'t, T>(present: &'t [T], name: &str, name_of: impl Fn(&T) -> &str) -> Option<&'t T> {
    present.iter().find(|it| name_of(it).to_lowercase() == name.to_lowercase())
}

fn knows<T>(named: &BTreeMap<String, T>, name: &str) -> bool {
    named.keys().any(|known| known.to_lowercase() == name.to_lowercase())
}

/// Compares organizations and all that is in them.
pub(super) async fn plan(
    plan: &mut Plan<'_>,
    client: &Client,
    named: Option<&BTreeMap<String, OrganizationSpec>>,
) -> Result<()> {
    let Some(named) = named else { return Ok(()) };
    let present = organization::all(client).await?;
    for (name, spec) in named {
        let found = find(&present, name, |it| &it.name);
        let shown = found.map_or(name.as_str(), |it| it.name.as_str());
        if found.is_none() {
            let request = Request::new(Method::PUT, &organization::path(name), &PutOrganization {})?;
            let at = pointer(&["organizations", name]);
            plan.steps.push(Step::create(Kind::Organization, name, request).at(at));
        }
        if let Some(projects) = &spec.projects {
            let there = if found.is_some() { project::all_of(client, shown).await? } else { vec![] };
            plan_projects(plan, client, (name, shown), projects, &there).await?;
        }
    }
    let unknown = present.iter().filter(|it| it.name != DEFAULT && !knows(named, &it.name));
    if plan.unknown == Unknown::Goes {
        let steps =
            unknown.map(|it| Step::delete(Kind::Organization, &it.name, &organization::path(&it.name)));
        plan.steps.extend(steps);
    }
    Ok(())
}

/// An organization that this plan empties can be removed, and cannot be asked about before. With anything left in it,
/// the server says no before the first change.
pub(super) async fn plan_emptied(plan: &mut Plan<'_>, client: &Client) -> Result<()> {
    let deleted = |kind: Kind, plan: &Plan<'_>| -> Vec<String> {
        let steps = plan.steps.iter().filter(|step| step.action == Action::Delete && step.kind == kind);
        steps.map(|step| step.name.clone()).collect()
    };
    let going = deleted(Kind::Organization, plan);
    if going.is_empty() {
        return Ok(());
    }
    let (apis, accounts) = (deleted(Kind::Api, plan), deleted(Kind::ServiceAccount, plan));
    let (all_apis, all_accounts) =
        (client.apis().await?, client.all::<ServiceAccount>(&["service-accounts"], &()).await?);
    for name in going {
        let apis_in = all_apis.iter().filter(|api| api.organization.as_deref() == Some(name.as_str()));
        let apis_in: Vec<_> = apis_in.map(|api| api.name.clone()).collect();
        let accounts_in = all_accounts.iter().filter(|account| account.organization == name);
        let accounts_in: Vec<_> = accounts_in.map(|account| account.name.clone()).collect();
        let is_emptied = project::all_of(client, &name).await?.is_empty()
            && apis_in.iter().all(|api| apis.contains(api))
            && accounts_in.iter().all(|account| accounts.contains(account));
        let contents = apis_in.iter().map(|api| Thing::new(Kind::Api, api));
        let contents = contents.chain(accounts_in.iter().map(|one| Thing::new(Kind::ServiceAccount, one)));
        let organization = Thing::new(Kind::Organization, &name);
        for step in plan.steps.iter_mut().filter(|step| is_emptied && step.thing() == organization) {
            step.needs.extend(contents.clone());
        }
    }
    Ok(())
}

/// The organization's name as the file says it, and as it is.
type Names<'n> = (&'n str, &'n str);

async fn plan_projects(
    plan: &mut Plan<'_>,
    client: &Client,
    (in_file, organization): Names<'_>,
    named: &BTreeMap<String, ProjectSpec>,
    present: &[Project],
) -> Result<()> {
    for (name, spec) in named {
        let found = find(present, name, |it| &it.name);
        let shown = found.map_or(name.as_str(), |it| it.name.as_str());
        let at = pointer(&["organizations", in_file, "projects", name]);
        if let Some(step) = project_step(organization, shown, spec, found)? {
            plan.steps.push(step.at(at.clone()).needing([Thing::new(Kind::Organization, organization)]));
        }
        if let Some(pipelines) = &spec.pipelines {
            let there =
                if found.is_some() { pipeline::all_of(client, organization, shown).await? } else { vec![] };
            plan_pipelines(plan, (organization, shown), (&at, pipelines), &there)?;
        }
    }
    if plan.unknown == Unknown::Goes {
        for it in present.iter().filter(|it| !knows(named, &it.name)) {
            let full = format!("{organization}/{}", it.name);
            plan.steps.push(Step::delete(Kind::Project, full, &project::path(organization, &it.name)));
        }
    }
    Ok(())
}

fn project_step(
    organization: &str,
    name: &str,
    spec: &ProjectSpec,
    found: Option<&Project>,
) -> Result<Option<Step>> {
    let full = format!("{organization}/{name}");
    let request = Request::new(
        Method::PUT,
        &project::path(organization, name),
        &PutProject { visibility: spec.visibility },
    )?;
    let Some(found) = found else {
        let changes = spec.visibility.and_then(|it| changed("visibility", None, Some(&it)));
        let step = Step::create(Kind::Project, full, request);
        return Ok(Some(Step { changes: changes.into_iter().collect(), ..step }));
    };
    let change = spec.visibility.and_then(|it| changed("visibility", Some(&found.visibility), Some(&it)));
    Ok(change.map(|change| Step::change(Kind::Project, full, vec![change], request)))
}

fn plan_pipelines(
    plan: &mut Plan<'_>,
    (organization, project): (&str, &str),
    (at, named): (&str, &BTreeMap<String, PutPipeline>),
    present: &[Pipeline],
) -> Result<()> {
    let needs = [
        Thing::new(Kind::Organization, organization),
        Thing::new(Kind::Project, &format!("{organization}/{project}")),
    ];
    for (name, spec) in named {
        let found = find(present, name, |it| &it.name);
        let shown = found.map_or(name.as_str(), |it| it.name.as_str());
        if let Some(step) = pipeline_step([organization, project, shown], spec, found)? {
            let at = format!("{at}{}", pointer(&["pipelines", name]));
            plan.steps.push(step.at(at).needing(needs.clone()));
        }
    }
    if plan.unknown == Unknown::Goes {
        for gone in present.iter().filter(|gone| !knows(named, &gone.name)) {
            let steps = [organization, project, gone.name.as_str()];
            plan.steps.push(Step::delete(Kind::Pipeline, steps.join("/"), &pipeline::path(steps)));
        }
    }
    Ok(())
}

fn pipeline_step(names: [&str; 3], spec: &PutPipeline, found: Option<&Pipeline>) -> Result<Option<Step>> {
    let full = names.join("/");
    let Some(found) = found else {
        let request = Request::new(Method::PUT, &pipeline::path(names), spec)?;
        let nothing = PutPipeline { kind: spec.kind, job_authorization_scope: None, timeout_minutes: None };
        let kind = changed("kind", None, Some(&spec.kind));
        let changes = kind.into_iter().chain(pipeline_changes(&nothing, spec)).collect();
        return Ok(Some(Step { changes, ..Step::create(Kind::Pipeline, full, request) }));
    };
    let before = PutPipeline {
        kind: found.kind,
        job_authorization_scope: found.job_authorization_scope,
        timeout_minutes: found.timeout_minutes,
    };
    let after = PutPipeline {
        kind: spec.kind,
        job_authorization_scope: spec.job_authorization_scope.or(before.job_authorization_scope),
        timeout_minutes: spec.timeout_minutes.or(before.timeout_minutes),
    };
    let changes = pipeline_changes(&before, &after);
    if changes.is_empty() {
        return Ok(None);
    }
    let request = Request::new(Method::PUT, &pipeline::path(names), &after)?;
    Ok(Some(Step::change(Kind::Pipeline, full, changes, request)))
}

fn pipeline_changes(before: &PutPipeline, after: &PutPipeline) -> Vec<Change> {
    let reach = (before.job_authorization_scope.as_ref(), after.job_authorization_scope.as_ref());
    let timeout = (before.timeout_minutes.as_ref(), after.timeout_minutes.as_ref());
    let changes = [
        changed("kind", Some(&before.kind), Some(&after.kind)),
        changed("job_authorization_scope", reach.0, reach.1),
        changed("timeout_minutes", timeout.0, timeout.1),
    ];
    changes.into_iter().flatten().collect()
}
