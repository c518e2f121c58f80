//! Signing in and out, and who one is.

use std::path::Path;

use clap::Args;
use jeton_api::{CreateSession, Secret, Token};
use jeton_token::TokenKind;
use serde::Serialize;

use crate::access::{App, Credential, Server, Source};
use crate::args::{SharedSecret, secret};
use crate::client::Client;
use crate::error::{Error, Exit, Result};
use crate::escape::safe;
use crate::output::Show;
use crate::profile::{Profile, ProfileFile};
use crate::prompt;
use crate::table::{details, one};
use crate::view::{end, owner};

/// `jeton login`
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// The server; the same as `--url`
    #[arg(value_name = "SERVER")]
    server: Option<String>,

    /// The user to sign in as
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Read the password from standard input; one trailing newline is dropped
    #[arg(long)]
    password_stdin: bool,

    /// Keep a token instead of signing in; `-` for standard input
    #[arg(long, value_name = "TOKEN|-", conflicts_with_all = ["user", "password_stdin"])]
    #[arg(allow_hyphen_values = true, value_parser = secret)]
    token: Option<SharedSecret>,
}

/// Signs in by password, or keeps a token.
pub(crate) async fn login(app: &App, args: LoginArgs) -> Result<()> {
    let server = match &args.server {
        Some(text) => Server::parse(text, Source::Flag)?,
        None => app.server()?,
    };
    match &args.token {
        Some(token) => keep(app, server, app.given_token(token)?).await,
        None => sign_in(app, server, args).await,
    }
}

/// Makes a token the credential, once the server has honoured it.
pub(crate) async fn keep(app: &App, server: Server, secret: Secret) -> Result<()> {
    let client = app.client_with(server.clone(), Secret::new(secret.expose()))?;
    let token = client.token_self().await?;
    kept(app, &server, secret, &token)
}

async fn sign_in(app: &App, server: Server, args: LoginArgs) -> Result<()> {
    let client = app.client_of(server.clone(), None)?;
    let user = match args.user {
        Some(user) => user,
        None => prompt::line("user", "name the user with `--user` and add `--password-stdin`")?,
    };
    let password = if args.password_stdin {
        prompt::secret_from_stdin()?
    } else {
        prompt::secret("password", "add `--password-stdin`")?
    };
    let issued = client.create_session(&CreateSession { user, password }).await?;
    kept(app, &server, issued.secret, &issued.token)
}

fn kept(app: &App, server: &Server, secret: Secret, token: &Token) -> Result<()> {
    app.save(server, secret)?;
    let note = format!(
        "signed in to `{}` as `{}`; expires: {}",
        server.shown(),
        safe(&owner(&token.owner)),
        end(token)
    );
    app.output.done(&note, token)
}

/// Ends the saved session at the server, and forgets the saved credential whatever the server says.
pub(crate) async fn logout(app: &App) -> Result<()> {
    let file = ProfileFile::of_user()?;
    let ended = end_session(app, &file).await;
    file.forget_token()?;
    match ended {
        Ok(Ended::Nothing) => app.output.note("nobody was signed in"),
        Ok(Ended::Session) => app.output.note("signed out"),
        Ok(Ended::Token) => app.output.note("forgot the token; it stays valid until it is revoked"),
        Err(error) => {
            app.output.warn(&format!(
                "`{}` holds no credential any more, but the session may live on until it expires",
                shown(file.path())
            ));
            return Err(error);
        }
    }
    Ok(())
}

/// What there was to end.
enum Ended {
    Nothing,
    Session,
    Token,
}

async fn end_session(app: &App, file: &ProfileFile) -> Result<Ended> {
    let Some(Profile { url, token: Some(token) }) = file.load()? else {
        return Ok(Ended::Nothing);
    };
    let client = app.client_with(Server::parse(&url, Source::Profile)?, token)?;
    let text = client.credential().and_then(Credential::text);
    if text.is_none_or(|text| text.kind() != TokenKind::Session) {
        return Ok(Ended::Token);
    }
    match client.revoke_self().await {
        // It was over already.
        Err(error) if error.exit() == Exit::NotSignedIn => Ok(Ended::Session),
        other => other.map(|()| Ended::Session),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Says which server, who, and where that is known from; the server is asked.
pub(crate) async fn status(app: &App) -> Result<()> {
    let server = app.server()?;
    let mut status = Status::of(&server);
    let Some(credential) = app.credential(&server)? else {
        app.output.show(&status)?;
        return Err(Error::NotSignedIn { server: server.shown().to_owned() });
    };
    status.credential_source = Some(credential.source);
    let client = app.client_of(server, Some(credential))?;
    let asked = client.token_self().await;
    show_status(app, &client, status, asked)
}

fn show_status(app: &App, client: &Client, mut status: Status, asked: Result<Token>) -> Result<()> {
    match asked {
        Ok(token) => {
            app.warn_about(&token);
            status.token = Some(token);
            app.output.show(&status)
        }
        Err(error) => {
            status.hint = client.credential().and_then(Credential::text).map(|text| text.hint());
            app.output.show(&status)?;
            Err(error)
        }
    }
}

/// What `jeton status` answers.
#[derive(Debug, Serialize)]
struct Status {
    server: String,
    server_source: Source,
    credential_source: Option<Source>,
    /// How to recognise a credential that the server did not honour.
    hint: Option<String>,
    /// The credential's record, as the server knows it.
    token: Option<Token>,
}

impl Status {
    fn of(server: &Server) -> Self {
        let shown = server.shown().to_owned();
        Self { server: shown, server_source: server.source, credential_source: None, hint: None, token: None }
    }
}

impl Show for Status {
    fn table(&self) -> String {
        let from = self.credential_source.map(|source| source.word().to_owned());
        let token = self.token.as_ref();
        let of_token = |value: fn(&Token) -> String| token.map(value).into_iter().collect();
        details([
            ("server", one(format!("{} ({})", self.server, self.server_source.word()))),
            ("signed in as", of_token(|token| owner(&token.owner))),
            ("credential from", from.into_iter().collect()),
            ("credential", of_token(|token| format!("{} {} {}", token.kind, token.name, token.id))),
            ("looks like", self.hint.iter().cloned().collect()),
            ("may do", token.map(|token| token.scopes.clone()).unwrap_or_default()),
            ("expires", of_token(end)),
        ])
    }

    fn values(&self) -> Vec<String> {
        self.token.iter().map(|token| token.owner.name.clone()).collect()
    }
}
