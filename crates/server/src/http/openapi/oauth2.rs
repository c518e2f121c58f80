//! OAuth 2.0, as its libraries speak it.

use jeton_api::Code::{Busy, NotAdmitted, NotHonouredHere};
use jeton_api::{GrantRefusal, Granted, Introspection};
use utoipa::ToSchema;

use super::operation::{Group, get, post};

/// `/oauth2`, `/.well-known`.
pub(super) fn oauth2() -> Group {
    let operations = vec![
        get("/.well-known/oauth-authorization-server", "Describe the authorization server (RFC 8414)")
            .gives::<Metadata>("Where the endpoints are.")
            .may_be_known(),
        post("/oauth2/introspect", "Introspect a token (RFC 7662)")
            .about("The caller is an API, with its own credential: in `Authorization`, or as `client_secret` in the form.")
            .takes_form::<IntrospectionRequest>()
            .gives::<Introspection>(
                "What is known; for a token that is not honoured `active` and nothing else.",
            )
            .refuses_as_oauth::<GrantRefusal>("The form cannot be read.")
            .denied(&[NotHonouredHere]),
        post("/oauth2/revoke", "Revoke a token (RFC 7009)")
            .about("Possession of the token suffices.")
            .takes_form::<RevocationRequest>()
            .accepts("If it was a token, it is revoked.")
            .refuses_as_oauth::<GrantRefusal>("The form cannot be read."),
        post("/oauth2/device_authorization", "Begin a sign-in without a browser (RFC 8628)")
            .about("A person confirms the code on the page `/device`.")
            .takes_form::<DeviceRequest>()
            .gives::<DeviceAnswer>("The codes, and where to confirm.")
            .refuses_as_oauth::<GrantRefusal>("The form cannot be read, or the client is another one.")
            .limited(&[Busy]),
        post("/oauth2/token", "Exchange a grant for a token")
            .about(
                "An authorization code of the page `/oauth2/authorize` (RFC 6749 with RFC 7636), a device code (RFC \
                 8628), or an identity token of another issuer (RFC 8693): of a workload for a service account or \
                 pipeline that trusts it, or of a person from a sign-in provider.",
            )
            .takes_form::<TokenRequest>()
            .gives::<Granted>("The token.")
            .refuses_as_oauth::<GrantRefusal>("The grant is not honoured, or not yet; `error` says why.")
            .denied(&[NotAdmitted]),
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
    /// Scopes, separated by spaces: unless all of them are effective, the token is not active.
    #[schema(nullable = false)]
    scope: Option<String>,
    /// The API's credential, unless it stands in `Authorization`.
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// The form of a revocation (RFC 7009, section 2.1). Further parameters are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema only")]
struct RevocationRequest {
    /// The token.
    token: String,
}

/// The form that begins a sign-in (RFC 8628, section 3.1).
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema only")]
struct DeviceRequest {
    /// `jeton-cli`, the one client there is.
    client_id: String,
}

/// A sign-in that has begun (RFC 8628, section 3.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema only")]
struct DeviceAnswer {
    /// What the device asks with; it is a secret.
    device_code: String,
    /// What the person types.
    user_code: String,
    /// Where.
    verification_uri: String,
    /// The same with the code.
    verification_uri_complete: String,
    /// In how many seconds the codes end.
    expires_in: i64,
    /// How many seconds to wait between two questions.
    interval: i64,
}

/// The form of a grant. Which fields it has depends on `grant_type`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema only")]
struct TokenRequest {
    /// Which grant: one of those that the metadata lists.
    grant_type: String,
    /// For the first two grants: `jeton-cli`.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// The authorization code.
    #[schema(nullable = false)]
    code: Option<String>,
    /// Where the authorization code was sent.
    #[schema(nullable = false)]
    redirect_uri: Option<String>,
    /// The proof that the code is the client's (RFC 7636).
    #[schema(nullable = false)]
    code_verifier: Option<String>,
    /// The device code.
    #[schema(nullable = false)]
    device_code: Option<String>,
    /// The identity token.
    #[schema(nullable = false)]
    subject_token: Option<String>,
    /// What kind of token that is: a JWT or an ID token.
    #[schema(nullable = false)]
    subject_token_type: Option<String>,
    /// That of an access token.
    #[schema(nullable = false)]
    requested_token_type: Option<String>,
    /// For which service account, when several trust the identity.
    #[schema(nullable = false)]
    service_account: Option<String>,
    /// Of which pipeline a job shall be started, `organization/project/pipeline`, when several trust the identity.
    #[schema(nullable = false)]
    pipeline: Option<String>,
    /// Patterns, separated by spaces; absent: all that there is.
    #[schema(nullable = false)]
    scope: Option<String>,
}

/// Metadata of the authorization server (RFC 8414, section 2). More members may come.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema only")]
struct Metadata {
    /// How the server is reached.
    issuer: String,
    /// Where a browser goes to sign in.
    authorization_endpoint: String,
    /// Whether the answer to it names the issuer (RFC 9207).
    authorization_response_iss_parameter_supported: bool,
    /// Where grants are exchanged for tokens.
    token_endpoint: String,
    /// `none`: each grant carries its own proof.
    token_endpoint_auth_methods_supported: Vec<String>,
    /// Where a sign-in without a browser begins.
    device_authorization_endpoint: String,
    /// The grants that are taken.
    grant_types_supported: Vec<String>,
    /// How the proof of an authorization code is made (RFC 7636).
    code_challenge_methods_supported: Vec<String>,
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
