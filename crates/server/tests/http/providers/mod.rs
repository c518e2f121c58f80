//! Sign-in by somebody else's word: OpenID Connect providers.

mod admission;
mod attacks;
mod config;
mod exchange;
mod groups;
mod identities;
mod people;
