//! More connections than there is room for.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Honest, connect, limited};
use crate::support::Authority;

const PLACES: usize = 32;

async fn is_answered(stream: &mut TcpStream) {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: jeton\r\n\r\n").await.unwrap();
    let mut start = [0; 12];
    timeout(Duration::from_secs(5), stream.read_exact(&mut start)).await.unwrap().unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    let mut rest = vec![0; 4096];
    stream.readable().await.unwrap();
    let _ = stream.try_read(&mut rest);
}

#[tokio::test]
async fn silent_connections_of_one_address_lock_nobody_out() {
    let authority = limited(|limits| limits.connections = PLACES).await;
    let honest = Honest::new(&authority).await;
    let mut kept = connect(&authority, 4).await;
    is_answered(&mut kept).await;
    let mut crowd = Vec::new();
    for _ in 0..5 {
        for _ in 0..2 * PLACES {
            crowd.push(connect(&authority, 2).await);
        }
        honest.is_served().await;
    }
    is_answered(&mut kept).await;
    let mut closed = 0;
    for stream in &mut crowd {
        let end = timeout(Duration::from_millis(5), stream.read(&mut [0; 1])).await;
        closed += usize::from(end.is_ok());
    }
    assert!(closed >= crowd.len() - PLACES, "{closed} of {} are closed", crowd.len());
    assert!(closed < crowd.len(), "only as many as were in the way");
    is_answered(crowd.last_mut().unwrap()).await;
}

/// Whoever is behind the proxy that fills the places, the others come in, and so does another client of the proxy.
#[tokio::test]
async fn a_proxy_with_many_connections_keeps_them_before_a_crowd() {
    let limits = jeton_server::ConnectionLimits { connections: PLACES, ..Default::default() };
    let authority = Authority::limited(limits, |settings| {
        settings.trusted_proxies = vec!["127.0.0.5/32".parse().unwrap()];
    })
    .await;
    let honest = Honest::new(&authority).await;
    let mut proxy = Vec::new();
    for _ in 0..PLACES / 2 {
        let mut stream = connect(&authority, 5).await;
        is_answered(&mut stream).await;
        proxy.push(stream);
    }
    let mut crowd = Vec::new();
    for _ in 0..4 * PLACES {
        crowd.push(connect(&authority, 2).await);
    }
    honest.is_served().await;
    for stream in &mut proxy {
        is_answered(stream).await;
    }
}

#[tokio::test]
async fn uploads_that_stop_are_closed_for_others() {
    let authority = limited(|limits| limits.connections = PLACES).await;
    let honest = Honest::new(&authority).await;
    let mut crowd = Vec::new();
    for at in 0..3 * PLACES {
        let mut stream = connect(&authority, 2).await;
        let start = if at % 2 == 0 {
            "POST /api/v1/sessions HTTP/1.1\r\nhost: jeton\r\n\
             content-type: application/json\r\ncontent-length: 100\r\n\r\n{"
        } else {
            "GET /healthz HTTP/1.1\r\nho"
        };
        // It may be closed before it has said so much.
        let _ = stream.write_all(start.as_bytes()).await;
        crowd.push(stream);
    }
    for _ in 0..3 {
        honest.is_served().await;
    }
}

/// More requests at once than a client may have in work: they wait for each other, and all are answered.
#[tokio::test]
async fn a_client_with_many_requests_at_once_is_answered_in_turn() {
    let authority = Authority::shared_sqlite();
    let honest = Honest::new(&authority).await;
    let mut crowd = tokio::task::JoinSet::new();
    for at in 0..200 {
        let mut stream = connect(&authority, 2).await;
        let body = "token=nothing";
        let request = match at % 4 {
            0 => "GET /sign-in HTTP/1.1\r\nhost: jeton\r\nconnection: close\r\n\r\n".to_owned(),
            1 => "GET /metrics HTTP/1.1\r\nhost: jeton\r\nconnection: close\r\n\r\n".to_owned(),
            2 => format!(
                "POST /oauth2/revoke HTTP/1.1\r\nhost: jeton\r\nconnection: close\r\ncontent-length: {}\r\n\
                 content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
                body.len()
            ),
            _ => "GET /api/v1/tokens HTTP/1.1\r\nhost: jeton\r\nconnection: close\r\n\
                  authorization: Bearer nothing\r\n\r\n"
                .to_owned(),
        };
        crowd.spawn(async move {
            stream.write_all(request.as_bytes()).await.unwrap();
            let answer = crate::support::raw::read_to_end(&mut stream).await;
            let status = crate::support::raw::status(&answer).to_owned();
            assert_eq!(status, if at % 4 == 3 { "401" } else { "200" }, "{answer}");
        });
    }
    honest.is_served().await;
    crowd.join_all().await;
}
