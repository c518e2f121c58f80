//! Sign-in by password. A session is a token of kind `ses`: listed, revocable and audited like any other.

use jeton_api::Code;
use jeton_token::{Approval, Expiry, NetworkLimit, PlaceLimit, PrincipalName, ScopeSet, TokenKind};

use super::access::{self, Reason};
use super::create::{Grant, IssuedToken};
use super::password::Prehashed;
use super::{Authority, Error};
use crate::limits::{PASSWORD_BYTES_MAX, SESSION_MS};

impl Authority {
    /// Signs a user in, and counts it.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Result<IssuedToken, Error> {
        let tried = self.try_sign_in(name, password).await;
        self.store.metrics().count_sign_in(&tried);
        tried
    }

    /// Unknown, disabled and wrong answer alike, after the same work.
    async fn try_sign_in(&self, name: &str, password: &str) -> Result<IssuedToken, Error> {
        let refused = || Error::Unauthenticated(Code::InvalidPassword);
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(refused());
        }
        let found = match name.parse::<PrincipalName>() {
            Ok(name) => self.store.user_with_password(&name).await?,
            Err(_) => None,
        };
        let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user), hash));
        let fits = self.passwords.fits(Prehashed::of(password), hash.clone()).await?;
        let user = user.filter(|user| fits && user.disabled_at.is_none()).ok_or_else(refused)?;
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
            proof: hash,
        };
        let issued = self.issue(&access::system(Reason::PasswordProved(user.id)), grant).await;
        // Removed, disabled or given another password since it was judged: the same answer as before.
        issued.map_err(|error| if matches!(error, Error::Hidden) { refused() } else { error })
    }
}
