//! Addresses that only this machine can reach.

use url::Url;

use super::super::private::{PrivateOrigin, PrivateOrigins};
use crate::outside::Way;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

#[test]
fn attack_29_a_private_address_is_asked_only_where_the_operator_says_so() {
    let none = PrivateOrigins::default();
    for private in [
        "http://127.0.0.1:9911",
        "http://localhost/x",
        "https://127.0.0.1",
        "https://2130706433",
        "https://0x7f.1",
        "https://0",
        "https://127.1:8443/keys",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1",
        "https://localhost",
        "https://LOCALHOST.",
        "https://a.localhost:8443",
    ] {
        assert!(none.way(&url(private)).is_err(), "{private}");
    }
    for public in ["https://issuer.example", "https://issuer.example:8443/x", "https://1.1.1.1"] {
        assert_eq!(none.way(&url(public)), Ok(Way::Public), "{public}");
    }
    let listed = ["https://10.0.0.1:6443", "https://kubernetes.default.svc", "http://127.0.0.1:*"];
    let some = PrivateOrigins::new(listed.map(|text| text.parse().unwrap()));
    for allowed in [
        "https://10.0.0.1:6443/openid/v1/jwks",
        "https://kubernetes.default.svc/x",
        "https://kubernetes.default.svc:443",
        "http://127.0.0.1:1/",
        "http://127.0.0.1",
    ] {
        assert_eq!(some.way(&url(allowed)), Ok(Way::Anywhere), "{allowed}");
    }
    for other in
        ["https://10.0.0.1", "https://10.0.0.2:6443", "https://127.0.0.1", "http://127.0.0.2", "http://[::1]"]
    {
        assert!(some.way(&url(other)).is_err(), "{other}");
    }
    assert_eq!(some.way(&url("https://kubernetes.default.svc:8443")), Ok(Way::Public), "as long as it is");
}

#[test]
fn an_origin_is_a_scheme_a_host_and_a_port() {
    for (text, shown) in [
        ("https://kubernetes.default.svc", "https://kubernetes.default.svc:443"),
        ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
        ("https://[fd00::1]:*", "https://[fd00::1]:*"),
        ("http://localhost:*", "http://localhost:*"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ] {
        assert_eq!(text.parse::<PrivateOrigin>().unwrap().to_string(), shown);
    }
    for wrong in [
        "",
        "*",
        "https://*",
        "kubernetes.default.svc",
        "http://10.0.0.1",
        "http://issuer.example",
        "https://a.example/x",
        "https://a.example?x",
        "https://a.example#x",
        "https://user@a.example",
        "ftp://a.example",
        "10.0.0.0/8",
    ] {
        assert!(wrong.parse::<PrivateOrigin>().is_err(), "{wrong}");
    }
}
