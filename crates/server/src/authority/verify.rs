//! The one way to a verdict: every door takes a text out of its request, calls [`Authority::verify`] and renders.

use std::net::IpAddr;
use std::sync::Arc;

use jeton_api::Code;
use jeton_token::{
    Active, Audience, Circumstances, Demand, Expiry, Facts, Inactive, Place, Rights, Scope, TokenDigest,
    TokenId, TokenText, Verdict, Where, concerns, decide,
};

use super::access::{self, Caller, Reason};
use super::memory::Remembered;
use super::watch::Keeping;
use super::{Authority, Error};
use crate::store::{ApiRecord, Chain, SecretRecord, Write};

/// How often something is judged again because rights changed meanwhile.
const TRIES: usize = 8;

/// What is known about a presented text.
#[derive(Debug)]
pub(crate) enum Verification {
    /// Nothing: malformed, forged, unknown, or with a secret that is not, or no longer, the token's. The cases are
    /// not told apart.
    Unknown,
    /// The secret is a token's, dead or alive.
    Known(Box<Known>),
}

/// A token whose secret was presented, and the verdict on it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) chain: Arc<Chain>,
    pub(crate) facts: Arc<Facts>,
    /// The secret that was presented.
    pub(crate) secret: SecretRecord,
    pub(crate) verdict: Verdict,
}

/// What an API asks about a token that was presented to it.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) text: &'a str,
    pub(crate) scope: Option<&'a Scope>,
    /// The place that the call acts on, `organization/project`.
    pub(crate) resource: Option<&'a str>,
    pub(crate) client: Option<IpAddr>,
}

/// What an API is told.
#[derive(Debug)]
pub(crate) enum Judged {
    /// Not honoured, and no more than that: it is no token, or none that has anything to do with this API.
    Nothing,
    /// Not honoured, for this reason.
    Refused(Inactive),
    /// Honoured.
    Honoured(Box<Known>, Active),
    /// Honoured by an API that enforces places itself: what is effective where.
    HonouredAt(Box<Known>, Expiry, Vec<(Place, Rights)>),
}

impl Authority {
    /// Answers an API that calls with its own credential; also which API that is.
    pub(crate) async fn judge(
        &self,
        caller: &Caller,
        question: Question<'_>,
    ) -> Result<(Arc<ApiRecord>, Judged), Error> {
        let (api, place) = self.asked_at(caller, question).await?;
        let judged = self.judge_for(&api, question, place).await?;
        Ok((api, judged))
    }

    /// The same, and for what the answer may be kept.
    pub(crate) async fn judge_to_keep(
        &self,
        caller: &Caller,
        question: Question<'_>,
    ) -> Result<(Judged, Option<Keeping>), Error> {
        let since = self.position();
        let (api, place) = self.asked_at(caller, question).await?;
        let judged = self.judge_for(&api, question, place).await?;
        let keeping = match &judged {
            Judged::Honoured(known, _) => {
                self.keeping(&api, since, known, &demand_of(&api, &question, place))
            }
            Judged::HonouredAt(..) | Judged::Refused(_) | Judged::Nothing => None,
        };
        Ok((judged, keeping))
    }

    /// The API that asks, about its own scopes only, and where the call acts.
    async fn asked_at(
        &self,
        caller: &Caller,
        question: Question<'_>,
    ) -> Result<(Arc<ApiRecord>, Where), Error> {
        let api = self.calling_api(caller).await?;
        check_own(&api, question.scope)?;
        let place = self.place_of_call(question.resource).await?;
        Ok((api, place))
    }

    /// Answers whoever asks for an API, about a call that acts at this place.
    pub(crate) async fn judge_for(
        &self,
        api: &ApiRecord,
        question: Question<'_>,
        place: Where,
    ) -> Result<Judged, Error> {
        let demand = demand_of(api, &question, place);
        let audience = demand.audience;
        Ok(match self.verify(question.text, &demand).await? {
            Verification::Unknown => Judged::Nothing,
            Verification::Known(known) if asks_for_places(api, &question) => {
                self.judge_at_places(*known, &demand).await?
            }
            Verification::Known(known) => match known.verdict.clone() {
                Verdict::Active(active) => Judged::Honoured(known, active),
                Verdict::Inactive(reason) if concerns(&known.facts.token, audience) => {
                    Judged::Refused(reason)
                }
                Verdict::Inactive(_) => Judged::Nothing,
            },
        })
    }

