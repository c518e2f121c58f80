//! What clients of Azure DevOps ask their server about tokens, projects and pipelines, under
//! `/compat/azure-devops/{organization}`.
//!
//! Those clients find addresses by ids of *locations* (`OPTIONS`), differ in the case of paths, name their version in
//! the query or in `Accept`, and look for the words of an error in `message`. Projects and tokens have GUIDs there,
//! which are our ids in another spelling; pipelines have their numbers.

mod address;
pub(in crate::http) mod connection;
pub(in crate::http) mod definitions;
pub(in crate::http) mod error;
mod guid;
mod instant;
pub(in crate::http) mod locations;
mod page;
mod pat_error;
pub(in crate::http) mod pats;
pub(in crate::http) mod pipelines;
mod place;
pub(in crate::http) mod projects;
pub(in crate::http) mod settings;
pub(in crate::http) mod token_admin;
mod version;

pub(in crate::http) use address::canonical;

/// Where this wire begins: what stands before the organization in the address that a client is given.
pub(super) const BASE: &str = "/compat/azure-devops";
