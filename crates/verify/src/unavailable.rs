//! Having no answer.

use std::time::Duration;

use jeton_token::Scope;

/// Why nothing is known about a token. It is never a verdict: deny, and say that it is not the token's fault (503).
///
/// The texts are for the operator of the API; clients are told only that nothing is known.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// No connection, or it broke. The text is the innermost cause.
    #[error("the authority cannot be reached ({0}); check its address, and whether it runs")]
    Unreachable(String),
    /// No whole answer in time.
    #[error("the authority did not answer within {} ms; check its load, or give it more time", .0.as_millis())]
    TimedOut(Duration),
    /// The API's own credential is dead, wrong or may not ask. The number is the HTTP status.
    #[error(
        "the authority refused this API's own credential (status {0}); \
         make a new one with `jeton api credential NAME` and restart with it"
    )]
    CredentialRefused(u16),
    /// The API asked about another API's scope.
    #[error("`{0}` is a scope of another API; correct the route table, or use the credential of that API")]
    ForeignScope(Scope),
    /// The authority cannot answer now. The number is the HTTP status.
    #[error("the authority cannot answer now (status {0}); its log says why")]
    Failing(u16),
    /// An answer that does not belong to this call. The number is the HTTP status.
    #[error(
        "the address does not behave like a Jeton authority (status {0}); check it, and the versions of both"
    )]
    Unexpected(u16),
    /// An answer that cannot be understood; the text says what is wrong with it.
    #[error("the authority's answer is refused: {0}; check its address, and the versions of both")]
    Malformed(&'static str),
}
