//! Addresses that only we can reach: this machine, and the networks that it stands in.
//!
//! Whoever may make a trust names an address that this server asks, and anybody makes it ask. So it asks public
//! addresses only, and of the others those that the operator wrote down: nobody else knocks at doors that are open
//! to this machine alone. What a public address is, and that a name cannot mean another one in between, is a matter of
//! `outside`.
//!
//! Example: `https://keys.example.org` has the address 10.0.0.7. Without `https://keys.example.org` in the
//! configuration no connection is made.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::outside::{Way, is_public_host, is_this_machine};

/// An origin in one's own network that the operator allows to be asked: `https://HOST`, `https://HOST:PORT`, or
/// `https://HOST:*` for any port; on this machine also with plain `http`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateOrigin {
    scheme: String,
    host: String,
    /// `None` is any.
    port: Option<u16>,
}

/// A text that is no such origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an origin looks like `https://kubernetes.default.svc`, with `:PORT` or `:*` behind it if need be")]
pub struct PrivateOriginError;

/// Why an address is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this machine and private networks are asked only where the server's configuration allows it (`private_issuers`)"
)]
pub(crate) struct IsPrivate;

/// The origins that may be asked although they are private.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrivateOrigins(Vec<PrivateOrigin>);

impl PrivateOrigin {
    /// The origin of an address.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.to_owned();
        Some(Self { scheme: url.scheme().to_owned(), host, port: url.port_or_known_default() })
    }

    fn covers(&self, url: &Url) -> bool {
        let port = self.port.is_none() || self.port == url.port_or_known_default();
        self.scheme == url.scheme() && Some(self.host.as_str()) == url.host_str() && port
    }
}

impl FromStr for PrivateOrigin {
    type Err = PrivateOriginError;

    fn from_str(text: &str) -> Result<Self, PrivateOriginError> {
        let any_port = text.strip_suffix(":*");
        let url: Url = any_port.unwrap_or(text).parse().map_err(|_| PrivateOriginError)?;
        let host = url.host().ok_or(PrivateOriginError)?;
        let fits = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&host));
        // A star is for a port; a host is somebody's, and not everybody's.
        let is_one = any_port.unwrap_or(text).bytes().all(|byte| byte != b'*');
        let more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        if !fits || !is_one || more || !url.username().is_empty() || url.password().is_some() {
            return Err(PrivateOriginError);
        }
        let origin = Self::of(&url).ok_or(PrivateOriginError)?;
        Ok(if any_port.is_some() { Self { port: None, ..origin } } else { origin })
    }
}

impl fmt::Display for PrivateOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        match port {
            Some(port) => write!(f, "{scheme}://{host}:{port}"),
            None => write!(f, "{scheme}://{host}:*"),
        }
    }
}

impl PrivateOrigins {
    /// Those that were written down.
    pub(crate) fn new(origins: impl IntoIterator<Item = PrivateOrigin>) -> Self {
        Self(origins.into_iter().collect())
    }

    /// Whether an address may be asked, as far as its text tells. Plain http is for this machine only.
    pub(super) fn way(&self, url: &Url) -> Result<Way, IsPrivate> {
        if self.0.iter().any(|origin| origin.covers(url)) {
            return Ok(Way::Anywhere);
        }
        let is_public = url.scheme() == "https" && url.host().is_some_and(|host| is_public_host(&host));
        if is_public { Ok(Way::Public) } else { Err(IsPrivate) }
    }
}
