//! Who may do what: callers, actions and permits.
//!
//! A [`Permit`] proves that a caller may do an action. It can be made here only, it is the one key to a store write,
//! and it becomes the audit row. So there is no way to change anything that was not allowed, and none that is not
//! written down.
//!
//! What belongs to somebody else and may not be seen is answered like what does not exist.

use jeton_api::Code;
use jeton_token::{Catalogue, Facts, Place, PrincipalId, Rights, Scope, TokenId, TokenKind, effective_at};

use super::{Denial, Error};
use crate::store::Chain;

/// What can be done. Each has a word for the audit and the route table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    TokenCreate,
    TokenRead,
    TokenUpdate,
    TokenRotate,
    TokenRevoke,
    SessionCreate,
    UserRead,
    UserWrite,
    PasswordChange,
    ApiWrite,
    ApiCredential,
    Bootstrap,
    KeyAdd,
    NoteAltered,
    TrustRead,
    TrustWrite,
    TokenExchange,
}

impl Action {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::TokenCreate => "token.create",
            Self::TokenRead => "token.read",
            Self::TokenUpdate => "token.update",
            Self::TokenRotate => "token.rotate",
            Self::TokenRevoke => "token.revoke",
            Self::SessionCreate => "session.create",
            Self::UserRead => "user.read",
            Self::UserWrite => "user.write",
            Self::PasswordChange => "user.password",
            Self::ApiWrite => "api.write",
            Self::ApiCredential => "api.credential",
            Self::Bootstrap => "server.bootstrap",
            Self::KeyAdd => "key.add",
            Self::NoteAltered => "token.altered",
            Self::TrustRead => "trust.read",
            Self::TrustWrite => "trust.write",
            Self::TokenExchange => "token.exchange",
        }
    }

    /// The scope for doing it to what is one's own.
    fn own_scope(self) -> Option<&'static str> {
        match self {
            Self::TokenCreate => Some("Jeton.Token.Create"),
            Self::TokenRead => Some("Jeton.Token.Read"),
            Self::TokenUpdate => Some("Jeton.Token.Update"),
            Self::TokenRotate => Some("Jeton.Token.Rotate"),
            Self::TokenRevoke => Some("Jeton.Token.Revoke"),
            _ => None,
        }
    }

    /// The scope for doing it to anybody's. Actions without one are never done with a caller's right alone.
    fn admin_scope(self) -> Option<&'static str> {
        match self {
            Self::TokenCreate
            | Self::TokenRead
            | Self::TokenUpdate
            | Self::TokenRotate
            | Self::TokenRevoke => Some("Jeton.Admin.Token"),
            Self::UserRead | Self::UserWrite => Some("Jeton.Admin.User"),
            Self::ApiWrite | Self::ApiCredential => Some("Jeton.Admin.Api"),
            Self::TrustRead | Self::TrustWrite => Some("Jeton.Admin.ServiceAccount"),
            Self::SessionCreate
            | Self::PasswordChange
            | Self::Bootstrap
            | Self::KeyAdd
            | Self::NoteAltered
            | Self::TokenExchange => None,
        }
    }
}

/// Somebody whose credential was honoured.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) chain: Chain,
    pub(crate) facts: Facts,
}

impl Caller {
    pub(crate) fn principal(&self) -> PrincipalId {
        self.chain.token.owner
    }

    /// The owner's name.
    pub(crate) fn name(&self) -> &str {
        &self.chain.token.owner_name
    }

    pub(crate) fn token(&self) -> TokenId {
        self.chain.token.id
    }

    pub(crate) fn kind(&self) -> TokenKind {
        self.chain.token.kind
    }

    /// Whether this is a person who signed in, and not a token.
    pub(crate) fn is_session(&self) -> bool {
        self.kind() == TokenKind::Session
    }

    pub(crate) fn effective_at(&self, place: Place, catalogues: &[&Catalogue]) -> Rights {
        effective_at(&self.facts, place, catalogues)
    }

    fn holds(&self, scope: &str, place: Place) -> bool {
        let scope = scope.parse::<Scope>();
        scope.is_ok_and(|scope| self.effective_at(place, &[]).covers(&scope))
    }
}

/// Proof that somebody may do something.
#[derive(Debug)]
pub(crate) struct Permit {
    actor: Option<PrincipalId>,
    credential: Option<TokenId>,
    action: Action,
    /// Whether the credential must still stand when the permit is used.
    rests_on_credential: bool,
}

impl Permit {
    pub(crate) fn rests_on_credential(&self) -> bool {
        self.rests_on_credential
    }

