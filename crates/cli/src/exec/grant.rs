//! What is asked for, again and again: the token of one service account for whatever the workload is at the moment.

use std::time::Duration;

use jeton_api::{Code, Granted, Problem, Secret};
use tokio::time::timeout;

use crate::access::Server;
use crate::error::{Error, Refusal, Result};
use crate::http::Http;
use crate::login::oauth::{OAuth, Refused};

const TIME: Duration = Duration::from_secs(10);

/// Asks for tokens and gives them back. Neither needs a credential: each carries its own proof.
pub(super) struct Grants {
    http: Http,
    account: Option<String>,
    scope: Option<String>,
}

impl Grants {
    pub(super) fn new(server: Server, account: Option<String>, scopes: &[String]) -> Result<Self> {
        let scope = (!scopes.is_empty()).then(|| scopes.join(" "));
        Ok(Self { http: Http::new(server, None)?, account, scope })
    }

    /// Exchanges an identity token.
    pub(super) async fn exchange(&self, identity: &Secret) -> Result<Granted> {
        let (account, scope) = (self.account.as_deref(), self.scope.as_deref());
        let answer = self.in_time(OAuth(&self.http).exchange(identity, account, scope)).await?;
        answer.map_err(|refused| not_granted(&refused))
    }

    /// Ends a token.
    pub(super) async fn revoke(&self, token: &Secret) -> Result<()> {
        self.in_time(OAuth(&self.http).revoke(token)).await
    }

    async fn in_time<T>(&self, asked: impl Future<Output = Result<T>>) -> Result<T> {
        timeout(TIME, asked).await.unwrap_or_else(|_| {
            let server = self.http.server().shown().to_owned();
            Err(Error::Unreachable { server, reason: "no answer in time".to_owned() })
        })
    }
}

/// An identity that is not honoured is like a credential that is not.
fn not_granted(refused: &Refused) -> Error {
    let (code, status, next) = match refused.error.as_str() {
        "invalid_grant" => {
            let next = "whom it trusts is shown by: jeton service-account trust list NAME";
            (Code::InvalidToken, 401, Some(next.to_owned()))
        }
        _ => (Code::Malformed, 400, None),
    };
    Refusal { problem: Problem::new(code, status, refused.reason()), next }.into()
}
