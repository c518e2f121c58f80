//! `jeton pat`: one's own personal access tokens, by name.

use clap::{Args, Subcommand};
use jeton_api::{CreateToken, Issued, RotateToken, Secret, Token, TokenQuery};
use jeton_token::TokenKind;

use crate::access::{App, Credential, Source};
use crate::args::Confirmation;
use crate::client::Client;
use crate::duration::{Minutes, Overlap};
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::filter::Filters;
use crate::profile::ProfileFile;
use crate::prompt;
use crate::store::{Newcomer, StoreArgs, Undo};
use crate::view::{Pats, end};

/// Your personal access tokens
#[derive(Debug, Subcommand)]
pub(crate) enum PatVerb {
    /// Make a token; its value is shown this once
    Create(CreateArgs),
    /// Give a token a new value, and change what is given; the old value is refused from then on
    Update(UpdateArgs),
    /// Give a token a new value; the old one goes on working for a while
    Rotate(RotateArgs),
    /// Show a token's properties, never its value
    Show(NameArgs),
    /// List your tokens
    List(ListArgs),
    /// Revoke tokens, at once and for good; without a name, pick them from a list
    Delete(DeleteArgs),
}

/// `jeton pat create`
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// The name, unique among your live tokens
    #[arg(long)]
    name: String,

    /// What it may do at most, such as `Taskurai.Task.*`; may be repeated
    #[arg(long, required = true, value_name = "SCOPE")]
    scopes: Vec<String>,

    #[command(flatten)]
    life: Life,

    #[command(flatten)]
    limits: Limits,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// How long a new token lives; without any of these the server decides
#[derive(Args, Debug)]
#[group(multiple = false)]
struct Life {
    /// How many minutes it lives
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(i64).range(1..))]
    valid_minutes: Option<i64>,

    /// How long it lives: `90m`, `12h`, `30d`, `2w`
    #[arg(long, value_name = "DURATION")]
    expires: Option<Minutes>,

    /// It does not end by itself
    #[arg(long)]
    never: bool,
}

/// What else a token can carry
#[derive(Args, Debug)]
struct Limits {
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// Only there: `ORGANIZATION/PROJECT` or `ORGANIZATION/*`; may be repeated
    #[arg(long, value_name = "PLACE")]
    projects: Option<Vec<String>>,

    /// Only from there, in CIDR notation; may be repeated
    #[arg(long, value_name = "NETWORK")]
    networks: Option<Vec<String>>,
}

/// `jeton pat update`
#[derive(Args, Debug)]
pub(crate) struct UpdateArgs {
    /// The token's name
    #[arg(long)]
    name: String,

    /// What it may do at most from now on; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scopes: Option<Vec<String>>,

    #[command(flatten)]
    life: NewLife,

    #[command(flatten)]
    limits: Limits,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `jeton pat rotate`
#[derive(Args, Debug)]
pub(crate) struct RotateArgs {
    /// How long the old value goes on working: `0` or up to `7d`
    #[arg(long, value_name = "DURATION", default_value = "60m")]
    overlap: Overlap,

    /// Make no new value, and end the old ones that still work
    #[arg(long, conflicts_with_all = ["overlap", "scopes"])]
    finish: bool,

    #[command(flatten)]
    pub(crate) update: UpdateArgs,
}

/// How long the new value lives; without any of these as long as the old one did
#[derive(Args, Debug)]
#[group(multiple = false)]
struct NewLife {
    /// How many minutes the new value lives
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(i64).range(1..))]
    valid_minutes: Option<i64>,

    /// How long the new value lives: `90m`, `12h`, `30d`, `2w`
    #[arg(long, value_name = "DURATION")]
    expires: Option<Minutes>,
}

/// `jeton pat show`
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// The token's name
    #[arg(long)]
    name: String,
}

/// `jeton pat list`
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Expired, revoked and suspended ones too
    #[arg(long, conflicts_with = "state")]
    all: bool,

    #[command(flatten)]
    filters: Filters,
}

/// `jeton pat delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// A token's name; may be repeated
    #[arg(long)]
    name: Vec<String>,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: PatVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        PatVerb::Create(args) => create(app, &client, args).await,
        PatVerb::Update(args) => update(app, &client, args, Overlap(0)).await,
        PatVerb::Rotate(args) if args.finish => finish(app, &client, &args.update.name).await,
        PatVerb::Rotate(args) => update(app, &client, args.update, args.overlap).await,
        PatVerb::Show(args) => show(app, &client, &args.name).await,
        PatVerb::List(args) => {
            let state = args.all.then(|| "all".to_owned());
            let query = args.filters.narrow(TokenQuery { state, ..TokenQuery::default() });
            app.output.show(&Pats(own(&client, query).await?))
        }
        PatVerb::Delete(args) => delete(app, &client, args).await,
    }
}

async fn create(app: &App, client: &Client, args: CreateArgs) -> Result<()> {
    let CreateArgs { name, scopes, life, limits, store } = args;
    let destination = store.prepare(app.output, &Newcomer::made(TokenKind::Personal, Some(&name))).await?;
    let request = CreateToken {
        name: Some(name),
        description: limits.description,
        kind: Some("personal".to_owned()),
        scopes,
        expires_in_minutes: minutes(life.valid_minutes, life.expires),
        never_expires: life.never.then_some(true),
        projects: limits.projects,
        networks: limits.networks,
        ..CreateToken::default()
    };
    let issued = client.create_token(&request).await?;
    destination.take(app, client, &issued, Undo::Revoke).await
}

