//! `jeton token`: access tokens by id or number, anybody's for those who may.

use clap::{Args, Subcommand};
use jeton_api::{
    CreateToken, PatchToken, RevokeTokens, RevokedTokens, RotateToken, Secret, Token, TokenFilter, TokenQuery,
};
use jeton_token::{TokenId, TokenKind, TokenText};
use serde::Serialize;

use crate::access::App;
use crate::args::{Confirmation, SharedSecret, secret};
use crate::client::Client;
use crate::duration::{Minutes, Overlap};
use crate::error::{Error, Exit, Result};
use crate::escape::safe;
use crate::explain::{self, ExplainArgs};
use crate::filter::Filters;
use crate::login;
use crate::output::Show;
use crate::pat;
use crate::prompt;
use crate::store::{Destination, Newcomer, StoreArgs, Undo};
use crate::view::{InDetail, owner};

/// Access tokens
#[derive(Debug, Subcommand)]
pub(crate) enum TokenVerb {
    /// Make a token; its value is shown this once
    Create(CreateArgs),
    /// List tokens: a user's, or all that you may see
    List(ListArgs),
    /// Show tokens' properties, never their values
    Describe(IdsArgs),
    /// Change a token's properties; its value stays
    Edit(EditArgs),
    /// Give a token a new value; the old one goes on working for a while
    Rotate(RotateArgs),
    /// Revoke tokens, at once and for good: those named, or all that fit
    Revoke(RevokeArgs),
    /// Approve tokens that wait for it, with exactly the scopes and places that they have
    Approve(ApproveArgs),
    /// Why a token may or may not do something, and what would help
    Explain(ExplainArgs),
    /// Keep a token as the credential, acting as its owner with its scopes
    Login(LoginArgs),
    /// Ask whether a token is honoured: exit code 0 if it is, 10 if not
    Verify(VerifyArgs),
}

/// `jeton token create`
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// Whose it shall be [default: yours]
    #[arg(value_name = "USER")]
    user: Option<String>,

    /// The service account whose it shall be
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    service_account: Option<String>,

    /// How many days it lives; without it the server decides
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    expiration_days: Option<u32>,

    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// What it may do at most; may be repeated [default: what your credential may, `*` for a session]
    #[arg(long, value_name = "SCOPE")]
    scopes: Vec<String>,

    /// The name [default: the server makes one]
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `jeton token list`
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only this user's
    #[arg(value_name = "USER")]
    user: Option<String>,

    /// Revoked, expired and suspended ones too
    #[arg(long, conflicts_with = "state")]
    show_revoked: bool,

    /// Only those that wait for an approval
    #[arg(long, conflicts_with_all = ["show_revoked", "state"])]
    pending: bool,

    #[command(flatten)]
    filters: Filters,
}

/// `jeton token rotate`
#[derive(Args, Debug)]
pub(crate) struct RotateArgs {
    /// The token's id or number
    id: String,

    /// How long the old value goes on working: `0` or up to `7d`
    #[arg(long, value_name = "DURATION", default_value = "60m")]
    overlap: Overlap,

    /// Make no new value, and end the old ones that still work
    #[arg(long, conflicts_with_all = ["overlap", "expires"])]
    finish: bool,

    /// How long the new value lives: `90m`, `12h`, `30d`, `2w` [default: as long as the old one]
    #[arg(long, value_name = "DURATION")]
    expires: Option<Minutes>,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `jeton token revoke`
#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    /// A token's id or number
    #[arg(value_name = "ID", required_unless_present = "filter")]
    ids: Vec<String>,

    /// All that fit: `owner=`, `kind=`, `name=`, `state=`, `scope=`, `unused-for-days=`, `expiring-in-days=`; may be
    /// repeated, and all must fit
    #[arg(long, value_name = "FIELD=VALUE", conflicts_with = "ids")]
    filter: Vec<String>,

    /// Only say how many fit
    #[arg(long, requires = "filter")]
    dry_run: bool,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// `jeton token describe`
#[derive(Args, Debug)]
pub(crate) struct IdsArgs {
    /// A token's id or number
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// `jeton token approve`
#[derive(Args, Debug)]
pub(crate) struct ApproveArgs {
    /// A token's id or number
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// `jeton token edit`
#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    /// The token's id or number
    id: String,

