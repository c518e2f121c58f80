//! Faults for a real server, and a checker that knows what must hold through all of them.
//!
//! The harness stands outside: it starts the program `jeton`, calls it over HTTP as clients do, and harms what is below it.
//! System calls on SQLite's files fail by `strace`; the wire to PostgreSQL goes through a proxy that cuts it; the disk under
//! the data directory gets full. It knows nothing about the driver of the database, so it outlives any.
//!
//! A [`Stand`] is a server with its [`Journal`]. [`Stand::suffer`] is one round: clients work, a [`Fault`] strikes and goes,
//! the server heals without a restart, and every secret that was acknowledged meanwhile is asked about at every door.
//!
//! Crowds harm it from above: [`fare`] measures how an honest client fares beside each.
//!
//! `cargo xtask torture` goes through all counts; the tests of the program take the first few.

mod caller;
mod crowd;
mod database;
mod dice;
mod fault;
mod injection;
mod journal;
mod server;
mod stand;
mod stopwatch;
mod sweep;
mod wire;
mod work;

pub use caller::{API, Caller, Door, Reply, Verdict};
pub use crowd::{Crowd, Fared, fare};
pub use database::Database;
pub use fault::Fault;
pub use injection::{Call, Errno, Injected, Injection};
pub use journal::{Broken, Fate, Findings, Journal, Kept};
pub use server::{Server, Site};
pub use stand::{HEALED_WITHIN, Stand, Struck};
pub use stopwatch::Stopwatch;
pub use sweep::{Outcome, Sweep};
pub use wire::{Harm, Way, Wire, WireFault};
pub use work::ask_everywhere;
