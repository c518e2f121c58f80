//! What a repository of git holds beside its files, read through the real `git`: every object that a branch, a tag, the
//! stash, a reflog or the index leads to, each once; and what is about to be committed.
//!
//! The repository may be a stranger's. So git is told to speak to nobody, to run nothing and to replace nothing, and
//! what it prints is only read.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, anyhow};

use super::Scan;
use super::report::{Finding, Origin, Reason};
use super::search::Extent;
use super::tree::shown;
use crate::error::{Error, Result};
use crate::escape::safe;

/// What others could have switched on for whoever runs git here.
const SETTINGS: [&str; 4] =
    ["protocol.allow=never", "core.fsmonitor=false", "core.hooksPath=/dev/null", "log.showSignature=false"];
/// What a hook is told about its own repository, and what would be wrong for any other one.
const OF_HOOKS: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
];
/// `%(rest)` is the path that was said beside the object's name.
const HEADER: &str = "--batch=%(objectname) %(objecttype) %(objectsize) %(rest)";
const HEADER_BYTES_MAX: u64 = 64 * 1024;
/// As many objects as one command line takes with ease.
const OBJECTS_AT_ONCE: usize = 500;
const SUBMODULE: &str = "160000";

/// A repository.
pub(super) struct Repository {
    /// Where it is; none is the one that git itself finds, as in a hook.
    folder: Option<PathBuf>,
}

/// An object that `git cat-file` is about to print.
struct Object {
    name: String,
    kind: String,
    size: u64,
    path: String,
}

/// How old a commit is: when it was made, and how many commits git names before it. The younger one is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Age(Reverse<i64>, usize);

impl Age {
    /// Of what is in no commit yet.
    const NONE: Self = Self(Reverse(i64::MAX), 0);
}

impl Repository {
    /// The one around us, with what a hook is told about it.
    pub(super) fn here() -> Self {
        Self { folder: None }
    }

    /// The one at this path.
    pub(super) fn at(path: &Path) -> Self {
        Self { folder: Some(path.to_owned()) }
    }

    /// Looks through all that its history holds.
    pub(super) fn history(&self, scan: &mut Scan) -> Result<()> {
        self.check()?;
        let before = scan.report.findings.len();
        let mut errors = tempfile::tempfile().context("no temporary file can be made")?;
        let list = ["rev-list", "--objects", "--all", "--reflog", "--indexed-objects", "--missing=allow-any"];
        let mut lister = self.start(&list, Stdio::null(), &errors)?;
        let names = lister.stdout.take().context("git has no output")?;
        self.objects(scan, names.into(), &errors)?;
        finish(&mut lister, &mut errors)?;
        let mut found = scan.report.findings.split_off(before);
        self.date(&mut found)?;
        scan.report.findings.extend(oldest(found));
        if self.ask(&["rev-parse", "--is-shallow-repository"])?.trim_ascii() == b"true" {
            scan.app.output.warn("the history is shallow: what is older was not looked through");
        }
        Ok(())
    }

