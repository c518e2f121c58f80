//! The authority as a library: the store, the operations and the doors.
//!
//! `jeton serve` is a thin program around [`Server`]; tests start it in-process, on a free port, with a clock of
//! their own. Read `authority/` for the rules, `store/` for what is kept, `http/` for the addresses.

mod authority;
mod clock;
mod config;
mod data_dir;
mod http;
mod identity;
mod keys;
mod limits;
mod listener;
mod metrics;
mod notices;
mod outside;
mod server;
mod startup;
mod store;
mod telemetry;

pub use clock::Clock;
pub use config::{ConfigError, DatabaseUrl, Options, PublicUrl, PublicUrlError, Settings, SignInProvider};
pub use data_dir::DataDirError;
pub use http::{RouteEntry, described, document, routes};
pub use identity::PrivateOrigin;
pub use keys::{Keys, KeysError, Rng};
pub use limits::ConnectionLimits;
pub use notices::{MailSink, WebhookSink};
pub use server::{Server, StartError};
pub use store::Store;
pub use telemetry::log_to_stderr;
