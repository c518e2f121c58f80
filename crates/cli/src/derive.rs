//! `jeton derive`: a weaker and shorter credential for a script or an agent.
//!
//! It is a child of the token in use: it never does more, it dies whenever that one does, it can be revoked alone, and
//! the audit tells the two apart by their ids. A session has no children. What a signed-in person gets is an ordinary
//! token of theirs, and it is said so.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use jeton_api::{CreateToken, Issued, Secret, Token};
use jeton_token::TokenKind;
use tokio::time::timeout;

use crate::access::App;
use crate::child::Child;
use crate::client::Client;
use crate::duration::Minutes;
use crate::environment::{INSIDE, Inside};
use crate::error::{Error, Exit, Result};
use crate::escape::safe;
use crate::store::{Newcomer, StoreArgs, Undo};
use crate::table::moment;
use crate::token::own_scopes;

const REVOKE_TIME: Duration = Duration::from_secs(10);
const SERVICE_ACCOUNT: &str = "service_account";

/// `jeton derive`
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct DeriveArgs {
    /// How long it lives at most: `15m`, `2h`; no longer than the token in use
    #[arg(long = "for", value_name = "DURATION", default_value = "15m")]
    life: Minutes,

    /// What it may do at most; may be repeated [default: what the token in use may, `*` for a session]
    #[arg(long, value_name = "SCOPE")]
    scopes: Vec<String>,

    /// Only there: `ORGANIZATION/PROJECT` or `ORGANIZATION/*`; may be repeated
    #[arg(long, value_name = "PLACE")]
    projects: Option<Vec<String>>,

    /// Only from there, in CIDR notation; may be repeated
    #[arg(long, value_name = "NETWORK")]
    networks: Option<Vec<String>>,

    /// The name [default: the server makes one]
    #[arg(long)]
    name: Option<String>,

    /// A command to run with it, after `--`; it is revoked when the command has ended
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "store")]
    pub(crate) command: Vec<OsString>,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

const AFTER_HELP: &str = "\
With a command: it gets JETON_TOKEN and JETON_URL, nobody else sees the value, and the token is revoked when the \
command has ended. Its signals, its output and its exit code pass through; 126 and 127 say that it could not be \
started.

Without one the value is printed, and the token lives until its end: jeton token revoke ID.

A token in use must hold Jeton.Token.Create. A session has no children: its token is an ordinary one of yours.";

/// Makes the token, and runs the command with it if there is one.
pub(crate) async fn derive(app: &App, args: DeriveArgs) -> Result<()> {
    let DeriveArgs { life: Minutes(minutes), scopes, projects, networks, name, store, command } = args;
    let client = app.client()?;
    let parent = client.token_self().await?;
    let is_service = parent.owner.kind == SERVICE_ACCOUNT;
    let kind = if is_service { TokenKind::Service } else { TokenKind::Personal };
    let destination = store.prepare(app.output, &Newcomer::made(kind, name.as_deref())).await?;
    app.warn_about(&parent);
    let scopes = if scopes.is_empty() { own_scopes(app, &parent) } else { scopes };
    let request = CreateToken {
        name,
        description: Some(purpose(&command)),
        kind: is_service.then(|| kind.word().to_owned()),
        scopes,
        expires_in_minutes: Some(minutes),
        projects,
        networks,
        ..CreateToken::default()
    };
    let issued = client.create_token(&request).await?;
    app.output.note(&relation(&parent, &issued, !command.is_empty()));
    if command.is_empty() {
        return destination.take(app, &client, &issued, Undo::Revoke).await;
    }
    app.output.note_about(&issued);
    let ran = run(app, &client, &issued, command).await;
    end(app, &client, &issued).await;
    match ran? {
        0 => Ok(()),
        code => Err(Error::Command(code)),
    }
}

async fn run(app: &App, client: &Client, issued: &Issued, command: Vec<OsString>) -> Result<u8> {
    let variables = [
        ("JETON_TOKEN", issued.secret.expose().to_owned()),
        ("JETON_URL", client.server().shown().to_owned()),
        (INSIDE, Inside::Derive.word().to_owned()),
    ];
    Child::start(command, &variables, app.output)?.run().await
}

/// Revokes it, with itself: every live token may end itself. Over already is just as well.
async fn end(app: &App, client: &Client, issued: &Issued) {
    let ended = async {
        let secret = Secret::new(issued.secret.expose());
        app.client_with(client.server().clone(), secret)?.revoke_self().await
    };
    let why = match timeout(REVOKE_TIME, ended).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) if error.exit() == Exit::NotSignedIn => return,
        Ok(Err(error)) => error.to_string().lines().next().unwrap_or_default().to_owned(),
        Err(_) => "no answer in time".to_owned(),
    };
    let (id, until) = (safe(&issued.token.id), until(&issued.token));
    app.output.warn(&format!(
        "token {id} could not be revoked and lives{until}: {why}\nrevoke it with: jeton token revoke {id}"
    ));
}

/// What was made, and what it hangs on.
fn relation(parent: &Token, issued: &Issued, has_command: bool) -> String {
    let (name, until) = (safe(&issued.token.name), until(&issued.token));
    let made = if parent.kind == TokenKind::Session.word() {
        format!(
            "a session has no children: `{name}` is an ordinary token of yours{until}, and signing out does not end it"
        )
    } else {
        format!("`{name}` is a child of `{}`{until}, and dies with it", safe(&parent.name))
    };
    let end = if has_command { "; it is revoked when the command has ended" } else { "" };
    format!("{made}{end}")
}

fn until(token: &Token) -> String {
    token.expires_at.map(|end| format!(" until {}", moment(end))).unwrap_or_default()
}

/// Of a command only its name: its arguments may hold what nobody should read.
fn purpose(command: &[OsString]) -> String {
    match command.first().and_then(|program| Path::new(program).file_name()) {
        Some(program) => format!("derived for {}", program.to_string_lossy()),
        None => "derived".to_owned(),
    }
}
