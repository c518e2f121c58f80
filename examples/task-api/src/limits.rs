//! Every limit of the service, so that its memory is bounded and anybody can say by what.

/// Tasks kept at once; creating one more is refused until one is deleted.
pub(crate) const TASKS_MAX: usize = 1_000;
/// Log lines kept at once; one more pushes the oldest out.
pub(crate) const LINES_MAX: usize = 10_000;
/// Workers that share the tasks.
pub(crate) const WORKERS: u64 = 4;
/// Bytes of a request body.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;

/// How long a shutdown waits for requests in flight, in seconds.
pub(crate) const SHUTDOWN_SECONDS_MAX: u64 = 5;

/// Items in one answer, at most.
pub(crate) const PAGE_MAX: u16 = 1_000;
/// Items in one answer, when the request does not say.
pub(crate) const PAGE_DEFAULT: u16 = 100;

/// Bytes of a task's name.
pub(crate) const NAME_BYTES_MAX: usize = 128;
/// Bytes of a container image's name.
pub(crate) const IMAGE_BYTES_MAX: usize = 255;
/// Bytes of a correlation id.
pub(crate) const CORRELATION_BYTES_MAX: usize = 64;
/// Bytes of the text of one log line that a worker writes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 2_048;
/// Bytes of a whole command.
pub(crate) const COMMAND_BYTES_MAX: usize = 1_024;
/// Words of a command, its program included.
pub(crate) const COMMAND_WORDS_MAX: usize = 64;
