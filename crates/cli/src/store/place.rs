//! The places that keep one value each: what they are called, what they hold, and how a value gets there.

use std::path::Path;

use anyhow::{Context, Result as AnyResult, anyhow};
use etcetera::home_dir;
use jeton_api::Secret;
use jeton_token::TokenKind;
use zeroize::Zeroizing;

use super::held::Held;
use super::kubernetes::SecretKey;
use super::{Kind, Newcomer, env_file, keyring, kubernetes, user_secrets};
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::private_file::PrivateFile;

const KEYRING_SERVICE: &str = "jeton";
const ENV_FILE: &str = ".env";

/// A place that keeps one value.
#[derive(Debug)]
pub(crate) enum Place {
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

/// What a value is called when nobody says: each kind of token has names of its own, so that one does not take the
/// place of another.
struct Defaults {
    kubernetes_secret: &'static str,
    user_secret: &'static str,
}

impl Defaults {
    fn of(kind: TokenKind) -> Self {
        let (kubernetes_secret, user_secret) = match kind {
            TokenKind::Service => ("jeton-service-token", "Jeton:ServiceToken"),
            TokenKind::Api => ("api-credential", "Jeton:ApiCredential"),
            TokenKind::Personal | TokenKind::Job | TokenKind::Session => ("jeton-token", "Jeton:Token"),
        };
        Self { kubernetes_secret, user_secret }
    }
}

/// The variable for a token's value when nobody says which.
pub(crate) fn default_variable(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Service => "JETON_SERVICE_TOKEN",
        TokenKind::Api => "API_CREDENTIAL",
        TokenKind::Personal | TokenKind::Job | TokenKind::Session => "JETON_TOKEN",
    }
}

impl Place {
    /// The place that the command line names.
    pub(super) fn named(
        kind: Kind,
        to: Option<String>,
        name: Option<String>,
        newcomer: &Newcomer<'_>,
    ) -> Result<Self> {
        let defaults = Defaults::of(newcomer.kind);
        match kind {
            Kind::Keyring => {
                let service = to.unwrap_or_else(|| KEYRING_SERVICE.to_owned());
                Ok(Self::Keyring { service, user: name })
            }
            Kind::EnvFile => variable(to, name.as_deref().unwrap_or(default_variable(newcomer.kind))),
            Kind::KubernetesSecret => {
                kubernetes_secret(to, name.as_deref().unwrap_or(defaults.kubernetes_secret))
            }
            Kind::DotnetUserSecrets => user_secret(to, name.as_deref().unwrap_or(defaults.user_secret)),
        }
    }

    /// What it holds that a value of the token of this id would take the place of.
    pub(super) async fn other(&self, name: Option<&str>, id: Option<&str>) -> AnyResult<Option<Held>> {
        match self {
            Self::Keyring { service, user } => {
                // Which entry it will be may not be known yet: then any shows whether the keyring opens.
                let known = user.as_deref().or(name);
                let asked = known.unwrap_or(KEYRING_SERVICE).to_owned();
                let value = keyring::value(service.clone(), asked).await?;
                let value = value.filter(|_| known.is_some());
                Ok(Held::first_other(value.as_ref().map(|value| value.as_str()).as_slice(), id))
            }
            Self::File { file, entry } => Ok(Held::first_other(&entry.values_in(file)?, id)),
        }
    }

    /// Checks that a file takes a value, without changing anything.
    pub(super) fn check(&self) -> AnyResult<()> {
        if let Self::File { file, entry } = self {
            entry.merged_into(file, "probe")?;
            match entry {
                Entry::UserSecret(_) => file.check_with_folder()?,
                Entry::Variable(_) | Entry::KubernetesSecret(_) => file.check()?,
            }
        }
        Ok(())
    }

