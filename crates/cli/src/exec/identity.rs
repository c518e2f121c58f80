//! Where a workload's identity token is: in a file that its platform keeps fresh, or with GitHub Actions, which makes
//! one for whoever asks. It is read anew for each exchange.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;
use jeton_api::Secret;
use reqwest::redirect::Policy;
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use crate::access::{Server, Source};
use crate::environment;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::identity_token;

/// Where Kubernetes puts it when the pod says so (docs/workloads.md).
const PROJECTED: &str = "/var/run/secrets/tokens/jeton";
const FILE_VARIABLES: [&str; 2] = ["AZURE_FEDERATED_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"];
const ACTIONS_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const ACTIONS_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

const TIME: Duration = Duration::from_secs(10);
const BYTES_MAX: usize = 64 * 1024;

/// The identity tokens of this workload.
pub(super) struct Identities {
    /// A file that somebody named; then no other place is looked at.
    named: Option<PathBuf>,
    audience: String,
}

impl Identities {
    pub(super) fn new(named: Option<PathBuf>, audience: String) -> Self {
        Self { named: named.filter(|path| !path.as_os_str().is_empty()), audience }
    }

    /// The token as it is now.
    pub(super) async fn fetch(&self) -> Result<Secret> {
        if let Some(path) = &self.named {
            return identity_token::from_file(path, &self.audience).map_err(|why| self.nothing(&[why]));
        }
        let mut passed_over = Vec::new();
        if let (Some(url), Some(token)) = (environment::text(ACTIONS_URL), environment::text(ACTIONS_TOKEN)) {
            match self.ask_actions(&url, &Secret::new(token)).await {
                Ok(token) => return Ok(token),
                Err(why) => passed_over.push(format!("GitHub Actions: {why}")),
            }
        }
        for path in usual_files() {
            match identity_token::from_file(&path, &self.audience) {
                Ok(token) => return Ok(token),
                Err(why) => passed_over.push(why),
            }
        }
        Err(self.nothing(&passed_over))
    }

    fn nothing(&self, passed_over: &[String]) -> Error {
        let none = format!("there is no identity token of this workload for `{}`", safe(&self.audience));
        let next =
            "name its file with `--identity-token-file`, or another audience with `--exchange-audience`";
        let why = passed_over.iter().map(String::as_str);
        let lines: Vec<_> = std::iter::once(none.as_str()).chain(why).chain([next]).collect();
        anyhow!(lines.join("\n")).into()
    }

    async fn ask_actions(&self, url: &str, credential: &Secret) -> Result<Secret, String> {
        #[derive(Deserialize)]
        struct Answer {
            value: Secret,
        }
        let unsafe_url = || "its address is none that a token is asked for at".to_owned();
        let server = Server::parse(url.split('?').next().unwrap_or_default(), Source::Environment);
        let is_safe = server.is_ok_and(|server| server.url.scheme() == "https" || server.is_loopback());
        let mut url = Url::parse(url).ok().filter(|_| is_safe).ok_or_else(unsafe_url)?;
        url.query_pairs_mut().append_pair("audience", &self.audience);
        let client = reqwest::Client::builder().timeout(TIME).redirect(Policy::none()).build();
        let client = client.map_err(|error| error.without_url().to_string())?;
        let asked = client.get(url).bearer_auth(credential.expose()).send().await;
        let mut response = asked.map_err(|error| error.without_url().to_string())?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("it answers {}", response.status()));
        }
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
            body.extend_from_slice(&chunk);
            if body.len() > BYTES_MAX {
                return Err("its answer is too long".to_owned());
            }
        }
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|_| "its answer holds no token".to_owned())?;
        identity_token::made_for(answer.value.expose(), &self.audience)
            .map_err(|why| format!("its token {why}"))
    }
}

fn usual_files() -> Vec<PathBuf> {
    let named = FILE_VARIABLES.into_iter().filter_map(environment::text).map(PathBuf::from);
    let projected = Path::new(PROJECTED);
    named.chain(projected.exists().then(|| projected.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn actions_are_asked_at_safe_addresses_only() {
        let ours = Identities::new(None, "https://jeton.example".to_owned());
        for url in
            ["http://actions.example/?x=1", "file:///etc/passwd", "nonsense", "https://u:p@actions.example"]
        {
            let error = ours.ask_actions(url, &Secret::new("x")).await.unwrap_err();
            assert_eq!(error, "its address is none that a token is asked for at", "{url}");
        }
    }
}
