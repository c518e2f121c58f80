//! Who asks at an endpoint that wants an API's credential, and what.
//!
//! The credential comes in `Authorization`, or as `client_secret` in the form (RFC 6749, section 2.3.1). The name beside
//! it, user name or `client_id`, is ignored. Two ways in one request are refused (RFC 6749, section 2.3).

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::Response;
use axum::http::header::AUTHORIZATION;
use axum::response::IntoResponse as _;

use super::super::Doors;
use super::super::caller;
use super::super::problem::{self, Problem};
use super::{Form, says_form};
use crate::authority::Caller;

/// Who asks, and the form.
pub(crate) struct Asked {
    pub(super) caller: Caller,
    pub(super) form: Form,
}

impl FromRequest<Doors> for Asked {
    type Rejection = Response<Body>;

    async fn from_request(request: Request, doors: &Doors) -> Result<Self, Response<Body>> {
        if request.headers().contains_key(AUTHORIZATION) {
            with_field(request, doors).await
        } else {
            with_form(request, doors).await
        }
    }
}

async fn with_field(request: Request, doors: &Doors) -> Result<Asked, Response<Body>> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, doors).await;
    let caller = caller.map_err(Problem::into_response)?;
    let form = Form::from_request(Request::from_parts(parts, body), doors).await?;
    match form.get("client_secret") {
        None => Ok(Asked { caller, form }),
        Some(_) => Err(problem::oauth_error(
            "invalid_request",
            "the credential is there twice; send `Authorization` or `client_secret`",
        )),
    }
}

async fn with_form(request: Request, doors: &Doors) -> Result<Asked, Response<Body>> {
    if !says_form(request.headers()) {
        return Err(Problem::NoCredential.into_response());
    }
    let (parts, body) = request.into_parts();
    let form = Form::from_request(Request::from_parts(parts.clone(), body), doors).await?;
    let caller = match form.get("client_secret") {
        Some(text) => caller::honoured(&parts, doors, text).await,
        None => Err(Problem::NoCredential),
    };
    Ok(Asked { caller: caller.map_err(Problem::into_response)?, form })
}
