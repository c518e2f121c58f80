//! Attacks 29 and 30: a webhook as a way to reach others, and sinks that nobody configured.

use reqwest::Method;
use serde_json::json;

use super::{configured, outbox, telling};
use crate::support::Authority;
use crate::support::answer::Answer;
use crate::support::receiver::{Behaviour, Receiver, soon};

on_both! {
    alone:
        attack_29_a_redirect_is_not_followed;
    shared:
        attack_30_no_endpoint_makes_a_sink;
}

async fn attack_29_a_redirect_is_not_followed(authority: Authority) {
    let (receiver, inside) = (Receiver::start().await, Receiver::start().await);
    receiver.behave(Behaviour::Redirect(format!("http://{}/admin", inside.address)));
    let authority = telling(authority, &receiver.entry("ops", "KEY", &["token.create"])).await;
    authority.pat(&authority.admin().await, &["*"]).await;
    receiver.wait_for(1).await;
    receiver.behave(Behaviour::Redirect(format!("//{}/admin", inside.address)));
    authority.clock.advance_minutes(1);
    receiver.wait_for(2).await;
    // That was no delivery.
    receiver.behave(Behaviour::Status(200));
    authority.clock.advance_minutes(60);
    receiver.wait_for(3).await;
    soon(async || (outbox(&authority).await == (0, 0)).then_some(())).await;
    assert_eq!(inside.told().len(), 0);
}

#[test]
fn attack_29_a_private_address_is_refused_at_start() {
    for url in [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://a.localhost./x",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.7",
        "https://100.64.0.1",
        "https://192.168.1.1:8443",
        "https://[fd00::1]",
        "https://[64:ff9b::a00:1]",
        "https://[2002:7f00:1::]",
        "https://224.0.0.1",
        "http://127.0.0.1:9/",
    ] {
        let error = configured(&entry(url, "")).unwrap_err();
        assert!(
            error.starts_with("FILE:3:7: this address is on this machine or in a private network"),
            "{url}: {error}"
        );
    }
    // An address in disguise is none that anybody reviewed.
    for url in
        ["https://2130706433", "https://0x7f.1/", "https://127.1:80/", "https://0/", "https://0177.0.0.1"]
    {
        for more in ["", "allow_private = true"] {
            let error = configured(&entry(url, more)).unwrap_err();
            assert!(error.starts_with("FILE:3:7: write the address of this host as `"), "{url}: {error}");
        }
    }
    for url in [
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "ftp://hooks.example/",
        "hooks.example",
        "https://",
        "https://u@hooks.example",
        "https://hooks.example/#x",
    ] {
        for more in ["", "allow_private = true"] {
            let error = configured(&entry(url, more)).unwrap_err();
            assert!(error.starts_with("FILE:3:7: an address looks like `https://"), "{url}: {error}");
        }
    }
    for (url, more) in [("http://hooks.example", ""), ("http://10.0.0.7/", "allow_private = true")] {
        let error = configured(&entry(url, more)).unwrap_err();
        assert!(error.starts_with("FILE:3:7: plain http is for this machine only"), "{url}: {error}");
    }
    for (url, more) in [
        ("https://hooks.example/jeton?key=1", ""),
        ("https://1.1.1.1:8443", ""),
        ("https://10.0.0.7", "allow_private = true"),
        ("http://localhost:8080", "allow_private = true"),
    ] {
        assert_eq!(configured(&entry(url, more)).unwrap().webhooks.len(), 1, "{url}");
    }
}

fn entry(url: &str, more: &str) -> String {
    format!(
        "[[webhooks]]\nname = \"ops\"\nurl = \"{url}\"\nsecret_file = \"KEY\"\nevents = [\"*\"]\n{more}\n"
    )
}

async fn attack_30_no_endpoint_makes_a_sink(authority: Authority) {
    let words = ["webhook", "sink", "mail", "smtp", "hook", "notif"];
    for route in jeton_server::routes() {
        assert!(!words.iter().any(|word| route.path.contains(word)), "{}", route.path);
    }
    let admin = authority.admin().await;
    let body = json!({"name": "x", "url": "https://evil.example", "server": "evil.example"});
    for path in ["webhooks", "webhooks/x", "sinks", "mail", "settings", "config", "audit/sinks"] {
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            let request = authority.request(method, &format!("/api/v1/{path}")).bearer_auth(&admin);
            Answer::to(request.json(&body)).await.expect(404);
        }
    }
}
