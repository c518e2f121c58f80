//! Which version of that product's API a client speaks: it stands in the query, or beside `Accept`.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;

/// Major and minor number; 0.0 where nobody says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u16, u16);

impl Version {
    /// The first whose clients know all words that there are for errors of tokens.
    pub(super) const WITH_ALL_ERRORS: Self = Self(7, 2);

    /// The version in a text like `7.1-preview.1`.
    fn read(text: &str) -> Option<Self> {
        let number = text.split('-').next().unwrap_or_default();
        let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

const NAME: &str = "api-version";

impl<S: Send + Sync> FromRequestParts<S> for Version {
    type Rejection = Infallible;

    /// No version is refused: what this wire has is the same in all.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let in_query = pairs.find(|(name, _)| name.eq_ignore_ascii_case(NAME)).map(|(_, value)| value);
        let accept = parts.headers.get(ACCEPT).and_then(|field| field.to_str().ok()).unwrap_or_default();
        let named = |part: &str| part.trim().split_once('=').is_some_and(|(name, _)| name == NAME);
        let in_accept =
            accept.split([';', ',']).find(|part| named(part)).and_then(|part| part.split_once('='));
        let text = in_query.as_deref().or(in_accept.map(|(_, value)| value)).unwrap_or_default();
        Ok(Self::read(text.trim()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn check(uri: &str, accept: &str, expected: Version) {
        let request = Request::builder().uri(uri).header("accept", accept).body(()).unwrap();
        let mut parts = request.into_parts().0;
        let Ok(found) = Version::from_request_parts(&mut parts, &()).await;
        assert_eq!(found, expected, "{uri} {accept}");
    }

    #[tokio::test]
    async fn a_version_stands_in_the_query_or_beside_accept() {
        check("/?api-version=7.2-preview.1", "*/*", Version(7, 2)).await;
        check("/?x=y&api-version=6.0", "application/json;api-version=7.2", Version(6, 0)).await;
        check("/", "application/json;api-version=7.1-preview.1", Version(7, 1)).await;
        check("/", "application/json; api-version=7.2-preview", Version(7, 2)).await;
        check("/?api-version=7", "", Version(7, 0)).await;
        for odd in ["", "x", "7.x", "-7", "7.1.1", "99999.1"] {
            check(&format!("/?api-version={odd}"), "text/html", Version(0, 0)).await;
        }
    }
}
