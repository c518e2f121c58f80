//! Grants at the token endpoint that end in a session: a code from the authorization page, or a device code.

use axum::body::Body;
use axum::http::Response;

use super::super::Doors;
use super::super::page::authorize::CLIENT;
use super::token::granted;
use super::{Form, NO_SCOPE};
use crate::authority::GrantError;

/// `grant_type=authorization_code`
pub(super) async fn of_code(doors: &Doors, form: &Form) -> Result<Response<Body>, GrantError> {
    check(form)?;
    let (Some(code), Some(uri), Some(verifier)) =
        (form.get("code"), form.get("redirect_uri"), form.get("code_verifier"))
    else {
        return Err(GrantError::Request("`code`, `redirect_uri` and `code_verifier` go together"));
    };
    let issued = doors.authority.redeem_code(code, uri, verifier).await?;
    Ok(granted(&issued, None))
}

/// `grant_type=urn:ietf:params:oauth:grant-type:device_code`
pub(super) async fn of_device(doors: &Doors, form: &Form) -> Result<Response<Body>, GrantError> {
    check(form)?;
    let code = form.get("device_code");
    let code = code.ok_or(GrantError::Request("the parameter `device_code` is missing"))?;
    let issued = doors.authority.redeem_device(code).await?;
    Ok(granted(&issued, None))
}

fn check(form: &Form) -> Result<(), GrantError> {
    match (form.get("client_id"), form.get("scope")) {
        (Some(CLIENT), None) => Ok(()),
        (Some(CLIENT), Some(_)) => Err(GrantError::Scope(NO_SCOPE.to_owned())),
        _ => Err(GrantError::Client),
    }
}
