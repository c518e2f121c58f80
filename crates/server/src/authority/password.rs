//! Passwords: argon2id over the hex that some clients compute before they send it.
//!
//! One verifier serves every door: a plain password is first turned into the SHA-512 hex that the `det` client
//! sends, with that product's fixed public salt, and argon2id (RFC 9106) with a salt of its own runs over the hex.

use std::collections::BTreeMap;
use std::sync::Mutex;

use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::digest::{SHA512, digest};
use jeton_api::Code;
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use super::{Error, Origin};
use crate::keys::{Rng, hex};
use crate::limits::{
    PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PASSWORDS_AT_ONCE, PASSWORDS_OF_ORIGIN_MAX, PASSWORDS_WAITING,
};
use crate::store::PasswordHash;

/// The public salt of the client-side hash.
const CLIENT_SALT: &str = "GubPEmmotfiK9TMD6Zdw";

/// The length of SHA-512 in hexadecimal digits.
const SENT_CHARS: usize = 128;

/// What argon2id runs over. Only this module sees inside.
pub(crate) struct Prehashed(Zeroizing<String>);

impl Prehashed {
    /// The client-side hash of a plain password.
    pub(crate) fn of(plain: &str) -> Self {
        let salted = Zeroizing::new(format!("{CLIENT_SALT}{plain}"));
        Self(Zeroizing::new(hex(digest(&SHA512, salted.as_bytes()).as_ref())))
    }

    /// What a client sends that computes this hash itself; `None` for what is no such hash.
    pub(crate) fn sent(text: &str) -> Option<Self> {
        let is_hash =
            text.len() == SENT_CHARS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Stands in for what is no hash, so that refusing it takes as long.
    fn nothing() -> Self {
        Self(Zeroizing::new("0".repeat(SENT_CHARS)))
    }
}

/// How much work a new hash takes. A stored one says by itself how much it took.
#[derive(Clone, Copy)]
pub(crate) enum Hashing {
    /// 19 MiB, two passes, one lane: the first choice of the OWASP password storage cheat sheet.
    Strong,
    /// Next to none, for tests alone: most of them sign in, and few are about passwords.
    Quick,
}

/// Hashes and checks passwords, few at a time, since each takes memory and a core.
pub(crate) struct Passwords {
    hashing: Hashing,
    at_once: Semaphore,
    waiting: Semaphore,
    /// How many places each origin has; only those that have one are in it.
    asking: Mutex<BTreeMap<Origin, usize>>,
    /// Checked in place of an unknown user's, so that both take as long.
    nobody: Option<PasswordHash>,
}

impl Passwords {
    pub(crate) fn new(rng: &Rng, hashing: Hashing) -> Self {
        let nobody = hash(hashing, &Prehashed(Zeroizing::new(hex(&rng.bytes::<64>()))), &rng.bytes()).ok();
        let at_once = Semaphore::new(PASSWORDS_AT_ONCE);
        let waiting = Semaphore::new(PASSWORDS_AT_ONCE + PASSWORDS_WAITING);
        Self { hashing, at_once, waiting, asking: Mutex::default(), nobody }
    }

    /// The hash to store for a new password.
    pub(crate) async fn hash(&self, rng: &Rng, plain: &str) -> Result<PasswordHash, Error> {
        check_strength(plain)?;
        let (hashing, prehashed, salt) = (self.hashing, Prehashed::of(plain), rng.bytes::<16>());
        self.bounded(move || hash(hashing, &prehashed, &salt)).await?
    }

    /// Waits in the queue for the turn to check a password. One origin has only some of the places.
    pub(super) async fn turn(&self, origin: Origin) -> Result<Turn<'_>, Error> {
        let of_origin = self.place_of(origin)?;
        let place = self.waiting.try_acquire().map_err(|_| Error::LimitReached(Code::Busy))?;
        let turn = self.at_once.acquire().await.map_err(|_| Error::Unavailable)?;
        Ok(Turn { passwords: self, _held: (of_origin, place, turn) })
    }

    fn place_of(&self, origin: Origin) -> Result<OfOrigin<'_>, Error> {
        let mut asking = self.asking.lock().map_err(|_| Error::Unavailable)?;
        let count = asking.entry(origin).or_default();
        if *count >= PASSWORDS_OF_ORIGIN_MAX {
            return Err(Error::LimitReached(Code::Busy));
        }
        *count += 1;
        Ok(OfOrigin { asking: &self.asking, origin })
    }

    async fn bounded<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.waiting.try_acquire().map_err(|_| Error::LimitReached(Code::Busy))?;
        let _turn = self.at_once.acquire().await.map_err(|_| Error::Unavailable)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Unavailable)
    }
}

