//! Which issuers may be asked.

use super::super::address::{self, AddressError};
use super::super::{Issuer, JwksUrl};

#[test]
fn https_may_be_asked_and_plain_http_on_this_machine() {
    let fine = [
        "https://issuer.example",
        "https://issuer.example:8443/realms/a",
        "https://issuer.example/",
        "http://127.0.0.1:4000",
        "http://[::1]:4000/x",
        "http://localhost",
    ];
    for text in fine {
        assert!(Issuer::parse(text).unwrap().url().is_ok(), "{text}");
        assert!(JwksUrl::parse(text).is_ok(), "{text}");
    }
    assert!(JwksUrl::parse("https://issuer.example/keys?version=2").is_ok());
}

#[test]
fn attack_29_other_addresses_are_not_asked() {
    let plain =
        ["http://issuer.example", "http://169.254.169.254/", "http://134744072/", "http://localhost.example"];
    for text in plain {
        assert_eq!(Issuer::parse(text).unwrap().url().unwrap_err(), AddressError::PlainHttp, "{text}");
    }
    let no_addresses = [
        "kubernetes/serviceaccount",
        "spiffe://example.org",
        "file:///etc/passwd",
        "ftp://issuer.example",
        "https://",
        "https://user@issuer.example",
        "https://user:password@issuer.example",
        "https://issuer.example?x=1",
        "https://issuer.example#x",
        "data:text/plain,x",
    ];
    for text in no_addresses {
        assert_eq!(Issuer::parse(text).unwrap().url().unwrap_err(), AddressError::Address, "{text}");
    }
    let long = format!("https://issuer.example/{}", "x".repeat(512));
    for text in ["", " https://issuer.example", "https://issuer.example\n", "https://issüer.example", &long]
    {
        assert_eq!(Issuer::parse(text).unwrap_err(), AddressError::Name, "{text}");
    }
}

#[test]
fn attack_29_an_issuer_elsewhere_does_not_send_us_to_our_own_machine() {
    let url = |text| address::askable(text).unwrap();
    let (far, near) = (url("https://issuer.example"), url("http://127.0.0.1:4000"));
    assert!(address::may_follow(&far, &url("https://keys.example/jwks")));
    assert!(address::may_follow(&near, &url("http://127.0.0.1:4001/jwks")));
    assert!(address::may_follow(&near, &url("https://keys.example/jwks")));
    assert!(!address::may_follow(&far, &near));
}
