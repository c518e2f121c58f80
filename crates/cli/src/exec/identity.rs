//! Where a workload's identity token is: in a file that its platform keeps fresh, or with GitHub Actions, which makes
//! one for whoever asks. It is read anew for each exchange.
//!
//! A token is a proof of identity to whom it is made for, and to nobody else. One for another audience is not sent:
//! whoever gets it could be us there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_api::Secret;
use reqwest::redirect::Policy;
use serde::Deserialize;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::access::{Server, Source};
use crate::environment;
use crate::error::{Error, Result};
use crate::escape::safe;

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
            return self.read_file(path).map_err(|why| anyhow!("no identity token: {why}").into());
        }
        let mut passed_over = Vec::new();
        if let (Some(url), Some(token)) = (environment::text(ACTIONS_URL), environment::text(ACTIONS_TOKEN)) {
            match self.ask_actions(&url, &Secret::new(token)).await {
                Ok(token) => return Ok(token),
                Err(why) => passed_over.push(format!("GitHub Actions: {why}")),
            }
        }
        for path in usual_files() {
            match self.read_file(&path) {
                Ok(token) => return Ok(token),
                Err(why) => passed_over.push(why),
            }
        }
        Err(nothing(&passed_over))
    }

    fn read_file(&self, path: &Path) -> Result<Secret, String> {
        let shown = safe(&path.display().to_string()).into_owned();
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|error| format!("`{shown}`: {error}"))?;
        self.for_us(text.trim()).map_err(|why| format!("`{shown}`: {why}"))
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
        self.for_us(answer.value.expose())
    }

    fn for_us(&self, token: &str) -> Result<Secret, String> {
        match audiences(token) {
            None => Err("what is there is no JWT".to_owned()),
            Some(all) if all.contains(&self.audience) => Ok(Secret::new(token)),
            Some(all) => Err(format!(
                "the token is for `{}` and not for `{}`; if that is what the trust says, name it with \
                 `--exchange-audience`",
                safe(&all.join("`, `")),
                safe(&self.audience)
            )),
        }
    }
}

fn usual_files() -> Vec<PathBuf> {
    let named = FILE_VARIABLES.into_iter().filter_map(environment::text).map(PathBuf::from);
    let projected = Path::new(PROJECTED);
    named.chain(projected.exists().then(|| projected.to_owned())).collect()
}

fn nothing(passed_over: &[String]) -> Error {
    let none = "no identity token for this workload was found: name its file with `--identity-token-file`";
    let lines = std::iter::once(none.to_owned()).chain(passed_over.iter().cloned());
    anyhow!(lines.collect::<Vec<_>>().join("\n")).into()
}

/// For whom a JWT says that it is. Whether that is true is for the server to find out.
fn audiences(token: &str) -> Option<Vec<String>> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    match claims.get("aud")? {
        Value::Array(several) => several.iter().map(text).collect(),
        one => text(one).map(|one| vec![one]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    fn identities(audience: &str) -> Identities {
        Identities::new(None, audience.to_owned())
    }

    #[test]
    fn attack_12_a_token_for_somebody_else_is_not_sent() {
        let ours = identities("https://jeton.example");
        for claims in [r#"{"aud":"https://jeton.example"}"#, r#"{"aud":["x","https://jeton.example"]}"#] {
            assert_eq!(ours.for_us(&jwt(claims)).unwrap().expose(), jwt(claims));
        }
        for claims in [
            r#"{"aud":"sts.amazonaws.com"}"#,
            r#"{"aud":"https://jeton.example/"}"#,
            r#"{"aud":[]}"#,
            r#"{"aud":[7]}"#,
            "{}",
            "nonsense",
        ] {
            assert!(ours.for_us(&jwt(claims)).is_err(), "{claims}");
        }
        for text in ["", "jtn_pat_x", "a.b.c", "-----BEGIN CERTIFICATE-----"] {
            assert_eq!(ours.for_us(text).unwrap_err(), "what is there is no JWT", "{text}");
        }
    }

    #[test]
    fn a_refusal_names_the_audiences_and_not_the_token() {
        let token = jwt(r#"{"aud":"api://AzureADTokenExchange"}"#);
        let error = identities("https://jeton.example").for_us(&token).unwrap_err();
        assert!(
            error.contains("`api://AzureADTokenExchange` and not for `https://jeton.example`"),
            "{error}"
        );
        assert!(error.contains("--exchange-audience") && !error.contains(&token), "{error}");
    }

    #[tokio::test]
    async fn actions_are_asked_at_safe_addresses_only() {
        let ours = identities("https://jeton.example");
        for url in
            ["http://actions.example/?x=1", "file:///etc/passwd", "nonsense", "https://u:p@actions.example"]
        {
            let error = ours.ask_actions(url, &Secret::new("x")).await.unwrap_err();
            assert_eq!(error, "its address is none that a token is asked for at", "{url}");
        }
    }
}
