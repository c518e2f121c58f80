//! `task-api`: serves the task platform.

use std::error::Error;
use std::io::{self, Write, stderr};
use std::net::SocketAddr;
use std::process::ExitCode;

use axum::Router;
use clap::{Args, Parser};
use jeton_verify::{Client, Secret, Url};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Other users of this machine can see command lines, so the credential is no argument.
const CREDENTIAL_VARIABLE: &str = "TASK_API_CREDENTIAL";

const ENVIRONMENT: &str = "\
Environment: TASK_API_CREDENTIAL is this API's own credential, which --jeton needs; \
`jeton api credential taskurai -o value` makes one.";

/// A small task platform, kept in memory
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = ENVIRONMENT)]
struct Cli {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7080")]
    listen: SocketAddr,

    #[command(flatten)]
    protection: Protection,
}

/// Exactly one of the two: serving everybody is never what happens when an option is forgotten.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Protection {
    /// Serve those whose access token the Jeton authority at this address allows
    #[arg(long, value_name = "URL")]
    jeton: Option<Url>,

    /// Serve everybody, without asking for tokens
    #[arg(long)]
    unprotected: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("task-api: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let router = service(cli.protection)?;
    // Before anybody is told that it is ready, so that no signal comes too early.
    let interrupted = interrupted()?;
    let listener = TcpListener::bind(cli.listen).await.map_err(|error| format!("{}: {error}", cli.listen))?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    task_api::serve(listener, router, interrupted).await;
    Ok(())
}

fn service(protection: Protection) -> Result<Router, Box<dyn Error>> {
    match protection.jeton {
        Some(authority) => {
            let client = Client::builder(authority, credential()?).under_lease().build()?;
            Ok(task_api::protected(client)?)
        }
        None => Ok(task_api::router()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an argument of clap would let people write it on the command line"
)]
fn credential() -> Result<Secret, String> {
    let value = std::env::var(CREDENTIAL_VARIABLE).unwrap_or_default();
    // Files and `echo` leave a newline at the end.
    let value = Some(value.trim_end_matches(['\r', '\n'])).filter(|value| !value.is_empty());
    value.map(Secret::new).ok_or_else(|| {
        format!("set {CREDENTIAL_VARIABLE} to the output of `jeton api credential taskurai -o value`")
    })
}

/// Ready at Ctrl-C or SIGTERM.
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// A closed stderr is no reason to stop serving.
fn say(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}
