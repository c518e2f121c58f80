//! The REST API, base `/api/v1`. The files mirror the URL tree.

pub(super) mod apis;
pub(super) mod explain;
pub(super) mod groups;
pub(super) mod identities;
pub(super) mod job_settings;
pub(super) mod jobs;
pub(super) mod organizations;
pub(super) mod pipelines;
pub(super) mod policies;
pub(super) mod projects;
pub(super) mod role_bindings;
pub(super) mod roles;
pub(super) mod service_accounts;
pub(super) mod sessions;
pub(super) mod tokens;
pub(super) mod trusts;
pub(super) mod users;
pub(super) mod verify;

pub(super) mod kept;
pub(super) mod page;
pub(in crate::http) mod parse;
pub(super) mod shown;
