//! What is asked for, again and again: the token of one service account, or of a job of one pipeline, for whatever the
//! workload is at the moment.

use std::time::Duration;

use jeton_api::{Code, Granted, Problem, Secret};
use tokio::time::timeout;

use crate::access::Server;
use crate::error::{Error, Refusal, Result};
use crate::escape::safe;
use crate::http::Http;
use crate::login::oauth::{OAuth, Refused};

const TIME: Duration = Duration::from_secs(10);

/// Asks for tokens and gives them back. Neither needs a credential: each carries its own proof.
pub(super) struct Grants {
    http: Http,
    holder: Option<Holder>,
    scope: Option<String>,
}

/// Whose trusts are asked.
pub(crate) enum Holder {
    Account(String),
    Pipeline(String),
}

impl Holder {
    /// What the form says of it.
    fn field(&self) -> (&'static str, &str) {
        match self {
            Self::Account(name) => ("service_account", name),
            Self::Pipeline(name) => ("pipeline", name),
        }
    }
}

impl Grants {
    pub(super) fn new(server: Server, holder: Option<Holder>, scopes: &[String]) -> Result<Self> {
        let scope = (!scopes.is_empty()).then(|| scopes.join(" "));
        Ok(Self { http: Http::new(server, None)?, holder, scope })
    }

    /// Exchanges an identity token.
    pub(super) async fn exchange(&self, identity: &Secret) -> Result<Granted> {
        let (holder, scope) = (self.holder.as_ref().map(Holder::field), self.scope.as_deref());
        let answer = self.in_time(OAuth(&self.http).exchange(identity, holder, scope)).await?;
        answer.map_err(|refused| self.not_granted(&refused))
    }

    /// Ends a token.
    pub(super) async fn revoke(&self, token: &Secret) -> Result<()> {
        self.in_time(OAuth(&self.http).revoke(token)).await
    }

    /// An identity that is not honoured is like a credential that is not.
    fn not_granted(&self, refused: &Refused) -> Error {
        let list = match &self.holder {
            Some(Holder::Pipeline(name)) => format!("pipeline trust list {}", safe(name)),
            Some(Holder::Account(_)) | None => "service-account trust list NAME".to_owned(),
        };
        let (code, status, next) = match refused.error.as_str() {
            "invalid_grant" => {
                (Code::InvalidToken, 401, Some(format!("whom it trusts is shown by: jeton {list}")))
            }
            _ => (Code::Malformed, 400, None),
        };
        Refusal { problem: Problem::new(code, status, refused.reason()), next }.into()
    }

    async fn in_time<T>(&self, asked: impl Future<Output = Result<T>>) -> Result<T> {
        timeout(TIME, asked).await.unwrap_or_else(|_| {
            let server = self.http.server().shown().to_owned();
            Err(Error::Unreachable { server, reason: "no answer in time".to_owned() })
        })
    }
}
