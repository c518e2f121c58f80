//! The Python tools of the tests: real clients, each group in a private environment that git ignores.
//!
//! A copy of the list that was installed is kept as a stamp, so that a changed list, and nothing else, installs anew.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::workspace::Workspace;

/// Packages that are installed together, apart from all others: they may need other versions of the same things.
struct Environment {
    /// Its folder under `.tools`.
    folder: &'static str,
    /// Every package in it, with its version.
    list: &'static str,
    /// What the tests run, from its folder.
    program: &'static str,
    /// The variable that names the program to the tests.
    variable: &'static str,
}

const ENVIRONMENTS: [Environment; 6] = [
    Environment {
        folder: "python",
        list: "xtask/python-tools.txt",
        program: "bin/python",
        variable: "JETON_TEST_PYTHON",
    },
    Environment {
        folder: "det",
        list: "xtask/det-tools.txt",
        program: "bin/det",
        variable: "JETON_TEST_DET",
    },
    Environment {
        folder: "azure-devops",
        list: "xtask/azure-devops-tools.txt",
        program: "bin/python",
        variable: "JETON_TEST_AZURE_DEVOPS",
    },
    Environment {
        folder: "openapi",
        list: "xtask/openapi-tools.txt",
        program: "bin/python",
        variable: "JETON_TEST_OPENAPI",
    },
    Environment {
        folder: "gitleaks",
        list: "xtask/gitleaks-tools.txt",
        program: "bin/gitleaks",
        variable: "JETON_TEST_GITLEAKS",
    },
    Environment {
        folder: "detect-secrets",
        list: "xtask/detect-secrets-tools.txt",
        program: "bin/detect-secrets",
        variable: "JETON_TEST_DETECT_SECRETS",
    },
];

/// Tells a command which programs there are after [`install`].
pub(crate) fn announce(workspace: &Workspace, command: &mut Command) {
    for environment in &ENVIRONMENTS {
        let program = environment.root(workspace).join(environment.program);
        if program.exists() {
            command.env(environment.variable, program);
        }
    }
}

/// Installs the listed tools unless just these are installed.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    ENVIRONMENTS.iter().try_for_each(|environment| environment.install(workspace))
}

impl Environment {
    fn install(&self, workspace: &Workspace) -> Result<()> {
        let list = fs::read_to_string(workspace.root().join(self.list))
            .with_context(|| format!("cannot read `{}`", self.list))?;
        if self.is_installed(workspace, &list) {
            return Ok(());
        }
        println!("installing the Python tools of {}", self.list);
        self.create(workspace)?;
        self.install_list(workspace)?;
        fs::write(self.stamp(workspace), list).context("cannot write the stamp of the Python tools")
    }

    fn is_installed(&self, workspace: &Workspace, list: &str) -> bool {
        let installed = fs::read_to_string(self.stamp(workspace));
        let program = self.root(workspace).join(self.program);
        program.exists() && installed.is_ok_and(|installed| installed == list)
    }

    fn create(&self, workspace: &Workspace) -> Result<()> {
        let create = ["-m", "venv", "--clear"];
        command::run(workspace.command("python3").args(create).arg(self.root(workspace)))
    }

    /// The lists are complete, so nothing is looked for beyond them.
    fn install_list(&self, workspace: &Workspace) -> Result<()> {
        let python = self.root(workspace).join("bin/python");
        let pip =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", self.list];
        command::run(workspace.command(&python.to_string_lossy()).args(pip))
    }

    fn root(&self, workspace: &Workspace) -> PathBuf {
        workspace.tools().join(self.folder)
    }

    fn stamp(&self, workspace: &Workspace) -> PathBuf {
        self.root(workspace).join("installed.txt")
    }
}
