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
    /// Whether all that was asked for was searched.
    complete: Complete,
    /// How many texts were looked through.
    texts: u64,
    /// How many bytes these have.
    bytes: u64,
    skipped: BTreeMap<Reason, Skipped>,
}

/// Whether nothing was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct Complete(bool);

impl Default for Complete {
    fn default() -> Self {
        Self(true)
    }
}

/// A token where none should be. It has no field for the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// The file; none for the message of a commit or a tag. Should it hold a token itself, its hint stands there.
    pub(super) path: Option<String>,
    pub(super) part: Part,
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
    pub(super) part: Part,
    pub(super) commit: Option<String>,
    pub(super) object: Option<String>,
}

/// Of what the text is a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    /// Of what a file holds.
    #[default]
    Content,
    /// It is the name of a file or a folder.
    Name,
    /// It is the name of a branch or a tag.
    Ref,
    /// It is what a commit, a tag or a reflog says.
    Message,
}

/// Why something was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// What it holds is compressed.
    Compressed,
    /// It is larger than the limit: what comes after that was not searched.
    TooLarge,
    /// It cannot be read.
    Unreadable,
    /// Git does not read the repository.
    Repository,
    /// The history of the repository begins later here than elsewhere.
    Shallow,
    /// It is not in this copy of the repository.
    Missing,
    /// The repository of a submodule is not here.
    Submodule,
    /// Git LFS keeps what it holds somewhere else.
    Lfs,
    /// What it points to may be anywhere.
    SymbolicLink,
    /// It is a pipe, a socket or a device.
    NoFile,
    /// Nobody asked for the history of the repository.
    History,
    /// The token is one that `--allow` names.
    Allowed,
    /// The token is one that Jeton publishes itself.
    Example,
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
            part: origin.part,
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
        self.complete.0 &= !reason.is_gap();
        let skipped = self.skipped.entry(reason).or_default();
        skipped.count += 1;
        if skipped.paths.len() < NAMED_MAX && !skipped.paths.contains(&path) {
            skipped.paths.push(path);
        }
    }

    /// Whether all that was asked for was searched.
    pub(super) fn is_complete(&self) -> bool {
        self.complete.0
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
        format!("{}: {named}{more}", reason.words(self.count))
    }
}

impl Reason {
    /// Whether a token may stand in what was passed over.
    fn is_gap(self) -> bool {
        match self {
            Self::Compressed
            | Self::TooLarge
            | Self::Unreadable
            | Self::Repository
            | Self::Shallow
            | Self::Missing
            | Self::Submodule
            | Self::Lfs => true,
            Self::SymbolicLink | Self::NoFile | Self::History | Self::Allowed | Self::Example => false,
        }
    }

    fn words(self, count: u64) -> String {
        let counted = |noun| counted(count, noun);
        match self {
            Self::Compressed => format!("not searched, {}", counted("compressed file")),
            Self::TooLarge => {
                format!("searched only up to the size limit (`--max-mib`), {}", counted("file"))
            }
            Self::Unreadable => format!("not searched, {} that cannot be read", counted("path")),
            Self::Repository => format!("not searched, history that git does not read, {}", counted("path")),
            Self::Shallow => {
                format!("searched only in part (`git fetch --unshallow`), {}", counted("shallow clone"))
            }
            Self::Missing => format!("not searched, {} missing in this copy", counted("object")),
            Self::Submodule => {
                format!("not searched (`git submodule update --init`), {}", counted("absent submodule"))
            }
            Self::Lfs => format!("not searched, content that Git LFS keeps elsewhere, {}", counted("file")),
            Self::SymbolicLink => format!("not followed, {}", counted("symbolic link")),
            Self::NoFile => format!("not read, {}", counted("pipe, socket or device")),
            Self::History => {
                format!("searched without their history (`--git` adds it), {}", repositories(count))
            }
            Self::Allowed => format!("ignored, {} that `--allow` names", counted("token")),
            Self::Example => format!("ignored, {} of Jeton itself", counted("published test token")),
        }
    }
}

fn repositories(count: u64) -> String {
    format!("{count} {}", if count == 1 { "repository" } else { "repositories" })
}

impl Finding {
    fn place(&self) -> String {
        let Self { line, column, .. } = self;
        match (&self.path, self.part) {
            (Some(path), Part::Content) => format!("{path}:{line}:{column}"),
            (Some(path), Part::Name) => format!("{path} (name)"),
            (Some(path), Part::Ref) => format!("{path} (ref)"),
            (Some(path), Part::Message) => format!("{path} (message)"),
            (None, _) => format!("(message):{line}:{column}"),
        }
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
            report.skip(Reason::SymbolicLink, format!("{at}"));
        }
        assert!(report.is_complete(), "a link is no gap");
        report.skip(Reason::Compressed, "a\u{1b}".to_owned());
        assert!(!report.is_complete());
        assert_eq!(
            report.skipped(),
            [
                "not searched, 1 compressed file: `a\\u{1b}`",
                "not followed, 7 symbolic links: `0`, `1`, `2`, `3`, `4`, …",
            ]
        );
    }
}
