//! The one credential of a request. The server reads it by the same rules (`jeton_token::presented`).
//!
//! One in the query string is refused although it might be good, because it is in logs and histories by now.

use http::request::Parts;
use http::{HeaderValue, header};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::problem::Refusal;

/// The one credential. It is not known to be a token yet; it is wiped when dropped.
pub(crate) fn presented(parts: &Parts) -> Result<Zeroizing<String>, Refusal> {
    if parts.uri.query().is_some_and(names_a_token) {
        return Err(Refusal::TokenInQuery);
    }
    let fields = parts.headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    Ok(jeton_token::presented(fields)?)
}

fn names_a_token(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}
