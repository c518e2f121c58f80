//! `jeton serve`: the authority itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use jeton_server::{DatabaseUrl, Options, PublicUrlError, Server, Settings};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Error, Result};
use crate::output::Output;

/// `jeton serve`
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// The data directory, made at the first start [default: ./jeton-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:7070]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// How this deployment is reached from outside [default: http:// and the address listened on]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,

    /// A PostgreSQL database, postgres://… [default: SQLite in the data directory]
    #[arg(long, value_name = "URL", env = "JETON_DATABASE_URL", hide_env_values = true)]
    database_url: Option<DatabaseUrl>,

    /// The keys, made at the first start [default: the data directory's name with .pepper behind it]
    #[arg(long, value_name = "FILE")]
    pepper_file: Option<PathBuf>,

    /// A network of proxies whose X-Forwarded-For is believed, like 10.0.0.0/8; repeatable [default: none]
    #[arg(long = "trusted-proxy", value_name = "CIDR")]
    trusted_proxies: Vec<ipnet::IpNet>,

    /// Take the machine's clock as right although this deployment has seen a later time; for one start
    #[arg(long)]
    accept_clock: bool,

    /// Begin a new installation with the pepper file that is there, although its database is gone; for one start
    #[arg(long)]
    accept_empty_database: bool,

    /// A TOML file with the same settings, and `prefix`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Serves until Ctrl-C or SIGTERM, then finishes the requests in flight.
pub(crate) async fn serve(output: Output, args: ServeArgs) -> Result<()> {
    jeton_server::log_to_stderr();
    let settings = Settings::resolve(options(args)?).map_err(|error| Error::File(error.to_string()))?;
    let server = Server::start(&settings).await.map_err(|error| anyhow!("{error}"))?;
    warn_of_address(output, &settings, &server);
    output.note(&format!("listening on http://{}", server.address()));
    server.serve(interrupted()).await;
    Ok(())
}

/// Ready when the process is asked to end.
pub(crate) async fn interrupted() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// Every interface is an address to listen on, and none to go to.
fn warn_of_address(output: Output, settings: &Settings, server: &Server) {
    if settings.public_url.is_none() && server.address().ip().is_unspecified() {
        output.warn(&format!(
            "links, sign-in and the issuer name `{}`, where no other machine finds this server\n\
             say how it is reached: --public-url https://HOST",
            server.public_url()
        ));
    }
}

fn options(args: ServeArgs) -> Result<Options> {
    let ServeArgs {
        data,
        listen,
        public_url,
        database_url,
        pepper_file,
        trusted_proxies,
        accept_clock,
        accept_empty_database,
        config,
    } = args;
    // Not by clap, whose error would repeat a password.
    let public_url = public_url.as_deref().map(str::parse).transpose();
    let public_url =
        public_url.map_err(|error: PublicUrlError| Error::usage(format!("--public-url: {error}")))?;
    Ok(Options {
        data,
        listen,
        public_url,
        database_url,
        pepper_file,
        trusted_proxies,
        accept_clock,
        accept_empty_database,
        config,
    })
}
