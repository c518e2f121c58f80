//! The yardstick: bare axum with one static answer of 172 bytes, which every figure of the server is a ratio to.
#![expect(clippy::print_stderr, reason = "it says where it listens, as the server does")]

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::any;
use tokio::net::TcpListener;

/// As long as the answer to an introspection.
const ANSWER: &str = r#"{"active":true,"scope":"Bench.Task.Read Bench.Task.Write","client_id":"0000000000000000000000","username":"root","sub":"0000000000000000000000","token_type":"Bearer","e":0}"#;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().fallback(any(answer))).await?;
    Ok(())
}

/// The body is read to its end, as whoever answers to it has to.
async fn answer(body: axum::body::Bytes) -> impl IntoResponse {
    std::hint::black_box(body);
    ([(CONTENT_TYPE, "application/json")], ANSWER)
}

#[cfg(test)]
mod tests {
    use super::ANSWER;

    #[test]
    fn the_answer_is_as_long_as_it_says() {
        assert_eq!(ANSWER.len(), 172);
    }
}