/// The turn to check one password.
pub(super) struct Turn<'a> {
    passwords: &'a Passwords,
    _held: (OfOrigin<'a>, SemaphorePermit<'a>, SemaphorePermit<'a>),
}

impl Turn<'_> {
    /// Whether the password fits the hash. Without one of them the same work is done for nothing.
    pub(super) async fn fits(
        self,
        password: Option<Prehashed>,
        stored: Option<PasswordHash>,
    ) -> Result<bool, Error> {
        let known = password.is_some() && stored.is_some();
        let password = password.unwrap_or_else(Prehashed::nothing);
        let against = stored.or_else(|| self.passwords.nobody.clone()).ok_or(Error::Unavailable)?;
        let checked = tokio::task::spawn_blocking(move || verify(&password, &against)).await;
        Ok(checked.map_err(|_| Error::Unavailable)? && known)
    }
}

/// One of the places that an origin has in the queue.
struct OfOrigin<'a> {
    asking: &'a Mutex<BTreeMap<Origin, usize>>,
    origin: Origin,
}

impl Drop for OfOrigin<'_> {
    fn drop(&mut self) {
        let Ok(mut asking) = self.asking.lock() else { return };
        if let Some(count) = asking.get_mut(&self.origin) {
            *count -= 1;
            if *count == 0 {
                asking.remove(&self.origin);
            }
        }
    }
}

fn check_strength(plain: &str) -> Result<(), Error> {
    let refuse = |detail: &str| Err(Error::invalid("/password", Code::InvalidField, detail));
    if plain.chars().count() < PASSWORD_CHARS_MIN {
        refuse("a password has at least 8 characters")
    } else if plain.len() > PASSWORD_BYTES_MAX {
        refuse("a password has at most 1024 bytes")
    } else {
        Ok(())
    }
}

impl Hashing {
    fn argon2id(self) -> Result<Argon2<'static>, Error> {
        let parameters = match self {
            Self::Strong => Params::default(),
            Self::Quick => Params::new(Params::MIN_M_COST, 1, 1, None).map_err(|_| Error::Unavailable)?,
        };
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
    }
}

fn hash(hashing: Hashing, password: &Prehashed, salt: &[u8; 16]) -> Result<PasswordHash, Error> {
    let hashed: Result<phc::PasswordHash, _> =
        hashing.argon2id()?.hash_password_with_salt(password.0.as_bytes(), salt);
    hashed.map(|hash| PasswordHash(hash.to_string())).map_err(|_| Error::Unavailable)
}

/// The stored hash names its own parameters; those given here are of no account.
fn verify(password: &Prehashed, stored: &PasswordHash) -> bool {
    let stored = phc::PasswordHash::new(&stored.0);
    stored.is_ok_and(|stored| Argon2::default().verify_password(password.0.as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_hash_says_how_much_work_it_takes() {
        let (password, salt) = (Prehashed::of("correct horse"), [7; 16]);
        for (hashing, parameters) in [(Hashing::Strong, "m=19456,t=2,p=1"), (Hashing::Quick, "m=8,t=1,p=1")] {
            let stored = hash(hashing, &password, &salt).unwrap();
            assert!(stored.0.starts_with(&format!("$argon2id$v=19${parameters}$")), "{}", stored.0);
            assert!(verify(&password, &stored) && !verify(&Prehashed::of("wrong"), &stored));
        }
    }

    #[tokio::test]
    async fn one_origin_has_only_some_of_the_places_in_the_queue() {
        let passwords = Passwords::new(&Rng::system(), Hashing::Strong);
        let (loud, quiet) = (Origin::V6(1), Origin::V6(2));
        let places: Vec<_> =
            (0..PASSWORDS_OF_ORIGIN_MAX).map(|_| passwords.place_of(loud).unwrap()).collect();
        assert!(matches!(passwords.turn(loud).await, Err(Error::LimitReached(Code::Busy))));
        let wrong = Prehashed::of("wrong");
        assert!(!passwords.turn(quiet).await.unwrap().fits(Some(wrong), None).await.unwrap());
        drop(places);
        assert!(passwords.turn(loud).await.is_ok());
        assert!(passwords.asking.lock().unwrap().is_empty(), "who waits no more is not kept");
    }
}
