//! A command that does not outlive us, whatever happens to us.
//!
//! Linux ends a process when its parent has ended, if the process has asked for that. A command does not ask. So it is
//! started in two steps: `jeton` once more, which asks, and becomes the command.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;

use rustix::process::{Pid, getpid, getppid};
use tokio::process;

use super::{NOT_RUN, first, not_started, plain};
use crate::error::{Error, Result};
use crate::output::Output;

/// Ourselves, even if the file has been replaced since.
const OURSELVES: &str = "/proc/self/exe";
/// What we are called in the first step. It is no command of the command line: nobody is to type it.
const NAME: &str = "jeton-held-command";

/// A command in the first step of its start.
pub(crate) struct Held {
    /// Whose end is its end.
    by: OsString,
    command: Vec<OsString>,
}

/// A command by way of the first step.
pub(super) fn command(words: Vec<OsString>) -> process::Command {
    if !cfg!(target_os = "linux") {
        return plain(words);
    }
    let mut command = process::Command::new(OURSELVES);
    command.arg0(NAME).arg(number(getpid())).args(words);
    command
}

impl Held {
    /// What to become, if this is the first step.
    pub(crate) fn asked() -> Option<Self> {
        let mut arguments = std::env::args_os();
        arguments.next().filter(|name| name == OsStr::new(NAME))?;
        Some(Self { by: arguments.next()?, command: arguments.collect() })
    }

    /// Asks for its end, and becomes the command. It comes back only if that fails.
    pub(crate) fn become_command(self, output: Output) -> Result<()> {
        end_with_parent().map_err(|error| anyhow::anyhow!(error).context("the command cannot be held"))?;
        // Whoever ended before we asked will not end again.
        if getppid().is_none_or(|parent| self.by != *number(parent)) {
            return Err(Error::Command(NOT_RUN));
        }
        let program = first(&self.command);
        let error = plain(self.command).into_std().exec();
        Err(not_started(&program, &error, output))
    }
}

fn number(process: Pid) -> String {
    process.as_raw_nonzero().to_string()
}

#[cfg(target_os = "linux")]
fn end_with_parent() -> rustix::io::Result<()> {
    use rustix::process::{Signal, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL))
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent() -> rustix::io::Result<()> {
    Ok(())
}

/// Keeps our environment and memory from other programs of the same user: the command is one.
#[cfg(target_os = "linux")]
pub(crate) fn hide_ourselves() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    // Where the system refuses, everything else goes on as well.
    let _shown = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Keeps our environment and memory from other programs of the same user, where the system can.
#[cfg(not(target_os = "linux"))]
pub(crate) fn hide_ourselves() {}
