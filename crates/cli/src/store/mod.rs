//! `--store`: a new token's value goes where a program will look for it, and nobody sees it on the way.
//!
//! That the place takes a value is made sure of before there is one. Should it refuse all the same, then a token
//! that was just made is revoked again: no value exists that nobody holds.

mod env_file;
mod keyring;
mod kubernetes;
mod user_secrets;

use std::path::Path;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use etcetera::home_dir;
use jeton_api::{Issued, Secret};
use zeroize::Zeroizing;

use crate::access::App;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::private_file::PrivateFile;

use self::kubernetes::SecretKey;

const KEYRING_SERVICE: &str = "jeton";
const ENV_FILE: &str = ".env";
const VARIABLE: &str = "JETON_TOKEN";
const KUBERNETES_SECRET: &str = "jeton-token";
const USER_SECRET: &str = "Jeton:Token";

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

    /// The keyring's user [default: the token's name], the variable [default: `JETON_TOKEN`], the secret as
    /// `[NAMESPACE/]NAME[:KEY]` [default: `jeton-token:token`], or the configuration key [default: `Jeton:Token`]
    #[arg(long, value_name = "NAME", requires = "store")]
    store_as: Option<String>,
}

/// What keeps it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Keyring,
    EnvFile,
    KubernetesSecret,
    DotnetUserSecrets,
}

/// Where a new value goes.
#[derive(Debug)]
pub(crate) enum Destination {
    /// To standard output.
    Shown,
    /// Into a store, which was made sure of.
    Stored(Store),
}

/// A store that takes one value.
#[derive(Debug)]
pub(crate) enum Store {
    /// The keyring; without a user, the token's name is the user.
    Keyring { service: String, user: Option<String> },
    /// An entry of a file.
    File { file: PrivateFile, entry: Entry },
}

/// What a file calls the value.
#[derive(Debug)]
pub(crate) enum Entry {
    Variable(String),
    KubernetesSecret(SecretKey),
    UserSecret(String),
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

    /// Makes sure that the place takes a value, before there is one.
    pub(crate) async fn prepare(self) -> Result<Destination> {
        let Some(kind) = self.store else { return Ok(Destination::Shown) };
        let store = match kind {
            Kind::Keyring => Store::Keyring {
                service: self.store_to.unwrap_or_else(|| KEYRING_SERVICE.to_owned()),
                user: self.store_as,
            },
            Kind::EnvFile => env_file(self.store_to, self.store_as)?,
            Kind::KubernetesSecret => kubernetes_secret(self.store_to, self.store_as)?,
            Kind::DotnetUserSecrets => user_secret(self.store_to, self.store_as)?,
        };
        store.probe().await?;
        Ok(Destination::Stored(store))
    }
}

fn env_file(to: Option<String>, name: Option<String>) -> Result<Store> {
    let name = name.unwrap_or_else(|| VARIABLE.to_owned());
    if !env_file::is_name(&name) {
        return Err(Error::usage(format!(
            "`{}` is no name of a variable: write A-Z, 0-9 and `_`",
            safe(&name)
        )));
    }
    let file = PrivateFile::new(to.unwrap_or_else(|| ENV_FILE.to_owned()));
    Ok(Store::File { file, entry: Entry::Variable(name) })
}

fn kubernetes_secret(to: Option<String>, name: Option<String>) -> Result<Store> {
    let to = to.ok_or_else(|| Error::usage("name the file for the manifest with `--store-to`"))?;
    let name = name.unwrap_or_else(|| KUBERNETES_SECRET.to_owned());
    let key = name.parse().map_err(|reason| {
        Error::usage(format!("`{}` is no `[NAMESPACE/]NAME[:KEY]` of a secret: {reason}", safe(&name)))
    })?;
    Ok(Store::File { file: PrivateFile::new(to), entry: Entry::KubernetesSecret(key) })
}

fn user_secret(to: Option<String>, key: Option<String>) -> Result<Store> {
    const ID: &str = "name the id of the project's user secrets with `--store-to`; `dotnet user-secrets init` \
                      writes it into the project file as `UserSecretsId`";
    let id = to.filter(|id| user_secrets::is_id(id)).ok_or_else(|| Error::usage(ID))?;
    let key = key.unwrap_or_else(|| USER_SECRET.to_owned());
    if !user_secrets::is_key(&key) {
        return Err(Error::usage(format!("`{}` is no key: write words with `:` between them", safe(&key))));
    }
    let home = home_dir().context("the home folder is not known: set HOME")?;
    let file = PrivateFile::new(home.join(".microsoft/usersecrets").join(id).join("secrets.json"));
    file.make_folder()?;
    Ok(Store::File { file, entry: Entry::UserSecret(key) })
}

impl Store {
    async fn probe(&self) -> Result<()> {
        match self {
            Self::Keyring { service, user } => {
                keyring::probe(service.clone(), user.clone().unwrap_or_else(|| KEYRING_SERVICE.to_owned()))
                    .await?;
            }
            Self::File { file, entry } => {
                entry.merged_into(file, "probe")?;
                file.check()?;
            }
        }
        Ok(())
    }

    /// Puts the value there, and answers where that is.
    async fn put(&self, name: &str, secret: &Secret) -> anyhow::Result<String> {
        let value = secret.expose();
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(anyhow!("the server's token holds characters that no token has"));
        }
        match self {
            Self::Keyring { service, user } => {
                let user = user.as_deref().unwrap_or(name);
                let value = Zeroizing::new(value.to_owned());
                keyring::put(service.clone(), user.to_owned(), value).await?;
                Ok(format!("the keyring, service `{}`, user `{}`", safe(service), safe(user)))
            }
            Self::File { file, entry } => {
                file.replace(&entry.merged_into(file, value)?)?;
                Ok(format!("`{}` as `{}`", safe(&file.path().to_string_lossy()), entry.shown()))
            }
        }
    }
}

impl Entry {
    /// What the file says now, with this value in it.
    fn merged_into(&self, file: &PrivateFile, value: &str) -> anyhow::Result<Zeroizing<String>> {
        let text = file.read()?.unwrap_or_default();
        let merged = match self {
            Self::Variable(name) => env_file::merge(&text, name, value),
            Self::KubernetesSecret(key) => kubernetes::merge(&text, key, value),
            Self::UserSecret(key) => user_secrets::merge(&text, key, value),
        };
        merged.map(Zeroizing::new).with_context(|| format!("`{}`", shown(file.path())))
    }

    fn shown(&self) -> String {
        match self {
            Self::Variable(name) | Self::UserSecret(name) => safe(name).into_owned(),
            Self::KubernetesSecret(key) => key.to_string(),
        }
    }
}

impl Destination {
    /// Shows the new token, or stores its value and shows only its record.
    pub(crate) async fn take(&self, app: &App, client: &Client, issued: &Issued, undo: Undo) -> Result<()> {
        let Self::Stored(store) = self else { return app.output.show_issued(issued) };
        match store.put(&issued.token.name, &issued.secret).await {
            Ok(place) => {
                app.output.note_about(issued);
                app.output.note(&format!("the value is in {place}, and is not shown"));
                app.output.show(&issued.token)
            }
            Err(error) => Err(lost(app, client, issued, undo, error).await),
        }
    }
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

fn shown(path: &Path) -> String {
    safe(&path.to_string_lossy()).into_owned()
}
