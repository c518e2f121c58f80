//! The one credential of a request (RFC 6750, section 2.1; RFC 7617).
//!
//! `Bearer TEXT`, or `Basic base64(anything:TEXT)` for clients that know nothing else. Two credentials are refused
//! even if they are alike: what stands behind might look at the other one. One in the query string is refused
//! although it might be good, because it is in logs and histories by now.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::request::Parts;
use http::{HeaderValue, header};
use url::form_urlencoded;
use zeroize::Zeroizing;

/// What was presented. It is not known to be a token yet; it is wiped when dropped.
pub(crate) type Presented = Zeroizing<String>;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CredentialError {
    /// None, or one of a scheme that is not ours.
    Missing,
    /// Not as its scheme writes it.
    Malformed,
    /// More than one.
    Several,
    /// In the query string.
    InQuery,
}

/// The one credential.
pub(crate) fn presented(parts: &Parts) -> Result<Presented, CredentialError> {
    if parts.uri.query().is_some_and(names_a_token) {
        return Err(CredentialError::InQuery);
    }
    let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
    match (headers.next(), headers.next()) {
        (None, _) => Err(CredentialError::Missing),
        (Some(header), None) => read(header),
        (Some(_), Some(_)) => Err(CredentialError::Several),
    }
}

fn names_a_token(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

fn read(header: &HeaderValue) -> Result<Presented, CredentialError> {
    let text = header.to_str().map_err(|_| CredentialError::Malformed)?;
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    let decode = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => bearer,
        "basic" => basic,
        _ => return Err(CredentialError::Missing),
    };
    // Neither scheme has commas, so one joins a second credential.
    if rest.contains(',') { Err(CredentialError::Several) } else { decode(rest.trim_matches(' ')) }
}

fn bearer(token: &str) -> Result<Presented, CredentialError> {
    let is_one = !token.is_empty() && !token.contains([' ', '\t']);
    if is_one { Ok(Zeroizing::new(token.to_owned())) } else { Err(CredentialError::Malformed) }
}

fn basic(encoded: &str) -> Result<Presented, CredentialError> {
    let decoded =
        BASE64_STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| CredentialError::Malformed)?;
    let pair = std::str::from_utf8(&decoded).map_err(|_| CredentialError::Malformed)?;
    let (_, password) = pair.split_once(':').ok_or(CredentialError::Malformed)?;
    Ok(Zeroizing::new(password.to_owned()))
}
