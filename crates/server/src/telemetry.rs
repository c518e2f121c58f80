//! The log: lines on stderr, without secrets. `JETON_LOG` chooses how much (`info` by default).

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

/// Sends log lines to stderr. Calling it again changes nothing.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("JETON_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    #[expect(clippy::disallowed_methods, reason = "the log's own conventions: JETON_LOG and NO_COLOR")]
    let colours = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    // A second call finds the log set up, and that is all that is wanted.
    let _ = subscriber.with_target(false).with_ansi(colours).try_init();
}
