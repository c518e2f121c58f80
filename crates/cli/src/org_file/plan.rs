//! From what is there and what the file says to steps, in an order in which they can be done.

use std::collections::HashMap;

use super::file::OrgFile;
use super::rehearsal::Refused;
use super::step::{Action, Step, Thing};
use super::{Unknown, apis, places, policies, principals, rights};
use crate::client::Client;
use crate::error::{Error, Exit, Result};
use crate::toml_file::TomlFile;

/// A plan, and what of it the server would refuse.
pub(super) struct Plan<'a> {
    pub(super) text: &'a TomlFile,
    pub(super) unknown: Unknown,
    pub(super) steps: Vec<Step>,
    pub(super) refusals: Vec<Refused>,
    /// Which step is about the API of a namespace.
    namespaces: HashMap<String, Thing>,
}

impl<'a> Plan<'a> {
    /// Compares. Nothing is changed.
    pub(super) async fn make(
        client: &Client,
        text: &'a TomlFile,
        file: &OrgFile,
        unknown: Unknown,
    ) -> Result<Self> {
        let mut plan = Self { text, unknown, steps: vec![], refusals: vec![], namespaces: HashMap::new() };
        places::plan(&mut plan, client, file.organizations.as_ref()).await?;
        apis::plan(&mut plan, client, file.apis.as_ref()).await?;
        principals::plan_accounts(&mut plan, client, file.service_accounts.as_ref()).await?;
        principals::plan_groups(&mut plan, client, file.groups.as_ref()).await?;
        rights::plan_roles(&mut plan, client, file.roles.as_ref()).await?;
        policies::plan(&mut plan, client, file.policies.as_ref()).await?;
        rights::plan_bindings(&mut plan, client, file.bindings.as_deref()).await?;
        places::plan_emptied(&mut plan, client).await?;
        plan.order();
        Ok(plan)
    }

    /// What is made comes first, in the order of kinds; what is deleted comes last, in the other order.
    fn order(&mut self) {
        let (mut deleted, mut made): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.steps).into_iter().partition(|step| step.action == Action::Delete);
        made.sort_by_key(|step| step.kind);
        deleted.sort_by_key(|step| std::cmp::Reverse(step.kind));
        made.append(&mut deleted);
        self.steps = made;
    }

    /// Adds a step about an API.
    pub(super) fn push_api(&mut self, namespace: &str, step: Step) {
        self.namespaces.insert(namespace.to_owned(), step.thing());
        self.steps.push(step);
    }

    /// The APIs that come or change by this plan and that these patterns are about.
    pub(super) fn apis_of(&self, patterns: &[String]) -> Vec<Thing> {
        let namespaces = patterns.iter().filter_map(|pattern| pattern.split('.').next());
        namespaces.filter_map(|namespace| self.namespaces.get(namespace)).cloned().collect()
    }

    /// What the server answered about one thing, or nothing once its refusal is kept.
    pub(super) fn kept<T>(
        &mut self,
        answer: Result<T>,
        what: &str,
        pointer: Option<&str>,
    ) -> Result<Option<T>> {
        self.kept_in(answer, what, (pointer, self.text))
    }

    /// The same, about something that stands in this file.
    pub(super) fn kept_in<T>(
        &mut self,
        answer: Result<T>,
        what: &str,
        (pointer, file): (Option<&str>, &TomlFile),
    ) -> Result<Option<T>> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_final(&error) => Err(error),
            Err(error) => {
                self.refusals.push(Refused::of(&error, what, pointer, file));
                Ok(None)
            }
        }
    }

    /// Refuses something here, without asking the server.
    pub(super) fn refuse(&mut self, what: &str, pointer: &str, why: &str) {
        let text = format!("{}: {what}: {why}", self.text.at(pointer));
        self.refusals.push(Refused { text, exit: Exit::Conflict });
    }
}

/// Whether there is no use in going on.
fn is_final(error: &Error) -> bool {
    error.problem().is_none() || matches!(error.exit(), Exit::Unreachable | Exit::NotSignedIn)
}
