//! The yardstick: bare axum with one static answer of 172 bytes, which every figure of the server is a ratio to. The same
//! behind the layer of `jeton-verify` tells what the layer costs.
#![expect(clippy::print_stderr, reason = "it says where it listens, as the server does")]

use std::path::PathBuf;

use anyhow::Result;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::any;
use clap::Parser;
use jeton_verify::{Client, Layer, Route, RouteTable, Secret, Url};
use tokio::net::TcpListener;

/// As long as the answer to an introspection.
const ANSWER: &str = r#"{"active":true,"scope":"Bench.Task.Read Bench.Task.Write","client_id":"0000000000000000000000","username":"root","sub":"0000000000000000000000","token_type":"Bearer","e":0}"#;

/// Answer everything alike
#[derive(Debug, Parser)]
struct Args {
    /// Protect the path `/tasks` by this authority
    #[arg(long, requires = "credential_file")]
    authority: Option<Url>,
    /// With the API credential in this file
    #[arg(long)]
    credential_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Args { authority, credential_file } = Args::parse();
    let bare = Router::new().fallback(any(answer));
    let app = match authority.zip(credential_file) {
        Some((authority, file)) => bare.layer(layer(authority, &std::fs::read_to_string(file)?)?),
        None => bare,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

fn layer(authority: Url, credential: &str) -> Result<Layer> {
    let client = Client::builder(authority, Secret::new(credential.trim())).under_lease().build()?;
    let scope = "Bench.Task.Read".parse()?;
    let tasks = Route { method: "GET".to_owned(), path: "/tasks".to_owned(), scope, resource: None };
    Ok(Layer::new(client, RouteTable::new([tasks])?))
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
