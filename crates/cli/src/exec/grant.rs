//! Token exchange (RFC 8693) and revocation (RFC 7009) at the authority. Neither needs a credential: each carries its
//! own proof.

use std::time::Duration;

use anyhow::anyhow;
use jeton_api::{Code, GrantRefusal, Granted, Problem, Secret};
use tokio::time::timeout;

use crate::access::Server;
use crate::error::{Error, Refusal, Result};
use crate::http::{Http, refusal};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const TIME: Duration = Duration::from_secs(10);

/// What is asked for, again and again.
pub(super) struct Grants {
    http: Http,
    server: Server,
    account: Option<String>,
    scope: String,
}

impl Grants {
    pub(super) fn new(server: Server, account: Option<String>, scopes: &[String]) -> Result<Self> {
        let http = Http::new(server.clone(), None)?;
        Ok(Self { http, server, account, scope: scopes.join(" ") })
    }

    /// Exchanges an identity token.
    pub(super) async fn exchange(&self, identity: &Secret) -> Result<Granted> {
        let mut fields =
            vec![("grant_type", EXCHANGE), ("subject_token", identity.expose()), ("subject_token_type", JWT)];
        fields.extend(self.account.as_deref().map(|account| ("service_account", account)));
        fields.extend(
            Some(self.scope.as_str()).filter(|scope| !scope.is_empty()).map(|scope| ("scope", scope)),
        );
        let (status, body) = self.in_time(self.http.post_form(&["oauth2", "token"], &fields)).await?;
        if status.is_success() {
            let message = "the server's answer makes no sense; is it a Jeton server of this version?";
            return serde_json::from_slice(&body).map_err(|error| anyhow!(error).context(message).into());
        }
        match serde_json::from_slice::<GrantRefusal>(&body) {
            Ok(refused) => Err(not_granted(refused)),
            Err(_) => Err(refusal(status, &body, None)),
        }
    }

    /// Ends a token.
    pub(super) async fn revoke(&self, token: &Secret) -> Result<()> {
        let fields = [("token", token.expose())];
        let (status, body) = self.in_time(self.http.post_form(&["oauth2", "revoke"], &fields)).await?;
        if status.is_success() { Ok(()) } else { Err(refusal(status, &body, None)) }
    }

    async fn in_time<T>(&self, asked: impl Future<Output = Result<T>>) -> Result<T> {
        timeout(TIME, asked).await.unwrap_or_else(|_| {
            let reason = "no answer in time".to_owned();
            Err(Error::Unreachable { server: self.server.shown().to_owned(), reason })
        })
    }
}

/// An identity that is not honoured is like a credential that is not.
fn not_granted(refused: GrantRefusal) -> Error {
    let GrantRefusal { error, error_description } = refused;
    let (status, next) = match error.as_str() {
        "invalid_grant" => {
            (401, Some("whom it trusts is shown by: jeton service-account trust list NAME".to_owned()))
        }
        _ => (400, None),
    };
    let title = if error.is_empty() { Code::Malformed.word().to_owned() } else { error };
    let problem = Problem { title, ..Problem::new(Code::InvalidToken, status, error_description) };
    Refusal { problem, next }.into()
}
