//! A command that is run for somebody. Signals that are meant for it pass through, and how it ends.
//!
//! It is either like a command of the shell, with more in its environment, or *apart*: with an environment of its own,
//! an end no later than ours, and output that somebody reads.

mod held;
mod signals;

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, PipeReader, PipeWriter};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};
use tokio::process::{self, Command};
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::time::timeout;

pub(crate) use self::held::{Held, hide_ourselves};
pub(crate) use self::signals::Signals;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::output::Output;

/// As shells say it.
const NOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;
const BY_SIGNAL: i32 = 128;

/// Where a command would find a token. It has the one that it is given, and none beside it.
pub(crate) const TOKEN_VARIABLES: [&str; 2] = ["JETON_TOKEN", "JETON_TOKEN_FILE"];

/// A command that runs.
pub(crate) struct Child {
    process: process::Child,
    signals: Signals,
    /// Some process of ours has ended.
    ended: unix::Signal,
    reach: Reach,
}

/// Who gets a signal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The command. A terminal sends its own signals to all that it has started.
    Command,
    /// All that it has started, as far as it is still in the command's process group.
    Group,
}

/// Where the output of a command goes.
pub(crate) struct Outlets {
    pub(crate) stdout: PipeWriter,
    pub(crate) stderr: PipeWriter,
}

impl Outlets {
    /// Two of them, and their other ends in the same order.
    pub(crate) fn new() -> Result<(Self, [PipeReader; 2])> {
        let pipe = || std::io::pipe().context("the command's output cannot be caught");
        let ((out, stdout), (err, stderr)) = (pipe()?, pipe()?);
        Ok((Self { stdout, stderr }, [out, err]))
    }
}

impl Child {
    /// Starts a command with these variables and our environment, but for our token; with our input and our output.
    pub(crate) fn start(
        command: Vec<OsString>,
        variables: &[(&'static str, String)],
        output: Output,
    ) -> Result<Self> {
        let signals = Signals::catch()?;
        let program = first(&command);
        let mut command = plain(command);
        for name in TOKEN_VARIABLES {
            command.env_remove(name);
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        Self::spawn(command, signals, Reach::Command).map_err(|error| not_started(&program, &error, output))
    }

    /// Starts a command with these variables and nothing else of our environment. It has our input. Where no terminal
    /// does it, signals reach whatever it starts. If we are killed, it is.
    pub(crate) fn start_apart(
        command: Vec<OsString>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        outlets: Outlets,
        signals: Signals,
        output: Output,
    ) -> Result<Self> {
        let program = first(&command);
        let mut command = held::command(command);
        command.env_clear().envs(variables).stdout(outlets.stdout).stderr(outlets.stderr);
        let reach = if signals::is_at_terminal() { Reach::Command } else { Reach::Group };
        if reach == Reach::Group {
            command.process_group(0);
        }
        Self::spawn(command, signals, reach).map_err(|error| not_started(&program, &error, output))
    }

    fn spawn(mut command: Command, signals: Signals, reach: Reach) -> std::io::Result<Self> {
        let ended = signal(SignalKind::child())?;
        Ok(Self { process: command.spawn()?, signals, ended, reach })
    }

    /// Waits for its end; answers the exit code, which after a signal is that of a shell.
    pub(crate) async fn run(&mut self) -> Result<u8> {
        self.until_ended().await?;
        self.code().await
    }

    /// Waits for its end. Until [`Self::code`] is called its number, and that of its group, are nobody else's.
    pub(crate) async fn until_ended(&mut self) -> Result<()> {
        loop {
            let signal = tokio::select! {
                ended = until_ended(id(&self.process), &mut self.ended) => return ended,
                signal = self.signals.next() => signal,
            };
            if !(self.reach == Reach::Command && signals::is_typed(signal)) {
                self.signal(signal);
            }
        }
    }

    /// Asks it to end, and makes it end if it does not within that time.
    pub(crate) async fn end(&mut self, grace: Duration) -> Result<()> {
        self.signal(Signal::TERM);
        if let Ok(ended) = timeout(grace, self.until_ended()).await {
            return ended;
        }
        self.signal(Signal::KILL);
        self.until_ended().await
    }

    /// Signals what a command that has ended left behind in its group; where the group is ours, nobody.
    pub(crate) fn signal_rest(&self, signal: Signal) {
        if self.reach == Reach::Group {
            self.signal(signal);
        }
    }

    /// Waits until somebody wants us to end, when the command has ended before.
    pub(crate) async fn told_to_end(&mut self) {
        while !signals::ends(self.signals.next().await) {}
    }

    /// The exit code of a command that has ended.
    pub(crate) async fn code(&mut self) -> Result<u8> {
        Ok(code(self.process.wait().await.context("the command cannot be waited for")?))
    }

    fn signal(&self, signal: Signal) {
        // Without an id it has ended and been waited for: nobody else may get what was meant for it.
        if let Some(id) = id(&self.process) {
            let _gone = match self.reach {
                Reach::Command => kill_process(id, signal),
                Reach::Group => kill_process_group(id, signal),
            };
        }
    }
}

/// Waits for the end of a process, but leaves it there: while it has not been waited for, nobody else has its number.
async fn until_ended(id: Option<Pid>, some_ended: &mut unix::Signal) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while waitid(WaitId::Pid(id), options).context("the command cannot be waited for")?.is_none() {
        some_ended.recv().await;
    }
    Ok(())
}

fn id(process: &process::Child) -> Option<Pid> {
    process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

/// Its name; the rest are its arguments.
fn first(words: &[OsString]) -> OsString {
    words.first().cloned().unwrap_or_default()
}

fn plain(words: Vec<OsString>) -> Command {
    let mut command = Command::new(first(&words));
    command.args(words.into_iter().skip(1));
    command
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| BY_SIGNAL + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The exit code of whoever was ended by a signal.
pub(crate) fn code_of_signal(signal: Signal) -> u8 {
    u8::try_from(BY_SIGNAL + signal.as_raw()).unwrap_or(1)
}

fn not_started(program: &OsStr, error: &std::io::Error, output: Output) -> Error {
    let name = program.to_string_lossy();
    let (code, why) = match error.kind() {
        ErrorKind::NotFound => (NOT_FOUND, "there is no such command".to_owned()),
        _ => (NOT_RUN, error.to_string()),
    };
    output.note(&format!("error: `{}`: {why}", safe(&name)));
    Error::Command(code)
}
