//! The table of error codes: stable words for programs, one meaning each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! codes {
    ($($variant:ident = $word:literal, $title:literal;)*) => {
        /// A stable error code. The text in documentation and answers comes from this one table.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the wire.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it means, in one line.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    Malformed = "malformed", "the request could not be read";
    UnsupportedMediaType = "unsupported_media_type", "the body must be JSON and say so in Content-Type";
    BodyTooLarge = "body_too_large", "the body is larger than this call takes";
    HeadTooLarge = "head_too_large", "the address and the header fields are larger than this server reads";
    TooSlow = "too_slow", "the request did not arrive in time";
    InvalidField = "invalid_field", "a field has a value that is not allowed";
    UnknownField = "unknown_field", "a field or query parameter that this call does not have";
    UnknownScope = "unknown_scope", "no API declares a scope that the pattern matches";
    InvalidFilter = "invalid_filter", "the filter cannot be read, or asks for more than this server compares";
    InvalidPath = "invalid_path", "the path of the operation names nothing that can be changed so";
    NoTarget = "no_target", "the operation names nothing to act on";
    ReadOnly = "read_only", "the attribute is the server's, or has to stay";
    NotSupported = "not_supported", "this server does not do that";
    UnknownName = "unknown_name", "a name in the request belongs to nobody";
    LifetimeExceedsPolicy = "lifetime_exceeds_policy", "a policy does not allow so long a life";
    PolicyRefuses = "policy_refuses", "a policy does not take such a token";
    PolicyLoosens = "policy_loosens", "a policy can only tighten what a place around it says";
    RenewalOver = "renewal_over", "a token rotates itself only for so long after a person has looked after it";
    ExpiryExceedsParent = "expiry_exceeds_parent", "a token does not outlive the token that it was made with";
    DepthExceeded = "depth_exceeded", "tokens made by tokens are at most four deep";
    IdempotencyKeyUnsupported = "idempotency_key_unsupported", "the call has no caller to bind an idempotency key to";
    IdempotencyKeyTooShort = "idempotency_key_too_short", "a key for a call that yields a secret has at least 22 characters";
    IdempotencyKeyReused = "idempotency_key_reused", "the idempotency key was used for another call";
    InvalidToken = "invalid_token", "the credential is missing, malformed, unknown or dead";
    RevokedToken = "revoked_token", "the credential was revoked";
    ExpiredToken = "expired_token", "the credential has expired";
    TwoCredentials = "two_credentials", "a request carries one credential";
    NotAdmitted = "not_admitted", "the provider knows who this is, and no rule lets them in here";
    CrossSite = "cross_site", "a form is taken from pages of this server only";
    InvalidPassword = "invalid_password", "user name and password do not fit";
    UserDisabled = "user_disabled", "the user is disabled";
    InsufficientScope = "insufficient_scope", "the credential or its owner lacks a scope";
    ScopeExceedsGrant = "scope_exceeds_grant", "nobody gives more than they hold";
    ForeignScope = "foreign_scope", "an API asks only about its own scopes";
    NotHonouredHere = "not_honoured_here", "this kind of credential may not make this call";
    NoRoute = "no_route", "no route of this API allows that to anybody";
    AmbiguousPath = "ambiguous_path", "the path can be read in two ways, so it is not judged";
    NotFound = "not_found", "there is no such thing, or not for this caller";
    MethodNotAllowed = "method_not_allowed", "this address does not have that method";
    NameTaken = "name_taken", "the name is in use";
    IdentityTaken = "identity_taken", "the account of that issuer belongs to another user";
    NamespaceTaken = "namespace_taken", "the namespace belongs to another API for ever";
    ScopeTombstoned = "scope_tombstoned", "a removed scope does not come back";
    BuiltIn = "built_in", "what Jeton brings along cannot be changed";
    ChangedMeanwhile = "changed_meanwhile", "somebody else changed it at the same moment; try again";
    TokenNotLive = "token_not_live", "a revoked or expired token is not changed any more";
    ApprovalRequired = "approval_required", "somebody has to approve that first";
    IdempotencyInFlight = "idempotency_in_flight", "a call with this idempotency key is being done; try again";
    ReplayGone = "replay_gone", "the secret that the call yielded is not in force any more";
    NotEmpty = "not_empty", "something is still in it";
    InUse = "in_use", "somebody still has it";
    NotBindableThere = "not_bindable_there", "the role cannot be bound at such a place";
    NoLease = "no_lease", "this server cannot let anybody answer from memory; ask each time";
    LimitReached = "limit_reached", "there are as many of these as there can be";
    LastAdministrator = "last_administrator", "somebody must remain who can administer";
    TooManyAttempts = "too_many_attempts", "too many wrong guesses; wait as Retry-After says";
    Busy = "busy", "more is asked at once than this server takes; try again";
    Unavailable = "unavailable", "nothing can be known just now, so nothing is allowed; try again";
    OutcomeUnknown = "outcome_unknown", "nobody knows whether it was done; the same idempotency key finds out";
    Internal = "internal", "a fault of the server; its log says more under the request id";
}

/// A word that is no code, from a newer server perhaps.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no error code known here")]
pub struct UnknownCode(pub String);

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(word: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.word() == word).ok_or_else(|| UnknownCode(word.to_owned()))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
