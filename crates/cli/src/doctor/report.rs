//! What was looked at, one line each.

use serde::Serialize;

use crate::output::Show;
use crate::table::{list, one};

/// Everything that was looked at.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Check>);

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    #[serde(rename = "check")]
    what: &'static str,
    state: State,
    found: String,
    /// What to do about it.
    next: Option<String>,
}

/// How it is. The order is that of badness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Ok,
    Warn,
    Fail,
}

impl Report {
    /// As it should be.
    pub(super) fn ok(&mut self, what: &'static str, found: impl Into<String>) {
        self.0.push(Check { what, state: State::Ok, found: found.into(), next: None });
    }

    /// It works, but not as it should.
    pub(super) fn warn(&mut self, what: &'static str, found: impl Into<String>, next: impl Into<String>) {
        self.add(what, State::Warn, found, next);
    }

    /// It does not work.
    pub(super) fn fail(&mut self, what: &'static str, found: impl Into<String>, next: impl Into<String>) {
        self.add(what, State::Fail, found, next);
    }

    /// One or the other.
    pub(super) fn add(
        &mut self,
        what: &'static str,
        state: State,
        found: impl Into<String>,
        next: impl Into<String>,
    ) {
        self.0.push(Check { what, state, found: found.into(), next: Some(next.into()) });
    }

    /// The worst of all.
    pub(super) fn state(&self) -> State {
        self.0.iter().map(|check| check.state).max().unwrap_or(State::Ok)
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl Serialize for Report {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            state: State,
            checks: &'a [Check],
        }
        Shown { state: self.state(), checks: &self.0 }.serialize(serializer)
    }
}

impl Show for Report {
    fn table(&self) -> String {
        let row = |check: &Check| {
            [
                check.what.into(),
                check.state.word().into(),
                check.found.as_str().into(),
                check.next.as_deref().unwrap_or_default().into(),
            ]
        };
        list(["WHAT", "STATE", "FOUND", "NEXT"], self.0.iter().map(row))
    }

    /// How it is on the whole.
    fn values(&self) -> Vec<String> {
        one(self.state().word())
    }
}