    /// Puts the value there.
    pub(super) async fn put(&self, name: Option<&str>, secret: &Secret) -> AnyResult<()> {
        let value = secret.expose();
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(anyhow!("the server's token holds characters that no token has"));
        }
        match self {
            Self::Keyring { service, user } => {
                let user = user.as_deref().or(name).unwrap_or(KEYRING_SERVICE).to_owned();
                keyring::put(service.clone(), user, Zeroizing::new(value.to_owned())).await
            }
            Self::File { file, entry } => {
                let merged = entry.merged_into(file, value)?;
                if matches!(entry, Entry::UserSecret(_)) {
                    file.make_folder()?;
                }
                file.replace(&merged)
            }
        }
    }

    /// What people call it.
    pub(super) fn shown(&self, name: Option<&str>) -> String {
        match self {
            Self::Keyring { service, user } => {
                let user = user.as_deref().or(name).unwrap_or(KEYRING_SERVICE);
                format!("the keyring, service `{}`, user `{}`", safe(service), safe(user))
            }
            Self::File { file, entry } => format!("`{}` as `{}`", shown(file.path()), entry.shown()),
        }
    }
}

fn variable(to: Option<String>, name: &str) -> Result<Place> {
    if !env_file::is_name(name) {
        return Err(Error::usage(format!(
            "`{}` cannot be the name of a variable: write letters, digits and `_`",
            safe(name)
        )));
    }
    let file = PrivateFile::new(to.unwrap_or_else(|| ENV_FILE.to_owned()));
    Ok(Place::File { file, entry: Entry::Variable(name.to_owned()) })
}

fn kubernetes_secret(to: Option<String>, name: &str) -> Result<Place> {
    let to = to.ok_or_else(|| Error::usage("name the file for the manifest with `--store-to`"))?;
    let key = name.parse().map_err(|reason| {
        Error::usage(format!("`{}` does not name a secret as `[NAMESPACE/]NAME[:KEY]`: {reason}", safe(name)))
    })?;
    Ok(Place::File { file: PrivateFile::new(to), entry: Entry::KubernetesSecret(key) })
}

fn user_secret(to: Option<String>, key: &str) -> Result<Place> {
    const ID: &str = "name the id of the project's user secrets with `--store-to`; `dotnet user-secrets init` \
                      writes it into the project file as `UserSecretsId`";
    let id = to.filter(|id| user_secrets::is_id(id)).ok_or_else(|| Error::usage(ID))?;
    if !user_secrets::is_key(key) {
        return Err(Error::usage(format!(
            "`{}` cannot be a configuration key: write words with `:` between them",
            safe(key)
        )));
    }
    let home = home_dir().context("the home folder is not known: set HOME")?;
    let file = PrivateFile::new(home.join(".microsoft/usersecrets").join(id).join("secrets.json"));
    Ok(Place::File { file, entry: Entry::UserSecret(key.to_owned()) })
}

impl Entry {
    /// What the file says now, with this value in it.
    fn merged_into(&self, file: &PrivateFile, value: &str) -> AnyResult<Zeroizing<String>> {
        let text = file.read()?.unwrap_or_default();
        let merged = match self {
            Self::Variable(name) => env_file::merge(&text, name, value),
            Self::KubernetesSecret(key) => kubernetes::merge(&text, key, value),
            Self::UserSecret(key) => user_secrets::merge(&text, key, value),
        };
        merged.map(Zeroizing::new).with_context(|| format!("`{}`", shown(file.path())))
    }

    /// What it is in the file now.
    fn values_in(&self, file: &PrivateFile) -> AnyResult<Zeroizing<Vec<String>>> {
        let text = file.read()?.unwrap_or_default();
        let values = match self {
            Self::Variable(name) => env_file::values(&text, name),
            Self::KubernetesSecret(key) => kubernetes::values(&text, key),
            Self::UserSecret(key) => user_secrets::values(&text, key),
        };
        values.map(Zeroizing::new).with_context(|| format!("`{}`", shown(file.path())))
    }

    fn shown(&self) -> String {
        match self {
            Self::Variable(name) | Self::UserSecret(name) => safe(name).into_owned(),
            Self::KubernetesSecret(key) => key.to_string(),
        }
    }
}

fn shown(path: &Path) -> String {
    safe(&path.to_string_lossy()).into_owned()
}
