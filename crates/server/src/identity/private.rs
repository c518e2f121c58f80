//! Addresses that only we can reach: this machine, and the networks that it stands in.
//!
//! Whoever may make a trust names an address that this server asks, and anybody makes it ask. So it asks public
//! addresses only, and of the others those that the operator wrote down: nobody else knocks at doors that are open
//! to this machine alone. A name counts as the addresses that it has at the moment of asking, and the connection
//! goes to one that was looked at, so that a name cannot mean something else in between.
//!
//! Example: `https://keys.example.org` has the address 10.0.0.7. Without `https://keys.example.org` in the
//! configuration no connection is made.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::address::is_this_machine;

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

/// How an address may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As long as its name has public addresses.
    Public,
    /// Wherever it is.
    Anywhere,
}

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
        let is_public = match url.host() {
            _ if url.scheme() != "https" => false,
            Some(Host::Domain(name)) => !is_name_of_this_machine(name),
            Some(Host::Ipv4(address)) => is_public(address.into()),
            Some(Host::Ipv6(address)) => is_public(address.into()),
            None => false,
        };
        if is_public { Ok(Way::Public) } else { Err(IsPrivate) }
    }
}

fn is_name_of_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// Looks names up, and knows only their public addresses.
pub(super) struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(IsPrivate.into());
            }
            let public: Addrs = Box::new(public.into_iter());
            Ok(public)
        })
    }
}

/// Whether an address is one that anybody can reach. What is not known to be so is not.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// All but the special-purpose addresses of IANA (RFC 6890) and multicast.
fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18..=19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

/// Global unicast (`2000::/3`) without what is set aside in it. An address that carries an IPv4 address is as public as
/// that one.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let carried = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => carried(high, low),
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}
