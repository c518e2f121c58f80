//! The Node tools of the tests: a real OpenID Connect provider, in a folder of its own that git ignores.
//!
//! A copy of the lock file that was installed is kept as a stamp, so that a changed list, and nothing else, installs
//! anew. What a package would run while it is installed is not run.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::workspace::Workspace;

/// The variable that names the folder with the tools to the tests.
const VARIABLE: &str = "JETON_TEST_NODE";

const LISTS: &str = "xtask/node-tools";
const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";

/// Tells a command where the tools are. They are there after [`install`].
pub(crate) fn announce(workspace: &Workspace, command: &mut Command) {
    command.env(VARIABLE, folder(workspace));
}

/// Installs the listed tools unless just these are installed.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    let lists = workspace.root().join(LISTS);
    let lock =
        fs::read_to_string(lists.join(LOCK)).with_context(|| format!("cannot read `{LISTS}/{LOCK}`"))?;
    if is_installed(workspace, &lock) {
        return Ok(());
    }
    println!("installing the Node tools of {LISTS}");
    let folder = folder(workspace);
    fs::create_dir_all(&folder).context("cannot make the folder of the Node tools")?;
    for name in [MANIFEST, LOCK] {
        fs::copy(lists.join(name), folder.join(name))
            .with_context(|| format!("cannot copy `{LISTS}/{name}`"))?;
    }
    let mut npm = workspace.command("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
    command::run(&mut npm)?;
    fs::write(stamp(workspace), lock).context("cannot write the stamp of the Node tools")
}

fn is_installed(workspace: &Workspace, lock: &str) -> bool {
    fs::read_to_string(stamp(workspace)).is_ok_and(|installed| installed == lock)
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.tools().join("node")
}

fn stamp(workspace: &Workspace) -> PathBuf {
    folder(workspace).join("installed.json")
}
