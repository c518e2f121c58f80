//! Sign-in in a browser on this machine: authorization code with PKCE (RFC 7636) and a loopback redirect (RFC 8252).

use std::process::Stdio;
use std::time::Duration;

use jeton_api::Secret;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use url::Url;

use super::loopback::{Brought, Loopback, nobody_came};
use super::oauth::{CLIENT_ID, Metadata, OAuth};
use super::random;
use crate::access::Server;
use crate::environment;
use crate::error::{Error, Result};
use crate::output::Output;

const PATIENCE: Duration = Duration::from_mins(10);
const OPENERS: [&str; 2] =
    if cfg!(target_os = "macos") { ["open", "xdg-open"] } else { ["xdg-open", "open"] };

/// Opens the page and waits for the person. Inner `Err`: no browser can be opened here, and why.
pub(super) async fn sign_in(
    output: Output,
    server: &Server,
    oauth: &OAuth<'_>,
    metadata: &Metadata,
) -> Result<Result<Secret, String>> {
    let commands = match commands() {
        Ok(commands) => commands,
        Err(reason) => return Ok(Err(reason)),
    };
    let loopback = Loopback::open().await?;
    let (state, verifier) = (random::word()?, random::word()?);
    let issuer =
        metadata.issuer.as_deref().filter(|_| metadata.authorization_response_iss_parameter_supported);
    let redirect = loopback.redirect().to_owned();
    let page = page(server, &redirect, &state, &random::challenge(&verifier))?;
    let Some(mut browser) = open(&commands, &page) else {
        return Ok(Err(format!("none of {} can be started", commands.join(", "))));
    };
    output.note(&format!("sign in at the browser that opens; if none does, open this page:\n{page}"));
    let brought = tokio::select! {
        brought = timeout(PATIENCE, loopback.wait(&state, issuer)) => brought.map_err(|_| nobody_came())??,
        reason = failed(&mut browser) => return Ok(Err(reason)),
    };
    redeem(oauth, brought, &verifier, &redirect).await.map(Ok)
}

async fn redeem(oauth: &OAuth<'_>, brought: Brought, verifier: &str, redirect: &str) -> Result<Secret> {
    let refused = |refused: super::oauth::Refused| Error::SignIn(refused.reason());
    let code = brought.map_err(refused)?;
    oauth.redeem(&code, verifier, redirect).await?.map_err(refused)
}

fn page(server: &Server, redirect: &str, state: &str, challenge: &str) -> Result<Url> {
    let mut url = server.below(&["oauth2", "authorize"])?;
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", redirect),
        ("state", state),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]);
    Ok(url)
}

/// The command lines that may open a page, or why there are none.
fn commands() -> Result<Vec<String>, String> {
    match environment::browsers() {
        Some(browsers) => {
            Ok(browsers.split(':').filter(|one| !one.trim().is_empty()).map(str::to_owned).collect())
        }
        None if environment::has_display() => Ok(OPENERS.map(str::to_owned).to_vec()),
        None => Err("there is no display, and `BROWSER` is not set".to_owned()),
    }
}

/// Starts the first one that can be started. It gets no credential and says nothing here.
fn open(commands: &[String], page: &Url) -> Option<Child> {
    commands.iter().find_map(|command| {
        let words = words(command, page.as_str());
        let (program, arguments) = words.split_first()?;
        let mut command = Command::new(program);
        command.args(arguments).env_remove("JETON_TOKEN");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
    })
}

/// The address stands where `%s` is, else at the end.
fn words(command: &str, page: &str) -> Vec<String> {
    let mut words: Vec<String> = command.split_whitespace().map(|word| word.replace("%s", page)).collect();
    if !command.contains("%s") {
        words.push(page.to_owned());
    }
    words
}

/// Why the browser cannot show the page. One that ends well has handed it to another one.
async fn failed(browser: &mut Child) -> String {
    match browser.wait().await {
        Ok(status) if status.success() => std::future::pending().await,
        Ok(status) => format!("the browser ended with {status}"),
        Err(error) => format!("the browser cannot be waited for: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_goes_where_it_is_asked_for() {
        let page = "https://a.example/?b=c&d=%20";
        assert_eq!(words("firefox", page), ["firefox", page]);
        assert_eq!(words("lynx --show=%s -x", page), ["lynx", &format!("--show={page}"), "-x"]);
    }
}
