//! `jeton api`: protected APIs and their catalogues.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jeton_api::TokenQuery;
use jeton_token::TokenKind;

use crate::access::App;
use crate::apply;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::Result;
use crate::escape::safe;
use crate::import::{self, ImportArgs};
use crate::report;
use crate::store::{StoreArgs, Undo};

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
    /// List an API's credentials; `token revoke` ends one
    Credentials(NameArgs),
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
        ApiVerb::Credentials(args) => credentials(app, &app.client()?, args).await,
        ApiVerb::Report(args) => report::run(app, args).await,
    }
}

async fn credential(
    app: &App,
    client: &Client,
    CredentialArgs { name, store }: CredentialArgs,
) -> Result<()> {
    let destination = store.prepare().await?;
    let issued = client.create_api_credential(&name).await?;
    destination.take(app, client, &issued, Undo::Revoke).await
}

async fn credentials(app: &App, client: &Client, NameArgs { name }: NameArgs) -> Result<()> {
    let (owner, kind) = (Some(client.api(&name).await?.name), Some(TokenKind::Api.word().to_owned()));
    app.output.show(&client.tokens(TokenQuery { owner, kind, ..TokenQuery::default() }).await?)
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
