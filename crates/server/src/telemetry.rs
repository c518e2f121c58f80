//! The log: lines on stderr, without secrets. `JETON_LOG` chooses how much (`info` by default).

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Sends log lines to stderr. Calling it again changes nothing.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("JETON_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let _ = subscriber.try_init();
}
