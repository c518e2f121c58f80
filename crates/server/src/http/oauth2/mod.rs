//! OAuth 2.0 as ordinary libraries speak it. Unknown parameters are ignored here, as those specifications say.

pub(super) mod asked;
pub(super) mod device;
pub(super) mod error;
mod exchange;
pub(super) mod introspect;
pub(super) mod metadata;
pub(super) mod revoke;
mod session_grant;
pub(super) mod token;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse as _;
use zeroize::Zeroizing;

use super::problem;

/// Every parameter that some endpoint here reads.
const READ: [&str; 19] = [
    "token",
    "resource",
    "client_ip",
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "redirect_uri",
    "code_verifier",
    "device_code",
    "subject_token",
    "subject_token_type",
    "requested_token_type",
    "service_account",
    "pipeline",
    "scope",
    "audience",
    "actor_token",
    "actor_token_type",
];

/// A session can do what its person can. To ignore `scope` would be to give more than was asked for.
const NO_SCOPE: &str = "`scope` is not taken here: a session can do what its person can";
/// The same of `resource`.
const NO_RESOURCE: &str = "`resource` is not taken here: a session can do what its person can";

/// The endpoints. What else is under `/oauth2` is a page.
const ENDPOINTS: [&str; 4] =
    ["/oauth2/introspect", "/oauth2/revoke", "/oauth2/token", "/oauth2/device_authorization"];

/// Whether this is an address of an endpoint.
pub(super) fn is_here(path: &str) -> bool {
    ENDPOINTS.contains(&path)
}

/// The form of a request, each parameter that is read at most once (RFC 6749, section 3.1).
pub(crate) struct Form(Vec<(&'static str, Zeroizing<String>)>);

impl Form {
    /// `None` when a parameter that is read is there twice. Others are not kept: comparing each with all before it
    /// would let one body full of tiny ones cost seconds.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut form = Self(Vec::new());
        for (key, value) in url::form_urlencoded::parse(bytes) {
            let Some(name) = READ.into_iter().find(|name| *name == key) else { continue };
            if form.0.iter().any(|(known, _)| *known == name) {
                return None;
            }
            form.0.push((name, Zeroizing::new(value.into_owned())));
        }
        Some(form)
    }

    /// The parameter of this name, unless it is absent or empty.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Response<Body>;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response<Body>> {
        if !says_form(request.headers()) {
            return Err(problem::oauth_error(
                "invalid_request",
                "the body must be application/x-www-form-urlencoded",
            ));
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes =
            bytes.map_err(|rejection| problem::unread(rejection.into_response().status()).into_response())?;
        Self::parse(&bytes)
            .ok_or_else(|| problem::oauth_error("invalid_request", "a parameter is there twice"))
    }
}

/// Whether the body is said to be a form.
fn says_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
    kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded"))
}
