//! What the history of a repository holds: every object that a branch, a tag, the stash, a reflog or the index leads
//! to, each once; the names of files and refs, and what reflogs say. Of its submodules, too.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;

use super::Scan;
use super::git::{Git, finish, temporary};
use super::objects::Objects;
use super::report::{Finding, Origin, Part, Reason};
use super::tree;
use crate::error::Result;

/// As many objects as one command line takes with ease.
const OBJECTS_AT_ONCE: usize = 500;
const SUBMODULE: &str = "160000 ";

/// Looks through the history of the repository at each of these paths, and of those that were met in a folder.
pub(super) fn look<'p>(scan: &mut Scan, paths: impl Iterator<Item = &'p PathBuf>) {
    for path in paths {
        one(scan, path);
    }
    while let Some(folder) = next(&mut scan.repositories) {
        one(scan, &folder);
    }
}

/// Those with files go first, so that a submodule is called after its files.
fn next(repositories: &mut VecDeque<PathBuf>) -> Option<PathBuf> {
    let with_files = repositories.iter().position(|folder| folder.join(".git").exists());
    repositories.remove(with_files.unwrap_or(0))
}

fn one(scan: &mut Scan, path: &Path) {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = if path.is_dir() { path } else { parent };
    if !scan.asked.insert(folder.canonicalize().unwrap_or_else(|_| folder.to_owned())) {
        return;
    }
    if let Err(error) = Repository::at(folder).and_then(|repository| repository.look(scan)) {
        scan.failed(Reason::Repository, path, &format!("its history was not searched: {error:#}"));
    }
}

struct Repository {
    git: Git,
    /// What goes before the path of a file.
    top: PathBuf,
    /// Where git keeps it; work trees of one repository have this in common.
    common: PathBuf,
    is_shallow: bool,
}

/// How old a commit is: when it was made, and how many commits git names before it. The younger one is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Age(Reverse<i64>, usize);

/// The oldest commit that brings each object in.
type Introductions = HashMap<String, (Age, String)>;

impl Age {
    /// Of what is in no commit yet.
    const NONE: Self = Self(Reverse(i64::MAX), 0);
}

impl Repository {
    fn at(folder: &Path) -> Result<Self> {
        let git = Git::at(folder);
        let common = git.line(&["rev-parse", "--path-format=absolute", "--git-common-dir"])?.into();
        let is_shallow = git.line(&["rev-parse", "--is-shallow-repository"])? == "true";
        let top = upwards(folder, &git.line(&["rev-parse", "--show-cdup"])?);
        Ok(Self { git, top, common, is_shallow })
    }

    fn look(&self, scan: &mut Scan) -> Result<()> {
        if !scan.histories.insert(self.common.clone()) {
            return Ok(());
        }
        if self.is_shallow {
            scan.skip(Reason::Shallow, &self.top);
        }
        // Each goes on where another one failed.
        let objects = self.objects(scan);
        let words = self.words(scan);
        let submodules = self.submodules(scan);
        self.own_files(scan);
        objects.and(words).and(submodules)
    }

    fn objects(&self, scan: &mut Scan) -> Result<()> {
        let before = scan.report.findings.len();
        let read = self.read_objects(scan);
        let mut found = scan.report.findings.split_off(before);
        let dated = self.date(&mut found);
        scan.report.findings.extend(oldest(found));
        read.and(dated)
    }

    fn read_objects(&self, scan: &mut Scan) -> Result<()> {
        let mut errors = temporary()?;
        let list = ["rev-list", "--objects", "--all", "--reflog", "--indexed-objects", "--missing=print"];
        let mut lister = self.git.start(&list, Stdio::null(), &errors)?;
        let names = lister.stdout.take().context("git has no output")?;
        let objects = Objects { git: &self.git, top: self.top.clone(), common: self.common.clone() };
        objects.look(scan, names.into(), &errors)?;
        finish(&mut lister, &mut errors)
    }

    /// The names of branches and tags, and what reflogs say where they are not files.
    fn words(&self, scan: &mut Scan) -> Result<()> {
        let refs = self.git.ask(&["for-each-ref", "--format=%(refname)"])?;
        each_line(scan, &refs, Part::Ref);
        if self.common.join("reftable").exists() {
            let said = self.git.ask(&["log", "--walk-reflogs", "--all", "--format=%gd %gs %gn %ge"])?;
            each_line(scan, &said, Part::Message);
        }
        Ok(())
    }

