//! Every limit of this crate.

use std::time::Duration;

/// How long one question to the authority may take, when nothing else is set.
pub(crate) const TIMEOUT_DEFAULT: Duration = Duration::from_secs(2);
/// The largest answer that is read. A record with 256 patterns and a full catalogue of scopes fits several times.
pub(crate) const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Connections that are kept open while nobody asks.
pub(crate) const IDLE_CONNECTIONS_MAX: usize = 32;
/// How long such a connection is kept.
pub(crate) const IDLE_TIME_MAX: Duration = Duration::from_secs(30);
/// When a client that could not be judged may try again, in seconds.
pub(crate) const RETRY_AFTER_SECONDS: u16 = 1;
