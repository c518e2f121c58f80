//! Calls with an `Idempotency-Key`: which of them are done, and which are answered once more.
//!
//! The caller of a repetition is authorised again first: the credential must be good, and whoever gets a secret once
//! more must be allowed to get it now. A secret that a rotation retired may do one thing: repeat that very rotation,
//! while the secret that it yielded is in force. To rotate with it otherwise raises an alarm.
//!
//! Example: a program rotates its token without overlap, and the answer gets lost. It repeats the call with the old
//! value and the same key, and gets the new value.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use jeton_api::{Code, TokenState};
use jeton_token::{
    Audience, Circumstances, Demand, Mac, TokenId, TokenKind, TokenText, Verdict, Where, decide,
};

use super::access::{self, Action, Caller, Owner, Reason};
use super::attempt::{Asked, Attempt, KeyOf};
use super::create::IssuedToken;
use super::edit::EditRequest;
use super::{Authority, Error};
use crate::store::{Chain, KeptAnswer, KeptCall, Outcome, SecretRecord, Write};

/// What becomes of a call with a key.
#[derive(Debug)]
pub(crate) enum Course {
    /// It is done: nobody did it before, or nobody knows what came of it.
    Do(Turn),
    /// It is answered as before, with the secret that it yielded.
    Answer(KeptAnswer, Option<TokenText>),
    /// It yielded this secret, and the answer has to be made anew.
    Reissue(Box<IssuedToken>),
}

/// A call that has its turn: another one with the same key waits as long as this lives.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) attempt: Arc<Attempt>,
    _entry: Entry,
}

/// Calls with keys that are being done.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight(Arc<Mutex<BTreeSet<[u8; 32]>>>);

#[derive(Debug)]
struct Entry {
    all: InFlight,
    mac: [u8; 32],
}

impl InFlight {
    fn enter(&self, mac: Mac) -> Result<Entry, Error> {
        let mac = *mac.as_bytes();
        let is_first = self.0.lock().is_ok_and(|mut all| all.insert(mac));
        if is_first { Ok(Entry { all: self.clone(), mac }) } else { Err(in_flight()) }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Ok(mut all) = self.all.0.lock() {
            all.remove(&self.mac);
        }
    }
}

impl Authority {
    /// What becomes of a caller's call with this key; `action` is what its route requires.
    pub(crate) async fn course(
        &self,
        caller: &Caller,
        key: &str,
        asked: Asked<'_>,
        action: &'static str,
    ) -> Result<Course, Error> {
        let of = KeyOf { caller: caller.token(), presented: caller.secret, key };
        let attempt = Attempt::new(&self.keys, &self.rng, &of, asked);
        let entry = self.in_flight.enter(attempt.mac())?;
        let Some((past, kept)) = self.kept_call(&of, asked).await? else {
            return Ok(Course::Do(Turn { attempt: Arc::new(attempt), _entry: entry }));
        };
        if !past.request().matches(&kept.request) {
            let detail = "the key was used for another call before; a new call has a new key";
            return Err(Error::invalid("Idempotency-Key", Code::IdempotencyKeyReused, detail));
        }
        access::check_still(caller, action)?;
        match (kept.token, kept.answer) {
            (Some(token), answer) => {
                let (chain, text) =
                    self.obtain_again(caller, &past, (token, &kept.salt), Action::from_word(action)).await?;
                self.again(answer, chain, text)
            }
            (None, Some(answer)) => Ok(Course::Answer(answer, None)),
            (None, None) => {
                past.resume(kept.attempt);
                Ok(Course::Do(Turn { attempt: Arc::new(past), _entry: entry }))
            }
        }
    }

    /// What becomes of a rotation that is asked for with a secret which is not in force.
    pub(crate) async fn course_of_retired(
        &self,
        text: &str,
        client: Option<IpAddr>,
        key: Option<&str>,
        asked: Asked<'_>,
    ) -> Result<Course, Error> {
        let refused = || Error::Unauthenticated(Code::InvalidToken);
        let text = self.recognise(text).ok_or_else(refused)?;
        let secret = self.retired(&text).await?.ok_or_else(refused)?;
        if let Some(key) = key {
            let of = KeyOf { caller: text.id(), presented: secret.id, key };
            match self.repeated(&of, client, asked).await {
                Ok(Some(course)) => return Ok(course),
                Err(Error::Unavailable) => return Err(Error::Unavailable),
                Ok(None) | Err(_) => {}
            }
        }
        self.raise_alarm(text.id(), &secret).await;
        Err(refused())
    }

    /// The very rotation that retired the secret, while what it yielded is in force.
    async fn repeated(
        &self,
        of: &KeyOf<'_>,
        client: Option<IpAddr>,
        asked: Asked<'_>,
    ) -> Result<Option<Course>, Error> {
        let Some((past, kept)) = self.kept_call(of, asked).await? else {
            return Ok(None);
        };
        let is_the_very = past.request().matches(&kept.request)
            && kept.presented == of.presented
            && kept.token == Some(of.caller);
        let Some(caller) = self.caller_behind(of, client).await?.filter(|_| is_the_very) else {
            return Ok(None);
        };
        access::check_still(&caller, Action::TokenRotate.word())?;
        let of_token = (of.caller, &kept.salt);
        let (chain, text) = self.obtain_again(&caller, &past, of_token, Some(Action::TokenRotate)).await?;
        self.again(kept.answer, chain, text).map(Some)
    }

