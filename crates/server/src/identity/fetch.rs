//! Asking other issuers: https or this machine, no redirects, no proxy from the environment, one attempt, bounded in
//! time and size. What goes wrong is for the log; nothing of an answer that is not understood leaves this file.

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{ClientBuilder, Response, redirect, retry};
use url::Url;

use super::Unreachable;
use crate::limits::{ISSUER_DOCUMENT_BYTES_MAX, ISSUER_SECONDS_MAX};

/// The HTTP clients for other issuers. Clones share their connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fetcher(Arc<Clients>);

/// Each is made when it is first needed: a server without foreign issuers needs no certificates.
#[derive(Debug, Default)]
struct Clients {
    secure: OnceLock<reqwest::Client>,
    loopback: OnceLock<reqwest::Client>,
}

impl Fetcher {
    /// The bytes behind an address that may be asked.
    pub(crate) async fn get(&self, url: &Url) -> Result<Vec<u8>, Unreachable> {
        let client = self.client(url).map_err(|error| unreachable(url, &innermost(&error)))?;
        let request = client.get(url.clone()).header("accept", "application/json");
        let response = request.send().await.map_err(|error| unreachable(url, &innermost(&error)))?;
        match response.status().as_u16() {
            200 => read(url, response).await,
            status => Err(unreachable(url, &format!("it answers with status {status}"))),
        }
    }

    /// The client for an address: this machine is spoken to without loading certificates.
    pub(crate) fn client(&self, url: &Url) -> reqwest::Result<&reqwest::Client> {
        if url.scheme() == "https" {
            made(&self.0.secure, || builder().https_only(true))
        } else {
            made(&self.0.loopback, || builder().tls_certs_only([]))
        }
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
    Unreachable(format!("`{url}`: {why}"))
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

fn builder() -> ClientBuilder {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(ISSUER_SECONDS_MAX))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .user_agent(concat!("jeton/", env!("CARGO_PKG_VERSION")))
}

/// The cause behind all wrapping.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