    pub(crate) fn actor(&self) -> Option<PrincipalId> {
        self.actor
    }

    pub(crate) fn credential(&self) -> Option<TokenId> {
        self.credential
    }

    pub(crate) fn action(&self) -> Action {
        self.action
    }
}

/// For doing something to tokens of `owner`.
pub(crate) fn on_tokens_of(caller: &Caller, owner: PrincipalId, action: Action) -> Result<Permit, Error> {
    let own = action.own_scope().filter(|_| owner == caller.principal());
    let may_own = own.is_some_and(|scope| caller.holds(scope, Place::Global));
    if may_own || may_administer(caller, action, Place::Global) {
        return Ok(permit(caller, action));
    }
    match own {
        Some(scope) => Err(missing(scope)),
        None => Err(Error::Hidden),
    }
}

/// For doing something to the token that was presented. Every live credential may look at itself and end itself;
/// for anything else it needs the right to its owner's tokens.
pub(crate) fn on_itself(caller: &Caller, action: Action) -> Result<Permit, Error> {
    match action {
        Action::TokenRead | Action::TokenRevoke => Ok(permit(caller, action)),
        _ => on_tokens_of(caller, caller.principal(), action),
    }
}

/// For changing one's own password, which a person does and no token.
pub(crate) fn on_own_password(caller: &Caller, owner: PrincipalId) -> Option<Permit> {
    let is_own = caller.is_session() && owner == caller.principal();
    is_own.then(|| permit(caller, Action::PasswordChange))
}

/// The person behind a session, and the session: a token does not speak for its owner on a page.
pub(crate) fn person(caller: &Caller) -> Result<(PrincipalId, TokenId), Error> {
    if caller.is_session() {
        return Ok((caller.principal(), caller.token()));
    }
    Err(Error::denied(Code::NotHonouredHere, "only a person who is signed in says yes here"))
}

/// For administering at a place.
pub(crate) fn at(caller: &Caller, place: Place, action: Action) -> Result<Permit, Error> {
    match action.admin_scope() {
        _ if may_administer(caller, action, place) => Ok(permit(caller, action)),
        Some(scope) => Err(missing(scope)),
        None => Err(Error::denied(Code::InsufficientScope, "no scope allows this")),
    }
}

/// Why the system itself does something, or somebody without a credential who has proved something else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reason {
    /// The first start.
    FirstStart,
    /// A start with a key that is new in the pepper file.
    KeyAdded,
    /// Somebody gave this user's password.
    PasswordProved(PrincipalId),
    /// This user said yes in this session, which must still stand: it becomes another one, of a command line.
    SaidYes { user: PrincipalId, session: TokenId },
    /// The code that a session of this user was made with was shown once more.
    CodeReplayed(PrincipalId),
    /// Somebody presented this token of this owner (RFC 7009: possession suffices).
    Possession(TokenId, PrincipalId),
    /// Somebody proved an identity that stands for this service account.
    Federated(PrincipalId),
    /// A row was found that is not as it was sealed.
    RowAltered,
}

/// The only other maker of permits.
pub(crate) fn system(reason: Reason) -> Permit {
    let (actor, credential, action) = match reason {
        Reason::SaidYes { user, session } => (Some(user), Some(session), Action::SessionCreate),
        Reason::CodeReplayed(owner) => (Some(owner), None, Action::TokenRevoke),
        Reason::FirstStart => (None, None, Action::Bootstrap),
        Reason::KeyAdded => (None, None, Action::KeyAdd),
        Reason::PasswordProved(user) => (Some(user), None, Action::SessionCreate),
        Reason::Possession(token, owner) => (Some(owner), Some(token), Action::TokenRevoke),
        Reason::Federated(account) => (Some(account), None, Action::TokenExchange),
        Reason::RowAltered => (None, None, Action::NoteAltered),
    };
    let rests_on_credential = matches!(reason, Reason::SaidYes { .. });
    Permit { actor, credential, action, rests_on_credential }
}

fn permit(caller: &Caller, action: Action) -> Permit {
    let (actor, credential) = (Some(caller.principal()), Some(caller.token()));
    Permit { actor, credential, action, rests_on_credential: true }
}

fn may_administer(caller: &Caller, action: Action, place: Place) -> bool {
    action.admin_scope().is_some_and(|scope| caller.holds(scope, place))
}

fn missing(scope: &str) -> Error {
    Error::Denied(Denial {
        code: Code::InsufficientScope,
        missing_scope: Some(scope.to_owned()),
        detail: format!("this needs `{scope}`, which the credential or its owner does not have"),
    })
}
