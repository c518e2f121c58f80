//! What is printed when all steps are done: a table, the slowest parts, the failed tests, the commands to repeat, and one closing line.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::setup::Extent;
use crate::step::Step;
use crate::stopwatch::seconds;
use crate::tally::Tally;

/// How one step went.
#[derive(Debug)]
pub(crate) struct Outcome {
    step: Step,
    tally: Tally,
    took: Duration,
}

impl Outcome {
    pub(crate) fn new(step: Step, tally: Tally, took: Duration) -> Self {
        Self { step, tally, took }
    }

    fn has_failed(&self) -> bool {
        self.tally.failed > 0
    }

    fn verdict(&self) -> &'static str {
        if self.has_failed() { "FAILED" } else { "ok" }
    }

    fn details(&self) -> String {
        let Tally { passed, failed, ignored, .. } = &self.tally;
        match self.step {
            Step::Tests => format!("{passed} passed, {failed} failed, {ignored} ignored"),
            _ => String::new(),
        }
    }
}

/// The line that ends a step.
impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, verdict, took) = (self.step.name(), self.verdict(), seconds(self.took));
        let line = format!("  {name:<12}{verdict:<8}{took:>9}   {}", self.details());
        f.write_str(line.trim_end())
    }
}

/// How all went.
#[derive(Debug)]
pub(crate) struct Summary {
    extent: Extent,
    outcomes: Vec<Outcome>,
    slowest: Vec<String>,
}

impl Summary {
    pub(crate) fn new(extent: Extent) -> Self {
        Self { extent, outcomes: Vec::new(), slowest: Vec::new() }
    }

    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    /// Says which parts took longest, as lines.
    pub(crate) fn slowest(&mut self, lines: Vec<String>) {
        self.slowest = lines;
    }

    /// Whether any step failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.outcomes.iter().any(Outcome::has_failed)
    }

    fn sum(&self, part: fn(&Tally) -> u64) -> u64 {
        self.outcomes.iter().map(|outcome| part(&outcome.tally)).sum()
    }

    fn failed_tests(&self) -> impl Iterator<Item = &String> {
        self.outcomes.iter().flat_map(|outcome| &outcome.tally.failures)
    }

    fn commands(&self) -> impl Iterator<Item = &'static str> {
        let failed = self.outcomes.iter().filter(|outcome| outcome.has_failed());
        failed.map(|outcome| outcome.step.repeat(self.extent))
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, "summary:", self.outcomes.iter().map(|outcome| outcome.to_string().trim_start().to_owned()))?;
        list(f, "slowest parts:", self.slowest.iter())?;
        list(f, "failed tests:", self.failed_tests())?;
        list(f, "repeat what failed with:", self.commands())?;
        let (passed, failed) = (self.sum(|tally| tally.passed), self.sum(|tally| tally.failed));
        write!(f, "\n{passed} passed, {failed} failed")
    }
}

/// Title and items; nothing at all if there are no items.
fn list(f: &mut fmt::Formatter<'_>, title: &str, items: impl Iterator<Item = impl Display>) -> fmt::Result {
    let mut items = items.peekable();
    if items.peek().is_some() {
        writeln!(f, "\n{title}")?;
    }
    items.try_for_each(|item| writeln!(f, "  {item}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(step: Step, passed: u64, failed: u64) -> Outcome {
        let failures = (0..failed).map(|n| format!("broken_{n}")).collect();
        Outcome::new(step, Tally { passed, failed, ignored: 0, failures }, Duration::from_millis(1500))
    }

    #[test]
    fn good_news_is_short() {
        let mut summary = Summary::new(Extent::Everything);
        summary.add(outcome(Step::Tidy, 1, 0));
        summary.add(outcome(Step::Tests, 40, 0));
        summary.slowest(vec!["60.0 s   clippy".to_owned()]);
        let expected = "
summary:
  tidy        ok          1.5 s
  tests       ok          1.5 s   40 passed, 0 failed, 0 ignored

slowest parts:
  60.0 s   clippy

41 passed, 0 failed";
        assert_eq!(summary.to_string(), expected);
        assert!(!summary.has_failed());
    }

    #[test]
    fn bad_news_says_what_to_repeat() {
        let mut summary = Summary::new(Extent::Quick);
        summary.add(outcome(Step::Tests, 40, 2));
        let expected = "
summary:
  tests       FAILED      1.5 s   40 passed, 2 failed, 0 ignored

failed tests:
  broken_0
  broken_1

repeat what failed with:
  JETON_TEST_QUICK=1 cargo test --workspace

40 passed, 2 failed";
        assert_eq!(summary.to_string(), expected);
        assert!(summary.has_failed());
    }
}
