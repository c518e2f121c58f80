//! `--store`: a new token's value goes where a program will look for it, and nobody sees it on the way.
//!
//! Before there is a value, the place is checked: that it takes one, and that it holds no other token, which would be
//! lost. If it refuses all the same, a token that was just made is revoked again: no value exists that nobody holds.

mod env_file;
mod held;
mod keyring;
mod kubernetes;
mod place;
mod user_secrets;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use jeton_api::{Issued, Secret, Token};
use jeton_token::TokenKind;

use crate::access::App;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::output::Output;
use crate::prompt;

use self::held::Held;
use self::place::Place;
pub(crate) use self::place::default_variable;

/// Where a new value is kept
#[derive(Args, Debug)]
#[command(next_help_heading = "Keeping the value")]
pub(crate) struct StoreArgs {
    /// Put the value there and do not show it
    #[arg(long, value_enum, value_name = "WHERE")]
    store: Option<Kind>,

    /// The keyring's service [default: `jeton`], the file with variables [default: `.env`], the file for the
    /// manifest, or the id of the project's user secrets
    #[arg(long, value_name = "TARGET", requires = "store")]
    store_to: Option<String>,

    /// The keyring's user [default: the token's name], the variable [default: `JETON_TOKEN`; of a service account
    /// `JETON_SERVICE_TOKEN`, of an API `API_CREDENTIAL`], the secret as `[NAMESPACE/]NAME[:KEY]` [default:
    /// `jeton-token:token`, `jeton-service-token:token`, `api-credential:token`], or the configuration key [default:
    /// `Jeton:Token`, `Jeton:ServiceToken`, `Jeton:ApiCredential`]
    #[arg(long, value_name = "NAME", requires = "store")]
    store_as: Option<String>,

    /// Replace what the place holds, also if it is another token
    #[arg(long, requires = "store")]
    replace: bool,
}

/// What keeps it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Keyring,
    EnvFile,
    KubernetesSecret,
    DotnetUserSecrets,
}

/// The token whose value is to be kept, as far as it is known before the value is there.
pub(crate) struct Newcomer<'t> {
    kind: TokenKind,
    /// `None` if the token is made only now.
    id: Option<&'t str>,
    name: Option<&'t str>,
}

impl<'t> Newcomer<'t> {
    /// A token that is made now, with this name if it was given one.
    pub(crate) fn made(kind: TokenKind, name: Option<&'t str>) -> Self {
        Self { kind, id: None, name }
    }

    /// A token that gets another value.
    pub(crate) fn renewed(token: &'t Token) -> Self {
        let kind = TokenKind::from_word(&token.kind).unwrap_or(TokenKind::Personal);
        Self { kind, id: Some(&token.id), name: Some(&token.name) }
    }
}

/// Where a new value goes.
#[derive(Debug)]
pub(crate) enum Destination {
    /// To standard output.
    Shown,
    /// Into a store, which was checked.
    Stored(Place, Replace),
}

/// What a new value may take the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replace {
    /// Only a value of the same token.
    OwnValue,
    /// Whatever is there: its owner said so.
    Anything,
}

/// What becomes of a token whose value could not be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undo {
    /// It was made just now, so it is revoked.
    Revoke,
    /// It was there before, so it stays; its next value is one command away.
    Keep,
    /// The same, and its old value goes on working for a while.
    KeepBoth,
}

impl StoreArgs {
    /// Whether the value is stored and not shown.
    pub(crate) fn is_given(&self) -> bool {
        self.store.is_some()
    }

    /// Checks that the place takes this token's value and loses nothing, before there is a value.
    pub(crate) async fn prepare(self, output: Output, newcomer: &Newcomer<'_>) -> Result<Destination> {
        let Some(kind) = self.store else { return Ok(Destination::Shown) };
        let place = Place::named(kind, self.store_to, self.store_as, newcomer)?;
        let other = place.other(newcomer.name, newcomer.id).await?;
        place.check()?;
        let replace = match other {
            _ if self.replace => Replace::Anything,
            None => Replace::OwnValue,
            Some(other) => may_replace(output, &place.shown(newcomer.name), &other)?,
        };
        Ok(Destination::Stored(place, replace))
    }
}

/// Asks whether what a place holds may go; where nobody can answer, it may not.
fn may_replace(output: Output, place: &str, other: &Held) -> Result<Replace> {
    if !prompt::somebody_is_there() {
        return Err(occupied(place, other));
    }
    output.warn(&format!("{place} holds {other}, which would be lost"));
    if prompt::confirm("replace it?")? { Ok(Replace::Anything) } else { Err(Error::Declined) }
}

fn occupied(place: &str, other: &Held) -> Error {
    Error::Conflict(format!(
        "{place} holds {other}, which would be lost\n\
         keep the new value elsewhere with `--store-as NAME` or `--store-to TARGET`, or add `--replace`"
    ))
}

impl Destination {
    /// Shows the new token, or stores its value and shows only its record.
    pub(crate) async fn take(&self, app: &App, client: &Client, issued: &Issued, undo: Undo) -> Result<()> {
        let Self::Stored(place, replace) = self else { return app.output.show_issued(issued) };
        match put(place, *replace, issued).await {
            Ok(place) => {
                app.output.note_about(issued);
                app.output.note(&format!("the value is in {place}, and is not shown"));
                app.output.show(&issued.token)
            }
            Err(error) => Err(lost(app, client, issued, undo, error).await),
        }
    }
}

/// Puts the value there, and answers where that is.
async fn put(place: &Place, replace: Replace, issued: &Issued) -> anyhow::Result<String> {
    let Issued { token, secret, .. } = issued;
    let name = Some(&*token.name);
    // Once more: the name may be known only now, and the place may have changed since.
    if replace == Replace::OwnValue
        && let Some(other) = place.other(name, Some(&token.id)).await?
    {
        return Err(anyhow!("{}", occupied(&place.shown(name), &other)));
    }
    place.put(name, secret).await?;
    Ok(place.shown(name))
}

/// What is said about a value that nobody got.
async fn lost(app: &App, client: &Client, issued: &Issued, undo: Undo, error: anyhow::Error) -> Error {
    let (name, id) = (safe(&issued.token.name), safe(&issued.token.id));
    let fate = match undo {
        Undo::Keep => format!(
            "token `{name}` ({id}) has a new value that nobody knows, and its old one is refused; give it another one"
        ),
        Undo::KeepBoth => format!(
            "token `{name}` ({id}) has a new value that nobody knows, and its old one ends soon; give it another one"
        ),
        Undo::Revoke => match revoke(app, client, &issued.secret).await {
            Ok(()) => format!("token `{name}` ({id}), which was made just now, is revoked again"),
            Err(failed) => format!(
                "token `{name}` ({id}) was made, its value is known to nobody, and it could not be revoked: {failed}\n\
                 revoke it with: jeton token revoke {id}"
            ),
        },
    };
    anyhow!("the value cannot be stored: {error:#}\n{fate}").into()
}

/// Every live token may end itself, whatever else it may not.
async fn revoke(app: &App, client: &Client, secret: &Secret) -> Result<()> {
    app.client_with(client.server().clone(), Secret::new(secret.expose()))?.revoke_self().await
}
