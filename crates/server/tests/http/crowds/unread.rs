//! Answers that nobody takes away, or only slowly.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::{Honest, client, connect, limited};
use crate::support::Authority;
use crate::support::raw::head;

/// Together more than the system keeps for both ends, so that they wait for their reader.
const ANSWERS: usize = 20;
const GET: &str = "GET /openapi.json HTTP/1.1\r\nhost: jeton\r\n\r\n";

/// A connection whose client keeps little of an answer.
async fn narrow(authority: &Authority) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    socket.bind((client(2), 0).into()).unwrap();
    socket.connect(authority.address).await.unwrap()
}

#[tokio::test]
async fn who_asks_and_never_reads_is_closed() {
    let authority = limited(|limits| limits.write = Duration::from_millis(500)).await;
    let honest = Honest::new(&authority).await;
    let mut crowd = Vec::new();
    for _ in 0..10 {
        let mut stream = narrow(&authority).await;
        stream.write_all(GET.repeat(40).as_bytes()).await.unwrap();
        crowd.push(stream);
    }
    honest.is_served().await;
    sleep(Duration::from_secs(2)).await;
    for mut stream in crowd {
        let mut all = Vec::new();
        // Closed with an end or with a reset.
        let _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut all)).await.expect("it is closed");
        let answers = String::from_utf8_lossy(&all).matches("HTTP/1.1 200").count();
        assert!((1..40).contains(&answers), "{answers}");
    }
}

#[tokio::test]
async fn who_reads_slowly_gets_the_whole_answer() {
    let authority = limited(|limits| {
        limits.write = Duration::from_millis(700);
        limits.head = Duration::from_millis(700);
    })
    .await;
    let mut stream = narrow(&authority).await;
    let requests = [GET.repeat(ANSWERS - 1), head("GET /openapi.json", &[])].concat();
    stream.write_all(requests.as_bytes()).await.unwrap();
    let (mut all, mut part) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let read = timeout(Duration::from_secs(5), stream.read(&mut part)).await.unwrap().unwrap();
        if read == 0 {
            break;
        }
        all.extend_from_slice(&part[..read]);
        sleep(Duration::from_millis(20)).await;
    }
    let text = String::from_utf8(all).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200").count(), ANSWERS);
    assert!(text.ends_with('}'), "the last one is whole");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_used_one_is_kept() {
    let authority = limited(|limits| limits.head = Duration::from_millis(800)).await;
    let mut used = connect(&authority, 2).await;
    for _ in 0..6 {
        used.write_all(b"GET /healthz HTTP/1.1\r\nhost: jeton\r\n\r\n").await.unwrap();
        assert!(used.read(&mut [0; 4096]).await.unwrap() > 0);
        sleep(Duration::from_millis(300)).await;
    }
    let mut rest = Vec::new();
    timeout(Duration::from_secs(5), used.read_to_end(&mut rest)).await.expect("closed").unwrap();
    assert_eq!(rest, b"");
}
