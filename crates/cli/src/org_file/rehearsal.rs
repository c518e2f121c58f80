//! Trying a plan: the server is asked about every step before the first one is done.

use std::collections::HashSet;

use super::plan::Plan;
use super::step::{Rehearsal, Step, Thing};
use crate::client::Client;
use crate::error::{Error, Exit, Result, remedy_line};
use crate::escape::safe;
use crate::toml_file::TomlFile;

/// What the server would refuse, and why.
pub(super) struct Refused {
    pub(super) text: String,
    pub(super) exit: Exit,
}

impl Refused {
    /// A refusal, shown where it stands in the file.
    pub(super) fn of(error: &Error, what: &str, pointer: Option<&str>, text: &TomlFile) -> Self {
        let place = pointer.map_or_else(|| text.name().to_owned(), |pointer| text.at(pointer));
        let Some(problem) = error.problem() else {
            return Self { text: format!("{place}: {what}: {error}"), exit: error.exit() };
        };
        let mut lines: Vec<String> = vec![];
        for field in &problem.errors {
            let place = pointer
                .map_or_else(|| place.clone(), |pointer| text.at(&format!("{pointer}{}", field.pointer)));
            lines.push(format!("{place}: {what}: {}", safe(&field.detail)));
        }
        if lines.is_empty() {
            let detail = if problem.detail.is_empty() { &problem.title } else { &problem.detail };
            lines.push(format!("{place}: {what}: {}", safe(detail)));
        }
        lines.extend(problem.remedies.iter().map(|remedy| format!("  {}", remedy_line(remedy))));
        Self { text: lines.join("\n"), exit: error.exit() }
    }
}

impl Plan<'_> {
    /// Asks about every step that can be asked about. One that rests on another step cannot: what it needs is not
    /// there yet.
    pub(super) async fn rehearse(&mut self, client: &Client) -> Result<()> {
        let planned: HashSet<Thing> = self.steps.iter().map(Step::thing).collect();
        for at in 0..self.steps.len() {
            let Some(step) = self.steps.get(at).cloned() else { break };
            if step.needs.iter().any(|thing| planned.contains(thing)) {
                continue;
            }
            let answer = match &step.rehearsal {
                Rehearsal::Done => continue,
                Rehearsal::Itself => step.request.rehearse(client).await,
                Rehearsal::Like(other) => other.rehearse(client).await,
            };
            self.kept(answer, &step.line(), step.pointer.as_deref())?;
        }
        Ok(())
    }
}
