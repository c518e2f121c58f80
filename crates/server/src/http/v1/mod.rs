//! The REST API, base `/api/v1`. The files mirror the URL tree.

pub(super) mod apis;
pub(super) mod sessions;
pub(super) mod tokens;
pub(super) mod trusts;
pub(super) mod users;
pub(super) mod verify;

mod page;
mod parse;
mod shown;