async fn update(app: &App, client: &Client, args: UpdateArgs, overlap: Overlap) -> Result<()> {
    let token = live(client, &args.name).await?;
    let destination = args.store.prepare(app.output, &Newcomer::renewed(&token)).await?;
    let request = RotateToken {
        overlap_minutes: Some(overlap.0),
        expires_in_minutes: minutes(args.life.valid_minutes, args.life.expires),
        description: args.limits.description,
        scopes: args.scopes,
        projects: args.limits.projects,
        networks: args.limits.networks,
        ..RotateToken::default()
    };
    check_if_in_use(client, &token.id)?;
    let issued = client.rotate_token(&token.id, &request).await?;
    keep_if_in_use(app, client, &issued)?;
    let undo = if overlap == Overlap(0) { Undo::Keep } else { Undo::KeepBoth };
    destination.take(app, client, &issued, undo).await
}

async fn finish(app: &App, client: &Client, name: &str) -> Result<()> {
    let token = client.finish_rotation(&live(client, name).await?.id).await?;
    app.output.done(&format!("only the newest value of `{}` works now", safe(name)), &token)
}

/// Checks that the profile takes another value, if it is that of the token of this id.
pub(crate) fn check_if_in_use(client: &Client, id: &str) -> Result<()> {
    if is_in_use(client, id) { ProfileFile::of_user()?.check() } else { Ok(()) }
}

/// Whether the profile keeps the value of this token: an update of just that one would sign its user out.
fn is_in_use(client: &Client, id: &str) -> bool {
    let saved = client.credential().filter(|credential| credential.source == Source::Profile);
    saved.and_then(Credential::text).is_some_and(|text| text.id().to_string() == id)
}

/// The profile keeps the value in use.
pub(crate) fn keep_if_in_use(app: &App, client: &Client, issued: &Issued) -> Result<()> {
    if is_in_use(client, &issued.token.id) {
        app.exchange_saved(client.server(), Secret::new(issued.secret.expose()))
    } else {
        Ok(())
    }
}

async fn show(app: &App, client: &Client, name: &str) -> Result<()> {
    let mut tokens = own(client, of_name(name, None)).await?;
    if tokens.is_empty() {
        tokens = own(client, of_name(name, Some("all"))).await?;
    }
    match tokens.into_iter().next() {
        // Lists leave out what only the record of one token says.
        Some(newest) => app.output.show(&client.token(&newest.id).await?),
        None => Err(no_such(name)),
    }
}

async fn delete(app: &App, client: &Client, args: DeleteArgs) -> Result<()> {
    let tokens = if args.name.is_empty() { picked(client).await? } else { named(client, &args.name).await? };
    if tokens.is_empty() {
        app.output.note("nothing was picked");
        return Ok(());
    }
    let names = tokens.iter().map(|token| format!("`{}`", safe(&token.name))).collect::<Vec<_>>().join(", ");
    args.confirmation.obtain_if_somebody_is_there(&format!("revoke {names}, at once and for good?"))?;
    for token in &tokens {
        client.revoke_token(&token.id).await?;
        app.output.note(&format!("revoked `{}` ({})", safe(&token.name), safe(&token.id)));
    }
    Ok(())
}

async fn named(client: &Client, names: &[String]) -> Result<Vec<Token>> {
    let mut tokens: Vec<Token> = Vec::new();
    for name in names {
        let token = live(client, name).await?;
        if tokens.iter().all(|other| other.id != token.id) {
            tokens.push(token);
        }
    }
    Ok(tokens)
}

async fn picked(client: &Client) -> Result<Vec<Token>> {
    const INSTEAD: &str = "name the tokens with `--name`";
    if !prompt::somebody_is_there() {
        return Err(Error::usage(format!(
            "standard input is no terminal, so nothing can be picked\n{INSTEAD}"
        )));
    }
    let label =
        |token: &Token| format!("{}  {}  expires: {}", token.name, token.scopes.join(" "), end(token));
    let items = own(client, TokenQuery::default())
        .await?
        .into_iter()
        .map(|token| (label(&token), token))
        .collect::<Vec<_>>();
    if items.is_empty() { Ok(vec![]) } else { prompt::pick("which tokens?", items, INSTEAD) }
}

/// The caller's live token of that name.
async fn live(client: &Client, name: &str) -> Result<Token> {
    own(client, of_name(name, None)).await?.into_iter().next().ok_or_else(|| no_such(name))
}

fn no_such(name: &str) -> Error {
    Error::NotFound(format!("you have no token named `{name}`\nlist yours with: jeton pat list"))
}

/// The caller's own personal tokens: an administrator would see everybody's. Without a state, those that are honoured
/// and those that wait for an approval.
async fn own(client: &Client, query: TokenQuery) -> Result<Vec<Token>> {
    let query = TokenQuery {
        owner: Some(client.token_self().await?.owner.name),
        kind: Some("personal".to_owned()),
        ..query
    };
    let mut tokens = client.tokens(query.clone()).await?;
    if query.state.is_none() {
        let pending = Some("pending".to_owned());
        tokens.extend(client.tokens(TokenQuery { state: pending, ..query }).await?);
        tokens.sort_by_key(|token| std::cmp::Reverse(token.number));
    }
    Ok(tokens)
}

fn of_name(name: &str, state: Option<&str>) -> TokenQuery {
    TokenQuery { name: Some(name.to_owned()), state: state.map(str::to_owned), ..TokenQuery::default() }
}

fn minutes(valid_minutes: Option<i64>, expires: Option<Minutes>) -> Option<i64> {
    valid_minutes.or(expires.map(|Minutes(minutes)| minutes))
}
