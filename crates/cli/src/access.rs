//! Which server and which credential a command means: the command line goes before the environment, and the
//! environment before the profile. The profile's credential is for the profile's server and goes to no other one.

use jeton_api::{Secret, Timestamp, Token};
use jeton_token::{TokenKind, TokenText};
use serde::Serialize;
use url::Url;

use crate::args::{Globals, SharedSecret, Sources};
use crate::client::Client;
use crate::environment;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::output::Output;
use crate::profile::{Profile, ProfileFile};
use crate::prompt;
use crate::table::moment;

const DEFAULT_URL: &str = "http://127.0.0.1:7070";
const WARNED_HOURS: i64 = 7 * 24;

/// Where something is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// The saved profile.
    Profile,
    /// Nothing said otherwise.
    Default,
}

impl Source {
    /// The word for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Flag => "command line",
            Self::Environment => "environment",
            Self::Profile => "profile",
            Self::Default => "default",
        }
    }
}

/// A server's address.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Without a final `/`.
    pub(crate) url: Url,
    /// Where it is known from.
    pub(crate) source: Source,
}

impl Server {
    /// Reads an address that somebody wrote.
    pub(crate) fn parse(text: &str, source: Source) -> Result<Self> {
        let no_address =
            || Error::usage(format!("`{text}` is no address: write http://HOST:PORT or https://HOST"));
        let url = Url::parse(text).map_err(|_| no_address())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(no_address());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::usage("an address holds no user name and no password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(no_address());
        }
        Ok(Self { url, source })
    }

