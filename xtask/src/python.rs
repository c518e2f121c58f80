//! The Python tools of the tests: real client libraries, in a private environment that git ignores.
//!
//! A copy of the list that was installed is kept as a stamp, so that a changed list, and nothing else, installs anew.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::workspace::Workspace;

/// The variable that names the interpreter to the tests.
const VARIABLE: &str = "JETON_TEST_PYTHON";

const LIST: &str = "xtask/python-tools.txt";

/// Tells a command which interpreter sees the tools. It is there after [`install`].
pub(crate) fn announce(workspace: &Workspace, command: &mut Command) {
    command.env(VARIABLE, interpreter(workspace));
}

/// Installs the listed tools unless just these are installed.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    let list =
        fs::read_to_string(workspace.root().join(LIST)).with_context(|| format!("cannot read `{LIST}`"))?;
    if is_installed(workspace, &list) {
        return Ok(());
    }
    println!("installing the Python tools of {LIST}");
    create_environment(workspace)?;
    install_list(workspace)?;
    fs::write(stamp(workspace), list).context("cannot write the stamp of the Python tools")
}

fn is_installed(workspace: &Workspace, list: &str) -> bool {
    let installed = fs::read_to_string(stamp(workspace));
    interpreter(workspace).exists() && installed.is_ok_and(|installed| installed == list)
}

fn create_environment(workspace: &Workspace) -> Result<()> {
    let environment = environment(workspace);
    command::run(workspace.command("python3").args(["-m", "venv", "--clear"]).arg(environment))
}

fn install_list(workspace: &Workspace) -> Result<()> {
    let interpreter = interpreter(workspace);
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", LIST];
    command::run(workspace.command(&interpreter.to_string_lossy()).args(pip))
}

fn interpreter(workspace: &Workspace) -> PathBuf {
    environment(workspace).join("bin/python")
}

fn environment(workspace: &Workspace) -> PathBuf {
    workspace.tools().join("python")
}

fn stamp(workspace: &Workspace) -> PathBuf {
    environment(workspace).join("installed.txt")
}
