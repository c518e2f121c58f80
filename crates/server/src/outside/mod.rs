//! Speaking to other machines: what every call to an address has in common that somebody else may have chosen.
//!
//! No redirects, no proxy from the environment, one attempt, bounded in time. Where an address must be public, each name
//! counts as the addresses that it has at the moment of connecting, all of them must be public, and the connection goes
//! to one that was looked at: a name cannot mean something else in between.
//!
//! Example: `hooks.example.org` answers with 1.1.1.1 when the operator looks, and with 127.0.0.1 a minute later. No
//! connection is made then.

mod public;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{ClientBuilder, redirect, retry};
use url::{Host, Url};

use public::PublicNames;
pub(crate) use public::{Lookup, is_public_host};

/// How an address may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As long as its name has public addresses only.
    Public,
    /// Wherever it is.
    Anywhere,
}

/// A client for addresses like this one. This machine is spoken to in plain http without loading certificates.
pub(crate) fn client(like: &Url, way: Way, lookup: &Lookup, limit: Duration) -> ClientBuilder {
    let builder = reqwest::Client::builder()
        .timeout(limit)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .user_agent(concat!("jeton/", env!("CARGO_PKG_VERSION")));
    match (like.scheme(), way) {
        ("https", Way::Anywhere) => builder.https_only(true),
        ("http", Way::Anywhere) => builder.tls_certs_only([]),
        _ => builder.https_only(true).dns_resolver(Arc::new(PublicNames::new(lookup.clone()))),
    }
}

/// Whether a host is this very machine.
pub(crate) fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// The cause behind all wrapping.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
pub(crate) mod tests;
