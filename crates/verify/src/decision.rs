//! The answer.

use jeton_token::Scope;

use crate::caller::Caller;

/// What the authority decided. Both are answers; see [`Unavailable`](crate::Unavailable) for having none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// The call may go on.
    Allowed(Caller),
    /// It may not.
    Denied(Denied),
}

/// A refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Denied {
    /// Why.
    pub reason: Reason,
    /// What the token or its owner lacks, when that is the reason.
    pub missing_scope: Option<Scope>,
}

macro_rules! reasons {
    ($($variant:ident = $word:literal, $meaning:literal;)*) => {
        /// Why a token is not honoured.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = concat!("`", $word, "`: ", $meaning, ".")] $variant,)*
            /// No reason was given: it is no token, nobody's, or not meant for this API.
            Unknown,
            /// A reason that a newer authority gives and this version does not know.
            Other,
        }

        impl Reason {
            /// The reason that a word on the wire names.
            pub(crate) fn from_word(word: &str) -> Self {
                match word { $($word => Self::$variant,)* _ => Self::Other }
            }

            /// The word on the wire; `None` when there was none.
            pub fn word(self) -> Option<&'static str> {
                match self { $(Self::$variant => Some($word),)* Self::Unknown | Self::Other => None }
            }

            /// What it means, in one line.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* _ => "the token is not honoured" }
            }
        }
    };
}

reasons! {
    Altered = "altered", "the token's row was altered outside the authority";
    Revoked = "revoked", "the token was revoked";
    Expired = "expired", "the token has expired";
    Suspended = "suspended", "the token's owner is disabled";
    ParentInactive = "parent_inactive", "a token that it was made with is not honoured any more";
    KindNotHonoured = "kind_not_honoured", "this kind of token is honoured by the authority alone";
    MissingScope = "missing_scope", "the token or its owner lacks the scope";
    NothingEffective = "nothing_effective", "the token gives no right at this API";
    ResourceRequired = "resource_required", "the token is limited to places, and this call names none";
    PlaceNotAllowed = "place_not_allowed", "the token or this API is limited to other places";
    ClientIpRequired = "client_ip_required", "the token is limited to networks, and this API does not say where calls come from";
    NetworkNotAllowed = "network_not_allowed", "the token is limited to networks, and this call comes from another";
    Pending = "pending", "the token waits for an approval";
    PolicyLifetime = "policy_lifetime", "the token's secret is older than a policy allows";
    PolicyNeverExpires = "policy_never_expires", "a policy does not take tokens without an end";
    PolicyCreators = "policy_creators", "a policy does not take tokens of this owner";
    PolicySignIn = "policy_sign_in", "the token's owner has not signed in for longer than a policy allows";
    PolicyUnused = "policy_unused", "nobody has used the token for longer than a policy allows";
    ApprovalRequired = "approval_required", "a policy wants an approval before a token has the scope";
}

impl Reason {
    /// Whether the token is alive and only does not reach this far: HTTP answers 403 then, and 401 otherwise
    /// (RFC 6750, section 3.1).
    pub fn token_is_live(self) -> bool {
        match self {
            Self::MissingScope
            | Self::NothingEffective
            | Self::ResourceRequired
            | Self::PlaceNotAllowed
            | Self::ClientIpRequired
            | Self::NetworkNotAllowed
            | Self::PolicyCreators
            | Self::ApprovalRequired => true,
            Self::Altered
            | Self::Revoked
            | Self::Expired
            | Self::Suspended
            | Self::ParentInactive
            | Self::KindNotHonoured
            | Self::Pending
            | Self::PolicyLifetime
            | Self::PolicyNeverExpires
            | Self::PolicySignIn
            | Self::PolicyUnused
            | Self::Unknown
            | Self::Other => false,
        }
    }
}
