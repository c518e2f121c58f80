//! Identity tokens of others: the only room that speaks to other issuers.
//!
//! A workload or a person shows a JWT that somebody else signed. Whether it is what it claims to be is found out
//! here and nowhere else: [`Unverified::parse`] looks at its form, [`Issuers::verify`] at its signature, its times
//! and for whom it was made. What a proven identity may do is a rule of the authority.
//!
//! Two outcomes are never mixed. [`Failure::Refused`] is a verdict: the token is not honoured. When the issuer's keys
//! cannot be had, nothing can be known: [`Failure::Unreachable`], which is 503 at every door.
//!
//! Example: the token's header says `"jku": "https://evil.example/keys"`. Keys come from the issuer that the
//! administrator wrote down, so such a token is refused before anything is asked of anybody.

mod address;
mod base64url;
mod claims;
mod code;
mod discovery;
mod fetch;
mod issuers;
mod jwks;
mod jwt;
mod object;
mod private;
mod remembered;

#[cfg(test)]
mod tests;

pub(crate) use address::{AddressError, Issuer, JwksUrl};
pub(crate) use claims::{Claims, Expected, Use};
pub(crate) use code::{Client, CodeGrant};
pub(crate) use issuers::{Issuers, KeySource};
pub(crate) use jwks::KeySet;
pub(crate) use jwt::Unverified;
pub use private::PrivateOrigin;
pub(crate) use private::PrivateOrigins;
pub(crate) use remembered::Call;

/// Why an identity token proves nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It is not honoured.
    Refused(Refused),
    /// The issuer cannot be asked, so nothing can be known.
    Unreachable(Unreachable),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Unreachable> for Failure {
    fn from(unreachable: Unreachable) -> Self {
        Self::Unreachable(unreachable)
    }
}

/// What is wrong with an identity token. The words name the part, never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the token is too large")]
    TooLarge,
    #[error("the token is not three parts of base64url")]
    Form,
    #[error("the token's header or claims are no JSON object, or name a member twice")]
    Object,
    #[error("the algorithm is none of those that are honoured")]
    Algorithm,
    #[error("the header brings keys, certificates or extensions of its own")]
    Header,
    #[error("the type in the header is another one")]
    Type,
    #[error("the issuer has no such key")]
    UnknownKey,
    #[error("the key is not for this algorithm")]
    WrongKey,
    #[error("the signature does not fit")]
    Signature,
    #[error("the issuer is another one")]
    WrongIssuer,
    #[error("the token is for another audience, or not for this one alone")]
    Audience,
    #[error("the token has no subject")]
    Subject,
    #[error("the nonce is another one")]
    Nonce,
    #[error("the token has no end, or it is no whole number of seconds")]
    NoEnd,
    #[error("the token has expired")]
    Expired,
    #[error("the token lives longer than an identity token should")]
    TooLongLived,
    #[error("the token is not valid yet")]
    TooEarly,
    #[error("a claim has another form than it should")]
    Claim,
    #[error("the code is not taken")]
    Code,
}

impl Refused {
    /// Whether whoever shows the token may know: its form is theirs to see, and what comes after the signature is
    /// told to somebody whom the issuer knows. What lies between would tell strangers whom we trust.
    pub(crate) fn may_be_told(self) -> bool {
        !matches!(self, Self::UnknownKey | Self::WrongKey | Self::Signature | Self::WrongIssuer | Self::Type)
    }
}

/// Why an issuer could not be asked. The text is for the log; callers learn only that nothing can be known, and when to
/// try again.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Unreachable {
    why: String,
    /// In how many seconds it is worth trying again.
    pub(crate) retry_seconds: u64,
    /// Nothing is wrong with the issuer: it must not be asked again so soon.
    pub(crate) is_paced: bool,
}

impl Unreachable {
    /// The issuer does not answer, or not as it should.
    pub(crate) fn new(why: String) -> Self {
        Self { why, retry_seconds: 1, is_paced: false }
    }

    /// The issuer was asked a moment ago, and must not be asked again so soon.
    fn for_now(wait_ms: i64) -> Self {
        let retry_seconds = u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000).max(1);
        Self { why: "the issuer was asked a moment ago".to_owned(), retry_seconds, is_paced: true }
    }
}
