//! Black box: a real server on a free port, spoken to over HTTP. The files mirror the URL tree.
//!
//! Tests named `attack_NN_…` are the rows of the table of threats.

// Lets clippy know that everything here is a test.
#![cfg(test)]

#[macro_use]
mod support;
#[path = "../store/mod.rs"]
mod store;

mod access;
mod actions;
mod altered;
mod apis;
mod attacks;
mod audit;
mod azure_devops;
mod clients;
mod connections;
mod credential_end;
mod crowds;
mod determined;
mod enforces_places;
mod explain;
mod federation;
mod first_light;
mod forward_auth;
mod groups;
mod idempotency;
mod jobs;
mod lease;
mod live;
mod memory;
mod metrics;
mod notices;
mod oauth2;
mod openapi;
mod organizations;
mod pages;
mod policies;
mod providers;
mod races;
mod rechecked;
mod released;
mod rights;
mod role_bindings;
mod roles;
mod routes;
mod scim;
mod service_accounts;
mod sessions;
mod startup;
mod store_failure;
mod tokens;
mod usage;
mod users;
mod verify;
mod wire_faults;
