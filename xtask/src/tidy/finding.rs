//! What a rule has to say.

use std::fmt::{self, Display};

/// A broken rule: where, what, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    message: String,
    remedy: String,
}

impl Finding {
    /// About one line of a file, counted from 1.
    pub(crate) fn at(path: &str, line: usize, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into(), remedy: remedy.into() }
    }

    /// About a whole file.
    pub(crate) fn in_file(path: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::at(path, 1, message, remedy)
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, message, remedy } = self;
        write!(f, "{path}:{line}: {message} — {remedy}")
    }
}

/// All findings, and notes that break no rule.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: Vec<Finding>,
    notes: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        self.findings.sort();
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// How many rules are broken, in how many places.
    pub(crate) fn findings(&self) -> usize {
        self.findings.len()
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        write!(f, "tidy: {} findings", self.findings())
    }
}
