//! Signals that are meant for a command.

use std::io::{IsTerminal as _, stdin};

use anyhow::Context as _;
use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind, signal};

use crate::error::Result;

/// The signals that are passed on. From the moment that they are caught, none of them ends us.
pub(crate) struct Signals {
    hang_up: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
    terminate: unix::Signal,
    user_1: unix::Signal,
    user_2: unix::Signal,
}

impl Signals {
    /// Catches them: before there is anybody to pass them on to, so that none is lost.
    pub(crate) fn catch() -> Result<Self> {
        let catch = |kind| signal(kind).context("signals cannot be caught");
        Ok(Self {
            hang_up: catch(SignalKind::hangup())?,
            interrupt: catch(SignalKind::interrupt())?,
            quit: catch(SignalKind::quit())?,
            terminate: catch(SignalKind::terminate())?,
            user_1: catch(SignalKind::user_defined1())?,
            user_2: catch(SignalKind::user_defined2())?,
        })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hang_up.recv() => Signal::HUP,
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.quit.recv() => Signal::QUIT,
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.user_1.recv() => Signal::USR1,
            _ = self.user_2.recv() => Signal::USR2,
        }
    }
}

/// Whether whoever sends this one wants an end.
pub(super) fn ends(signal: Signal) -> bool {
    matches!(signal, Signal::HUP | Signal::INT | Signal::QUIT | Signal::TERM)
}

/// Whether a terminal has sent this one to everybody there, the command among them.
pub(super) fn is_typed(signal: Signal) -> bool {
    matches!(signal, Signal::INT | Signal::QUIT) && is_at_terminal()
}

/// Whether what is typed comes to us and to the command.
pub(super) fn is_at_terminal() -> bool {
    stdin().is_terminal()
}
