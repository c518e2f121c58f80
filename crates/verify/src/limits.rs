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

/// The most verdicts that are kept.
pub(crate) const VERDICTS_MAX: usize = 128 * 1024;
/// The most of one token: combinations of scope, place and address.
pub(crate) const DEMANDS_OF_TOKEN_MAX: usize = 32;
/// The most changes that are remembered one by one; with more, all verdicts are asked for again.
pub(crate) const CHANGES_MAX: usize = 64 * 1024;
/// The most things that a verdict can be made from: a token, its ancestors and their owners fit several times.
pub(crate) const NAMES_OF_VERDICT_MAX: usize = 64;
/// The longest proof that a token was shown, in bytes.
pub(crate) const RECEIPT_BYTES_MAX: usize = 64;
/// The most verdicts whose uses wait to be told; those of others are not counted.
pub(crate) const USED_VERDICTS_MAX: usize = 64 * 1024;
/// The most of them that are told at once.
pub(crate) const USES_TOLD_MAX: usize = 500;
/// The longest lease that is taken, in milliseconds, whatever an answer says.
pub(crate) const LEASE_MS_MAX: u64 = 60 * 1000;
/// How long one call may take that asks what has changed: an answer that comes later is of no use.
pub(crate) const WATCH_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the watch pauses after a first failure.
pub(crate) const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// How long at most; each pause is twice the one before.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long it pauses after an answer that brought no new lease.
pub(crate) const PAUSE_SHORT: Duration = Duration::from_millis(50);
/// How long it pauses when the authority grants none.
pub(crate) const PAUSE_LONG: Duration = Duration::from_secs(30);