    /// Looks through the files that are about to be committed, as they will be.
    pub(super) fn staged(&self, scan: &mut Scan) -> Result<()> {
        self.check()?;
        let list = [
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
        let names = staged_objects(&self.ask(&list)?);
        let mut input = tempfile::tempfile().context("no temporary file can be made")?;
        let written = input.write_all(names.as_bytes()).and_then(|()| input.rewind());
        written.context("no temporary file can be written")?;
        let errors = tempfile::tempfile().context("no temporary file can be made")?;
        let before = scan.report.findings.len();
        self.objects(scan, input.into(), &errors)?;
        for finding in scan.report.findings.iter_mut().skip(before) {
            finding.object = None;
        }
        Ok(())
    }

    /// Looks through the objects with these names.
    fn objects(&self, scan: &mut Scan, names: Stdio, errors: &File) -> Result<()> {
        let mut errors = errors.try_clone().context("a temporary file cannot be used")?;
        let mut reader = self.start(&["cat-file", HEADER, "--buffer"], names, &errors)?;
        let mut output = BufReader::new(reader.stdout.take().context("git has no output")?);
        while let Some(header) = header(&mut output).context("git cannot be read")? {
            match Object::parse(&header) {
                Some(object) => self.object(scan, &object, &mut output).context("git cannot be read")?,
                None => scan.skip(Reason::Missing, Path::new(header.trim_end())),
            }
        }
        drop(output);
        finish(&mut reader, &mut errors)
    }

    fn object(&self, scan: &mut Scan, object: &Object, output: &mut impl Read) -> io::Result<()> {
        // Its content, and a newline that is no part of it.
        let mut content = output.take(object.size);
        if object.kind != "tree" {
            let origin = self.origin(object);
            let path = origin.path.as_deref().map_or(Path::new(&object.name), Path::new);
            if object.size > scan.search.bytes_max() {
                scan.skip(Reason::TooLarge, path);
            } else if scan.text(&origin, &mut content)? == Extent::Binary {
                scan.skip(Reason::Binary, path);
            }
        }
        io::copy(&mut content, &mut io::sink())?;
        output.read_exact(&mut [0])
    }

    fn origin(&self, object: &Object) -> Origin {
        let path = (object.kind == "blob").then(|| match &self.folder {
            Some(folder) => shown(&folder.join(&object.path)),
            None => object.path.clone(),
        });
        let commit = (object.kind == "commit").then(|| object.name.clone());
        Origin { path, commit, object: Some(object.name.clone()) }
    }

    /// Says of each finding in a file which is the oldest commit with it, and sorts them by that: the oldest last.
    fn date(&self, findings: &mut Vec<Finding>) -> Result<()> {
        let mut commits = HashMap::new();
        let wanted: Vec<_> = findings.iter().filter(|finding| finding.commit.is_none()).collect();
        for some in wanted.chunks(OBJECTS_AT_ONCE) {
            let objects = some.iter().filter_map(|finding| finding.object.as_deref());
            self.introductions(objects, &mut commits)?;
        }
        let of = |finding: &Finding| finding.object.as_ref().and_then(|object| commits.get(object));
        findings.sort_by_key(|finding| of(finding).map_or(Age::NONE, |(age, _)| *age));
        for finding in findings {
            if let (None, Some((_, commit))) = (&finding.commit, of(finding)) {
                finding.commit = Some(commit.clone());
            }
        }
        Ok(())
    }

    /// The oldest commit that brings each object in, and when it was made.
    fn introductions<'a>(
        &self,
        objects: impl Iterator<Item = &'a str>,
        commits: &mut HashMap<String, (Age, String)>,
    ) -> Result<()> {
        let wanted: Vec<_> = objects.map(|object| format!("--find-object={object}")).collect();
        let walk = [
            "log",
            "--topo-order",
            "--all",
            "--reflog",
            "-m",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--format=%ct %H",
        ];
        let arguments: Vec<_> = walk.into_iter().chain(wanted.iter().map(String::as_str)).collect();
        let mut commit = (Age::NONE, String::new());
        for line in String::from_utf8_lossy(&self.ask(&arguments)?).lines() {
            match line.strip_prefix(':') {
                Some(change) => {
                    if let Some(object) = change.split(' ').nth(3) {
                        commits.insert(object.to_owned(), commit.clone());
                    }
                }
                None => {
                    if let Some((at, name)) = line.split_once(' ') {
                        let Age(_, count) = commit.0;
                        commit = (Age(Reverse(at.parse().unwrap_or_default()), count + 1), name.to_owned());
                    }
                }
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        self.ask(&["rev-parse", "--git-dir"]).map(drop)
    }

    /// Runs git to its end and answers what it printed.
    fn ask(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let mut errors = tempfile::tempfile().context("no temporary file can be made")?;
        let mut git = self.start(arguments, Stdio::null(), &errors)?;
        let mut printed = Vec::new();
        let mut output: ChildStdout = git.stdout.take().context("git has no output")?;
        output.read_to_end(&mut printed).context("git cannot be read")?;
        finish(&mut git, &mut errors)?;
        Ok(printed)
    }

    fn start(&self, arguments: &[&str], input: Stdio, errors: &File) -> Result<Child> {
        let mut git = Command::new("git");
        for setting in SETTINGS {
            git.args(["-c", setting]);
        }
        if let Some(folder) = &self.folder {
            git.arg("-C").arg(folder);
            for name in OF_HOOKS {
                git.env_remove(name);
            }
        }
        git.args(arguments);
        git.envs([
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_PAGER", "cat"),
            ("LC_ALL", "C"),
        ]);
        let errors = errors.try_clone().context("a temporary file cannot be used")?;
        git.stdin(input).stdout(Stdio::piped()).stderr(errors);
        git.spawn()
            .context("`git` cannot be started, and a repository is read through it")
            .map_err(Error::from)
    }
}

impl Object {
    fn parse(header: &str) -> Option<Self> {
        let mut parts = header.strip_suffix('\n').unwrap_or(header).splitn(4, ' ');
        let (name, kind, size) = (parts.next()?, parts.next()?, parts.next()?);
        let path = parts.next().unwrap_or_default();
        Some(Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            size: size.parse().ok()?,
            path: path.to_owned(),
        })
    }
}

/// The next line; nothing at the end.
fn header(output: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = output.take(HEADER_BYTES_MAX).read_until(b'\n', &mut line)?;
    if read > 0 && line.last() != Some(&b'\n') {
        return Err(io::Error::other("the path of an object has no end"));
    }
    Ok((read > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
}

/// What `git cat-file` is asked for, from what `git diff --raw -z` prints: `:MODE MODE OBJECT OBJECT STATUS`, a path.
fn staged_objects(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let mut fields = text.split('\0');
    let mut names = String::new();
    while let (Some(change), Some(path)) = (fields.next(), fields.next()) {
        let mut words = change.split(' ');
        let (mode, object) = (words.nth(1).unwrap_or_default(), words.nth(1).unwrap_or_default());
        if mode != SUBMODULE && !object.is_empty() {
            names.extend([object, " ", &path.replace('\n', "\u{fffd}"), "\n"]);
        }
    }
    names
}

/// Of a token that stands in many versions of one file, the oldest version; findings begin with the youngest.
fn oldest(found: Vec<Finding>) -> Vec<Finding> {
    let mut kept: HashMap<(String, Option<String>, Option<String>), Finding> = HashMap::new();
    let mut order = vec![];
    for finding in found {
        // Each message is a place of its own.
        let message = finding.path.is_none().then(|| finding.object.clone()).flatten();
        let key = (finding.id.clone(), finding.path.clone(), message);
        if kept.insert(key.clone(), finding).is_none() {
            order.push(key);
        }
    }
    order.into_iter().filter_map(|key| kept.remove(&key)).collect()
}

/// Waits for git, and reports what it said if it failed.
fn finish(git: &mut Child, errors: &mut File) -> Result<()> {
    let status = git.wait().context("git cannot be waited for")?;
    if status.success() {
        return Ok(());
    }
    let mut said = Vec::new();
    errors.rewind().and_then(|()| errors.read_to_end(&mut said).map(drop)).context("git failed")?;
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<_> = said.lines().map(|line| safe(line).into_owned()).collect();
    Err(anyhow!("git: {}", lines.join("\n")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_with_their_paths() {
        let object = Object::parse("abc blob 12 a b/c d.txt\n").unwrap();
        assert_eq!((object.name.as_str(), object.kind.as_str()), ("abc", "blob"));
        assert_eq!((object.size, object.path.as_str()), (12, "a b/c d.txt"));
        assert_eq!(Object::parse("abc commit 7 \n").unwrap().path, "");
        assert!(Object::parse("abc missing\n").is_none());
    }

    #[test]
    fn what_is_staged_is_asked_for_by_object() {
        let raw = b":000000 100644 0000 abcd A\0a b\nc\0:100644 160000 1111 2222 T\0sub\0:100644 100755 0 ef M\0x\0";
        assert_eq!(staged_objects(raw), "abcd a b\u{fffd}c\nef x\n");
        assert_eq!(staged_objects(b""), "");
    }
}
