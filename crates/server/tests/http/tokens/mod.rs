//! `/api/v1/tokens`

mod approve;
mod create;
mod edit;
mod expiry;
mod list;
mod names;
mod overlap;
mod revoke;
mod revoke_many;
mod rotate;
mod show;
mod sought;
