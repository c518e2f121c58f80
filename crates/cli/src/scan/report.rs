//! What a scan found and what it passed over. Neither grows without bounds, whatever is scanned.

use std::collections::BTreeMap;

use serde::Serialize;

use super::search::Hit;
use crate::escape::safe;
use crate::output::Show;
use crate::table::{Field, list};

/// More tokens than anybody goes through one by one.
const FINDINGS_MAX: usize = 10_000;
/// So many of the things that were passed over are named.
const NAMED_MAX: usize = 5;

/// What `jeton scan` answers.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// The tokens, in the order in which they were found.
    pub(super) findings: Vec<Finding>,
    /// Whether there were more than are listed.
    truncated: bool,
    /// How many texts were looked through.
    texts: u64,
    /// How many bytes these have.
    bytes: u64,
    skipped: BTreeMap<Reason, Skipped>,
}

/// A token where none should be. It has no field for the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// The file; none for the message of a commit or a tag.
    pub(super) path: Option<String>,
    pub(super) line: usize,
    pub(super) column: usize,
    kind: &'static str,
    pub(super) id: String,
    hint: String,
    /// The oldest commit with it, when it was found in a history.
    pub(super) commit: Option<String>,
    /// The object of git that holds it.
    pub(super) object: Option<String>,
}

/// Where a text comes from.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    pub(super) path: Option<String>,
    pub(super) commit: Option<String>,
    pub(super) object: Option<String>,
}

/// Why something was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// It is no text.
    Binary,
    /// It is larger than the limit.
    TooLarge,
    /// What it points to may be anywhere.
    SymbolicLink,
    /// It is a pipe, a socket or a device.
    NoFile,
    /// It is not in this copy of the repository.
    Missing,
    /// It cannot be read.
    Unreadable,
}

/// What was passed over for one reason.
#[derive(Debug, Default, Serialize)]
struct Skipped {
    count: u64,
    /// The first ones.
    paths: Vec<String>,
}

impl Report {
    /// Takes a token in.
    pub(super) fn add(&mut self, origin: &Origin, hit: Hit) {
        if self.findings.len() >= FINDINGS_MAX {
            self.truncated = true;
            return;
        }
        self.findings.push(Finding {
            path: origin.path.clone(),
            line: hit.line,
            column: hit.column,
            kind: hit.kind.word(),
            id: hit.id.to_string(),
            hint: hit.hint,
            commit: origin.commit.clone(),
            object: origin.object.clone(),
        });
    }

    /// Counts a text that was looked through.
    pub(super) fn count(&mut self, bytes: u64) {
        self.texts += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Remembers that something was passed over.
    pub(super) fn skip(&mut self, reason: Reason, path: String) {
        let skipped = self.skipped.entry(reason).or_default();
        skipped.count += 1;
        if skipped.paths.len() < NAMED_MAX {
            skipped.paths.push(path);
        }
    }

    /// How many there are whose reason is that they cannot be read.
    pub(super) fn unreadable(&self) -> u64 {
        self.skipped.get(&Reason::Unreadable).map_or(0, |skipped| skipped.count)
    }

    /// What was passed over, a line for each reason.
    pub(super) fn skipped(&self) -> Vec<String> {
        self.skipped.iter().map(|(reason, skipped)| skipped.line(*reason)).collect()
    }

    /// What was looked through, and with what result.
    pub(super) fn summary(&self) -> String {
        let more = if self.truncated { ", and more that are not listed" } else { "" };
        let tokens = counted(u64::try_from(self.findings.len()).unwrap_or(u64::MAX), "token");
        format!("{tokens} in {} ({}){more}", counted(self.texts, "text"), size(self.bytes))
    }
}

impl Skipped {
    fn line(&self, reason: Reason) -> String {
        let named = self.paths.iter().map(|path| format!("`{}`", safe(path))).collect::<Vec<_>>().join(", ");
        let more = if self.count > u64::try_from(self.paths.len()).unwrap_or(0) { ", …" } else { "" };
        format!("passed over {} {}: {named}{more}", self.count, reason.words())
    }
}

impl Reason {
    fn words(self) -> &'static str {
        match self {
            Self::Binary => "that are no text",
            Self::TooLarge => "above the limit of size",
            Self::SymbolicLink => "that are symbolic links",
            Self::NoFile => "that are no files",
            Self::Missing => "that are not in this copy of the repository",
            Self::Unreadable => "that cannot be read",
        }
    }
}

impl Finding {
    fn place(&self) -> String {
        let path = self.path.as_deref().unwrap_or("(message)");
        format!("{path}:{}:{}", self.line, self.column)
    }
}

impl Show for Report {
    fn table(&self) -> String {
        let row = |finding: &Finding| -> [Field; 4] {
            [
                finding.place().into(),
                finding.kind.into(),
                finding.id.as_str().into(),
                finding.hint.as_str().into(),
            ]
        };
        if self.findings.iter().all(|finding| finding.object.is_none()) {
            return list(["PLACE", "KIND", "ID", "HINT"], self.findings.iter().map(row));
        }
        let with_commit = |finding: &Finding| {
            let [place, kind, id, hint] = row(finding);
            [place, kind, id, hint, finding.commit.as_deref().unwrap_or("-").into()]
        };
        list(["PLACE", "KIND", "ID", "HINT", "COMMIT"], self.findings.iter().map(with_commit))
    }

    /// Each token's id once, for `jeton token revoke`.
    fn values(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for finding in &self.findings {
            if !ids.contains(&finding.id) {
                ids.push(finding.id.clone());
            }
        }
        ids
    }
}

/// `1 token`, `2 tokens`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["bytes", "KiB", "MiB", "GiB"];
    let (mut count, mut unit) = (bytes, "bytes");
    for next in UNITS.into_iter().skip(1) {
        if count < 10 * 1024 {
            break;
        }
        (count, unit) = (count / 1024, next);
    }
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_in_a_unit_that_fits() {
        for (bytes, words) in
            [(0, "0 bytes"), (10_239, "10239 bytes"), (10_240, "10 KiB"), (1 << 40, "1024 GiB")]
        {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn what_is_passed_over_is_named_up_to_a_limit() {
        let mut report = Report::default();
        for at in 0..7 {
            report.skip(Reason::Binary, format!("{at}.bin"));
        }
        report.skip(Reason::SymbolicLink, "a\u{1b}".to_owned());
        assert_eq!(
            report.skipped(),
            [
                "passed over 7 that are no text: `0.bin`, `1.bin`, `2.bin`, `3.bin`, `4.bin`, …",
                "passed over 1 that are symbolic links: `a\\u{1b}`",
            ]
        );
    }
}
