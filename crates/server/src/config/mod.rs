//! Settings: from flags and environment, from a file, and from defaults, in this order.

mod notices;
mod public_url;
mod secret_file;
mod sign_in;

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ipnet::IpNet;
use jeton_token::Prefix;
pub use public_url::{PublicUrl, PublicUrlError};
use serde::Deserialize;
pub use sign_in::SignInProvider;

use crate::identity::PrivateOrigin;
use crate::notices::{MailSink, WebhookSink};

/// The address of a database. It may hold a password, so it is not printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The address, to connect with.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

/// What was asked for by flags and environment. What is absent comes from the file, then from the defaults.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The data directory; default `./jeton-data`.
    pub data: Option<PathBuf>,
    /// Where to listen; default `127.0.0.1:7070`. Port 0 picks a free one.
    pub listen: Option<SocketAddr>,
    /// How this deployment is reached from outside; default: `http://` and the address listened on.
    pub public_url: Option<PublicUrl>,
    /// A PostgreSQL database; default: SQLite in the data directory.
    pub database_url: Option<DatabaseUrl>,
    /// The pepper file; default: the data directory's name with `.pepper` behind it.
    pub pepper_file: Option<PathBuf>,
    /// Networks of proxies whose forwarded headers are believed; default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the machine's clock is right although a later time is known; only said for one start.
    pub accept_clock: bool,
    /// Whether an empty database is meant, although there is a pepper file; only said for one start.
    pub accept_empty_database: bool,
    /// The file with the rest.
    pub config: Option<PathBuf>,
}

/// What the server runs with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data directory.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How this deployment is reached from outside, if that was said.
    pub public_url: Option<PublicUrl>,
    /// A PostgreSQL database, if not SQLite.
    pub database_url: Option<DatabaseUrl>,
    /// The pepper file.
    pub pepper_file: PathBuf,
    /// Networks of proxies whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the machine's clock is right although a later time is known.
    pub accept_clock: bool,
    /// Whether an empty database is meant, although there is a pepper file.
    pub accept_empty_database: bool,
    /// What every token begins with; frozen at the first start.
    pub prefix: Option<Prefix>,
    /// By whom people may sign in, besides by password.
    pub sign_in: Vec<SignInProvider>,
    /// Issuers in one's own network that trusts may name; default: none.
    pub private_issuers: Vec<PrivateOrigin>,
    /// Who is told what happens.
    pub webhooks: Vec<WebhookSink>,
    /// How people are told by mail of ends that come near.
    pub mail: Option<MailSink>,
}

/// A configuration that cannot be used, in one line: file, line, column and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Unreadable(String, std::io::Error),
    /// A line of the file is wrong.
    #[error("{file}:{line}:{column}: {message}")]
    Wrong {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong, and what is allowed.
        message: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    public_url: Option<toml::Spanned<String>>,
    database_url: Option<DatabaseUrl>,
    pepper_file: Option<PathBuf>,
    #[serde(default)]
    trusted_proxies: Vec<IpNet>,
    prefix: Option<toml::Spanned<String>>,
    #[serde(default)]
    sign_in: Vec<sign_in::Entry>,
    #[serde(default)]
    private_issuers: Vec<toml::Spanned<String>>,
    #[serde(default)]
    webhooks: Vec<notices::WebhookEntry>,
    mail: Option<toml::Spanned<notices::MailEntry>>,
}

/// What of a file is more than a value: it is checked where it stands.
#[derive(Default)]
struct Checked {
    public_url: Option<PublicUrl>,
    prefix: Option<Prefix>,
    sign_in: Vec<SignInProvider>,
    private_issuers: Vec<PrivateOrigin>,
    webhooks: Vec<WebhookSink>,
    mail: Option<MailSink>,
}

impl Settings {
    /// Puts flags, file and defaults together.
    pub fn resolve(options: Options) -> Result<Self, ConfigError> {
        let (file, checked) = match &options.config {
            Some(path) => read(path)?,
            None => (ConfigFile::default(), Checked::default()),
        };
        let data = options.data.or(file.data).unwrap_or_else(|| PathBuf::from("jeton-data"));
        let beside = data.with_file_name(pepper_name(&data));
        let trusted_proxies =
            if options.trusted_proxies.is_empty() { file.trusted_proxies } else { options.trusted_proxies };
        Ok(Self {
            listen: options
                .listen
                .or(file.listen)
                .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 7070))),
            public_url: options.public_url.or(checked.public_url),
            database_url: options.database_url.or(file.database_url),
            pepper_file: options.pepper_file.or(file.pepper_file).unwrap_or(beside),
            trusted_proxies,
            accept_clock: options.accept_clock,
            accept_empty_database: options.accept_empty_database,
            prefix: checked.prefix,
            sign_in: checked.sign_in,
            private_issuers: checked.private_issuers,
            webhooks: checked.webhooks,
            mail: checked.mail,
            data,
        })
    }
}

fn pepper_name(data: &Path) -> String {
    let name =
        data.file_name().map_or_else(|| "jeton-data".to_owned(), |name| name.to_string_lossy().into_owned());
    format!("{name}.pepper")
}

fn read(path: &Path) -> Result<(ConfigFile, Checked), ConfigError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable(name.clone(), error))?;
    let wrong = |offset: usize, message: String| {
        let (line, column) = position(&text, offset);
        ConfigError::Wrong { file: name.clone(), line, column, message }
    };
    let mut file: ConfigFile = toml::from_str(&text)
        .map_err(|error| wrong(error.span().map_or(0, |span| span.start), one_line(error.message())))?;
    let prefix = match &file.prefix {
        Some(prefix) => {
            let parsed = prefix.get_ref().parse::<Prefix>();
            Some(parsed.map_err(|error| wrong(prefix.span().start, error.to_string()))?)
        }
        None => None,
    };
    let entries = std::mem::take(&mut file.sign_in);
    let at = |(span, message): sign_in::Wrong| wrong(span.start, message);
    let sign_in = sign_in::providers(entries).map_err(at)?;
    let webhooks = notices::webhooks(std::mem::take(&mut file.webhooks)).map_err(at)?;
    let mail = notices::mail(file.mail.take()).map_err(at)?;
    let origin = |text: &toml::Spanned<String>| {
        let parsed = text.get_ref().parse::<PrivateOrigin>();
        parsed.map_err(|error| wrong(text.span().start, error.to_string()))
    };
    let public_url = file.public_url.as_ref().map(|text| {
        let parsed = text.get_ref().parse::<PublicUrl>();
        parsed.map_err(|error| wrong(text.span().start, error.to_string()))
    });
    let public_url = public_url.transpose()?;
    let private_issuers = file.private_issuers.iter().map(origin).collect::<Result<_, _>>()?;
    Ok((file, Checked { public_url, prefix, sign_in, private_issuers, webhooks, mail }))
}

fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    (line, column)
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
