//! What the client `det` of Determined 0.38 asks its server about users and tokens, under `/compat/determined`.
//!
//! Success is exactly 200. Bodies come without `Content-Type`. Tokens and users are known by their numbers, and all
//! kinds of tokens that an API may honour are *access tokens*; sessions and credentials of APIs do not exist here.

pub(in crate::http) mod auth;
pub(in crate::http) mod error;
mod lifespan;
pub(in crate::http) mod master;
mod page;
mod shape;
mod shown;
mod sort;
pub(in crate::http) mod tokens;
pub(in crate::http) mod users;

/// Where this wire begins: what a user of `det` puts behind the server's address.
pub(super) const BASE: &str = "/compat/determined";

/// The address by which the client finds out whether its credential is still good.
pub(super) const PROBE: &str = "/api/v1/me";
