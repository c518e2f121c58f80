//! Webhooks: calls that are signed as Standard Webhooks has it (specification 1.0, symmetric signatures).

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jeton_token::Timestamp;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::courier::NotDelivered;
use super::event::EventFilter;
use crate::limits::{DELIVERY_SECONDS_MAX, WEBHOOK_KEY_BYTES_MAX, WEBHOOK_KEY_BYTES_MIN};
use crate::outside::{self, Lookup, Way, innermost, is_public_host, is_this_machine};

/// A webhook that the configuration names.
#[derive(Clone, Debug)]
pub struct WebhookSink {
    pub(crate) name: String,
    pub(crate) address: WebhookAddress,
    pub(crate) key: SigningKey,
    pub(crate) events: EventFilter,
}

/// Where a webhook is, and how it may be called. The address may hold a secret of the receiver's, so it is not printed.
#[derive(Clone)]
pub(crate) struct WebhookAddress {
    url: Url,
    way: Way,
}

/// Why a text is no such address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebhookAddressError {
    #[error("an address looks like `https://hooks.example.org/jeton`, without user or fragment")]
    Form,
    #[error("plain http is for this machine only; use https")]
    PlainHttp,
    #[error(
        "this address is on this machine or in a private network; if that is meant, say `allow_private = true`"
    )]
    Private,
    #[error("write the address of this host as `{0}`")]
    Odd(String),
}

/// The key that a webhook's calls are signed with. It is never printed, and wiped when dropped.
#[derive(Clone)]
pub(crate) struct SigningKey(Arc<Zeroizing<Vec<u8>>>);

/// A text that is no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is `whsec_` and 24 to 64 bytes in base64: `echo whsec_$(openssl rand -base64 32)` makes one")]
pub(crate) struct SigningKeyError;

impl WebhookAddress {
    /// The address that a text is; `Way::Public` wants it to be one that anybody can reach.
    pub(crate) fn parse(text: &str, way: Way) -> Result<Self, WebhookAddressError> {
        let url: Url = text.parse().map_err(|_| WebhookAddressError::Form)?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        let host = url.host().filter(|_| !has_user && url.fragment().is_none());
        let host = host.ok_or(WebhookAddressError::Form)?;
        // Some ways to write an address hide what it is.
        if let Host::Ipv4(address) = host
            && written_host(text) != Some(&address.to_string())
        {
            return Err(WebhookAddressError::Odd(address.to_string()));
        }
        match (url.scheme(), way) {
            ("http" | "https", Way::Public) if !is_public_host(&host) => Err(WebhookAddressError::Private),
            ("https", _) => Ok(Self { url, way }),
            ("http", Way::Anywhere) if is_this_machine(&host) => Ok(Self { url, way }),
            ("http", _) => Err(WebhookAddressError::PlainHttp),
            _ => Err(WebhookAddressError::Form),
        }
    }
}

/// The host as it is written in an address without user.
fn written_host(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    rest.split(['/', '?', '#', ':']).next()
}

impl fmt::Debug for WebhookAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookAddress")
    }
}

impl SigningKey {
    /// The key that a text is.
    pub(crate) fn parse(text: &str) -> Result<Self, SigningKeyError> {
        let key = text.strip_prefix("whsec_").and_then(|digits| STANDARD.decode(digits).ok());
        let key = Zeroizing::new(key.ok_or(SigningKeyError)?);
        if (WEBHOOK_KEY_BYTES_MIN..=WEBHOOK_KEY_BYTES_MAX).contains(&key.len()) {
            Ok(Self(Arc::new(key)))
        } else {
            Err(SigningKeyError)
        }
    }

    /// The value of `webhook-signature`: over id, seconds since the Unix epoch and body.
    pub(super) fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// What calls one webhook.
#[derive(Debug)]
pub(super) struct Caller {
    sink: WebhookSink,
    lookup: Lookup,
    /// Made when it is first needed. It keeps connections.
    client: OnceLock<reqwest::Client>,
}

impl Caller {
    pub(super) fn new(sink: WebhookSink, lookup: Lookup) -> Self {
        Self { sink, lookup, client: OnceLock::new() }
    }

    pub(super) fn name(&self) -> &str {
        &self.sink.name
    }

    /// Tells one event. Only an answer 2xx says that it arrived.
    pub(super) async fn tell(&self, id: &str, at: Timestamp, body: Vec<u8>) -> Result<(), NotDelivered> {
        let seconds = at.0.div_euclid(1000);
        let request = self.client()?.post(self.sink.address.url.clone());
        let request = request
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", self.sink.key.sign(id, seconds, &body))
            .body(body);
        // What it says beside the status is nobody's business.
        let sent = request.send().await.map_err(|error| NotDelivered::Later(cause(error)))?;
        match sent.status().as_u16() {
            200..=299 => Ok(()),
            410 => Err(NotDelivered::Never("it answers 410: it does not want this any more".to_owned())),
            status => Err(NotDelivered::Later(format!("it answers with status {status}"))),
        }
    }

    fn client(&self) -> Result<&reqwest::Client, NotDelivered> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let WebhookAddress { url, way } = &self.sink.address;
        let limit = Duration::from_secs(DELIVERY_SECONDS_MAX);
        let client = outside::client(url, *way, &self.lookup, limit).build();
        let client = client.map_err(|error| NotDelivered::Later(cause(error)))?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// What went wrong, without the address.
fn cause(error: reqwest::Error) -> String {
    innermost(&error.without_url())
}
