//! OAuth 2.0 as ordinary libraries speak it. Unknown parameters are ignored here, as those specifications say.

pub(super) mod introspect;
pub(super) mod metadata;
pub(super) mod revoke;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use zeroize::Zeroizing;

use super::problem;

/// The form of a request, each parameter at most once (RFC 6749, section 3.1).
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// The parameter of this name, unless it is absent or empty.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
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
        let mut form = Self(Vec::new());
        for (key, value) in url::form_urlencoded::parse(&bytes) {
            if form.0.iter().any(|(known, _)| *known == key) {
                return Err(problem::oauth_error("invalid_request", "a parameter is there twice"));
            }
            form.0.push((key.into_owned(), Zeroizing::new(value.into_owned())));
        }
        Ok(form)
    }
}