    #[command(flatten)]
    changes: Changes,
}

/// What to change
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct Changes {
    /// What it is for; an empty text clears it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// The name
    #[arg(long)]
    name: Option<String>,

    /// Ends so long from now: `90m`, `12h`, `30d`, `2w`
    #[arg(long, value_name = "DURATION")]
    expires: Option<Minutes>,

    /// What it may do at most; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scopes: Option<Vec<String>>,
}

/// `jeton token login`
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// The token, `-` for standard input; without it, it is asked for
    #[arg(value_name = "TOKEN|-", allow_hyphen_values = true, value_parser = secret)]
    token: Option<SharedSecret>,
}

/// `jeton token verify`
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// The token is read from standard input, or asked for
    #[arg(value_name = "-", allow_hyphen_values = true, value_parser = secret)]
    token: Option<SharedSecret>,
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: TokenVerb) -> Result<()> {
    match verb {
        TokenVerb::Create(args) => create(app, &app.client()?, args).await,
        TokenVerb::List(args) => list(app, &app.client()?, args).await,
        TokenVerb::Describe(args) => describe(app, &app.client()?, &args.ids).await,
        TokenVerb::Edit(args) => edit(app, &app.client()?, args).await,
        TokenVerb::Rotate(args) => rotate(app, &app.client()?, args).await,
        TokenVerb::Revoke(args) if args.filter.is_empty() => revoke(app, &app.client()?, &args.ids).await,
        TokenVerb::Revoke(args) => revoke_all(app, &app.client()?, args).await,
        TokenVerb::Approve(args) => approve(app, &app.client()?, args).await,
        TokenVerb::Explain(args) => explain::run(app, args).await,
        TokenVerb::Login(args) => login(app, args).await,
        TokenVerb::Verify(args) => verify(app, args).await,
    }
}

async fn create(app: &App, client: &Client, args: CreateArgs) -> Result<()> {
    let kind = if args.service_account.is_some() { TokenKind::Service } else { TokenKind::Personal };
    let destination = args.store.prepare(app.output, &Newcomer::made(kind, args.name.as_deref())).await?;
    let scopes =
        if args.scopes.is_empty() { own_scopes(app, &client.token_self().await?) } else { args.scopes };
    let request = CreateToken {
        name: args.name,
        description: args.description,
        kind: args.service_account.is_some().then(|| "service".to_owned()),
        owner: args.service_account.or(args.user),
        scopes,
        expires_in_minutes: args.expiration_days.map(|days| Minutes::of_days(days).0),
        ..CreateToken::default()
    };
    let issued = client.create_token(&request).await?;
    destination.take(app, client, &issued, Undo::Revoke).await
}

/// What the calling credential, whose record this is, may do: a session is its person.
pub(crate) fn own_scopes(app: &App, token: &Token) -> Vec<String> {
    let is_session = token.kind == TokenKind::Session.word();
    let scopes = if is_session { vec!["*".to_owned()] } else { token.scopes.clone() };
    app.output.note(&format!(
        "no scopes given: the token gets {}; narrow it with `--scopes`",
        scopes.iter().map(|scope| format!("`{}`", safe(scope))).collect::<Vec<_>>().join(", ")
    ));
    scopes
}

async fn list(app: &App, client: &Client, args: ListArgs) -> Result<()> {
    let pending = args.pending.then(|| "pending".to_owned());
    let state = pending.or_else(|| args.show_revoked.then(|| "all".to_owned()));
    let query = TokenQuery { owner: args.user, state, ..TokenQuery::default() };
    app.output.show(&client.tokens(args.filters.narrow(query)).await?)
}

async fn describe(app: &App, client: &Client, ids: &[String]) -> Result<()> {
    let mut tokens = Vec::new();
    for id in resolve(client, ids).await? {
        tokens.push(client.token(&id).await?);
    }
    match <[Token; 1]>::try_from(tokens) {
        Ok([token]) => app.output.show(&token),
        Err(tokens) => app.output.show(&InDetail(tokens)),
    }
}

async fn edit(app: &App, client: &Client, EditArgs { id, changes }: EditArgs) -> Result<()> {
    let expires_at = changes.expires.map(|minutes| end_of(app, minutes)).transpose()?;
    let request = PatchToken {
        name: changes.name,
        description: changes.description,
        scopes: changes.scopes,
        expires_at,
        ..PatchToken::default()
    };
    for id in resolve(client, &[id]).await? {
        app.output.show(&client.patch_token(&id, &request).await?)?;
    }
    Ok(())
}

