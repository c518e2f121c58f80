//! Taking a caller's credential, and where the call came from, out of a request.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue};
use ipnet::IpNet;
use zeroize::Zeroizing;

use super::Doors;
use super::forwarded::{self, is_within};
use super::headers::CredentialEnd;
use super::problem::Problem;
use crate::authority::{Attempt, Caller};

impl FromRequestParts<Doors> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Problem> {
        honoured(parts, doors, &presented(&parts.headers)?).await
    }
}

/// The caller who presents this text.
pub(super) async fn honoured(parts: &Parts, doors: &Doors, text: &str) -> Result<Caller, Problem> {
    let client = client(&parts.headers, &parts.extensions, &doors.trusted_proxies);
    let caller = doors.authority.authenticate(text, client).await?;
    if let Some(end) = parts.extensions.get::<CredentialEnd>() {
        end.say(caller.end());
    }
    Ok(Caller { attempt: parts.extensions.get::<Arc<Attempt>>().cloned(), ..caller })
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

/// The token text that the request presents. A cookie is for pages only: nothing here looks at one.
pub(super) fn presented(headers: &HeaderMap) -> Result<Zeroizing<String>, Problem> {
    credential(headers, &AUTHORIZATION)
}

/// The one credential in the fields of this name.
pub(super) fn credential(headers: &HeaderMap, name: &HeaderName) -> Result<Zeroizing<String>, Problem> {
    let fields = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    Ok(jeton_token::presented(fields)?)
}
