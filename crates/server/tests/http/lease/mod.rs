//! Verifiers that answer from memory: `jeton-verify` under a lease, against a real server.
//!
//! The promise is one of order, whatever the times: whoever has read that a revocation is done finds no verifier that
//! accepts the token.

mod attacks;
mod broken;
mod races;
mod watch;

use std::time::Duration;

use jeton_verify::{Ask, Client, Decision, Scope, Secret, Unavailable, Url};

use crate::support::{Authority, Pat};

/// A protected API with a client of its own.
struct Verifier {
    client: Client,
    scope: Scope,
}

impl Verifier {
    /// One that reaches the authority at this address and has a lease.
    async fn at(base: &str, api: &str, scope: &str, warm: &Pat) -> Self {
        let builder = Client::builder(Url::parse(base).unwrap(), Secret::new(api)).under_lease();
        let client = builder.timeout(Duration::from_secs(20)).build().unwrap();
        let verifier = Self { client, scope: scope.parse().unwrap() };
        verifier.leased(warm).await;
        verifier
    }

    async fn of(authority: &Authority, api: &str, scope: &str, warm: &Pat) -> Self {
        Self::at(&authority.url(""), api, scope, warm).await
    }

    /// Asks until there is a lease, and once more so that the token is kept.
    async fn leased(&self, warm: &Pat) {
        while !self.client.holds_lease() {
            assert_eq!(self.allows(&warm.secret).await, Ok(true));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(self.allows(&warm.secret).await, Ok(true));
    }

    async fn allows(&self, text: &str) -> Result<bool, Unavailable> {
        let decision = self.client.verify(Ask::about(text).scope(&self.scope)).await?;
        Ok(matches!(decision, Decision::Allowed(_)))
    }
}

/// How many verdicts the server gave to APIs so far.
async fn verdicts(authority: &Authority) -> u64 {
    let text = metrics(authority).await;
    let of_apis = text.lines().filter(|line| line.starts_with(r#"jeton_verdicts_total{asked_by="api""#));
    of_apis.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

async fn metrics(authority: &Authority) -> String {
    reqwest::get(authority.url("/metrics")).await.unwrap().text().await.unwrap()
}
