//! `/api/v1/tokens`

mod approve;
mod create;
mod edit;
mod expiry;
mod list;
mod names;
mod revoke;
mod rotate;
mod show;
mod sought;
