//! Identity tokens of somebody else that are already there: of a cloud's command line, or in a file that a platform
//! keeps for its workload.
//!
//! Such a token is a secret, and worth what the audience in it makes of it. A server that may ask for any audience
//! could ask for one that is worth something elsewhere. So a token is fetched only for an audience that names the
//! server itself, or that the user has named; and it is sent only over an encrypted connection, or to this machine.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use jeton_api::Secret;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;
use url::Url;
use zeroize::Zeroizing;

use super::way::Way;
use crate::access::Server;
use crate::escape::safe;
use crate::identity_token;

/// Longer than these programs take when all is well.
const TIME: Duration = Duration::from_mins(1);
const ANSWER_BYTES_MAX: u64 = 256 * 1024;
const AUDIENCE_VARIABLE: &str = "JETON_EXCHANGE_AUDIENCE";

/// Older versions answer a text, newer ones a `SecureString`.
const POWERSHELL: &str = "$ErrorActionPreference = 'Stop'; \
    $token = (Get-AzAccessToken -ResourceUrl $env:JETON_EXCHANGE_AUDIENCE).Token; \
    if ($token -is [securestring]) { $token = [System.Net.NetworkCredential]::new('', $token).Password }; \
    [Console]::Out.Write($token)";

/// Where to look.
pub(super) struct Sources<'s> {
    pub(super) server: &'s Server,
    /// What the server asks for.
    pub(super) asked: Option<&'s str>,
    /// What the user has agreed to.
    pub(super) agreed: Option<&'s str>,
    /// The file of a workload.
    pub(super) file: Option<&'s Path>,
}

impl Sources<'_> {
    /// The token of one source, or why there is none. Texts are safe to print.
    pub(super) async fn token(&self, way: Way) -> Result<Secret, String> {
        if self.server.url.scheme() != "https" && !self.server.is_loopback() {
            return Err("an identity token is sent over https only".to_owned());
        }
        let audience = self.audience()?;
        match way {
            Way::AzureCli => azure_cli(audience).await,
            Way::AzurePowershell => azure_powershell(audience).await,
            _ => identity_token::from_file(
                self.file.ok_or("none is named; see --identity-token-file")?,
                audience,
            ),
        }
    }

    fn audience(&self) -> Result<&str, String> {
        let asked = self.asked.ok_or("the server takes no identity tokens of others")?;
        let is_word = asked.bytes().all(|byte| byte.is_ascii_graphic()) && !asked.starts_with('-');
        if asked.is_empty() || !is_word {
            return Err("the server asks for an audience that is none".to_owned());
        }
        if self.agreed == Some(asked) || names(asked, self.server) {
            return Ok(asked);
        }
        Err(format!(
            "the server asks for a token for `{0}`, which is not its own name; if that is right, add \
             `--exchange-audience {0}`",
            safe(asked)
        ))
    }
}

/// Whether the audience is the server's own address, or its name under `api:`.
fn names(audience: &str, server: &Server) -> bool {
    let Ok(audience) = Url::parse(audience) else { return false };
    let is_host = audience.host_str().is_some() && audience.host_str() == server.url.host_str();
    match audience.scheme() {
        "https" | "http" => is_host && audience.port_or_known_default() == server.url.port_or_known_default(),
        "api" => is_host,
        _ => false,
    }
}

async fn azure_cli(audience: &str) -> Result<Secret, String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "accessToken")]
        access_token: Secret,
    }
    let mut command = Command::new("az");
    command.args(["account", "get-access-token", "--resource", audience, "--output", "json"]);
    let answer = output("az", command).await?;
    let answer: Result<Answer, _> = serde_json::from_slice(&answer);
    answer
        .map(|answer| answer.access_token)
        .map_err(|_| "`az` answered something else than a token".to_owned())
}

async fn azure_powershell(audience: &str) -> Result<Secret, String> {
    let mut command = Command::new("pwsh");
    command.args(["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", POWERSHELL]);
    command.env(AUDIENCE_VARIABLE, audience);
    let answer = output("pwsh", command).await?;
    let text = std::str::from_utf8(&answer).map_err(|_| "`pwsh` answered something else than a token")?;
    Ok(Secret::new(text.trim()))
}

/// What a program prints; otherwise the first line of what it complains about.
async fn output(program: &str, mut command: Command) -> Result<Zeroizing<Vec<u8>>, String> {
    command.env_remove("JETON_TOKEN").kill_on_drop(true);
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("`{program}` is not on PATH"),
        _ => format!("`{program}` cannot be started: {error}"),
    })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let all = async { tokio::join!(read(stdout), read(stderr), child.wait()) };
    let Ok((answer, complaint, status)) = timeout(TIME, all).await else {
        return Err(format!("`{program}` does not answer"));
    };
    if status.is_ok_and(|status| status.success()) {
        return Ok(answer);
    }
    let complaint = String::from_utf8_lossy(&complaint);
    let line = complaint.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed");
    Err(format!("`{program}`: {}", safe(line.trim())))
}

async fn read(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if let Some(pipe) = pipe {
        // What was read until then is judged all the same.
        let _broken = pipe.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Source;

    fn audience<'a>(server: &'a Server, asked: &'a str, agreed: Option<&'a str>) -> Result<&'a str, String> {
        // The borrow of the sources ends here, that of the audience does not.
        let sources = Sources { server, asked: Some(asked), agreed, file: None };
        sources.audience().map(|_| asked)
    }

    #[test]
    fn an_audience_that_names_the_server_is_fetched() {
        let server = Server::parse("https://tokens.example/jeton", Source::Flag).unwrap();
        for asked in [
            "https://tokens.example",
            "https://tokens.example/x",
            "api://tokens.example",
            "api://tokens.example/a",
        ] {
            assert_eq!(audience(&server, asked, None), Ok(asked));
        }
    }

    #[test]
    fn attack_12_an_audience_of_somebody_else_is_not_fetched_unless_the_user_says_so() {
        let server = Server::parse("https://tokens.example", Source::Flag).unwrap();
        for asked in [
            "https://management.azure.com/",
            "https://graph.microsoft.com",
            "api://7f3b2c1d",
            "7f3b2c1d",
            "https://tokens.example.attacker.example",
            "https://tokens.example:8443",
            "https://attacker.example/tokens.example",
        ] {
            let error = audience(&server, asked, Some("https://other.example")).unwrap_err();
            assert!(error.contains(&format!("--exchange-audience {asked}")), "{error}");
            assert_eq!(audience(&server, asked, Some(asked)), Ok(asked));
        }
        for asked in ["", "-h", "a b", "a\nb"] {
            assert!(audience(&server, asked, Some(asked)).is_err(), "{asked:?}");
        }
    }
}
