//! Where, and from where, a token may be used.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use crate::tenant::Place;

/// The places that a token is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceLimit {
    /// Not limited.
    Everywhere,
    /// Only within these, of which there is at least one.
    Within(Vec<Place>),
}

impl PlaceLimit {
    /// The limit as stored: no place means no limit was written.
    pub fn from_places(places: Vec<Place>) -> Self {
        if places.is_empty() { Self::Everywhere } else { Self::Within(places) }
    }

    /// The places written down.
    pub fn places(&self) -> &[Place] {
        match self {
            Self::Everywhere => &[],
            Self::Within(places) => places,
        }
    }

    /// Whether whatever is limited like `other` is also within this limit.
    pub fn covers_limit(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everywhere, _) => true,
            (Self::Within(_), Self::Everywhere) => false,
            (Self::Within(_), Self::Within(places)) => places.iter().all(|place| self.covers(*place)),
        }
    }

    /// Whether all of `place` is allowed.
    pub fn covers(&self, place: Place) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Within(places) => places.iter().any(|allowed| allowed.contains(place)),
        }
    }
}

/// The networks that a token is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkLimit {
    /// Not limited.
    Anywhere,
    /// Only from these, of which there is at least one.
    Within(Vec<Network>),
}

impl NetworkLimit {
    /// The limit as stored: no network means no limit was written.
    pub fn from_networks(networks: Vec<Network>) -> Self {
        if networks.is_empty() { Self::Anywhere } else { Self::Within(networks) }
    }

    /// The networks written down.
    pub fn networks(&self) -> &[Network] {
        match self {
            Self::Anywhere => &[],
            Self::Within(networks) => networks,
        }
    }

    /// Whether whatever is limited like `other` is also within this limit.
    pub fn covers_limit(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Anywhere, _) => true,
            (Self::Within(_), Self::Anywhere) => false,
            (Self::Within(mine), Self::Within(yours)) => {
                yours.iter().all(|inner| mine.iter().any(|outer| outer.contains_network(inner)))
            }
        }
    }

    /// The limit that holds when both do. One within nothing covers no address.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (Self::Within(mine), Self::Within(yours)) = (self, other) else {
            return if *self == Self::Anywhere { other.clone() } else { self.clone() };
        };
        // Networks form a tree like places do: two that meet lie one in the other.
        let within =
            |network: &&Network, outer: &[Network]| outer.iter().any(|o| o.contains_network(network));
        let mut inner: Vec<_> = mine.iter().filter(|network| within(network, yours)).copied().collect();
        inner.extend(yours.iter().filter(|network| within(network, mine)));
        inner.sort_unstable();
        inner.dedup();
        Self::Within(inner)
    }

    /// Whether a call from this address is allowed.
    pub fn covers(&self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Within(networks) => networks.iter().any(|network| network.contains(address)),
        }
    }
}

/// An IP network in CIDR notation (RFC 4632, RFC 4291), with no bit set behind its prefix.
///
/// One of IPv4 addresses is never written as IPv6 (`::ffff:10.0.0.0/104`): addresses count as IPv4 however they
/// arrive, so it would match nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network(IpNet);

/// A text that is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a network is written like `10.0.0.0/8` or `2001:db8::/32`, with no bit set behind the prefix, and one of IPv4 \
     addresses always as IPv4"
)]
pub struct NetworkError;

impl Network {
    /// Whether all of the other network lies in it.
    pub fn contains_network(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the address lies in it. An IPv4 address that arrives in IPv6 clothes counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, length) = text.split_once('/').ok_or(NetworkError)?;
        // The standard library's parser refuses `010.0.0.0`, which is 8.0.0.0 to some and 10.0.0.0 to others.
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let bits = length.parse().ok().filter(|bits: &u8| bits.to_string() == length).ok_or(NetworkError)?;
        let network = IpNet::new(address, bits).map_err(|_| NetworkError)?;
        let is_plain = network.trunc() == network && address.to_canonical() == address;
        if is_plain { Ok(Self(network)) } else { Err(NetworkError) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
