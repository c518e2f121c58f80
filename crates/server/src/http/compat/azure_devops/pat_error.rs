//! What goes wrong with tokens in the words of this wire. It says most of it in an answer that is no error.

use jeton_api::Code;

use super::version::Version;
use crate::authority::{Denial, Error};

/// A word of that product's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    DisplayNameRequired,
    InvalidDisplayName,
    InvalidValidTo,
    InvalidScope,
    InvalidToken,
    InvalidAuthorizationId,
    AuthorizationNotFound,
    AccessDenied,
    FailedToUpdateAccessToken,
    FullScopePatPolicyViolation,
    PatLifespanPolicyViolation,
    DisablePatCreationPolicyViolation,
    GlobalPatCreationBlocked,
    ExpiredPatCannotBeExtended,
}

impl Word {
    /// The word for a client of this version. Clients of older ones fail on words that they do not know.
    pub(super) fn text(self, version: Version) -> &'static str {
        let is_new = matches!(
            self,
            Self::DisablePatCreationPolicyViolation
                | Self::GlobalPatCreationBlocked
                | Self::ExpiredPatCannotBeExtended
        );
        let word = if is_new && version < Version::WITH_ALL_ERRORS { Self::AccessDenied } else { self };
        match word {
            Self::DisplayNameRequired => "displayNameRequired",
            Self::InvalidDisplayName => "invalidDisplayName",
            Self::InvalidValidTo => "invalidValidTo",
            Self::InvalidScope => "invalidScope",
            Self::InvalidToken => "invalidToken",
            Self::InvalidAuthorizationId => "invalidAuthorizationId",
            Self::AuthorizationNotFound => "authorizationNotFound",
            Self::AccessDenied => "accessDenied",
            Self::FailedToUpdateAccessToken => "failedToUpdateAccessToken",
            Self::FullScopePatPolicyViolation => "fullScopePatPolicyViolation",
            Self::PatLifespanPolicyViolation => "patLifespanPolicyViolation",
            Self::DisablePatCreationPolicyViolation => "disablePatCreationPolicyViolation",
            Self::GlobalPatCreationBlocked => "globalPATCreationBlocked",
            Self::ExpiredPatCannotBeExtended => "expiredPatCannotBeExtended",
        }
    }
}

/// Why something was not done with a token.
#[derive(Debug)]
pub(super) enum NotDone {
    /// Said in the answer.
    Said(Word, String),
    /// An error like anywhere else: about the credential of the call, its scope, or the server.
    Failed(Error),
}

impl NotDone {
    pub(super) fn said(word: Word, why: &str) -> Self {
        Self::Said(word, why.to_owned())
    }
}

impl From<Error> for NotDone {
    fn from(error: Error) -> Self {
        let said = match &error {
            Error::Invalid(faults) => {
                faults.first().map(|fault| (of_field(&fault.pointer, fault.code), &fault.detail))
            }
            Error::Denied(Denial { code: Code::PolicyRefuses, detail, .. }) => {
                Some((Word::DisablePatCreationPolicyViolation, detail))
            }
            Error::Denied(Denial { code: Code::ScopeExceedsGrant, detail, .. }) => {
                Some((Word::AccessDenied, detail))
            }
            Error::Conflict(Code::TokenNotLive, detail) => Some((Word::InvalidToken, detail)),
            Error::Conflict(Code::ApprovalRequired, detail) => {
                Some((Word::FailedToUpdateAccessToken, detail))
            }
            _ => None,
        };
        match said {
            Some((word, detail)) => Self::Said(word, detail.clone()),
            None => Self::Failed(error),
        }
    }
}

fn of_field(pointer: &str, code: Code) -> Word {
    match (pointer.split('/').nth(1).unwrap_or_default(), code) {
        ("scopes", Code::PolicyRefuses) => Word::FullScopePatPolicyViolation,
        ("scopes", _) => Word::InvalidScope,
        (_, Code::LifetimeExceedsPolicy) => Word::PatLifespanPolicyViolation,
        ("expires_at", _) => Word::InvalidValidTo,
        ("description", _) => Word::InvalidDisplayName,
        _ => Word::AccessDenied,
    }
}
