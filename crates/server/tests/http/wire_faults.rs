//! What comes over the wire wrongly, or not at all: forwarded addresses, forms, silent connections, last pages.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use jeton_server::{Options, Server, Settings};
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::support::answer::Answer;
use crate::support::{Authority, settings};

on_both! {
    shared:
        a_parameter_that_nobody_reads_may_be_repeated,
        the_last_page_has_no_token;
}

/// A call to a server that trusts this machine as a proxy.
async fn post(server: SocketAddr, path: &str, secret: &str, body: Value) -> Answer {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let request = client.post(format!("http://{server}{path}")).bearer_auth(secret);
    Answer::to(request.header("x-forwarded-for", "192.0.2.1").json(&body)).await.expect(201)
}

/// The status for a token that works from 203.0.113.0/24 and 127.0.0.0/8, with these `X-Forwarded-For` fields.
async fn forwarded(server: SocketAddr, secret: &str, fields: &[&[u8]]) -> u16 {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let mut request = client.get(format!("http://{server}/api/v1/tokens/self")).bearer_auth(secret);
    for field in fields {
        request = request.header("x-forwarded-for", HeaderValue::from_bytes(field).unwrap());
    }
    Answer::to(request).await.status
}

#[tokio::test]
async fn a_client_behind_a_proxy_is_where_the_proxy_says_or_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let settings = Settings { trusted_proxies, ..settings(folder.path(), None) };
    let server = Server::start(&settings).await.unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.serve(async {
        let _ = stopped.await;
    }));
    let password = fs::read_to_string(settings.data.join("initial-admin-password")).unwrap();
    let body = json!({"user": "admin", "password": password.trim()});
    let session = post(address, "/api/v1/sessions", "", body).await.secret();
    let body = json!({"scopes": ["Jeton.Token.Read"], "networks": ["203.0.113.0/24", "127.0.0.0/8"]});
    let secret = post(address, "/api/v1/tokens", &session, body).await.secret();
    let cases: [(&[&[u8]], u16); 16] = [
        (&[b"203.0.113.9"], 200),
        (&[b"203.0.113.9, 127.0.0.7"], 200),
        (&[b"198.51.100.1", b"203.0.113.9"], 200),
        (&[b"\xff", b"203.0.113.9"], 200),
        (&[b"203.0.113.9:5678"], 200),
        (&[b"\xffnonsense, 203.0.113.9"], 200),
        (&[b"[::ffff:203.0.113.9]:443, 127.0.0.7:80"], 200),
        (&[b"203.0.113.9, [::ffff:198.51.100.1]:443"], 401),
        (&[b"203.0.113.9, 198.51.100.1"], 401),
        (&[b"203.0.113.9", b"\xff"], 401),
        (&[b"203.0.113.9, \xff"], 401),
        (&[b"203.0.113.9, unknown"], 401),
        (&[b"203.0.113.9", b""], 401),
        (&[b"203.0.113.9,"], 401),
        (&[b"127.0.0.7, 127.0.0.8"], 401),
        (&[], 401),
    ];
    for (fields, status) in cases {
        assert_eq!(forwarded(address, &secret, fields).await, status, "{fields:?}");
    }
    stop.send(()).unwrap();
    running.await.unwrap();
}

async fn a_parameter_that_nobody_reads_may_be_repeated(authority: Authority) {
    let (alice, api) = (authority.person("alice").await, authority.api().await);
    let token = authority.pat(&alice.session, &["Taskurai.*"]).await.secret;
    let introspect = async |body: String| {
        let request = authority.request(Method::POST, "/oauth2/introspect").bearer_auth(&api);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        Answer::to(request.body(body)).await
    };
    let many = format!("x=1&x=2&{}token={token}", "y&".repeat(10_000));
    assert_eq!(introspect(many).await.expect(200).body["active"], true);
    for name in ["token", "resource", "client_ip", "%74oken"] {
        let body = format!("token={token}&resource=&client_ip=&{name}=");
        let refused = introspect(body).await.expect(400);
        assert_eq!(refused.body["error"], "invalid_request", "{name}");
    }
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_the_silent() {
    let authority = Authority::sqlite().await;
    let mut silent = TcpStream::connect(authority.address).await.unwrap();
    // Connections are taken in turn: when this one is answered, the silent one is in.
    let mut speaking = TcpStream::connect(authority.address).await.unwrap();
    speaking.write_all(b"GET /healthz HTTP/1.1\r\nhost: jeton\r\n\r\n").await.unwrap();
    speaking.read_exact(&mut [0; 12]).await.unwrap();
    // Both limits in question, 10 s for the first byte and 15 s for the end, lie beyond.
    timeout(Duration::from_secs(8), authority.stop()).await.expect("silence holds nothing up");
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap(), 0, "it is closed");
}

async fn the_last_page_has_no_token(authority: Authority) {
    let alice = authority.person("alice").await;
    authority.pat(&alice.session, &["Taskurai.*"]).await;
    let list = async |query: &str| {
        authority.get(&alice.session, &format!("/api/v1/tokens?{query}")).await.expect(200).body
    };
    assert!(list("page_size=1").await["next_page_token"].is_string());
    assert_eq!(list("").await.get("next_page_token"), None);
}

#[test]
fn settings_do_not_show_the_password_of_the_database() {
    let database_url = "postgres://jeton:hunter2@db/jeton".parse().ok();
    let options = Options { database_url, ..Options::default() };
    let settings = Settings::resolve(options.clone()).unwrap();
    let shown = format!("{options:?} {settings:#?}");
    assert!(shown.contains("DatabaseUrl") && !shown.contains("hunter2"), "{shown}");
}
