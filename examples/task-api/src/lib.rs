//! A small task platform, the kind of API that Jeton protects.
//!
//! Tasks are created, run and deleted; whatever happens to one is written as lines of a log, and the
//! log can be read by task, correlation, command, worker or container image.
//!
//! [`router`] is the bare service, which knows nothing about tokens. [`CATALOGUE`] says which of its
//! routes asks for which scope, and [`protected`] puts the one before the other; that is all that
//! being protected by Jeton takes (see `protection`).
//!
//! Everything lives in memory and has a limit (see `limits`): at most 1000 tasks, at most 10 000
//! log lines of at most about 2 KiB, bodies of at most 16 KiB. A full task list refuses new tasks; a
//! full log forgets its oldest line.

mod clock;
mod command;
mod http;
mod id;
mod journal;
mod limits;
mod log;
mod platform;
mod problem;
mod protection;
mod serve;
mod task;
mod text;

pub use http::router;
/// The verifier that [`protected`] takes.
pub use jeton_verify::Client;
pub use protection::{CatalogueError, layer, protected};
pub use serve::serve;

/// The catalogue of this API, as `jeton api apply` reads it.
pub const CATALOGUE: &str = include_str!("../taskurai.toml");
