//! Who shares what there is a limited number of.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::authority::Origin;

/// Connections of one of these count together.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Share {
    /// Clients of one origin.
    Origin(Origin),
    /// Proxies that the operator trusts, in this network.
    Proxies(IpNet),
}

impl Share {
    /// The share of a connection from there.
    pub(super) fn of(peer: IpAddr, trusted: &[IpNet]) -> Self {
        let peer = peer.to_canonical();
        let proxies = trusted.iter().find(|network| network.contains(&peer));
        proxies.map_or_else(|| Self::Origin(Some(peer).into()), |network| Self::Proxies(*network))
    }
}