    /// The address as people write it.
    pub(crate) fn shown(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// An address below it; each segment is encoded.
    pub(crate) fn below(&self, path: &[&str]) -> Result<Url> {
        // The URL type would drop such a segment, and the request would mean something else.
        if let Some(odd) = path.iter().find(|segment| matches!(**segment, "" | "." | "..")) {
            return Err(Error::usage(format!("`{odd}` is no name")));
        }
        let mut url = self.url.clone();
        url.path_segments_mut()
            .map_err(|()| Error::usage("the address takes no path"))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    /// Whether what is sent stays on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }
}

/// A token to act with.
#[derive(Debug)]
pub(crate) struct Credential {
    /// Its text.
    pub(crate) secret: Secret,
    /// Where it is known from.
    pub(crate) source: Source,
}

impl Credential {
    /// A token and where it is known from.
    pub(crate) fn new(secret: Secret, source: Source) -> Self {
        Self { secret, source }
    }

    /// What its text says about itself; nothing when it is no token of this kind.
    pub(crate) fn text(&self) -> Option<TokenText> {
        self.secret.expose().parse().ok()
    }

    fn is_session(&self) -> bool {
        self.text().is_some_and(|text| text.kind() == TokenKind::Session)
    }
}

/// What every command works with.
pub(crate) struct App {
    globals: Globals,
    sources: Sources,
    /// Where it prints.
    pub(crate) output: Output,
    now: Timestamp,
}

impl App {
    /// The command line's options, and the moment that it began.
    pub(crate) fn new(globals: Globals, sources: Sources, output: Output) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place where the CLI looks at the clock")]
        let now = Timestamp::now();
        Self { globals, sources, output, now }
    }

    /// When the command began.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// The server that is meant.
    pub(crate) fn server(&self) -> Result<Server> {
        if let Some(url) = self.globals.url.as_deref().filter(|url| !url.is_empty()) {
            return Server::parse(url, self.sources.url);
        }
        match Self::profile()? {
            Some(profile) => Server::parse(&profile.url, Source::Profile),
            None => Server::parse(DEFAULT_URL, Source::Default),
        }
    }

    /// The credential for that server, if there is one.
    pub(crate) fn credential(&self, server: &Server) -> Result<Option<Credential>> {
        match self.given_credential()? {
            Some(given) => Ok(Some(given)),
            None => Self::saved_credential(server),
        }
    }

    /// The profile. A command that got a token of its own acts with nothing else of ours.
    fn profile() -> Result<Option<Profile>> {
        Self::check_outside("it has no profile")?;
        ProfileFile::of_user()?.load()
    }

    /// Refuses what would go around the token that a command got from `jeton job run`, `exec` or `derive`.
    pub(crate) fn check_outside(what: &str) -> Result<()> {
        let Some(inside) = environment::inside() else { return Ok(()) };
        Err(Error::SignIn(format!(
            "this runs inside `{}` and acts with the token in JETON_TOKEN at the server in JETON_URL: {what}\n\
             leave both variables as they were set, or sign in outside",
            inside.command()
        )))
    }

    /// The credential that the command line or the environment names.
    pub(crate) fn given_credential(&self) -> Result<Option<Credential>> {
        let is_given = |given: &&SharedSecret| !prompt::without_newline(given.expose()).is_empty();
        let Some(given) = self.globals.credential.as_ref().filter(is_given) else {
            return Ok(None);
        };
        let secret = match self.sources.credential {
            Source::Environment => Secret::new(prompt::without_newline(given.expose())),
            _ => self.given_token(given)?,
        };
        Ok(Some(Credential::new(secret, self.sources.credential)))
    }

    /// Whether the credential itself stands on the command line.
    pub(crate) fn shows_credential(&self) -> bool {
        let is_shown = |given: &SharedSecret| !matches!(given.expose(), "" | "-");
        self.sources.credential == Source::Flag && self.globals.credential.as_ref().is_some_and(is_shown)
    }

    /// The credential that is saved for that server.
    pub(crate) fn saved_credential(server: &Server) -> Result<Option<Credential>> {
        let Some(Profile { url, token: Some(token), .. }) = Self::profile()? else {
            return Ok(None);
        };
        let saved_for = Server::parse(&url, Source::Profile)?;
        Ok((saved_for.shown() == server.shown()).then(|| Credential::new(token, Source::Profile)))
    }

    /// A client that acts with the credential.
    pub(crate) fn client(&self) -> Result<Client> {
        let server = self.server()?;
        match self.credential(&server)? {
            Some(credential) => self.client_of(server, Some(credential)),
            None => Err(Error::NotSignedIn { server: server.shown().to_owned() }),
        }
    }

    /// A client that acts with a token of which nothing else is known.
    pub(crate) fn client_with(&self, server: Server, secret: Secret) -> Result<Client> {
        self.client_of(server, Some(Credential::new(secret, Source::Flag)))
    }

    /// A client for that server.
    pub(crate) fn client_of(&self, server: Server, credential: Option<Credential>) -> Result<Client> {
        if server.url.scheme() == "http" && !server.is_loopback() && !self.globals.insecure_http {
            return Err(Error::usage(format!(
                "`{}` is another machine and the connection is not encrypted, so no credential is sent\n\
                 use https, or add `--insecure-http` if the network is trusted",
                server.shown()
            )));
        }
        Client::new(server, credential)
    }

    /// A token from an option: `-` is standard input; one on the command line works, with a warning.
    pub(crate) fn given_token(&self, given: &SharedSecret) -> Result<Secret> {
        if given.expose() == "-" {
            return prompt::secret_from_stdin();
        }
        self.output.warn(
            "a token on the command line is seen by others on this machine and stays in the shell's history; \
             use `-` and standard input",
        );
        Ok(Secret::new(prompt::without_newline(given.expose())))
    }

    /// Keeps server and credential in the profile.
    pub(crate) fn save(&self, profile: &Profile) -> Result<()> {
        ProfileFile::of_user()?.save(profile)?;
        if self.globals.credential.is_some() && self.sources.credential == Source::Environment {
            self.output.warn("JETON_TOKEN is set and goes before what was saved now");
        }
        Ok(())
    }

    /// Keeps another value of the saved credential.
    pub(crate) fn exchange_saved(&self, server: &Server, token: Secret) -> Result<()> {
        let saved = ProfileFile::of_user()?.load()?;
        let saved = saved.unwrap_or_else(|| Profile::of_server(server.shown().to_owned()));
        self.save(&Profile { token: Some(token), ..saved })
    }

    /// Says so when the credential in use ends soon. Not being able to know is no reason to fail.
    pub(crate) async fn warn_before_expiry(&self) {
        let Ok(server) = self.server() else { return };
        match self.environment_or_profile(&server) {
            Some(credential) if !credential.is_session() => {
                if let Ok(client) = self.client_of(server, Some(credential))
                    && let Ok(token) = client.token_self_soon().await
                {
                    self.warn_about(&token);
                }
            }
            _ => {}
        }
    }

    /// Says so when this token, which is the credential in use, ends soon. A session always does.
    pub(crate) fn warn_about(&self, token: &Token) {
        let everywhere = token.earlier_ends.iter().find(|end| end.place == "*").map(|end| end.ends_at);
        let end = everywhere.or(token.expires_at).filter(|_| token.kind != TokenKind::Session.word());
        let Some(end) = end else { return };
        let hours = end.duration_since(self.now).as_hours();
        if (0..WARNED_HOURS).contains(&hours) {
            self.output.warn(&format!(
                "the token in use, `{}`, expires {}; renew it with `jeton pat update --name NAME`",
                safe(&token.name),
                moment(end)
            ));
        }
    }

    /// The credential, unless standard input had to be read for it: it cannot be read twice.
    fn environment_or_profile(&self, server: &Server) -> Option<Credential> {
        let from_line = self.globals.credential.is_some() && self.sources.credential == Source::Flag;
        if from_line { None } else { self.credential(server).ok().flatten() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Result<Server> {
        Server::parse(text, Source::Flag)
    }

    #[test]
    fn addresses_are_shown_as_people_write_them() {
        for (text, shown) in [
            ("http://127.0.0.1:7070/", "http://127.0.0.1:7070"),
            ("https://tokens.example/jeton/", "https://tokens.example/jeton"),
            ("HTTPS://Tokens.Example:443", "https://tokens.example"),
        ] {
            assert_eq!(server(text).unwrap().shown(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["", "localhost:7070", "tokens.example", "ftp://a", "http://", "http://a?b", "https://a#b"]
        {
            assert!(matches!(server(text), Err(Error::Usage(_))), "{text}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        let error = server("https://alice:wonder@tokens.example").unwrap_err().to_string();
        assert!(!error.contains("wonder"), "{error}");
    }

    #[test]
    fn loopback_is_this_machine_only() {
        for text in ["http://127.0.0.1", "http://127.9.9.9", "http://localhost:1", "http://[::1]:7070"] {
            assert!(server(text).unwrap().is_loopback(), "{text}");
        }
        for text in
            ["http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example", "http://[::2]"]
        {
            assert!(!server(text).unwrap().is_loopback(), "{text}");
        }
    }
}
