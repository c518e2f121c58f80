//! The real `git`, which reads repositories for us.
//!
//! The repository may be a stranger's. So git is told to speak to nobody, to run nothing and to replace nothing, and
//! what it prints is only read. A repository that git refuses, because another user owns it, is not read in any other
//! way: its settings could make git run something.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, anyhow};

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

/// Where git is run.
pub(super) struct Git {
    /// None is where we are, with what a hook is told about its repository.
    folder: Option<PathBuf>,
}

impl Git {
    /// Here, with what a hook is told.
    pub(super) fn here() -> Self {
        Self { folder: None }
    }

    /// In this folder.
    pub(super) fn at(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()) }
    }

    /// Runs git to its end and answers what it printed.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let mut errors = temporary()?;
        let mut git = self.start(arguments, Stdio::null(), &errors)?;
        let mut printed = Vec::new();
        let mut output: ChildStdout = git.stdout.take().context("git has no output")?;
        output.read_to_end(&mut printed).context("git cannot be read")?;
        finish(&mut git, &mut errors)?;
        Ok(printed)
    }

    /// What git prints on one line.
    pub(super) fn line(&self, arguments: &[&str]) -> Result<String> {
        let printed = self.ask(arguments)?;
        Ok(String::from_utf8_lossy(&printed).trim_end_matches('\n').to_owned())
    }

    /// Starts git, which reads this and writes its errors there.
    pub(super) fn start(&self, arguments: &[&str], input: Stdio, errors: &File) -> Result<Child> {
        let mut git = Command::new("git");
        for setting in SETTINGS {
            git.args(["-c", setting]);
        }
        if let Some(folder) = &self.folder {
            git.arg("-C").arg(folder);
            for name in OF_HOOKS {
                git.env_remove(name);
            }
            // The work tree that a submodule's own folder names may be gone.
            if !folder.join(".git").exists() && folder.join("HEAD").exists() {
                git.env("GIT_WORK_TREE", ".");
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
            .context("`git` cannot be started, and repositories are read with it: install git")
            .map_err(Error::from)
    }
}

/// A file for what git says.
pub(super) fn temporary() -> Result<File> {
    Ok(tempfile::tempfile().context("no temporary file can be made")?)
}

/// Waits for git, and reports what it said if it failed.
pub(super) fn finish(git: &mut Child, errors: &mut File) -> Result<()> {
    let status = git.wait().context("git cannot be waited for")?;
    if status.success() {
        return Ok(());
    }
    let mut said = Vec::new();
    errors.rewind().and_then(|()| errors.read_to_end(&mut said).map(drop)).context("git failed")?;
    Err(anyhow!(in_our_words(&String::from_utf8_lossy(&said))).into())
}

/// What git says, with what to do about it.
fn in_our_words(said: &str) -> String {
    if said.contains("not a git repository") {
        return "this is not in a git repository, so there is no history".to_owned();
    }
    let owned = said.split_once("dubious ownership in repository at '");
    if let Some((folder, _)) = owned.and_then(|(_, rest)| rest.split_once('\'')) {
        return format!(
            "the repository belongs to another user, so git does not read it\nif you trust it: git config --global --add \
             safe.directory {}",
            safe(folder)
        );
    }
    let lines: Vec<_> = said.lines().map(|line| safe(line).into_owned()).collect();
    format!("git: {}", lines.join("\n"))
}
