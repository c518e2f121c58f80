//! Bytes on a connection, for what no client library would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Authority;

/// All that comes back for these bytes until the server closes the connection.
pub(crate) async fn send(authority: &Authority, bytes: &str) -> String {
    let mut stream = TcpStream::connect(authority.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    read_to_end(&mut stream).await
}

/// The head of a request that asks to close the connection afterwards.
pub(crate) fn head(first_line: &str, fields: &[&str]) -> String {
    let line = format!("{first_line} HTTP/1.1");
    let lines = [&line, "host: jeton", "connection: close"].into_iter().chain(fields.iter().copied());
    lines.chain(["\r\n"]).collect::<Vec<_>>().join("\r\n")
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // The server may reset the connection after its answer; what came before counts.
    let _ = timeout(Duration::from_secs(15), stream.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8(bytes).unwrap()
}