    /// The token itself as the caller, if it is honoured now.
    async fn caller_behind(&self, of: &KeyOf<'_>, client: Option<IpAddr>) -> Result<Option<Caller>, Error> {
        let Some((chain, grounds)) = self.store.token_with_rights(of.caller, |_| true).await? else {
            return Ok(None);
        };
        let facts = chain.facts(&grounds.unwrap_or_default());
        let circumstances = Circumstances { now: self.now(), client };
        let demand = Demand { audience: Audience::Jeton, scope: None, place: Where::Everywhere, client };
        let is_active = matches!(decide(&facts, &demand, circumstances.now), Verdict::Active(_));
        let caller = Caller {
            chain: chain.into(),
            facts: facts.into(),
            secret: of.presented,
            attempt: None,
            circumstances,
            epoch: None,
            usage: self.usage.clone(),
            built_in: self.built_in(),
        };
        Ok(Some(caller).filter(|_| is_active))
    }

    /// The text that a call yielded just now, to leave it out of the answer that is kept.
    pub(crate) fn yielded(&self, attempt: &Attempt) -> Option<TokenText> {
        let of = attempt.issued()?;
        Some(attempt.text(&self.keys, &self.prefix, &attempt.salt(), of))
    }

    fn again(&self, answer: Option<KeptAnswer>, chain: Chain, text: TokenText) -> Result<Course, Error> {
        if let Some(answer) = answer {
            return Ok(Course::Answer(answer, Some(text)));
        }
        let Chain { token, ancestors, .. } = chain;
        let issued = self.issued(Outcome::Token(Box::new(token)), ancestors, text)?;
        Ok(Course::Reissue(Box::new(issued)))
    }

    /// The call that this caller made with this key, under whichever of the deployment's keys.
    async fn kept_call(
        &self,
        of: &KeyOf<'_>,
        asked: Asked<'_>,
    ) -> Result<Option<(Attempt, KeptCall)>, Error> {
        for version in self.keys.versions() {
            let past = Attempt::under(&self.keys, version, &self.rng, of, asked);
            if let Some(kept) = self.store.kept_call(&past.mac()).await? {
                return Ok(Some((past, kept)));
            }
        }
        Ok(None)
    }

    /// The secret that a call yielded, for a caller who may get it now, while it is the token's.
    async fn obtain_again(
        &self,
        caller: &Caller,
        past: &Attempt,
        (token, salt): (TokenId, &[u8; 32]),
        action: Option<Action>,
    ) -> Result<(Chain, TokenText), Error> {
        let chain = self.store.token(token).await?.ok_or_else(gone)?;
        self.check_may_obtain_again(caller, &chain, action).await?;
        let text = past.text(&self.keys, &self.prefix, salt, (chain.token.kind, token));
        let is_newest = self.matching(&chain, &text).is_some_and(|secret| secret.retired_at.is_none());
        let (_, state) = self.with_state(chain.clone(), &self.store.policies().await?);
        if is_newest && matches!(state, TokenState::Active | TokenState::Pending) {
            Ok((chain, text))
        } else {
            Err(gone())
        }
    }

    async fn check_may_obtain_again(
        &self,
        caller: &Caller,
        chain: &Chain,
        action: Option<Action>,
    ) -> Result<(), Error> {
        let owner = Owner::of(&chain.token);
        if chain.token.kind == TokenKind::Api {
            return access::check_credential_of(caller, owner);
        }
        if let Some(job) = chain.token.job {
            return access::check_at(caller, job.place(), Action::JobMint);
        }
        access::check_on_tokens_of(caller, owner, action.unwrap_or(Action::TokenRotate))?;
        self.check_may_obtain(caller, chain, &EditRequest::default(), &self.store.apis().await?).await
    }

    /// The secret of the token that the text is of, if it was in force once.
    async fn retired(&self, text: &TokenText) -> Result<Option<SecretRecord>, Error> {
        let retired = self.store.retired_secrets(text.id()).await?;
        let is_it = |secret: &SecretRecord| {
            let digest = self.keys.pepper(secret.pepper).map(|pepper| pepper.digest(text));
            digest.is_some_and(|digest| digest.matches(&secret.digest))
        };
        Ok(retired.into_iter().find(is_it))
    }

    /// Somebody rotates with a secret that ended: it was copied, or a program was forgotten.
    async fn raise_alarm(&self, token: TokenId, secret: &SecretRecord) {
        self.store.metrics().count_reuse();
        tracing::warn!(%token, "somebody rotates a token with a secret that a rotation retired");
        if self.alarms.is_due(secret.id, self.now()) {
            let permit = access::system(Reason::SecretReused);
            if let Err(error) = self.store.write(&permit, &Write::NoteReuse(token, secret.id)).await {
                tracing::error!(%error, %token, "the reuse of a secret was not written down");
            }
        }
    }
}

/// What a repetition is told whose original is not finished.
pub(super) fn in_flight() -> Error {
    let detail = "a call with this key is being done; try again";
    Error::Conflict(Code::IdempotencyInFlight, detail.to_owned())
}

fn gone() -> Error {
    let detail = "the secret that the call yielded was revoked, rotated or is over; make another call";
    Error::Conflict(Code::ReplayGone, detail.to_owned())
}
