//! Sign-in by password. A session is a token of kind `ses`: listed, revocable and audited like any other.

use jeton_api::Code;
use jeton_token::{
    Approval, Expiry, NetworkLimit, PlaceLimit, PrincipalId, PrincipalName, ScopeSet, TokenKind,
};

use super::access::{self, Person, Reason};
use super::create::{Grant, IssuedToken};
use super::password::Prehashed;
use super::{Authority, Bucket, Error, Origin};
use crate::limits::{
    NAME_FAILURES_MAX, NAME_REGAIN_MS, ORIGIN_FAILURES_MAX, ORIGIN_REGAIN_MS, PASSWORD_BYTES_MAX, SESSION_MS,
};
use crate::store::{PasswordHash, PrincipalRecord};

const OF_NAME: Bucket = Bucket { failures: NAME_FAILURES_MAX, regain_ms: NAME_REGAIN_MS };
const OF_ORIGIN: Bucket = Bucket { failures: ORIGIN_FAILURES_MAX, regain_ms: ORIGIN_REGAIN_MS };

/// A user with the password hash, if there is one.
type Found = Option<(PrincipalRecord, Option<PasswordHash>)>;

impl Authority {
    /// Signs a user in. Unknown, disabled and wrong answer alike, after the same work, and are counted alike.
    pub(crate) async fn sign_in(
        &self,
        name: &str,
        password: &str,
        origin: Origin,
    ) -> Result<IssuedToken, Error> {
        let tried = async {
            if password.len() > PASSWORD_BYTES_MAX {
                return Err(refused());
            }
            self.check_guesses(name, origin)?;
            let found = self.find_user(name).await?.filter(|(user, _)| user.disabled_at.is_none());
            let (user, hash) = self.prove_user(name, found, Some(Prehashed::of(password)), origin).await?;
            self.open_session(&user, hash).await
        };
        self.store.metrics().count_sign_in(tried.await)
    }

    /// Signs a user in by the hash that a client computed of the password. What is no such hash is refused like a
    /// wrong one. Whoever gave the right one of a disabled user is told that the user is disabled.
    pub(crate) async fn sign_in_prehashed(
        &self,
        name: &str,
        sent: &str,
        origin: Origin,
    ) -> Result<IssuedToken, Error> {
        let tried = async {
            self.check_guesses(name, origin)?;
            let found = self.find_user(name).await?;
            let (user, hash) = self.prove_user(name, found, Prehashed::sent(sent), origin).await?;
            if user.disabled_at.is_some() {
                return Err(Error::denied(Code::UserDisabled, "the user is disabled"));
            }
            self.open_session(&user, hash).await
        };
        self.store.metrics().count_sign_in(tried.await)
    }

    /// Nobody is looked up for whoever has failed too often: how long that takes would tell who is there.
    fn check_guesses(&self, name: &str, origin: Origin) -> Result<(), Error> {
        let counts = self.failures.of_name_from(name, origin, OF_NAME, OF_ORIGIN);
        self.failures.check(&counts, self.now())
    }

    /// Whether this is the password behind the hash. Wrong ones are counted, and after too many nothing is tried.
    pub(super) async fn prove_password(
        &self,
        name: &str,
        password: Option<Prehashed>,
        hash: Option<PasswordHash>,
        origin: Origin,
    ) -> Result<bool, Error> {
        let counts = self.failures.of_name_from(name, origin, OF_NAME, OF_ORIGIN);
        self.failures.check(&counts, self.now())?;
        let turn = self.passwords.turn(origin).await?;
        // Those who waited before us may have failed meanwhile. Few are at it at once, so few more get through.
        self.failures.check(&counts, self.now())?;
        let fits = turn.fits(password, hash).await?;
        if fits {
            self.failures.succeeded(&counts);
        } else {
            self.failures.failed(&counts, self.now());
        }
        Ok(fits)
    }

    /// A new session of a user, from now on; with the hash that the password was judged by, if it was one.
    pub(super) fn session_of(&self, user: PrincipalId, proof: Option<PasswordHash>) -> Grant {
        let at = self.now();
        Grant {
            kind: TokenKind::Session,
            name: None,
            description: None,
            owner: user,
            parent: None,
            created_by: None,
            patterns: ScopeSet::everything(),
            places: PlaceLimit::Everywhere,
            networks: NetworkLimit::Anywhere,
            approval: Approval::None,
            job: None,
            holders: vec![],
            expiry: Expiry::At(at.plus_ms(SESSION_MS)),
            at,
            proof,
        }
    }

    /// A session that comes of a yes in another one. It ends with that one at the latest: a yes proves nothing that the
    /// sign-in had not proved, so it prolongs nothing.
    pub(super) fn session_after(&self, yes: Person) -> Grant {
        let session = self.session_of(yes.user, None);
        Grant { created_by: Some(yes.session), expiry: session.expiry.min(yes.ends), ..session }
    }

    async fn find_user(&self, name: &str) -> Result<Found, Error> {
        match name.parse::<PrincipalName>() {
            Ok(name) => Ok(self.store.user_with_password(&name).await?),
            Err(_) => Ok(None),
        }
    }

    /// The user, if the password is theirs. Unknown and wrong answer alike, after the same work.
    async fn prove_user(
        &self,
        name: &str,
        found: Found,
        password: Option<Prehashed>,
        origin: Origin,
    ) -> Result<(PrincipalRecord, Option<PasswordHash>), Error> {
        let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
        let fits = self.prove_password(name, password, hash, origin).await?;
        found.filter(|_| fits).ok_or_else(refused)
    }

    async fn open_session(
        &self,
        user: &PrincipalRecord,
        proof: Option<PasswordHash>,
    ) -> Result<IssuedToken, Error> {
        let permit = access::system(Reason::PasswordProved(user.id));
        let issued = self.issue(&permit, self.session_of(user.id, proof)).await;
        // Removed, disabled or given another password since it was judged: the same answer as before.
        issued.map_err(|error| if matches!(error, Error::Hidden) { refused() } else { error })
    }
}

fn refused() -> Error {
    Error::Unauthenticated(Code::InvalidPassword)
}
