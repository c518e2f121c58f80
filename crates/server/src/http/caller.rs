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

/// Where the call came from: the other end of the connection, or, if that is a trusted proxy, the rightmost address
/// of `X-Forwarded-For` that is not. Whatever an untrusted peer writes into that field is ignored. `None` if the
/// proxies do not say.
pub(super) fn client(headers: &HeaderMap, extensions: &Extensions, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = peer(extensions)?;
    if is_within(trusted, peer) { forwarded(headers, trusted) } else { Some(peer) }
}

/// The other end of the connection.
pub(super) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical())
}

/// Whether one of the networks has the address.
pub(super) fn is_within(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// Where a proxy that is believed says that the call came from.
pub(super) fn forwarded(headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    for field in headers.get_all("x-forwarded-for").iter().rev() {
        // What a trusted proxy did not write properly tells nothing. To skip it would be to believe what stands to
        // the left of it, which the client may have written itself.
        for hop in field.to_str().ok()?.rsplit(',') {
            let hop = hop.trim().parse::<IpAddr>().ok()?.to_canonical();
            if !is_within(trusted, hop) {
                return Some(hop);
            }
        }
    }
    // Proxies all the way: to name one of them would let a client behind it into the proxy's own network.
    None
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
