//! The program's main job as a last test: `jeton demo --once`, as a newcomer would see it.
//!
//! It runs in an empty folder that is also its home, so that nothing on this machine helps it or is touched by it.

use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::command;
use crate::stopwatch::Stopwatch;
use crate::workspace::Workspace;

const ENDS_WITHIN: Duration = Duration::from_mins(3);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Builds the program as the README says, which takes the least time of all builds, and runs the demo.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    command::run(&mut workspace.cargo(&["build", "--package", "jeton"]))?;
    let home = TempDir::new()?;
    let mut demo = demo(&workspace.program("debug", "jeton"), home.path());
    let child = demo.spawn().with_context(|| command::cannot_start(&demo))?;
    let status = wait(child)?;
    command::succeeded(&demo, status)
}

fn demo(program: &Path, home: &Path) -> Command {
    let mut demo = Command::new(program);
    demo.args(["demo", "--once"]).current_dir(home).env("HOME", home);
    for folder in ["CONFIG", "DATA", "STATE", "CACHE"] {
        demo.env(format!("XDG_{folder}_HOME"), home.join(folder.to_lowercase()));
    }
    demo
}

fn wait(mut child: Child) -> Result<ExitStatus> {
    let waiting = Stopwatch::start();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if waiting.elapsed() > ENDS_WITHIN {
            child.kill()?;
            child.wait()?;
            bail!("the demo did not end within {ENDS_WITHIN:?}");
        }
        thread::sleep(LOOK_AGAIN_AFTER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_sees_an_empty_home() {
        let home = TempDir::new().unwrap();
        let demo = demo(Path::new("jeton"), home.path());
        assert_eq!(demo.get_current_dir(), Some(home.path()));
        assert_eq!(demo.get_envs().count(), 5);
        assert!(demo.get_envs().all(|(_, folder)| Path::new(folder.unwrap()).starts_with(home.path())));
    }

    #[test]
    fn the_exit_status_is_the_demos_own() {
        let child = Command::new("sh").args(["-c", "exit 3"]).spawn().unwrap();
        assert_eq!(wait(child).unwrap().code(), Some(3));
    }
}
