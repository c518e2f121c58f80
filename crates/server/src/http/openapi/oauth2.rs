//! OAuth 2.0, as its libraries speak it.

use jeton_api::Code::NotHonouredHere;
use jeton_api::Introspection;
use utoipa::ToSchema;

use super::operation::{Group, get, post};

/// `/oauth2`, `/.well-known`.
pub(super) fn oauth2() -> Group {
    let operations = vec![
        get("/.well-known/oauth-authorization-server", "Describe the authorization server (RFC 8414)")
            .gives::<Metadata>("Where the endpoints are."),
        post("/oauth2/introspect", "Introspect a token (RFC 7662)")
            .about("The caller is an API, with its own credential.")
            .takes_form::<IntrospectionRequest>()
            .gives::<Introspection>(
                "What is known; for a token that is not honoured `active` and nothing else.",
            )
            .refuses_as_oauth::<OAuthError>("The form cannot be read.")
            .denied(&[NotHonouredHere]),
        post("/oauth2/revoke", "Revoke a token (RFC 7009)")
            .about("Possession of the token suffices.")
            .takes_form::<RevocationRequest>()
            .accepts("If it was a token, it is revoked.")
            .refuses_as_oauth::<OAuthError>("The form cannot be read."),
    ];
    Group { name: "OAuth 2.0", about: "For ordinary OAuth libraries.", operations }
}

/// The form of an introspection (RFC 7662, section 2.1). Further parameters are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema only")]
struct IntrospectionRequest {
    /// The token that a client presented.
    token: String,
    /// The place that the call acts on, `organization/project`; absent: everywhere that the API serves.
    #[schema(nullable = false)]
    resource: Option<String>,
    /// The client's address.
    #[schema(nullable = false)]
    client_ip: Option<String>,
}

/// The form of a revocation (RFC 7009, section 2.1). Further parameters are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema only")]
struct RevocationRequest {
    /// The token.
    token: String,
}

/// An error as OAuth has it (RFC 6749, section 5.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema only")]
struct OAuthError {
    /// A word of OAuth's.
    error: String,
    /// What is wrong, for people.
    error_description: String,
}

/// Metadata of the authorization server (RFC 8414, section 2). More members may come.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema only")]
struct Metadata {
    /// How the server is reached.
    issuer: String,
    /// Where tokens are introspected.
    introspection_endpoint: String,
    /// How an API shows its credential there.
    introspection_endpoint_auth_methods_supported: Vec<String>,
    /// Where tokens are revoked.
    revocation_endpoint: String,
    /// `none`: possession suffices.
    revocation_endpoint_auth_methods_supported: Vec<String>,
    /// Which kinds of answers the authorization endpoint gives.
    response_types_supported: Vec<String>,
}