    /// For an API that enforces places and named none: what is effective at its organization as a whole, and at each
    /// project of it where that is something else.
    async fn judge_at_places(&self, known: Known, demand: &Demand<'_>) -> Result<Judged, Error> {
        let Audience::Api { organization: Some(organization), .. } = demand.audience else {
            return Ok(Judged::Nothing);
        };
        let at =
            |place| match decide(&known.facts, &Demand { place: Where::At(place), ..*demand }, self.now()) {
                Verdict::Active(active) => Some(active),
                Verdict::Inactive(_) => None,
            };
        let whole = at(Place::Organization(organization));
        let everywhere = whole.as_ref().map(|active| active.rights.clone()).unwrap_or_default();
        let mut ends: Vec<_> = whole.iter().map(|active| active.expiry).collect();
        let mut details: Vec<_> =
            whole.map(|active| (Place::Organization(organization), active.rights)).into_iter().collect();
        for project in &*self.remembered_projects(organization).await? {
            if let Some(active) = at(project.place()).filter(|active| active.rights != everywhere) {
                ends.push(active.expiry);
                details.push((project.place(), active.rights));
            }
        }
        Ok(match (ends.into_iter().min(), &known.verdict) {
            (Some(end), verdict) => {
                if matches!(verdict, Verdict::Inactive(_)) {
                    self.usage.note_honoured(known.chain.token.id, demand, self.now());
                }
                Judged::HonouredAt(Box::new(known), end, details)
            }
            (None, Verdict::Inactive(reason)) if concerns(&known.facts.token, demand.audience) => {
                Judged::Refused(reason.clone())
            }
            (None, _) => Judged::Nothing,
        })
    }

    /// Judges a presented text, and notes that the token is used.
    pub(crate) async fn verify(&self, text: &str, demand: &Demand<'_>) -> Result<Verification, Error> {
        let judged = self.look_at(text, demand).await?;
        self.usage.note(demand, &judged, self.now());
        self.note_old_secret(demand, &judged);
        Ok(judged)
    }

    /// Judges a presented text, and counts the verdict. Whoever only looks at a token does not use it.
    async fn look_at(&self, text: &str, demand: &Demand<'_>) -> Result<Verification, Error> {
        let judged = self.verdict_on(text, demand).await;
        self.store.metrics().count_verdict(demand.audience, &judged);
        judged
    }

    /// Garbage and forged ids cost no I/O, and neither does what is remembered; everything else at most two
    /// statements.
    async fn verdict_on(&self, text: &str, demand: &Demand<'_>) -> Result<Verification, Error> {
        let Some(text) = self.recognise(text) else {
            return Ok(Verification::Unknown);
        };
        let found = match self.recall(&text) {
            Some((facts, secret)) => Some((Remembered::clone(&facts), secret)),
            None => self.read_facts(&text).await?,
        };
        let Some((facts, secret)) = found else {
            return Ok(Verification::Unknown);
        };
        let Remembered { chain, facts } = self.as_used_by_now(facts).await?;
        let facts = of_secret(facts, &secret);
        let verdict = decide(&facts, demand, self.now());
        Ok(Verification::Known(Box::new(Known { chain, facts, secret, verdict })))
    }

    /// The facts about a token whose secret this is, as far as they are remembered. Another secret may be one that is
    /// not known here yet, so the store is asked about it; and the way there takes as long for every id.
    fn recall(&self, text: &TokenText) -> Option<(Arc<Remembered>, SecretRecord)> {
        let Some(facts) = self.memory.token(text.id()) else {
            self.pretend(text);
            return None;
        };
        let secret = self.matching(&facts.chain, text)?;
        Some((facts, secret))
    }

    /// The facts about a token whose secret this is, from the store; they are remembered if nothing changes meanwhile.
    async fn read_facts(&self, text: &TokenText) -> Result<Option<(Remembered, SecretRecord)>, Error> {
        let since = self.memory.position();
        let mut matching = None;
        let matches = |chain: &Chain| {
            matching = self.matching(chain, text);
            matching.is_some()
        };
        let Some((chain, grounds)) = self.store.token_with_rights(text.id(), matches).await? else {
            self.pretend(text);
            return Ok(None);
        };
        let id = chain.token.id;
        if !chain.secrets_intact {
            self.note_altered(id).await;
        }
        let (Some(grounds), Some(secret)) = (grounds, matching) else {
            return Ok(None);
        };
        let facts = Remembered { facts: Arc::new(chain.facts(&grounds)), chain: Arc::new(chain) };
        if !facts.facts.token.intact {
            self.note_altered(id).await;
        } else if facts.chain.secrets_intact && facts.facts.ancestors.iter().all(|link| link.intact) {
            return Ok(Some((self.memory.keep_token(since, facts), secret)));
        }
        Ok(Some((facts, secret)))
    }

