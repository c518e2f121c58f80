//! Installs what the tests need beyond Rust, and nothing when all is there: `cargo xtask test` begins with it each time.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;
use crate::{command, debian, node, python};

/// How much to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Everything,
    /// Only what Rust alone can do: no other program is installed, started or needed.
    Quick,
}

impl Extent {
    /// From the switch `--quick`.
    pub(crate) fn new(quick: bool) -> Self {
        if quick { Self::Quick } else { Self::Everything }
    }
}

/// The task `setup`.
pub(crate) fn run(workspace: &Workspace, extent: Extent) -> Result<ExitCode> {
    install(workspace, extent)?;
    println!("setup: all is there");
    Ok(ExitCode::SUCCESS)
}

/// Installs what is missing.
pub(crate) fn install(workspace: &Workspace, extent: Extent) -> Result<()> {
    rust_components(workspace)?;
    if extent == Extent::Everything {
        debian::install_missing()?;
        python::install(workspace)?;
        node::install(workspace)?;
    }
    Ok(())
}

fn rust_components(workspace: &Workspace) -> Result<()> {
    let missing: Vec<_> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(tool, _)| !command::succeeds(&mut workspace.cargo(&[tool, "--version"])))
        .map(|(_, component)| component)
        .collect();
    if !missing.is_empty() {
        bail!("Rust components are missing: run `rustup component add {}`", missing.join(" "));
    }
    Ok(())
}
