//! `task-api`: serves the task platform.

use std::error::Error;
use std::io::{Write, stderr};
use std::net::SocketAddr;
use std::process::ExitCode;

use axum::Router;
use clap::Parser;
use tokio::net::TcpListener;

/// A small task platform, kept in memory
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:7080")]
    listen: SocketAddr,

    /// Serve everybody, without asking for tokens
    #[arg(long, required = true)]
    unprotected: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("task-api: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(cli.listen).await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    axum::serve(listener, service(cli)).await?;
    Ok(())
}

fn service(_cli: &Cli) -> Router {
    task_api::router()
}

/// A closed stderr is no reason to stop serving.
fn say(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}
