//! Mail: one letter to each owner about the ends that come near.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use jeton_api::Secret;
use jeton_token::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde::Deserialize;
use url::{Host, Url};

use super::courier::NotDelivered;
use super::letter;
use crate::limits::DELIVERY_SECONDS_MAX;
use crate::outside::innermost;
use crate::store::Letter;

/// A mail server that the configuration names, and from whom and, if nobody else is there, to whom it sends.
#[derive(Clone, Debug)]
pub struct MailSink {
    pub(crate) server: String,
    pub(crate) port: u16,
    pub(crate) tls: MailTls,
    pub(crate) login: Option<(String, Arc<Secret>)>,
    pub(crate) from: MailAddress,
    pub(crate) fallback: Option<MailAddress>,
}

/// How the connection to the mail server is kept private.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MailTls {
    /// From the first byte (RFC 8314).
    Implicit,
    /// After STARTTLS; a server without it is told nothing.
    StartTls,
    /// Not at all: on this machine only.
    None,
}

/// A mail address, with or without the name of whoever it is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MailAddress(Mailbox);

/// A text that is no mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mail address looks like `jeton@example.org` or `Jeton <jeton@example.org>`")]
pub(crate) struct MailAddressError;

impl FromStr for MailAddress {
    type Err = MailAddressError;

    fn from_str(text: &str) -> Result<Self, MailAddressError> {
        let mailbox: Mailbox = text.parse().map_err(|_| MailAddressError)?;
        let address: &str = mailbox.email.as_ref();
        let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic());
        if is_plain && !text.chars().any(char::is_control) {
            Ok(Self(mailbox))
        } else {
            Err(MailAddressError)
        }
    }
}

impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress")
    }
}

/// What sends letters.
pub(super) struct Mailer {
    sink: MailSink,
    public_url: Arc<str>,
    /// Made when it is first needed: a server that never writes needs no certificates.
    transport: OnceLock<AsyncSmtpTransport<Tokio1Executor>>,
}

impl Mailer {
    pub(super) fn new(sink: &MailSink, public_url: &Arc<str>) -> Self {
        Self { sink: sink.clone(), public_url: Arc::clone(public_url), transport: OnceLock::new() }
    }

    /// Sends a letter, unless nothing in it holds any more.
    pub(super) async fn send(&self, letter: &Letter, now: Timestamp) -> Result<(), NotDelivered> {
        let Some(text) = letter::text(letter, &self.public_url, now) else {
            return Ok(());
        };
        let known = letter.address.as_deref().and_then(plain_address);
        let to = known.or_else(|| self.sink.fallback.as_ref().map(|to| to.0.clone()));
        let to = to.ok_or(NotDelivered::Nobody)?;
        let message = self.message(letter, to, text, now)?;
        let limit = Duration::from_secs(2 * DELIVERY_SECONDS_MAX);
        let sent = tokio::time::timeout(limit, self.transport()?.send(message)).await;
        let sent = sent.map_err(|_| NotDelivered::Later("the mail server is too slow".to_owned()))?;
        sent.map(drop).map_err(|error| NotDelivered::Later(innermost(&error)))
    }

    /// INVARIANT: nothing that somebody else chose stands in a header but their address, which is one.
    fn message(
        &self,
        letter: &Letter,
        to: Mailbox,
        text: letter::Text,
        now: Timestamp,
    ) -> Result<Message, NotDelivered> {
        const AUTOMATIC: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
        let seconds = u64::try_from(now.0.div_euclid(1000)).unwrap_or(0);
        // The same letter has the same id when it is sent again.
        let id = letter.entries.first().map(|entry| entry.audit_id.as_str()).unwrap_or_default();
        Message::builder()
            .from(self.sink.from.0.clone())
            .to(to)
            .subject(text.subject)
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .message_id(Some(format!("<{id}@{}>", self.sink.from.0.email.domain())))
            .raw_header(HeaderValue::new(AUTOMATIC, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(text.body)
            .map_err(|error| NotDelivered::Later(error.to_string()))
    }

    fn transport(&self) -> Result<&AsyncSmtpTransport<Tokio1Executor>, NotDelivered> {
        if let Some(transport) = self.transport.get() {
            return Ok(transport);
        }
        let transport = self.builder().map_err(|error| NotDelivered::Later(innermost(&error)))?.build();
        Ok(self.transport.get_or_init(|| transport))
    }

    fn builder(&self) -> Result<AsyncSmtpTransportBuilder, lettre::transport::smtp::Error> {
        let MailSink { server, port, tls, login, .. } = &self.sink;
        let parameters = || TlsParameters::new(server.clone());
        let tls = match tls {
            MailTls::Implicit => Tls::Wrapper(parameters()?),
            MailTls::StartTls => Tls::Required(parameters()?),
            MailTls::None => Tls::None,
        };
        // Each step of a letter is bounded by it, and the whole by `send`.
        let limit = Duration::from_secs(DELIVERY_SECONDS_MAX);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server)
            .port(*port)
            .tls(tls)
            .timeout(Some(limit));
        if let Some(Host::Domain(name)) = self.public_url.parse::<Url>().ok().as_ref().and_then(Url::host) {
            builder = builder.hello_name(ClientId::Domain(name.to_owned()));
        }
        if let Some((user, password)) = login {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(builder)
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailer")
    }
}

/// Somebody's address as the store has it: nothing but an address.
fn plain_address(text: &str) -> Option<Mailbox> {
    let address: Address = text.parse().ok()?;
    text.bytes().all(|byte| byte.is_ascii_graphic()).then(|| Mailbox::new(None, address))
}
