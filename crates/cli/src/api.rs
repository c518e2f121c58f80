//! `jeton api`: protected APIs and their catalogues.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jeton_api::{RotateToken, Token, TokenQuery};
use jeton_token::TokenKind;

use crate::access::App;
use crate::apply;
use crate::args::Confirmation;
use crate::client::Client;
use crate::duration::Overlap;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::import::{self, ImportArgs};
use crate::report;
use crate::store::{Newcomer, StoreArgs, Undo};
use crate::token;

/// Protected APIs and their catalogues of scopes
#[derive(Debug, Subcommand)]
pub(crate) enum ApiVerb {
    /// Register what a file declares: shows the plan, and asks before anything is taken away or widened
    Apply(ApplyArgs),
    /// Draft what to declare from an OpenAPI document: scopes and routes, to be looked through
    Import(ImportArgs),
    /// List the APIs
    List,
    /// Show an API with its scopes and routes
    Show(NameArgs),
    /// Remove an API; its namespace stays its own for ever
    Delete(DeleteArgs),
    /// Make a credential with which the API can ask about tokens; its value is shown this once
    Credential(CredentialArgs),
    /// List an API's credentials; `token rotate` and `token revoke` take their ids
    Credentials(NameArgs),
    /// Give an API's credential a new value; the old one goes on working for a while
    Rotate(RotateArgs),
    /// What gateways would have refused, and routes for what no route names
    Report(NameArgs),
}

/// `jeton api apply`
#[derive(Args, Debug)]
pub(crate) struct ApplyArgs {
    /// A TOML file, or a folder of them
    #[arg(value_name = "FILE|DIR")]
    pub(crate) path: PathBuf,

    /// Only show the plan
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
}

/// An API by name
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// The API's name
    pub(crate) name: String,
}

/// `jeton api credential`
#[derive(Args, Debug)]
pub(crate) struct CredentialArgs {
    /// The API's name
    name: String,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `jeton api rotate`
#[derive(Args, Debug)]
pub(crate) struct RotateArgs {
    /// The API's name; one with several credentials has them rotated by `token rotate`
    name: String,

    /// How long the old value goes on working: `0` or up to `7d`
    #[arg(long, value_name = "DURATION", default_value = "60m")]
    overlap: Overlap,

    /// Make no new value, and end the old ones that still work
    #[arg(long, conflicts_with = "overlap")]
    finish: bool,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `jeton api delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// The API's name
    name: String,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: ApiVerb) -> Result<()> {
    match verb {
        ApiVerb::Apply(args) => apply::run(app, args).await,
        ApiVerb::List => app.output.show(&app.client()?.apis().await?),
        ApiVerb::Show(args) => app.output.show(&app.client()?.api(&args.name).await?),
        ApiVerb::Delete(args) => delete(app, &app.client()?, args).await,
        ApiVerb::Import(args) => import::run(app.output, &args),
        ApiVerb::Credential(args) => credential(app, &app.client()?, args).await,
        ApiVerb::Credentials(args) => {
            let client = app.client()?;
            app.output.show(&credentials(&client, &args.name).await?)
        }
        ApiVerb::Rotate(args) => rotate(app, &app.client()?, args).await,
        ApiVerb::Report(args) => report::run(app, args).await,
    }
}

async fn credential(
    app: &App,
    client: &Client,
    CredentialArgs { name, store }: CredentialArgs,
) -> Result<()> {
    let destination = store.prepare(app.output, &Newcomer::made(TokenKind::Api, None)).await?;
    let issued = client.create_api_credential(&name).await?;
    destination.take(app, client, &issued, Undo::Revoke).await
}

/// Those that are honoured.
async fn credentials(client: &Client, api: &str) -> Result<Vec<Token>> {
    let (owner, kind) = (Some(client.api(api).await?.name), Some(TokenKind::Api.word().to_owned()));
    client.tokens(TokenQuery { owner, kind, ..TokenQuery::default() }).await
}

async fn rotate(app: &App, client: &Client, args: RotateArgs) -> Result<()> {
    let credential = only_credential(client, &args.name).await?;
    if args.finish {
        return token::finish(app, client, &credential.id).await;
    }
    let destination = args.store.prepare(app.output, &Newcomer::renewed(&credential)).await?;
    let request = RotateToken { overlap_minutes: Some(args.overlap.0), ..RotateToken::default() };
    token::give_new_value(app, client, &credential.id, &request, destination).await
}

/// Which of several is meant, nobody guesses: the others are in use somewhere.
async fn only_credential(client: &Client, api: &str) -> Result<Token> {
    let mut found = credentials(client, api).await?;
    let ids: Vec<_> = found.iter().map(|token| safe(&token.id).into_owned()).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => Err(Error::usage(format!(
            "`{}` has {} credentials: {}\nsay which: jeton token rotate ID",
            safe(api),
            ids.len(),
            ids.join(", ")
        ))),
        (None, _) => Err(Error::NotFound(format!(
            "`{0}` has no credential\nmake one with: jeton api credential {0}",
            safe(api)
        ))),
    }
}

async fn delete(app: &App, client: &Client, DeleteArgs { name, confirmation }: DeleteArgs) -> Result<()> {
    let api = client.api(&name).await?;
    confirmation.obtain(&format!(
        "remove `{}` with its {} scopes, which every token loses?",
        safe(&api.name),
        api.scopes.len()
    ))?;
    client.delete_api(&name).await?;
    app.output.note(&format!("removed `{}`", safe(&api.name)));
    Ok(())
}