    /// Honours a caller's own credential at Jeton's own endpoints.
    pub(crate) async fn authenticate(&self, text: &str, client: Option<IpAddr>) -> Result<Caller, Error> {
        let demand = own_demand(client);
        let Verification::Known(known) = self.verify(text, &demand).await? else {
            return Err(Error::Unauthenticated(Code::InvalidToken));
        };
        match known.verdict {
            Verdict::Active(_) => {
                let circumstances = Circumstances { now: self.now(), client };
                let (Known { chain, facts, secret, .. }, usage) = (*known, self.usage.clone());
                Ok(Caller {
                    chain,
                    facts,
                    secret: secret.id,
                    attempt: None,
                    circumstances,
                    epoch: None,
                    usage,
                    built_in: self.built_in(),
                })
            }
            Verdict::Inactive(Inactive::Revoked) => Err(Error::Unauthenticated(Code::RevokedToken)),
            Verdict::Inactive(Inactive::Expired) => Err(Error::Unauthenticated(Code::ExpiredToken)),
            Verdict::Inactive(_) => Err(Error::Unauthenticated(Code::InvalidToken)),
        }
    }

    /// Does what moves power: judged on rights that are read before it, and judged again when they are others by the
    /// time it is written. Who has lost a race once gets a turn alone, so that many at once all come through.
    pub(crate) async fn judged<T, F: Future<Output = Result<T, Error>>>(
        &self,
        caller: &Caller,
        operation: impl Fn(Caller) -> F,
    ) -> Result<T, Error> {
        let among_others = self.turn.read().await;
        let first = operation(self.anew(caller).await?).await;
        drop(among_others);
        if !is_changed(&first) {
            return first;
        }
        let _alone = self.turn.write().await;
        for _ in 2..TRIES {
            let again = operation(self.anew(caller).await?).await;
            if !is_changed(&again) {
                return again;
            }
        }
        operation(self.anew(caller).await?).await
    }

    /// The caller as the caller is now, and of which state of all rights that is.
    pub(super) async fn anew(&self, caller: &Caller) -> Result<Caller, Error> {
        let gone = || Error::Unauthenticated(Code::InvalidToken);
        let epoch = Some(self.store.rights_epoch().await?);
        let found = self.store.token_with_rights(caller.token(), |_| true).await?;
        let (chain, grounds) = found.ok_or_else(gone)?;
        let grounds = grounds.unwrap_or_default();
        let chain = self.with_last_uses(chain, &grounds.policies).await?;
        let mut facts = chain.facts(&grounds);
        let circumstances = Circumstances { now: self.now(), ..caller.circumstances };
        let secret = caller.secret;
        facts.token.issued_at = chain.in_force(secret, circumstances.now).ok_or_else(gone)?.issued_at;
        let demand = own_demand(circumstances.client);
        match decide(&facts, &demand, circumstances.now) {
            Verdict::Active(_) => {
                let attempt = caller.attempt.clone();
                let (chain, facts, usage) = (chain.into(), facts.into(), self.usage.clone());
                let built_in = self.built_in();
                Ok(Caller { chain, facts, secret, attempt, circumstances, epoch, usage, built_in })
            }
            Verdict::Inactive(_) => Err(gone()),
        }
    }

    /// Ends the token that was presented, whoever presents it (RFC 7009). Texts that are no token's are ignored.
    pub(crate) async fn revoke_presented(&self, text: &str) -> Result<(), Error> {
        let demand = own_demand(None);
        if let Verification::Known(known) = self.look_at(text, &demand).await? {
            let token = &known.chain.token;
            let permit = access::system(Reason::Possession(token.id, token.owner));
            self.store.write(&permit, &Write::RevokeToken(token.id)).await?;
        }
        Ok(())
    }

    /// The token that a text is of, dead or alive.
    pub(super) async fn presented(&self, text: &str) -> Result<Option<TokenId>, Error> {
        let demand = own_demand(None);
        Ok(match self.look_at(text, &demand).await? {
            Verification::Known(known) => Some(known.chain.token.id),
            Verification::Unknown => None,
        })
    }

