//! `jeton exec`: a workload gets access by what it is, with no secret deployed.
//!
//! The identity token that the platform gives to the workload is exchanged for a short token of a service account, or of
//! a job. The command that is run gets it in its environment, and in a file that is renewed as long as it runs. In the
//! end all tokens are revoked, and the command's exit code is ours.

mod grant;
mod identity;
mod lease;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use tokio::sync::Notify;

use self::grant::{Grants, Holder};
use self::identity::Identities;
use self::lease::Lease;
use crate::access::{App, Server};
use crate::child::Child;
use crate::environment::{self, Inside};
use crate::error::{Error, Result};
use crate::names;
use crate::private_file::PrivateFile;

/// `jeton exec`
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ExecArgs {
    /// Which service account to be; needed if the identity could stand for several
    #[arg(long, value_name = "NAME")]
    service_account: Option<String>,

    /// Of which pipeline to be a job, instead; with --token-file each renewal is a job of its own
    #[arg(
        long,
        value_name = "ORGANIZATION/PROJECT/PIPELINE",
        value_parser = names::pipeline,
        conflicts_with = "service_account"
    )]
    pipeline: Option<String>,

    /// Keep the token in this file too (mode 0600), and renew it there as long as the command runs
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Where the platform keeps the identity token of this workload [default: what the platform says]
    #[arg(long, env = "JETON_IDENTITY_TOKEN_FILE", hide_env_values = true, value_name = "FILE")]
    identity_token_file: Option<PathBuf>,

    /// For whom the identity token must be made [default: the server's address]
    #[arg(long, env = "JETON_EXCHANGE_AUDIENCE", hide_env_values = true, value_name = "AUDIENCE")]
    exchange_audience: Option<String>,

    /// What the token may do at most; repeatable [default: all that the service account may]
    #[arg(long, value_name = "SCOPE")]
    scopes: Vec<String>,

    /// The command and its arguments, after `--`
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
The command gets JETON_TOKEN, JETON_URL and, with --token-file, JETON_TOKEN_FILE. Its signals, its output and its \
exit code pass through; 126 and 127 say that it could not be started.

Identity tokens are looked for in --identity-token-file, GitHub Actions (ACTIONS_ID_TOKEN_REQUEST_URL), \
AZURE_FEDERATED_TOKEN_FILE, AWS_WEB_IDENTITY_TOKEN_FILE and /var/run/secrets/tokens/jeton, and sent over https \
or to this machine only, and only if they are made for the audience.";

/// Runs the command.
pub(crate) async fn exec(app: &App, args: ExecArgs) -> Result<()> {
    // A workload that is a job, or has less than all, does not become all of itself again.
    if environment::inside() != Some(Inside::Exec) {
        App::check_outside("the workload's identity is not used there")?;
    }
    let server = app.server()?;
    check_transport(&server)?;
    let ExecArgs {
        service_account,
        pipeline,
        token_file,
        identity_token_file,
        exchange_audience,
        scopes,
        command,
    } = args;
    let file = token_file.map(PrivateFile::new);
    if let Some(file) = &file {
        // Before anything is asked for that could not be kept.
        file.check()?;
    }
    let audience = exchange_audience.unwrap_or_else(|| server.shown().to_owned());
    let identities = Identities::new(identity_token_file, audience);
    let holder = service_account.map(Holder::Account).or_else(|| pipeline.map(Holder::Pipeline));
    let grants = Grants::new(server.clone(), holder, &scopes)?;
    let mut lease = Lease::begin(app.output, grants, identities, file).await?;
    let outcome = run(app, &mut lease, &server, command).await;
    lease.end().await;
    match outcome? {
        0 => Ok(()),
        code => Err(Error::Command(code)),
    }
}

/// The command and the renewal of its token side by side, until the command has ended.
async fn run(app: &App, lease: &mut Lease, server: &Server, command: Vec<OsString>) -> Result<u8> {
    let mut child = Child::start(command, &lease.variables(server), app.output)?;
    let ended = Notify::new();
    let running = async {
        let code = child.run().await;
        ended.notify_one();
        code
    };
    let (code, ()) = tokio::join!(running, lease.keep(&ended));
    code
}

/// An identity token is worth more than what it is exchanged for. So not even `--insecure-http` sends it unencrypted to
/// another machine.
fn check_transport(server: &Server) -> Result<()> {
    if server.url.scheme() == "https" || server.is_loopback() {
        return Ok(());
    }
    Err(Error::usage(format!(
        "`{}` is another machine and the connection is not encrypted, so no identity token is sent\nuse https",
        server.shown()
    )))
}
