//! Connections that say nothing, or slowly, and the end of the server.

use std::time::Duration;

use jeton_server::ConnectionLimits;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::raw::{head, read_to_end, status};
use crate::support::{Authority, PASSWORD};

#[tokio::test]
async fn a_connection_that_stays_silent_is_closed() {
    let second = Duration::from_secs(1);
    let limits = ConnectionLimits { first_byte: second, head: second, request: second, ..Default::default() };
    let authority = Authority::limited(limits, |_| {}).await;
    let mut silent = TcpStream::connect(authority.address).await.unwrap();
    let mut slow = TcpStream::connect(authority.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost:").await.unwrap();
    let mut body = TcpStream::connect(authority.address).await.unwrap();
    let fields = ["content-type: application/json", "content-length: 100"];
    body.write_all(head("POST /api/v1/sessions", &fields).as_bytes()).await.unwrap();
    let closed = async |stream: &mut TcpStream| {
        let mut rest = Vec::new();
        timeout(Duration::from_secs(5), stream.read_to_end(&mut rest))
            .await
            .expect("closed in time")
            .unwrap();
        String::from_utf8(rest).unwrap()
    };
    let (silence, slowness, half) = tokio::join!(closed(&mut silent), closed(&mut slow), closed(&mut body));
    assert_eq!(silence, "");
    assert!(["", "408"].contains(&status(&slowness)), "{slowness}");
    assert_eq!(status(&half), "408", "a body that does not come is given up: {half}");
}

#[tokio::test]
async fn a_shutdown_finishes_the_request_in_flight_and_takes_no_more() {
    let authority = Authority::sqlite().await;
    let alice = authority.person("alice").await;
    let address = authority.address;
    let text = json!({"user": alice.name, "password": PASSWORD}).to_string();
    let (first, second) = text.split_at(10);
    let fields = ["content-type: application/json".to_owned(), format!("content-length: {}", text.len())];
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let mut upload = TcpStream::connect(address).await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: jeton\r\n\r\n").await.unwrap();
    idle.read_exact(&mut [0; 12]).await.unwrap();
    upload.write_all(format!("{}{first}", head("POST /api/v1/sessions", &fields)).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;

    let stopping = tokio::spawn(authority.stop());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(address).await.is_err(), "no new connection is taken");
    assert!(!stopping.is_finished(), "the upload is waited for");
    upload.write_all(second.as_bytes()).await.unwrap();
    let answer = read_to_end(&mut upload).await;
    assert_eq!(status(&answer), "201", "{answer}");
    timeout(Duration::from_secs(5), stopping).await.expect("an idle connection holds nothing up").unwrap();
}

#[tokio::test]
async fn a_connection_is_kept_and_used_again() {
    let authority = Authority::shared_sqlite();
    let mut stream = TcpStream::connect(authority.address).await.unwrap();
    let get = "GET /healthz HTTP/1.1\r\nhost: jeton\r\n\r\n";
    let last = head("GET /readyz", &[]);
    stream.write_all(format!("{get}{get}{last}").as_bytes()).await.unwrap();
    let answers = read_to_end(&mut stream).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 3, "{answers}");
}
