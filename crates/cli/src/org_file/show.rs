//! A plan as people know it from infrastructure tools.

use serde::Serialize;
use serde_json::Value;

use super::step::{Action, Change, Step};
use crate::escape::safe;
use crate::output::Show;

/// A plan, or what became of it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Report {
    pub(super) steps: Vec<Step>,
}

impl Report {
    /// Nothing of it is done yet.
    pub(super) fn of(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn summary(&self) -> String {
        let count = |action: Action| self.steps.iter().filter(|step| step.action == action).count();
        let counts = [count(Action::Create), count(Action::Change), count(Action::Delete)];
        let [create, change, delete] = counts;
        match self.steps.iter().filter(|step| step.applied).count() {
            _ if self.is_empty() => "nothing to change".to_owned(),
            0 => format!("{create} to create, {change} to change, {delete} to delete"),
            done if done == self.steps.len() => {
                format!("{create} created, {change} changed, {delete} deleted")
            }
            done => format!("{done} of {} steps done", self.steps.len()),
        }
    }
}

/// A step; whether it was done matters if not all were.
fn lines(step: &Step, in_part: bool) -> Vec<String> {
    let mut lines = vec![step.line() + if in_part && step.applied { "  (done)" } else { "" }];
    lines.extend(step.changes.iter().flat_map(|change| change_lines(step.action, change)));
    lines.extend(step.notes.iter().map(|note| format!("    {}", safe(note))));
    lines
}

fn change_lines(action: Action, change: &Change) -> Vec<String> {
    let Change { field, before, after } = change;
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), shown);
    match (action, before, after) {
        (Action::Create, _, after) => vec![format!("    {field}: {}", value(after))],
        (_, Some(Value::Array(before)), Some(Value::Array(after))) => {
            let gone = before
                .iter()
                .filter(|it| !after.contains(it))
                .map(|it| format!("    {field}: - {}", shown(it)));
            let come = after
                .iter()
                .filter(|it| !before.contains(it))
                .map(|it| format!("    {field}: + {}", shown(it)));
            gone.chain(come).collect()
        }
        (_, before, after) => vec![format!("    {field}: {} -> {}", value(before), value(after))],
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::String(text) => format!("\"{}\"", safe(text)),
        other => safe(&other.to_string()).into_owned(),
    }
}

impl Show for Report {
    fn table(&self) -> String {
        let in_part = !self.steps.iter().all(|step| step.applied);
        let mut parts: Vec<String> = self.steps.iter().flat_map(|step| lines(step, in_part)).collect();
        if !parts.is_empty() {
            parts.push(String::new());
        }
        parts.push(self.summary());
        parts.join("\n")
    }

    fn values(&self) -> Vec<String> {
        self.steps.iter().map(Step::line).collect()
    }
}
