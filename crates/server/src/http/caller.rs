//! Taking a caller's credential out of a request: one `Authorization` field, Bearer (RFC 6750) or Basic (RFC 7617).

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Doors;
use super::problem::Problem;
use crate::authority::Caller;

impl FromRequestParts<Doors> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Problem> {
        let text = presented(&parts.headers)?;
        Ok(doors.authority.authenticate(&text, peer(&parts.extensions)).await?)
    }
}

/// The address at the other end of the connection.
pub(crate) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical())
}

/// The token text that the request presents. The user name beside it in Basic is anything, and ignored.
fn presented(headers: &HeaderMap) -> Result<Zeroizing<String>, Problem> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (fields.next(), fields.next());
    let field = first.ok_or(Problem::NoCredential)?;
    if second.is_some() || headers.contains_key("cookie") && field.is_empty() {
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
