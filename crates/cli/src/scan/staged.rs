//! What is about to be committed, as it will be: the files, their names, and the name of the branch.

use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Scan;
use super::git::{Git, temporary};
use super::objects::Objects;
use super::report::{Origin, Part, Reason};
use crate::error::Result;

const LIST: [&str; 10] = [
    "diff",
    "--cached",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-renames",
    "--no-relative",
    "--no-ext-diff",
    "--no-textconv",
    "--diff-filter=d",
];
const SUBMODULE: &str = "160000";

/// A file that is about to be committed.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    mode: String,
    object: String,
    path: String,
}

/// Looks through it. What fails is said.
pub(super) fn look(scan: &mut Scan) {
    let before = scan.report.findings.len();
    if let Err(error) = staged(scan, &Git::here()) {
        scan.failed(
            Reason::Repository,
            Path::new("."),
            &format!("what is staged was not searched: {error:#}"),
        );
    }
    for finding in scan.report.findings.iter_mut().skip(before) {
        finding.object = None;
    }
}

fn staged(scan: &mut Scan, git: &Git) -> Result<()> {
    let common = git.line(&["rev-parse", "--path-format=absolute", "--git-common-dir"])?;
    let changes = changes(&git.ask(&LIST)?);
    for change in &changes {
        let path = Some(scan.shown(Path::new(&change.path)));
        scan.words(&Origin { path, part: Part::Name, ..Origin::default() }, change.path.as_bytes());
    }
    // Without a branch there is no name.
    if let Ok(branch) = git.line(&["symbolic-ref", "--quiet", "HEAD"]) {
        let path = Some(scan.search.masked(branch.as_bytes()));
        scan.words(&Origin { path, part: Part::Ref, ..Origin::default() }, branch.as_bytes());
    }
    let mut input = temporary()?;
    let written = input.write_all(asked(&changes).as_bytes()).and_then(|()| input.rewind());
    written.context("no temporary file can be written")?;
    let objects = Objects { git, top: PathBuf::new(), common: common.into() };
    objects.look(scan, input.into(), &temporary()?)
}

/// What `git diff --raw -z` prints: `:MODE MODE OBJECT OBJECT STATUS`, a path.
fn changes(raw: &[u8]) -> Vec<Change> {
    let text = String::from_utf8_lossy(raw);
    let mut fields = text.split('\0');
    let mut changes = vec![];
    while let (Some(change), Some(path)) = (fields.next(), fields.next()) {
        let mut words = change.split(' ');
        let (mode, object) = (words.nth(1).unwrap_or_default(), words.nth(1).unwrap_or_default());
        changes.push(Change { mode: mode.to_owned(), object: object.to_owned(), path: path.to_owned() });
    }
    changes
}

/// What `git cat-file` is asked for. Of a submodule only the name of its commit is committed.
fn asked(changes: &[Change]) -> String {
    let mut names = String::new();
    for Change { object, path, .. } in changes.iter().filter(|change| change.mode != SUBMODULE) {
        names.extend([object, " ", &path.replace('\n', "\u{fffd}"), "\n"]);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_staged_is_asked_for_by_object() {
        let raw = b":000000 100644 0000 abcd A\0a b\nc\0:100644 160000 1111 2222 T\0sub\0:100644 100755 0 ef M\0x\0";
        let changes = changes(raw);
        assert_eq!(
            changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(),
            ["a b\nc", "sub", "x"]
        );
        assert_eq!(asked(&changes), "abcd a b\u{fffd}c\nef x\n");
        assert!(super::changes(b"").is_empty());
    }
}
