//! `[[webhooks]]` and `[mail]`: who is told what happens. There is no other place to say so.

use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use jeton_api::Secret;
use serde::Deserialize;
use toml::Spanned;

use super::secret_file;
use super::sign_in::{Wrong, checked, is_name};
use crate::limits::WEBHOOKS_MAX;
use crate::notices::{
    EventFilter, MAIL, MailAddress, MailSink, MailTls, SigningKey, WebhookAddress, WebhookSink,
};
use crate::outside::Way;

/// A webhook as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookEntry {
    name: Spanned<String>,
    url: Spanned<String>,
    secret_file: Spanned<PathBuf>,
    events: Spanned<Vec<String>>,
    #[serde(default)]
    allow_private: bool,
}

/// The mail server as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailEntry {
    server: Spanned<String>,
    port: Option<u16>,
    tls: Spanned<MailTls>,
    user: Option<Spanned<String>>,
    password_file: Option<Spanned<PathBuf>>,
    from: Spanned<String>,
    fallback: Option<Spanned<String>>,
}

/// The webhooks, each with a name of its own: what waits to be delivered is known by it.
pub(super) fn webhooks(entries: Vec<WebhookEntry>) -> Result<Vec<WebhookSink>, Wrong> {
    let mut webhooks: Vec<WebhookSink> = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = entry.name.span();
        let webhook = webhook(&entry)?;
        if webhook.name == MAIL || webhooks.iter().any(|other| other.name == webhook.name) {
            return Err((name, format!("the name `{}` is taken; choose another one", webhook.name)));
        }
        if webhooks.len() == WEBHOOKS_MAX {
            return Err((name, format!("there are {WEBHOOKS_MAX} webhooks at most")));
        }
        webhooks.push(webhook);
    }
    Ok(webhooks)
}

fn webhook(entry: &WebhookEntry) -> Result<WebhookSink, Wrong> {
    let name = checked(&entry.name, is_name, "a name has 1 to 32 characters from a-z, 0-9 and `-`")?;
    let way = if entry.allow_private { Way::Anywhere } else { Way::Public };
    let address = WebhookAddress::parse(entry.url.get_ref(), way);
    let address = address.map_err(|error| (entry.url.span(), error.to_string()))?;
    let key = secret_file::read(&entry.secret_file)?;
    let file = entry.secret_file.get_ref().display();
    let key =
        SigningKey::parse(&key).map_err(|error| (entry.secret_file.span(), format!("`{file}`: {error}")))?;
    if entry.events.get_ref().is_empty() {
        return Err((entry.events.span(), "name the events, or `*` for all".to_owned()));
    }
    let events = EventFilter::parse(entry.events.get_ref().iter().map(String::as_str));
    let events = events.map_err(|error| (entry.events.span(), error.to_string()))?;
    Ok(WebhookSink { name, address, key, events })
}

/// The mail server, if there is one.
pub(super) fn mail(entry: Option<Spanned<MailEntry>>) -> Result<Option<MailSink>, Wrong> {
    let Some(entry) = entry else { return Ok(None) };
    let span = entry.span();
    let entry = entry.into_inner();
    let server =
        checked(&entry.server, is_host, "a mail server is a name or an address, such as `mail.example.org`")?;
    let login = login(&entry, span)?;
    let (tls, port) = tls(&entry, &server, login.is_some())?;
    let from = address(&entry.from)?;
    let fallback = entry.fallback.as_ref().map(address).transpose()?;
    Ok(Some(MailSink { server, port: entry.port.unwrap_or(port), tls, login, from, fallback }))
}

/// How the connection is kept private, and the usual port for that.
fn tls(entry: &MailEntry, server: &str, has_login: bool) -> Result<(MailTls, u16), Wrong> {
    let is_here =
        server == "localhost" || server.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match entry.tls.get_ref() {
        MailTls::Implicit => Ok((MailTls::Implicit, 465)),
        MailTls::StartTls => Ok((MailTls::StartTls, 587)),
        MailTls::None if is_here && !has_login => Ok((MailTls::None, 25)),
        MailTls::None => Err((
            entry.tls.span(),
            "without TLS only a mail server on this machine is spoken to, and no password is sent; say `implicit` or `starttls`"
                .to_owned(),
        )),
    }
}

fn login(entry: &MailEntry, span: Range<usize>) -> Result<Option<(String, Arc<Secret>)>, Wrong> {
    match (&entry.user, &entry.password_file) {
        (None, None) => Ok(None),
        (Some(user), Some(file)) => {
            let password = secret_file::read(file)?;
            Ok(Some((user.get_ref().clone(), Arc::new(Secret::new(password.as_str())))))
        }
        _ => Err((span, "`user` and `password_file` go together".to_owned())),
    }
}

fn address(text: &Spanned<String>) -> Result<MailAddress, Wrong> {
    text.get_ref().parse().map_err(|error: crate::notices::MailAddressError| (text.span(), error.to_string()))
}

fn is_host(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    (1..=253).contains(&text.len()) && text.bytes().all(is_part)
}
