//! `jeton login`: one command, and whatever the machine has to offer. What is there already is tried first, then
//! what other programs know, then a person is asked.

mod browser;
mod device;
mod identity;
mod loopback;
pub(crate) mod oauth;
pub(crate) mod random;
pub(crate) mod way;

use std::path::PathBuf;

use clap::Args;
use jeton_api::{CreateSession, Secret, Token};

use self::identity::Sources;
use self::oauth::{Metadata, OAuth};
use self::way::{PassedOver, Way};
use crate::access::{App, Credential, Server, Source};
use crate::args::{SharedSecret, secret};
use crate::client::Client;
use crate::error::{Exit, Result};
use crate::escape::safe;
use crate::http::Http;
use crate::profile::{Profile, ProfileFile};
use crate::prompt;
use crate::view::{end, owner};

/// `jeton login`
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// The server; the same as `--url`
    #[arg(value_name = "SERVER")]
    server: Option<String>,

    /// Sign in by password, as this user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Read the password from standard input; one trailing newline is dropped
    #[arg(long)]
    password_stdin: bool,

    /// Keep a token instead of signing in; `-` for standard input
    #[arg(long, value_name = "TOKEN|-", conflicts_with_all = ["user", "password_stdin", "device", "again"])]
    #[arg(allow_hyphen_values = true, value_parser = secret)]
    token: Option<SharedSecret>,

    /// Sign in with a code that is entered in a browser anywhere
    #[arg(long, conflicts_with_all = ["user", "password_stdin"])]
    device: bool,

    /// Sign in anew, whatever credential is there
    #[arg(long, conflicts_with_all = ["user", "password_stdin"])]
    again: bool,

    /// The file in which the platform keeps this workload's identity token
    #[arg(long, env = "JETON_IDENTITY_TOKEN_FILE", hide_env_values = true, value_name = "FILE")]
    identity_token_file: Option<PathBuf>,

    /// Which service account to be, if an identity token could stand for several
    #[arg(long, value_name = "NAME", conflicts_with_all = ["user", "password_stdin", "device"])]
    service_account: Option<String>,

    /// Let the server have identity tokens for this audience, although it is not the server's name
    #[arg(long, env = "JETON_EXCHANGE_AUDIENCE", hide_env_values = true, value_name = "AUDIENCE")]
    exchange_audience: Option<String>,
}

/// Signs in, or keeps a token.
pub(crate) async fn login(app: &App, args: LoginArgs) -> Result<()> {
    App::check_outside("nobody signs in there")?;
    // A session that cannot be kept would live on with nobody to end it.
    ProfileFile::of_user()?.check()?;
    let server = match &args.server {
        Some(text) => Server::parse(text, Source::Flag)?,
        None => app.server()?,
    };
    if let Some(token) = &args.token {
        return keep(app, server, app.given_token(token)?).await;
    }
    if args.user.is_some() || args.password_stdin {
        return by_password(app, server, args).await;
    }
    by_itself(app, server, args).await
}

/// Makes a token the credential, once the server has honoured it.
pub(crate) async fn keep(app: &App, server: Server, secret: Secret) -> Result<()> {
    kept(app, &server, secret, Found { way: Way::Token, passed_over: vec![], agreed: None }).await
}

async fn by_password(app: &App, server: Server, args: LoginArgs) -> Result<()> {
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
    let found = Found { way: Way::Password, passed_over: vec![], agreed: None };
    save(app, &server, issued.secret, &issued.token, found)
}

/// How a credential was come by.
struct Found {
    way: Way,
    passed_over: Vec<PassedOver>,
    /// The audience that the user has agreed to.
    agreed: Option<String>,
}

async fn by_itself(app: &App, server: Server, args: LoginArgs) -> Result<()> {
    let mut passed_over = Vec::new();
    if !args.again && !args.device && already(app, &server, &mut passed_over).await? {
        return Ok(());
    }
    // Refuses an unencrypted connection before anything else is said.
    app.client_of(server.clone(), None)?;
    let http = Http::new(server.clone(), None)?;
    let oauth = OAuth(&http);
    let agreed = args.exchange_audience.clone().or_else(|| agreed_before(&server));
    let (secret, way) = if args.device {
        (device::sign_in(app.output, &oauth).await?, Way::Device)
    } else {
        let metadata = oauth.metadata().await?;
        let (asked, file) =
            (metadata.jeton_exchange_audience.as_deref(), args.identity_token_file.as_deref());
        let sources = Sources { server: &server, asked, agreed: agreed.as_deref(), file };
        let account = args.service_account.as_deref();
        match by_identity(&sources, &oauth, account, &mut passed_over).await? {
            Some(found) => found,
            None => by_person(app, &server, (&oauth, &metadata), &mut passed_over).await?,
        }
    };
    kept(app, &server, secret, Found { way, passed_over, agreed }).await
}

