//! Who one is, and signing out.

use std::path::Path;

use jeton_api::Token;
use jeton_token::TokenKind;
use serde::Serialize;

use crate::access::{App, Credential, Server, Source};
use crate::client::Client;
use crate::error::{Error, Exit, Result};
use crate::login::way::{PassedOver, Way};
use crate::output::Show;
use crate::profile::{Profile, ProfileFile};
use crate::table::{details, one};
use crate::view::{end, owner};

/// Ends the saved session at the server, and forgets the saved credential whatever the server says.
pub(crate) async fn logout(app: &App) -> Result<()> {
    App::check_outside("nobody signs out there")?;
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
    let Some(Profile { url, token: Some(token), .. }) = file.load()? else {
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
    if credential.source == Source::Profile {
        status.explain(ProfileFile::of_user()?.load()?);
    }
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
    /// How the saved credential was come by.
    signed_in_by: Option<Way>,
    /// The ways before that one, and why they led nowhere.
    passed_over: Vec<PassedOver>,
    /// How to recognise a credential that the server did not honour.
    hint: Option<String>,
    /// The credential's record, as the server knows it.
    token: Option<Token>,
}

impl Status {
    fn of(server: &Server) -> Self {
        let shown = server.shown().to_owned();
        Self {
            server: shown,
            server_source: server.source,
            credential_source: None,
            signed_in_by: None,
            passed_over: vec![],
            hint: None,
            token: None,
        }
    }

    /// What was found out at sign-in. That no token is given is so now, or the profile would not be used.
    fn explain(&mut self, profile: Option<Profile>) {
        let Some(Profile { way, passed_over, .. }) = profile else { return };
        self.signed_in_by = way;
        self.passed_over = vec![PassedOver { way: Way::Environment, reason: "not set".to_owned() }];
        self.passed_over.extend(passed_over.into_iter().filter(|it| it.way != Way::Environment));
    }
}

impl Show for Status {
    fn table(&self) -> String {
        let by = self.signed_in_by.map(|way| format!(", by {}", way.words())).unwrap_or_default();
        let from = self.credential_source.map(|source| format!("{}{by}", source.word()));
        let token = self.token.as_ref();
        let of_token = |value: fn(&Token) -> String| token.map(value).into_iter().collect();
        details([
            ("server", one(format!("{} ({})", self.server, self.server_source.word()))),
            ("signed in as", of_token(|token| owner(&token.owner))),
            ("credential from", from.into_iter().collect()),
            ("passed over", self.passed_over.iter().map(PassedOver::line).collect()),
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
