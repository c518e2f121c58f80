//! `cargo xtask bench`: the build that is shipped, measured beside the yardstick, on the page `docs/benchmarks.md`.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;
use crate::{command, debian};

const PAGE: &str = "docs/benchmarks.md";
/// What is measured is what is shipped.
const PROFILE: &str = "dist";

/// Measures, and rewrites the page.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    debian::install_for_bench()?;
    let packages = ["--package", "jeton", "--package", "jeton-bench"];
    command::run(workspace.cargo(&["build", "--profile", PROFILE]).args(packages))?;
    let mut bench = bench(workspace, arguments);
    let output = bench.stderr(Stdio::inherit()).output().with_context(|| command::cannot_start(&bench))?;
    if !output.status.success() {
        bail!("the bench ended with {}", output.status);
    }
    fs::write(workspace.root().join(PAGE), &output.stdout).with_context(|| format!("cannot write {PAGE}"))?;
    println!("{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

fn bench(workspace: &Workspace, arguments: &[String]) -> Command {
    let mut bench = Command::new(workspace.program(PROFILE, "jeton-bench"));
    bench.arg("--jeton").arg(workspace.program(PROFILE, "jeton"));
    bench.arg("--yardstick").arg(workspace.program(PROFILE, "yardstick")).args(arguments);
    bench
}
