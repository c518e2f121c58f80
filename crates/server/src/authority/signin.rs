//! Sign-in by password. A session is a token of kind `ses`: listed, revocable and audited like any other.

use jeton_api::Code;
use jeton_token::{Approval, Expiry, NetworkLimit, PlaceLimit, PrincipalName, ScopeSet, TokenKind};

use super::access::{self, Reason};
use super::create::{Grant, IssuedToken};
use super::password::Prehashed;
use super::{Authority, Error};
use crate::limits::{PASSWORD_BYTES_MAX, SESSION_MS};
use crate::store::{PasswordHash, PrincipalRecord};

impl Authority {
    /// Signs a user in. Unknown, disabled and wrong answer alike, after the same work.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Result<IssuedToken, Error> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(refused());
        }
        let (user, hash) = self.prove(name, Some(Prehashed::of(password))).await?;
        if user.disabled_at.is_some() {
            return Err(refused());
        }
        self.open_session(&user, hash).await
    }

    /// Signs a user in by the hash that a client computed of the password. What is no such hash is refused like a
    /// wrong one. Whoever gave the right one of a disabled user is told that the user is disabled.
    pub(crate) async fn sign_in_prehashed(&self, name: &str, sent: &str) -> Result<IssuedToken, Error> {
        let (user, hash) = self.prove(name, Prehashed::sent(sent)).await?;
        if user.disabled_at.is_some() {
            return Err(Error::denied(Code::UserDisabled, "the user is disabled"));
        }
        self.open_session(&user, hash).await
    }

    /// The user of this name, if the password is theirs. Unknown and wrong answer alike, after the same work.
    async fn prove(
        &self,
        name: &str,
        password: Option<Prehashed>,
    ) -> Result<(PrincipalRecord, Option<PasswordHash>), Error> {
        let found = match name.parse::<PrincipalName>() {
            Ok(name) => self.store.user_with_password(&name).await?,
            Err(_) => None,
        };
        let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
        let fits = self.passwords.fits(password, hash).await?;
        found.filter(|_| fits).ok_or_else(refused)
    }

    async fn open_session(
        &self,
        user: &PrincipalRecord,
        proof: Option<PasswordHash>,
    ) -> Result<IssuedToken, Error> {
        let at = self.now();
        let grant = Grant {
            kind: TokenKind::Session,
            name: None,
            description: None,
            owner: user.id,
            parent: None,
            created_by: None,
            patterns: ScopeSet::everything(),
            places: PlaceLimit::Everywhere,
            networks: NetworkLimit::Anywhere,
            approval: Approval::None,
            expiry: Expiry::At(at.plus_ms(SESSION_MS)),
            at,
            proof,
        };
        let issued = self.issue(&access::system(Reason::PasswordProved(user.id)), grant).await;
        // Removed, disabled or given another password since it was judged: the same answer as before.
        issued.map_err(|error| if matches!(error, Error::Hidden) { refused() } else { error })
    }
}

fn refused() -> Error {
    Error::Unauthenticated(Code::InvalidPassword)
}
