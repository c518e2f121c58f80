//! `cargo xtask torture`: a release build, on both databases, with something below it that fails, or with a crowd above.

use std::ops::RangeInclusive;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::interrupt::Interrupt;
use crate::postgres::Postgres;
use crate::workspace::Workspace;
use crate::{command, debian};

/// Measures how an honest client fares beside each crowd, for so many seconds.
pub(crate) fn beside_crowds(workspace: &Workspace, seconds: u64) -> Result<ExitCode> {
    let packages = ["build", "--release", "--package", "jeton", "--package", "jeton-torture"];
    command::run(&mut workspace.cargo(&packages))?;
    let mut torture = Command::new(workspace.program("release", "jeton-torture"));
    torture.arg("--jeton").arg(workspace.program("release", "jeton"));
    let status = command::status(torture.args(["--crowds", &seconds.to_string()]))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Goes through all faults at these counts, for so many minutes at the most.
pub(crate) fn run(
    workspace: &Workspace,
    counts: RangeInclusive<u32>,
    minutes: Option<u64>,
) -> Result<ExitCode> {
    debian::install_for_torture()?;
    let packages = ["build", "--release", "--package", "jeton", "--package", "jeton-torture"];
    command::run(&mut workspace.cargo(&packages))?;
    let interrupt = Interrupt::catch()?;
    let postgres = Postgres::start()?;
    let mut torture = Command::new(workspace.program("release", "jeton-torture"));
    torture.arg("--jeton").arg(workspace.program("release", "jeton")).args(["--postgres", &postgres.url()]);
    torture.args(["--from", &counts.start().to_string(), "--to", &counts.end().to_string()]);
    torture.args(minutes.map(|minutes| format!("--minutes={minutes}")));
    let status = command::status(&mut torture)?;
    if interrupt.asked() {
        return Ok(Interrupt::exit_code());
    }
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