    /// The text as a token of this deployment, or `None` for what is refused without I/O.
    pub(super) fn recognise(&self, text: &str) -> Option<TokenText> {
        let text: TokenText = text.parse().ok()?;
        let ours = *text.prefix() == self.prefix && self.keys.is_genuine(text.id().0);
        ours.then_some(text)
    }

    /// The secret in force that the text is of. The kind is under the digest, so it needs no check of its own.
    pub(super) fn matching(&self, chain: &Chain, text: &TokenText) -> Option<SecretRecord> {
        let now = self.now();
        let mut found = None;
        for secret in chain.secrets.iter().filter(|secret| secret.is_in_force(now)) {
            let digest = self.keys.pepper(secret.pepper).map(|pepper| pepper.digest(text));
            if digest.is_some_and(|digest| digest.matches(&secret.digest)) {
                found = Some(secret.clone());
            }
        }
        found
    }

    /// Writes down that an old secret was used, off the path and at a pace. What cannot be written is not missed.
    fn note_old_secret(&self, demand: &Demand<'_>, judged: &Verification) {
        let Verification::Known(known) = judged else {
            return;
        };
        let is_old = known.secret.retired_at.is_some() && matches!(known.verdict, Verdict::Active(_));
        let (secret, now) = (known.secret.id, self.now());
        if is_old && self.uses.is_due(secret, now) {
            let store = self.store.clone();
            let from = demand.client.map(|client| client.to_string());
            tokio::spawn(async move {
                if let Err(error) = store.note_secret_use(secret, now, from).await {
                    tracing::warn!(%error, "a use of an old secret was not written down");
                }
            });
        }
    }

    /// The work of a digest, so that an unknown id takes as long as a wrong secret.
    fn pretend(&self, text: &TokenText) {
        let (_, digest) = self.keys.digest(text);
        std::hint::black_box(digest.matches(&TokenDigest::from_bytes([0; 32])));
    }

    /// Writes down, once in the life of the process, that a token's rows were changed by somebody else.
    /// It is a note beside a refusal: when it cannot be written, the refusal stands all the same.
    async fn note_altered(&self, id: TokenId) {
        self.memory.doubt(id);
        let first = self.noted.lock().is_ok_and(|mut noted| noted.insert(id));
        if first {
            tracing::error!(token = %id, "a row of this token is not as it was sealed: the token is not honoured");
            let permit = access::system(Reason::RowAltered);
            if self.store.write(&permit, &Write::NoteAltered(id)).await.is_err() {
                let _ = self.noted.lock().map(|mut noted| noted.remove(&id));
            }
        }
    }
}

/// What Jeton's own endpoints ask about the credential of a call.
pub(super) fn own_demand(client: Option<IpAddr>) -> Demand<'static> {
    Demand { audience: Audience::Jeton, scope: None, place: Where::Everywhere, client }
}

/// The facts as they are for this secret: a longest life counts for each.
fn of_secret(facts: Arc<Facts>, secret: &SecretRecord) -> Arc<Facts> {
    if facts.token.issued_at == secret.issued_at {
        return facts;
    }
    let mut own = Facts::clone(&facts);
    own.token.issued_at = secret.issued_at;
    Arc::new(own)
}

fn demand_of<'a>(api: &'a ApiRecord, question: &Question<'a>, place: Where) -> Demand<'a> {
    let organization = api.organization.as_ref().map(|(id, _)| *id);
    let audience = Audience::Api { catalogue: &api.catalogue, organization };
    Demand { audience, scope: question.scope, place, client: question.client }
}

/// An API that enforces places may leave it to the answer to say where a token is good.
fn asks_for_places(api: &ApiRecord, question: &Question<'_>) -> bool {
    api.enforces_places && question.resource.is_none() && question.scope.is_none()
}

fn is_changed<T>(done: &Result<T, Error>) -> bool {
    matches!(done, Err(Error::Conflict(Code::ChangedMeanwhile, _)))
}

/// An API asks about its own scopes only.
fn check_own(api: &ApiRecord, scope: Option<&Scope>) -> Result<(), Error> {
    match scope {
        Some(scope) if scope.namespace() != api.catalogue.namespace() => {
            let detail = format!("`{scope}` is not of the namespace `{}`", api.catalogue.namespace());
            Err(Error::denied(Code::ForeignScope, detail))
        }
        _ => Ok(()),
    }
}
