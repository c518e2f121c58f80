//! What is done with no right of a caller's: by the system, or by whoever proved something else.

use jeton_token::{PrincipalId, TokenId};

use super::{Action, Permit, Person};

/// Why the system itself does something, or somebody without a credential who has proved something else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reason {
    /// The first start.
    FirstStart,
    /// A start with a key that is new in the pepper file.
    KeyAdded,
    /// A start by somebody who says that the machine's clock is right.
    ClockAccepted,
    /// Somebody gave this user's password.
    PasswordProved(PrincipalId),
    /// A sign-in provider proved that this user is there.
    IdentityProved(PrincipalId),
    /// This person said yes in a session, which must still stand: a command line gets one of its own.
    SaidYes(Person),
    /// The code that a session of this user was made with was shown once more.
    CodeReplayed(PrincipalId),
    /// Somebody presented this token of this owner (RFC 7009: possession suffices).
    Possession(TokenId, PrincipalId),
    /// Somebody proved an identity that stands for this service account, or for a job that acts as it.
    Federated(PrincipalId),
    /// A row was found that is not as it was sealed.
    RowAltered,
    /// Somebody rotated with a secret that a rotation had retired.
    SecretReused,
    /// The end of a token comes near.
    EndNear,
    /// A job that this runner may start needs an account to act as; nobody's name is known when an identity is to start it.
    AccountNeeded(Option<PrincipalId>),
}

/// The only other maker of permits.
pub(crate) fn system(reason: Reason) -> Permit {
    let (actor, credential, action) = match reason {
        Reason::SaidYes(person) => (Some(person.user), Some(person.session), Action::SessionCreate),
        Reason::CodeReplayed(owner) => (Some(owner), None, Action::TokenRevoke),
        Reason::FirstStart => (None, None, Action::Bootstrap),
        Reason::ClockAccepted => (None, None, Action::ClockPutBack),
        Reason::KeyAdded => (None, None, Action::KeyAdd),
        Reason::PasswordProved(user) | Reason::IdentityProved(user) => {
            (Some(user), None, Action::SessionCreate)
        }
        Reason::Possession(token, owner) => (Some(owner), Some(token), Action::TokenRevoke),
        Reason::Federated(account) => (Some(account), None, Action::TokenExchange),
        Reason::RowAltered => (None, None, Action::NoteAltered),
        Reason::SecretReused => (None, None, Action::NoteReuse),
        Reason::EndNear => (None, None, Action::NoteEnd),
        Reason::AccountNeeded(runner) => (runner, None, Action::JobMint),
    };
    let rests_on_credential = matches!(reason, Reason::SaidYes(_));
    Permit {
        actor,
        credential,
        secret: None,
        attempt: None,
        action,
        rests_on_credential,
        epoch: None,
        bases: vec![],
    }
}