    /// The repositories of submodules: those that are here are looked through as well.
    fn submodules(&self, scan: &mut Scan) -> Result<()> {
        let index = self.git.ask(&["ls-files", "--stage", "-z", "--full-name", ":/"])?;
        // Without a commit there is none in the last one.
        let last = self.git.ask(&["ls-tree", "-r", "-z", "--full-tree", "HEAD"]).unwrap_or_default();
        let mut paths: Vec<_> = submodules(&index).chain(submodules(&last)).collect();
        paths.sort();
        paths.dedup();
        for path in paths {
            let folder = self.top.join(&path);
            if folder.join(".git").exists() {
                scan.repositories.push_back(folder);
            } else if !self.common.join("modules").join(&path).exists() {
                scan.skip(Reason::Submodule, &folder);
            }
        }
        Ok(())
    }

    /// What git itself writes into files: settings, reflogs, messages, and the repositories of submodules.
    fn own_files(&self, scan: &mut Scan) {
        let own = self.common.canonicalize().unwrap_or_else(|_| self.common.clone());
        if !scan.walked.iter().any(|folder| own.starts_with(folder)) {
            tree::walk(scan, &self.common);
        }
    }

    /// Says of each finding in a file which is the oldest commit with it, and sorts them by that: the oldest last.
    fn date(&self, findings: &mut [Finding]) -> Result<()> {
        let mut commits = HashMap::new();
        let wanted: Vec<_> = findings.iter().filter(|finding| finding.commit.is_none()).collect();
        for some in wanted.chunks(OBJECTS_AT_ONCE) {
            let objects = some.iter().filter_map(|finding| finding.object.as_deref());
            self.introductions(objects, &mut commits)?;
        }
        if wanted.iter().any(|finding| finding.part == Part::Name) {
            self.roots(&mut commits)?;
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
        commits: &mut Introductions,
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
        for line in String::from_utf8_lossy(&self.git.ask(&arguments)?).lines() {
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

    /// The oldest commit with each root folder, which no other folder lists.
    fn roots(&self, commits: &mut Introductions) -> Result<()> {
        let walk = ["log", "--topo-order", "--all", "--reflog", "--format=%ct %H %T"];
        for (count, line) in String::from_utf8_lossy(&self.git.ask(&walk)?).lines().enumerate() {
            let mut words = line.split(' ');
            if let (Some(at), Some(commit), Some(root)) = (words.next(), words.next(), words.next()) {
                let age = Age(Reverse(at.parse().unwrap_or_default()), count);
                commits.insert(root.to_owned(), (age, commit.to_owned()));
            }
        }
        Ok(())
    }
}

/// `folder/../..` without the folders that it leaves again.
fn upwards(folder: &Path, way: &str) -> PathBuf {
    let mut top = folder.to_owned();
    for _ in Path::new(way).components() {
        match top.components().next_back() {
            Some(Component::Normal(_)) => drop(top.pop()),
            _ => top.push(".."),
        }
    }
    if top.as_os_str().is_empty() { PathBuf::from(".") } else { top }
}

fn each_line(scan: &mut Scan, text: &[u8], part: Part) {
    for line in text.split(|byte| *byte == b'\n') {
        let path = Some(scan.search.masked(line));
        scan.words(&Origin { path, part, ..Origin::default() }, line);
    }
}

/// The paths of submodules in a list of `MODE … TAB PATH`.
fn submodules(list: &[u8]) -> impl Iterator<Item = String> {
    let entries = list.split(|byte| *byte == 0).filter(|entry| entry.starts_with(SUBMODULE.as_bytes()));
    entries.filter_map(|entry| Some(String::from_utf8_lossy(entry).split_once('\t')?.1.to_owned()))
}

/// Of a token that stands in many versions of one file, the oldest version; findings begin with the youngest.
fn oldest(found: Vec<Finding>) -> Vec<Finding> {
    let mut kept: HashMap<(String, Option<String>, Part, Option<String>), Finding> = HashMap::new();
    let mut order = vec![];
    for finding in found {
        // Each message is a place of its own.
        let message = finding.path.is_none().then(|| finding.object.clone()).flatten();
        let key = (finding.id.clone(), finding.path.clone(), finding.part, message);
        if kept.insert(key.clone(), finding).is_none() {
            order.push(key);
        }
    }
    order.into_iter().filter_map(|key| kept.remove(&key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_up_names_no_folder_twice() {
        for (folder, way, top) in [
            (".", "", "."),
            ("src", "../", "."),
            ("a/b/c", "../../", "a"),
            (".", "../", "./.."),
            ("..", "../", "../.."),
        ] {
            assert_eq!(upwards(Path::new(folder), way), Path::new(top), "{folder} {way}");
        }
    }

    #[test]
    fn submodules_are_told_from_files() {
        let list = b"160000 abc 0\tlib/a b\x00100644 def 0\tc\x00160000 commit abc\td\x00";
        assert_eq!(submodules(list).collect::<Vec<_>>(), ["lib/a b", "d"]);
    }
}
