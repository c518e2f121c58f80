//! Authorization server metadata (RFC 8414).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};

use super::super::Doors;
use super::super::fixed::Fixed;
use super::token::GRANTS;

/// `GET /.well-known/oauth-authorization-server`.
pub(crate) async fn show(State(doors): State<Doors>, asked: HeaderMap) -> Response<Body> {
    let made = || Fixed::json(metadata(&doors).to_string());
    doors.fixed.metadata.get_or_init(made).answer(&asked)
}

fn metadata(doors: &Doors) -> Value {
    let at = |path: &str| format!("{}{path}", doors.public_url);
    // For whom identity tokens are to be made: as a sign-in provider says, else as a trust says by default.
    let asked = doors.sign_in.iter().find_map(|provider| provider.exchange_audience.as_deref());
    // An API sends its credential in `Authorization` or as `client_secret`; nobody authenticates to revoke.
    json!({
        "issuer": *doors.public_url,
        "authorization_endpoint": at("/oauth2/authorize"),
        "authorization_response_iss_parameter_supported": true,
        "token_endpoint": at("/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["none"],
        "device_authorization_endpoint": at("/oauth2/device_authorization"),
        "grant_types_supported": GRANTS,
        "jeton_exchange_audience": asked.unwrap_or(&doors.public_url),
        "code_challenge_methods_supported": ["S256"],
        "introspection_endpoint": at("/oauth2/introspect"),
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "Bearer"],
        "revocation_endpoint": at("/oauth2/revoke"),
        "revocation_endpoint_auth_methods_supported": ["none"],
        "response_types_supported": ["code"],
    })
}
