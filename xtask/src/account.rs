//! Who runs PostgreSQL: it refuses to run as root, and containers and CI are root.
//!
//! All goes through `setpriv` where that exists (every Debian has it), for two reasons: it gives up root, and its
//! parent-death signal makes the kernel stop the server when xtask dies in a way that runs no destructor.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;

const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The user that PostgreSQL's programs run as.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// Whoever runs xtask: not root.
    Own,
    /// Somebody without rights, because whoever runs xtask is root.
    Other { user: u32, group: u32 },
}

impl Account {
    /// Oneself, unless that is root.
    pub(crate) fn unprivileged() -> Result<Self> {
        if !is_root()? {
            return Ok(Self::Own);
        }
        let Some(name) = CANDIDATES.into_iter().find(|name| number("-u", Some(name)).is_ok()) else {
            bail!("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`");
        };
        Ok(Self::Other { user: number("-u", Some(name))?, group: number("-g", Some(name))? })
    }

    /// Makes a file or folder this account's own.
    pub(crate) fn give(&self, path: &Path) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { user, group } => chown(path, Some(*user), Some(*group))
                .with_context(|| format!("cannot give `{}` to user {user}", path.display())),
        }
    }

    /// A program to be run as this account.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        match self {
            Self::Own => Command::new(program),
            Self::Other { .. } => through_setpriv(&self.identity(), program),
        }
    }

    /// The same, for a server: the kernel sends it SIGQUIT (to PostgreSQL: stop at once) when xtask is gone.
    pub(crate) fn bound_command(&self, program: impl AsRef<OsStr>) -> Command {
        if !command::succeeds(Command::new("setpriv").arg("--version")) {
            return self.command(program);
        }
        // In one call with the identity: a change of user forgets the signal.
        let mut options = self.identity();
        options.push("--pdeathsig=QUIT".to_owned());
        through_setpriv(&options, program)
    }

    fn identity(&self) -> Vec<String> {
        match self {
            Self::Own => Vec::new(),
            Self::Other { user, group } => {
                vec![format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]
            }
        }
    }
}

fn through_setpriv(options: &[String], program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(options).arg(program);
    command
}

/// Whether xtask runs as root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(number("-u", None)? == 0)
}

fn number(which: &str, name: Option<&str>) -> Result<u32> {
    let text = command::read(Command::new("id").arg(which).args(name))?;
    text.trim().parse().context("`id` printed no number")
}