fn end_of(app: &App, Minutes(minutes): Minutes) -> Result<jeton_api::Timestamp> {
    let far = || Error::usage("that is too far away");
    let seconds = minutes.checked_mul(60).ok_or_else(far)?;
    app.now().checked_add(jiff::SignedDuration::from_secs(seconds)).map_err(|_| far())
}

async fn rotate(app: &App, client: &Client, args: RotateArgs) -> Result<()> {
    let id = resolve(client, &[args.id]).await?.concat();
    if args.finish {
        return finish(app, client, &id).await;
    }
    let destination = if args.store.is_given() {
        args.store.prepare(app.output, &Newcomer::renewed(&client.token(&id).await?)).await?
    } else {
        Destination::Shown
    };
    let request = RotateToken {
        overlap_minutes: Some(args.overlap.0),
        expires_in_minutes: args.expires.map(|Minutes(minutes)| minutes),
        ..RotateToken::default()
    };
    give_new_value(app, client, &id, &request, destination).await
}

/// Rotates the token of this id.
pub(crate) async fn give_new_value(
    app: &App,
    client: &Client,
    id: &str,
    request: &RotateToken,
    destination: Destination,
) -> Result<()> {
    pat::check_if_in_use(client, id)?;
    let issued = client.rotate_token(id, request).await?;
    pat::keep_if_in_use(app, client, &issued)?;
    let undo = if request.overlap_minutes == Some(0) { Undo::Keep } else { Undo::KeepBoth };
    destination.take(app, client, &issued, undo).await
}

/// Ends the old values of the token of this id.
pub(crate) async fn finish(app: &App, client: &Client, id: &str) -> Result<()> {
    app.output.done("only its newest value works now", &client.finish_rotation(id).await?)
}

/// Revokes all that fit, after saying how many those are.
async fn revoke_all(app: &App, client: &Client, args: RevokeArgs) -> Result<()> {
    let filter = filter(&args.filter)?;
    let request = |dry_run| RevokeTokens { filter: filter.clone(), dry_run: Some(dry_run) };
    let mut found = client.revoke_tokens(&request(true)).await?;
    if args.dry_run || found.matched == 0 {
        return app.output.show(&found);
    }
    let at_least = if found.more { "at least " } else { "" };
    args.confirmation.obtain(&format!("revoke {at_least}{} tokens, at once and for good?", found.matched))?;
    let mut revoked = 0;
    loop {
        found = client.revoke_tokens(&request(false)).await?;
        revoked += found.revoked;
        if !found.more || found.revoked == 0 {
            return app.output.show(&RevokedTokens { matched: revoked, revoked, more: found.more });
        }
    }
}

fn filter(texts: &[String]) -> Result<TokenFilter> {
    let mut filter = TokenFilter::default();
    for text in texts {
        let (field, value) = text.split_once('=').unwrap_or((text, ""));
        let number = || value.parse().map_err(|_| Error::usage(format!("`{}` wants a number", safe(text))));
        match field {
            "owner" => filter.owner = Some(value.to_owned()),
            "kind" => filter.kind = Some(value.to_owned()),
            "name" => filter.name = Some(value.to_owned()),
            "state" => filter.state = Some(value.to_owned()),
            "scope" => filter.scope = Some(value.to_owned()),
            "unused-for-days" => filter.unused_for_days = Some(number()?),
            "expiring-in-days" => filter.expiring_in_days = Some(number()?),
            _ => return Err(Error::usage(format!("`{}` is no filter; `--help` lists them", safe(text)))),
        }
    }
    Ok(filter)
}

impl Show for RevokedTokens {
    fn table(&self) -> String {
        format!("matched: {}\nrevoked: {}\n", self.matched, self.revoked)
    }

    fn values(&self) -> Vec<String> {
        vec![self.revoked.to_string()]
    }
}

