//! Addresses that only this machine can reach.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;
use std::sync::{Arc, Mutex};

use reqwest::dns::{Name, Resolve as _};

use super::public::{PublicNames, is_public};
use super::{Lookup, Way, client};

#[test]
fn attack_29_addresses_of_ones_own_network_are_not_public() {
    for private in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.8.9.10",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "3fff::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
    ] {
        assert!(!is_public(private.parse().unwrap()), "{private}");
    }
    for public in [
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.0.1",
        "223.255.255.254",
        "2606:4700::1111",
        "2a00:1450::1",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
        "2002:101:101::1",
    ] {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
}

/// Names that have these addresses, one list for each time that somebody asks; the last one from then on.
pub(crate) fn names(answers: &[&[&str]]) -> Lookup {
    let parsed = |list: &&[&str]| list.iter().map(|text| text.parse::<IpAddr>().unwrap()).collect::<Vec<_>>();
    let answers: Arc<Mutex<Vec<Vec<IpAddr>>>> =
        Arc::new(Mutex::new(answers.iter().rev().map(parsed).collect()));
    Lookup::new(move |_| {
        let mut left = answers.lock().unwrap();
        let addresses = if left.len() > 1 { left.pop().unwrap() } else { left[0].clone() };
        Box::pin(
            async move { io::Result::Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect()) },
        )
    })
}

async fn resolved(names: &PublicNames) -> Option<Vec<SocketAddr>> {
    let found = names.resolve(Name::from_str("hooks.example").unwrap()).await;
    found.ok().map(Iterator::collect)
}

#[tokio::test]
async fn attack_29_a_name_of_a_private_address_has_none() {
    let name = Name::from_str("localhost").unwrap();
    assert!(PublicNames::new(Lookup::system()).resolve(name).await.is_err());
}

#[tokio::test]
async fn attack_29_one_private_address_among_public_ones_is_one_too_many() {
    for answer in [&["1.1.1.1", "10.0.0.1"][..], &["::1", "1.1.1.1"], &["64:ff9b::7f00:1"], &[]] {
        assert_eq!(resolved(&PublicNames::new(names(&[answer]))).await, None, "{answer:?}");
    }
}

#[tokio::test]
async fn attack_29_a_name_counts_as_what_it_means_now() {
    let rebinding = PublicNames::new(names(&[&["1.1.1.1"], &["127.0.0.1"]]));
    assert_eq!(resolved(&rebinding).await, Some(vec!["1.1.1.1:0".parse().unwrap()]));
    assert_eq!(resolved(&rebinding).await, None);
}

/// A name that was public when somebody looked, and means this machine when the connection is made.
#[tokio::test]
async fn attack_29_a_rebinding_name_reaches_nobody() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url: url::Url =
        format!("https://hooks.example:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
    for answers in [&[&["127.0.0.1"][..]][..], &[&["1.1.1.1", "127.0.0.1"]], &[&["::ffff:127.0.0.1"]]] {
        let client =
            client(&url, Way::Public, &names(answers), std::time::Duration::from_secs(5)).build().unwrap();
        assert!(client.post(url.clone()).send().await.is_err());
    }
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "nobody knocked");
}
