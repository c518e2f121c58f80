//! The credential in use: where it comes from, whether it is honoured, and how long still.

use jeton_api::{ForwardAuth, Secret, Token};
use jeton_token::{TokenKind, TokenText};

use super::report::Report;
use super::server::first_line;
use crate::access::{App, Credential, Server};
use crate::client::Client;
use crate::error::Error;
use crate::escape::safe;
use crate::table::moment;
use crate::view::owner;

const WHAT: &str = "credential";
const DAYS_WARNED: i64 = 7;

/// Without a server only its spelling can be looked at.
pub(super) async fn check(app: &App, report: &mut Report, reached: Option<Server>) {
    // Why there is none was said.
    let Ok(server) = reached.clone().map_or_else(|| app.server(), Ok) else { return };
    let credential = match app.credential(&server) {
        Ok(Some(credential)) => credential,
        Ok(None) => {
            let next = format!("jeton login --url {}", server.shown());
            return report.warn(WHAT, "there is none for this server", next);
        }
        Err(error) => return report.fail(WHAT, first_line(&error), "see the line about the profile"),
    };
    if !spelling(report, &credential) || reached.is_none() {
        return;
    }
    let source = credential.source.word();
    let asked = match app.client_of(server, Some(credential)) {
        Ok(client) => client.token_self().await.map(|token| (client, token)),
        Err(error) => Err(error),
    };
    match asked {
        Ok((client, token)) => {
            honoured(app, report, &token, source);
            gateways(report, &client).await;
        }
        Err(error) => refused(report, &error, source),
    }
}

/// Says so when gateways somewhere refuse nobody: that is for a while, and easily forgotten. Who may not see the APIs is
/// told nothing.
async fn gateways(report: &mut Report, client: &Client) {
    let apis = client.apis().await.unwrap_or_default();
    for api in apis.iter().filter(|api| api.forward_auth == ForwardAuth::ReportOnly) {
        let name = safe(&api.name);
        let found = format!("those in front of `{name}` refuse nobody: its forward_auth is report_only");
        report.warn("gateways", found, format!("jeton api report {name}; then set forward_auth to enforce"));
    }
}

/// Says so when it is none; a prefix that is not the usual one is no fault.
fn spelling(report: &mut Report, credential: &Credential) -> bool {
    let Credential { secret, source } = credential;
    match parse(secret) {
        Ok(_) => true,
        Err(why) => {
            let found = format!("the one from the {} is no token: {why}", source.word());
            report.fail(WHAT, found, "copy it again, whole, or sign in: jeton login");
            false
        }
    }
}

fn parse(secret: &Secret) -> Result<TokenText, jeton_token::TokenTextError> {
    secret.expose().parse()
}

fn honoured(app: &App, report: &mut Report, token: &Token, source: &str) {
    let whose = safe(&owner(&token.owner)).into_owned();
    report.ok(WHAT, format!("{} `{}` of {whose}, from the {source}", token.kind, safe(&token.name)));
    let Some(end) = token.expires_at else {
        let next = "give it an end: jeton token edit ID --expires 90d";
        return report.warn("expiry", "the token in use never expires", next);
    };
    let days = end.duration_since(app.now()).as_hours() / 24;
    let found = format!("{} ({days} days)", moment(end));
    if token.kind == TokenKind::Session.word() {
        report.ok("expiry", format!("{}; then: jeton login", moment(end)));
    } else if days < DAYS_WARNED {
        report.warn("expiry", found, "renew it: jeton pat update --name NAME");
    } else {
        report.ok("expiry", found);
    }
}

fn refused(report: &mut Report, error: &Error, source: &str) {
    let text = error.to_string();
    let (found, next) = text.split_once('\n').unwrap_or((&text, "sign in again: jeton login"));
    report.fail(WHAT, format!("the one from the {source}: {found}"), next);
}
