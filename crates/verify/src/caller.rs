//! Who calls.

use std::fmt;
use std::sync::Arc;

use jeton_api::Timestamp;
use jeton_token::{PrincipalId, PrincipalKind, Scope, TokenId, TokenKind};

/// The caller of an allowed request, as the authority knows it. The [`Layer`](crate::Layer) puts it into the
/// request's extensions. A clone takes no room of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    /// Whose token it is.
    pub subject: Subject,
    /// The token's public id, for logs and audit.
    pub token_id: TokenId,
    /// `personal`, `service` or `job`: no other kind leaves the authority's own endpoints.
    pub token_kind: TokenKind,
    /// What the owner called the token.
    pub token_name: Arc<str>,
    /// The scopes of this API that are effective at the place that was asked about, implied ones included.
    pub scopes: Arc<[Scope]>,
    /// When that ends, as far as it is known now; `None`: not by itself. It may end sooner: by revocation.
    pub expires_at: Option<Timestamp>,
}

impl Caller {
    /// Whether a scope beyond the one that the route asked for is effective as well.
    pub fn holds(&self, scope: &Scope) -> bool {
        self.scopes.contains(scope)
    }
}

/// A user, a service account or a job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// What it is.
    pub kind: PrincipalKind,
    /// Its id, never reused: key your own records by this.
    pub id: PrincipalId,
    /// Its name, for people. Somebody else may have it later.
    pub name: Arc<str>,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.name)
    }
}
