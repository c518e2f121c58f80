//! Ctrl-C, handled just enough to leave nothing behind.
//!
//! The terminal sends it to the running child too, so the step ends by itself; xtask then stops what it started (its
//! PostgreSQL, the temporary folders) on the ordinary way out. A second Ctrl-C ends at once: even then the kernel stops
//! the server, see [`crate::account`].

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::SIGINT;
use signal_hook::flag;

const EXIT_INTERRUPTED: u8 = 130;

/// Remembers whether Ctrl-C was pressed.
#[derive(Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on the first Ctrl-C is remembered, and the second ends the program.
    pub(crate) fn catch() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        flag::register_conditional_shutdown(SIGINT, EXIT_INTERRUPTED.into(), Arc::clone(&asked))
            .and_then(|_| flag::register(SIGINT, Arc::clone(&asked)))
            .context("cannot listen for Ctrl-C")?;
        Ok(Self(asked))
    }

    /// Whether Ctrl-C was pressed.
    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The exit code that shells expect after Ctrl-C.
    pub(crate) fn exit_code() -> ExitCode {
        ExitCode::from(EXIT_INTERRUPTED)
    }
}
