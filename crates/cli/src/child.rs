//! A command that is run with more in its environment. Signals that are meant for it pass through, and how it ends.

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal as _, stdin};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{self, Command};
use tokio::signal::unix::{self, SignalKind, signal};

use crate::error::{Error, Result};
use crate::escape::safe;
use crate::output::Output;

/// As shells say it.
const NOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;
const BY_SIGNAL: i32 = 128;

/// A command that runs.
pub(crate) struct Child {
    process: process::Child,
    signals: Signals,
}

impl Child {
    /// Starts the command. It has our input and output.
    pub(crate) fn start(
        command: Vec<OsString>,
        variables: &[(&'static str, String)],
        output: Output,
    ) -> Result<Self> {
        // Caught before there is anybody to pass them on to, so that none is lost and none ends us.
        let signals = Signals::catch()?;
        let mut words = command.into_iter();
        let program = words.next().unwrap_or_default();
        let mut command = Command::new(&program);
        command.args(words).envs(variables.iter().map(|(name, value)| (name, value)));
        let process = command.spawn().map_err(|error| not_started(&program, &error, output))?;
        Ok(Self { process, signals })
    }

    /// Waits for its end; answers the exit code, which after a signal is that of a shell.
    pub(crate) async fn run(&mut self) -> Result<u8> {
        loop {
            tokio::select! {
                status = self.process.wait() => {
                    return Ok(code(status.context("the command cannot be waited for")?));
                }
                signal = self.signals.next() => self.pass(signal),
            }
        }
    }

    fn pass(&self, signal: Signal) {
        // Without an id it has ended and been waited for: nobody else may get what was meant for it.
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            let _gone = kill_process(id, signal);
        }
    }
}

/// The signals that are passed on.
struct Signals {
    hang_up: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
    terminate: unix::Signal,
    user_1: unix::Signal,
    user_2: unix::Signal,
    /// Whether a terminal sends its signals to the command as well.
    from_terminal: bool,
}

impl Signals {
    fn catch() -> Result<Self> {
        let catch = |kind| signal(kind).context("signals cannot be caught");
        Ok(Self {
            hang_up: catch(SignalKind::hangup())?,
            interrupt: catch(SignalKind::interrupt())?,
            quit: catch(SignalKind::quit())?,
            terminate: catch(SignalKind::terminate())?,
            user_1: catch(SignalKind::user_defined1())?,
            user_2: catch(SignalKind::user_defined2())?,
            from_terminal: stdin().is_terminal(),
        })
    }

    /// The next one to pass on. What is typed at a terminal goes to everybody there, so the command has it already.
    async fn next(&mut self) -> Signal {
        loop {
            let (signal, typed) = tokio::select! {
                _ = self.hang_up.recv() => (Signal::HUP, false),
                _ = self.interrupt.recv() => (Signal::INT, true),
                _ = self.quit.recv() => (Signal::QUIT, true),
                _ = self.terminate.recv() => (Signal::TERM, false),
                _ = self.user_1.recv() => (Signal::USR1, false),
                _ = self.user_2.recv() => (Signal::USR2, false),
            };
            if !(typed && self.from_terminal) {
                return signal;
            }
        }
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| BY_SIGNAL + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn not_started(program: &OsString, error: &std::io::Error, output: Output) -> Error {
    let name = program.to_string_lossy();
    let (code, why) = match error.kind() {
        ErrorKind::NotFound => (NOT_FOUND, "there is no such command".to_owned()),
        _ => (NOT_RUN, error.to_string()),
    };
    output.note(&format!("error: `{}`: {why}", safe(&name)));
    Error::Command(code)
}