/// Whether a credential is there that the server honours; then nothing is to be done.
async fn already(app: &App, server: &Server, passed_over: &mut Vec<PassedOver>) -> Result<bool> {
    for (way, credential) in
        [(Way::Environment, app.given_credential()?), (Way::SavedSession, App::saved_credential(server)?)]
    {
        let Some(credential) = credential else {
            let reason = if way == Way::Environment { "not set" } else { "there is none for this server" };
            passed_over.push(PassedOver { way, reason: reason.to_owned() });
            continue;
        };
        match honoured(app, server, credential).await? {
            Ok(token) => {
                let (words, who) = (way.words(), safe(&owner(&token.owner)).into_owned());
                let note = format!("you are `{who}` already ({words}); expires: {}", end(&token));
                return app.output.done(&note, &token).map(|()| true);
            }
            Err(reason) => passed_over.push(PassedOver { way, reason }),
        }
    }
    Ok(false)
}

/// The credential's record, or why the server does not honour it.
async fn honoured(app: &App, server: &Server, credential: Credential) -> Result<Result<Token, String>> {
    match app.client_of(server.clone(), Some(credential))?.token_self().await {
        Err(error) if error.exit() == Exit::NotSignedIn => {
            let said = error.problem().map(|problem| safe(&problem.detail).into_owned());
            Ok(Err(said.unwrap_or_else(|| "it is not honoured".to_owned())))
        }
        other => other.map(Ok),
    }
}

/// By what other programs know about who this is.
async fn by_identity(
    sources: &Sources<'_>,
    oauth: &OAuth<'_>,
    account: Option<&str>,
    passed_over: &mut Vec<PassedOver>,
) -> Result<Option<(Secret, Way)>> {
    for way in [Way::AzureCli, Way::AzurePowershell, Way::IdentityTokenFile] {
        let reason = match sources.token(way).await {
            Ok(identity) => {
                match oauth.exchange(&identity, account.map(|name| ("service_account", name)), None).await? {
                    Ok(granted) => return Ok(Some((granted.access_token, way))),
                    Err(refused) => format!("the server refuses its token: {}", refused.reason()),
                }
            }
            Err(reason) => reason,
        };
        passed_over.push(PassedOver { way, reason });
    }
    Ok(None)
}

/// By asking a person: here if a page can be shown, else wherever one can.
async fn by_person(
    app: &App,
    server: &Server,
    (oauth, metadata): (&OAuth<'_>, &Metadata),
    passed_over: &mut Vec<PassedOver>,
) -> Result<(Secret, Way)> {
    match browser::sign_in(app.output, server, oauth, metadata).await? {
        Ok(secret) => Ok((secret, Way::Browser)),
        Err(reason) => {
            passed_over.push(PassedOver { way: Way::Browser, reason });
            Ok((device::sign_in(app.output, oauth).await?, Way::Device))
        }
    }
}

/// Saves a credential once the server has honoured it.
async fn kept(app: &App, server: &Server, secret: Secret, found: Found) -> Result<()> {
    let client: Client = app.client_with(server.clone(), Secret::new(secret.expose()))?;
    let token = client.token_self().await?;
    save(app, server, secret, &token, found)
}

fn save(app: &App, server: &Server, secret: Secret, token: &Token, found: Found) -> Result<()> {
    let profile = Profile {
        url: server.shown().to_owned(),
        token: Some(secret),
        way: Some(found.way),
        exchange_audience: found.agreed.or_else(|| agreed_before(server)),
        passed_over: found.passed_over,
    };
    app.save(&profile)?;
    let note = format!(
        "signed in to `{}` as `{}`; expires: {}",
        server.shown(),
        safe(&owner(&token.owner)),
        end(token)
    );
    app.output.done(&note, token)
}

/// The audience that the user has agreed to for this server before.
fn agreed_before(server: &Server) -> Option<String> {
    let profile = ProfileFile::of_user().ok()?.load().ok()??;
    let saved_for = Server::parse(&profile.url, Source::Profile).ok()?;
    profile.exchange_audience.filter(|_| saved_for.shown() == server.shown())
}
