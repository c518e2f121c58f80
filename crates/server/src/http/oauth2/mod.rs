//! OAuth 2.0 as ordinary libraries speak it. Unknown parameters are ignored here, as those specifications say.

pub(super) mod device;
mod exchange;
pub(super) mod introspect;
pub(super) mod metadata;
pub(super) mod revoke;
mod session_grant;
pub(super) mod token;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use zeroize::Zeroizing;

use super::problem;

/// Every parameter that some endpoint here reads.
const READ: [&str; 18] = [
    "token",
    "resource",
    "client_ip",
    "grant_type",
    "client_id",
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
        let kind = request.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
        if !kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded")) {
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
