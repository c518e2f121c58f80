//! Taking a caller's credential out of a request: one `Authorization` field, Bearer (RFC 6750) or Basic (RFC 7617).

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use zeroize::Zeroizing;

use super::Doors;
use super::forwarded::{self, is_within};
use super::headers::CredentialEnd;
use super::page::cookie;
use super::problem::Problem;
use crate::authority::{Attempt, Caller};

impl FromRequestParts<Doors> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Problem> {
        let text = presented(&parts.headers)?;
        let client = client(&parts.headers, &parts.extensions, &doors.trusted_proxies);
        let caller = doors.authority.authenticate(&text, client).await?;
        if let Some(end) = parts.extensions.get::<CredentialEnd>() {
            end.say(caller.end());
        }
        Ok(Self { attempt: parts.extensions.get::<Arc<Attempt>>().cloned(), ..caller })
    }
}

/// Where a call came from, if that is known.
pub(crate) struct Client(pub(crate) Option<IpAddr>);

impl FromRequestParts<Doors> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Infallible> {
        Ok(Self(client(&parts.headers, &parts.extensions, &doors.trusted_proxies)))
    }
}

/// Where the call came from: the other end of the connection, or, if that is a trusted proxy, where the proxies say.
/// Whatever an untrusted peer writes about that is ignored. `None` if the proxies do not say.
pub(super) fn client(headers: &HeaderMap, extensions: &Extensions, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = peer(extensions)?;
    if is_within(trusted, peer) { forwarded::client(headers, trusted) } else { Some(peer) }
}

/// The other end of the connection.
pub(super) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical())
}

/// The token text that the request presents.
pub(super) fn presented(headers: &HeaderMap) -> Result<Zeroizing<String>, Problem> {
    let text = credential(headers, &AUTHORIZATION)?;
    // A browser that was made to send our cookie along must not speak as two.
    if cookie::has_session(headers) { Err(Problem::TwoCredentials) } else { Ok(text) }
}

/// The one credential in the fields of this name. The user name beside it in Basic is anything, and ignored.
pub(super) fn credential(headers: &HeaderMap, name: &HeaderName) -> Result<Zeroizing<String>, Problem> {
    let mut fields = headers.get_all(name).iter();
    let (first, second) = (fields.next(), fields.next());
    let field = first.ok_or(Problem::NoCredential)?;
    if second.is_some() {
        return Err(Problem::TwoCredentials);
    }
    let (scheme, rest) =
        field.to_str().ok().and_then(|field| field.split_once(' ')).ok_or(Problem::NoCredential)?;
    if rest.contains([',', ' ']) {
        return Err(Problem::TwoCredentials);
    }
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Ok(Zeroizing::new(rest.to_owned())),
        "basic" => from_basic(rest),
        _ => Err(Problem::NoCredential),
    }
}

fn from_basic(encoded: &str) -> Result<Zeroizing<String>, Problem> {
    let decoded = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| Problem::NoCredential)?);
    let text = std::str::from_utf8(&decoded).map_err(|_| Problem::NoCredential)?;
    let (_, password) = text.split_once(':').ok_or(Problem::NoCredential)?;
    Ok(Zeroizing::new(password.to_owned()))
}
