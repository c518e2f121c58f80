//! Asking other issuers: https or this machine, no private addresses that the operator does not allow, no redirects, no proxy from the environment, one attempt, bounded in
//! time and size. What goes wrong is for the log; nothing of an answer that is not understood leaves this file.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{ClientBuilder, Response};
use url::Url;

use super::Unreachable;
use super::private::{IsPrivate, PrivateOrigins};
use crate::limits::{ISSUER_DOCUMENT_BYTES_MAX, ISSUER_SECONDS_MAX};
use crate::outside::{self, Lookup, Way, innermost};

/// The HTTP clients for other issuers. Clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    clients: Arc<Clients>,
    private: Arc<PrivateOrigins>,
}

/// Each is made when it is first needed: a server without foreign issuers needs no certificates.
#[derive(Debug, Default)]
struct Clients {
    public: OnceLock<reqwest::Client>,
    anywhere: OnceLock<reqwest::Client>,
    loopback: OnceLock<reqwest::Client>,
}

impl Fetcher {
    /// Nobody was asked yet.
    pub(super) fn new(private: PrivateOrigins) -> Self {
        Self { clients: Arc::default(), private: Arc::new(private) }
    }

    /// Whether an address may be asked, as far as its text tells.
    pub(super) fn may_ask(&self, url: &Url) -> Result<(), IsPrivate> {
        self.private.way(url).map(drop)
    }

    /// The bytes behind an address that may be asked.
    pub(crate) async fn get(&self, url: &Url) -> Result<Vec<u8>, Unreachable> {
        let request = self.client(url)?.get(url.clone()).header("accept", "application/json");
        let response = request.send().await.map_err(|error| unreachable(url, &innermost(&error)))?;
        match response.status().as_u16() {
            200 => read(url, response).await,
            status => Err(unreachable(url, &format!("it answers with status {status}"))),
        }
    }

    /// The client for an address, if that may be asked. This machine is spoken to without loading certificates.
    pub(crate) fn client(&self, url: &Url) -> Result<&reqwest::Client, Unreachable> {
        let way = self.private.way(url).map_err(|error| unreachable(url, &error.to_string()))?;
        let kept = match (url.scheme(), way) {
            ("https", Way::Public) => &self.clients.public,
            ("https", Way::Anywhere) => &self.clients.anywhere,
            _ => &self.clients.loopback,
        };
        let client = made(kept, || outside::client(url, way, &Lookup::system(), limit()));
        client.map_err(|error| unreachable(url, &innermost(&error)))
    }
}

/// The body of an answer, within the limit.
pub(crate) async fn read(url: &Url, mut response: Response) -> Result<Vec<u8>, Unreachable> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(url, &innermost(&error)))? {
        body.extend_from_slice(&chunk);
        if body.len() > ISSUER_DOCUMENT_BYTES_MAX {
            return Err(unreachable(url, "its answer is too long"));
        }
    }
    Ok(body)
}

/// An issuer could not be asked at this address.
pub(super) fn unreachable(url: &Url, why: &str) -> Unreachable {
    Unreachable::new(format!("`{url}`: {why}"))
}

fn made(
    kept: &OnceLock<reqwest::Client>,
    builder: impl FnOnce() -> ClientBuilder,
) -> reqwest::Result<&reqwest::Client> {
    if let Some(client) = kept.get() {
        return Ok(client);
    }
    let client = builder().build()?;
    Ok(kept.get_or_init(|| client))
}

fn limit() -> Duration {
    Duration::from_secs(ISSUER_SECONDS_MAX)
}
