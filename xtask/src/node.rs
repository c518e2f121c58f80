//! The Node tools of the tests: real programs and clients, each group in a folder of its own that git ignores.
//!
//! A copy of the lock file that was installed is kept as a stamp, so that a changed list, and nothing else, installs
//! anew. What a package would run while it is installed is not run.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::workspace::Workspace;

/// Packages that are installed together.
struct Folder {
    /// Its name under `.tools`.
    name: &'static str,
    /// Where its manifest and lock file are.
    lists: &'static str,
    /// The variable that names it to the tests.
    variable: &'static str,
}

const FOLDERS: [Folder; 2] = [
    Folder { name: "node", lists: "xtask/node-tools", variable: "JETON_TEST_NODE" },
    Folder {
        name: "azure-devops-node",
        lists: "xtask/azure-devops-node-tools",
        variable: "JETON_TEST_AZURE_DEVOPS_NODE",
    },
];

const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";

/// Tells a command where the tools are. They are there after [`install`].
pub(crate) fn announce(workspace: &Workspace, command: &mut Command) {
    for folder in &FOLDERS {
        command.env(folder.variable, folder.root(workspace));
    }
}

/// Installs the listed tools unless just these are installed.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    FOLDERS.iter().try_for_each(|folder| folder.install(workspace))
}

impl Folder {
    fn install(&self, workspace: &Workspace) -> Result<()> {
        let lists = workspace.root().join(self.lists);
        let lock = fs::read_to_string(lists.join(LOCK))
            .with_context(|| format!("cannot read `{}/{LOCK}`", self.lists))?;
        if self.is_installed(workspace, &lock) {
            return Ok(());
        }
        println!("installing the Node tools of {}", self.lists);
        let root = self.root(workspace);
        fs::create_dir_all(&root).context("cannot make the folder of the Node tools")?;
        for name in [MANIFEST, LOCK] {
            fs::copy(lists.join(name), root.join(name))
                .with_context(|| format!("cannot copy `{}/{name}`", self.lists))?;
        }
        let mut npm = workspace.command("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(&root);
        command::run(&mut npm)?;
        fs::write(self.stamp(workspace), lock).context("cannot write the stamp of the Node tools")
    }

    fn is_installed(&self, workspace: &Workspace, lock: &str) -> bool {
        fs::read_to_string(self.stamp(workspace)).is_ok_and(|installed| installed == lock)
    }

    fn root(&self, workspace: &Workspace) -> PathBuf {
        workspace.tools().join(self.name)
    }

    fn stamp(&self, workspace: &Workspace) -> PathBuf {
        self.root(workspace).join("installed.json")
    }
}
