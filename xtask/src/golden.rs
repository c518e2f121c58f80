//! Golden files are promises (routes, access, wire formats): they change by this command only, and the change is read.

use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{command, python};

/// The task `golden`.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut tests = workspace.cargo(&["test", "--workspace", "--no-fail-fast"]);
    tests.env("JETON_GOLDEN", "write").env("INSTA_UPDATE", "always").env("JETON_TEST_QUICK", "1");
    // The transcript of a real client is golden too, where the client is installed.
    python::announce(workspace, &mut tests);
    let status = command::status(&mut tests)?;
    show_changes(workspace)?;
    command::succeeded(&tests, status)?;
    Ok(ExitCode::SUCCESS)
}

fn show_changes(workspace: &Workspace) -> Result<()> {
    let changes =
        command::read(workspace.command("git").args(["status", "--short", "api", "docs", "crates"]))?;
    println!(
        "changed files under api, docs and crates; read the difference before you commit it:\n{changes}"
    );
    Ok(())
}