/// Revokes all that it can: one that fails keeps no other one alive.
async fn revoke(app: &App, client: &Client, ids: &[String]) -> Result<()> {
    let mut failed = None;
    for id in resolve(client, ids).await? {
        match client.revoke_token(&id).await {
            Ok(()) => app.output.note(&format!("revoked {id}")),
            Err(error) => {
                app.output.warn(&format!("{id} is not revoked"));
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn approve(app: &App, client: &Client, args: ApproveArgs) -> Result<()> {
    for id in resolve(client, &args.ids).await? {
        let token = client.token(&id).await?;
        let (name, whose) = (safe(&token.name), owner(&token.owner));
        let question = format!(
            "{}

let `{name}` of {} do exactly that?",
            token.table(),
            safe(&whose)
        );
        args.confirmation.obtain(&question)?;
        let approved = client.approve_token(&id).await?;
        app.output.done(&format!("approved `{name}` ({})", safe(&approved.id)), &approved)?;
    }
    Ok(())
}

async fn login(app: &App, args: LoginArgs) -> Result<()> {
    App::check_outside("no other token is kept there")?;
    let server = app.server()?;
    let token = match &args.token {
        Some(token) => app.given_token(token)?,
        None => prompt::secret("token", "pipe the token in and write: jeton token login -")?,
    };
    login::keep(app, server, token).await
}

async fn verify(app: &App, args: VerifyArgs) -> Result<()> {
    if args.token.is_some_and(|token| token.expose() != "-") {
        return Err(Error::usage("the token is read from standard input, not from the command line"));
    }
    let token = if prompt::somebody_is_there() {
        prompt::secret("token", "pipe the token in")?
    } else {
        prompt::secret_from_stdin()?
    };
    match ask(app, token).await? {
        Ok(token) => app.output.show(&Verdict { active: true, reason: None, token: Some(token) }),
        Err(reason) => {
            let verdict = Verdict { active: false, reason: Some(reason.clone()), token: None };
            if !app.output.is_for_people() {
                app.output.show(&verdict)?;
            }
            Err(Error::Inactive(reason))
        }
    }
}

/// The token's record, or why it is not honoured.
async fn ask(app: &App, secret: Secret) -> Result<Result<Token, String>> {
    let malformed = secret.expose().parse::<TokenText>().err();
    if !secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Err(malformed.map_or_else(|| "malformed".to_owned(), |error| error.to_string())));
    }
    match app.client_with(app.server()?, secret)?.token_self().await {
        Err(error) if error.exit() == Exit::NotSignedIn => {
            let said = error.problem().map(|problem| safe(&problem.detail).into_owned());
            Ok(Err(malformed.map(|error| error.to_string()).or(said).unwrap_or_default()))
        }
        other => other.map(Ok),
    }
}

/// What `jeton token verify` answers.
#[derive(Debug, Serialize)]
struct Verdict {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Token>,
}

impl Show for Verdict {
    fn table(&self) -> String {
        self.token.as_ref().map(Show::table).unwrap_or_default()
    }

    fn values(&self) -> Vec<String> {
        self.token.as_ref().map(Show::values).unwrap_or_default()
    }
}

/// A token as people name it.
#[derive(Debug, PartialEq, Eq)]
enum Key {
    Id(String),
    Number(i64),
}

impl Key {
    fn read(text: &str) -> Result<Self> {
        if let Ok(token) = text.parse::<TokenText>() {
            // Not repeated: it is a secret.
            return Err(Error::usage(format!("that is a token itself, whose id is `{}`", token.id())));
        }
        let id = text.parse::<TokenId>().map(|id| Self::Id(id.to_string()));
        id.or_else(|_| text.parse().map(Self::Number)).map_err(|_| {
            Error::usage(format!(
                "`{}` is neither the id of a token (22 characters) nor its number",
                safe(text)
            ))
        })
    }
}

/// The ids of the tokens, in that order. A number is the server's to know.
pub(crate) async fn resolve(client: &Client, keys: &[String]) -> Result<Vec<String>> {
    let keys = keys.iter().map(|text| Key::read(text)).collect::<Result<Vec<_>>>()?;
    let mut ids = Vec::with_capacity(keys.len());
    for key in keys {
        ids.push(match key {
            Key::Id(id) => id,
            Key::Number(number) => id_of(client, number).await?,
        });
    }
    Ok(ids)
}

async fn id_of(client: &Client, number: i64) -> Result<String> {
    match client.token(&number.to_string()).await {
        Err(error) if error.exit() == Exit::NotFound => {
            Err(Error::NotFound(format!("token {number} was not found, or you may not see it")))
        }
        found => found.map(|token| token.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_named_by_id_or_number() {
        let id = jeton_token::Id::from_bits(0x0193_5000_0000_7000_8000_0000_0000_0001).unwrap().to_string();
        assert_eq!(Key::read(&id).unwrap(), Key::Id(id.clone()));
        for text in ["1", "9223372036854775807"] {
            assert!(matches!(Key::read(text), Ok(Key::Number(_))), "{text}");
        }
        for text in ["", "abc", "1.5", "99999999999999999999", "jtn_pat_x", &format!("{id}0")] {
            assert!(matches!(Key::read(text), Err(Error::Usage(_))), "{text}");
        }
    }
}
