//! Limits of place and of network.

use std::net::IpAddr;

use jeton_token::{Network, NetworkError, NetworkLimit, Place, PlaceLimit};
use proptest::prelude::*;

use crate::sample::{organization, project};

fn network(text: &str) -> Network {
    text.parse().unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_network_is_printed_as_it_was_read() {
    for text in ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.7/32", "2001:db8::/32", "::/0", "::1/128"] {
        assert_eq!(network(text).to_string(), text);
    }
    assert_eq!(network("2001:DB8:0:0::/32").to_string(), "2001:db8::/32");
}

#[test]
fn what_is_no_network_is_refused() {
    for text in [
        "",
        "/",
        "10.0.0.0",
        "10.0.0.0/",
        "/8",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8 ",
        " 10.0.0.0/8",
        "10.0.0.0/8/8",
        "10.0.0/8",
        "10/8",
        "10.0.0.0/255.0.0.0",
        "010.0.0.0/8",
        "0x0a.0.0.0/8",
        "10.0.0.256/8",
        "2001:db8::/129",
        "2001:db8::",
        "fe80::%eth0/64",
        "[::]/0",
        "host/8",
        "*",
        "all",
        // bits behind the prefix: was the network meant, or the address?
        "10.0.0.1/8",
        "10.1.0.0/8",
        "2001:db8::1/32",
        // a network of IPv4 addresses in IPv6 clothes would never match
        "::ffff:10.0.0.0/104",
        "::ffff:0:0/96",
        "::ffff:192.0.2.7/128",
    ] {
        assert_eq!(text.parse::<Network>(), Err(NetworkError), "{text:?}");
    }
}

#[test]
fn an_address_lies_in_a_network_or_not() {
    for (net, inside, outside) in [
        ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("10.0.0.0/8", "10.0.0.0", "9.255.255.255"),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.6"),
        ("0.0.0.0/0", "255.255.255.255", "::1"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("::/0", "2001:db8::1", "10.0.0.1"),
    ] {
        assert!(network(net).contains(address(inside)), "{inside} in {net}");
        assert!(!network(net).contains(address(outside)), "{outside} in {net}");
    }
}

#[test]
fn an_ipv4_address_in_ipv6_clothes_counts_as_ipv4() {
    let net = network("10.0.0.0/8");
    assert!(net.contains(address("::ffff:10.1.2.3")));
    assert!(!net.contains(address("::ffff:11.1.2.3")));
    assert!(!net.contains(address("::10.1.2.3")), "the deprecated compatible form is IPv6");
    assert!(!network("::/0").contains(address("::ffff:10.1.2.3")));
}

#[test]
fn no_network_written_down_is_no_limit() {
    let limit = NetworkLimit::from_networks(vec![]);
    assert_eq!(limit, NetworkLimit::Anywhere);
    assert!(limit.networks().is_empty() && limit.covers(address("192.0.2.7")));
}

#[test]
fn one_of_several_networks_is_enough() {
    let networks = vec![network("10.0.0.0/8"), network("2001:db8::/32")];
    let limit = NetworkLimit::from_networks(networks.clone());
    assert_eq!(limit.networks(), networks);
    for (from, allowed) in
        [("10.1.2.3", true), ("2001:db8::1", true), ("11.0.0.1", false), ("2001:db9::1", false)]
    {
        assert_eq!(limit.covers(address(from)), allowed, "{from}");
    }
}

#[test]
fn a_limit_to_nothing_covers_nothing() {
    assert!(!NetworkLimit::Within(vec![]).covers(address("10.0.0.1")));
    assert!(!PlaceLimit::Within(vec![]).covers(project(1, 1)));
}

#[test]
fn no_place_written_down_is_no_limit() {
    let limit = PlaceLimit::from_places(vec![]);
    assert_eq!(limit, PlaceLimit::Everywhere);
    assert!(limit.places().is_empty() && limit.covers(Place::Global));
}

#[test]
fn a_limit_covers_whole_places_within_one_of_its_own() {
    let own = Place::Organization(organization(1));
    let limit = PlaceLimit::from_places(vec![own, project(2, 1)]);
    assert_eq!(limit.places(), [own, project(2, 1)]);
    for (place, covered) in [
        (own, true),
        (project(1, 1), true),
        (project(1, 2), true),
        (project(2, 1), true),
        (project(2, 2), false),
        (Place::Organization(organization(2)), false),
        (project(3, 1), false),
        (Place::Global, false),
    ] {
        assert_eq!(limit.covers(place), covered, "{place:?}");
    }
}

proptest! {
    #[test]
    fn any_string_is_judged_without_a_panic(text in any::<String>(), near in "[0-9a-f:./]{0,20}") {
        for text in [text, near] {
            if let Ok(network) = text.parse::<Network>() {
                prop_assert_eq!(network.to_string().parse(), Ok(network));
            }
        }
    }
}
