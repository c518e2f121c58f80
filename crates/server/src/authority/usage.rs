//! What tokens are used for: noted at every verdict, kept in the process for some seconds, then written together.
//!
//! Only a text whose secret matched is a use of its token, and only a verdict that honours it makes the token look used:
//! whoever shows a suspended token again and again does not bring it back to life. A token that lacked the asked scope
//! is counted, too, apart from the others.
//!
//! Noting never waits for the store and never makes a verdict fail. There is room for so many uses; what finds none is
//! itself counted, in the metrics.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jeton_token::{
    Audience, Circumstances, Demand, Expiry, Facts, Inactive, Place, PlacedPolicy, Scope, Timestamp, TokenId,
    Verdict, Where,
};
use tokio::sync::Notify;

use super::memory::Remembered;
use super::{Authority, Verification};
use crate::limits::{
    USE_COUNTS_MAX, USE_COUNTS_OF_TOKEN_MAX, USE_DAYS_KEPT, USED_TOKENS_MAX, USES_AT_ONCE,
    USES_SECONDS_BETWEEN,
};
use crate::metrics::Metrics;
use crate::store::{Chain, LastUse, StoreError, TokenRecord, TokenUses, UseCount};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Uses that are not written yet.
pub(crate) struct Usage {
    state: Mutex<State>,
    /// Told when there is little room left.
    filling: Notify,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct State {
    noted: HashMap<TokenId, TokenUses>,
    /// How many counts are in `noted`.
    counts: usize,
    /// What is being written just now: it is told until it is in the store for sure.
    leaving: HashMap<TokenId, LastUse>,
    /// The day on which counts that are too old were removed last.
    tidied_on: i64,
}

/// One verdict on a token whose secret matched.
struct Use<'a> {
    token: TokenId,
    at: Timestamp,
    scope: Option<&'a Scope>,
    place: Option<Place>,
    outcome: Outcome,
    count: i64,
}

/// Uses of one kind that a verifier made of what it remembers.
pub(super) struct Told<'a> {
    pub(super) scope: Option<&'a Scope>,
    pub(super) place: Option<Place>,
    pub(super) client: Option<IpAddr>,
    pub(super) count: i64,
}

enum Outcome {
    /// The call came from there, if that is known.
    Allowed(Option<IpAddr>),
    LacksScope,
}

impl Usage {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { state: Mutex::default(), filling: Notify::new(), metrics }
    }

    /// Notes what came of a demand, if it was about a token whose secret matched.
    pub(super) fn note(&self, demand: &Demand<'_>, judged: &Verification, now: Timestamp) {
        let Verification::Known(known) = judged else { return };
        let outcome = match &known.verdict {
            Verdict::Active(_) => Outcome::Allowed(demand.client),
            Verdict::Inactive(Inactive::MissingScope(scope) | Inactive::ApprovalRequired(scope))
                if is_declared(demand.audience, scope) =>
            {
                Outcome::LacksScope
            }
            Verdict::Inactive(_) => return,
        };
        self.add(&use_of(known.chain.token.id, demand, outcome, now));
    }

    /// Notes that a token was honoured at some place of an API that asked about no place.
    pub(super) fn note_honoured(&self, token: TokenId, demand: &Demand<'_>, now: Timestamp) {
        self.add(&use_of(token, demand, Outcome::Allowed(demand.client), now));
    }

    /// Notes that something at Jeton itself rests on this scope of a caller.
    pub(super) fn note_scope(&self, token: TokenId, scope: &Scope, place: Place, call: Circumstances) {
        let place = Some(place).filter(|place| *place != Place::Global);
        let outcome = Outcome::Allowed(call.client);
        self.add(&Use { token, at: call.now, scope: Some(scope), place, outcome, count: 1 });
    }

    /// Notes uses that a verifier made a moment ago.
    pub(super) fn note_told(&self, token: TokenId, told: &Told<'_>, now: Timestamp) {
        let Told { scope, place, client, count } = *told;
        self.add(&Use { token, at: now, scope, place, outcome: Outcome::Allowed(client), count });
    }

    /// Brings up to date when tokens were used last, as far as the store does not know yet.
    pub(super) fn refresh(&self, chain: &mut Chain) {
        let state = self.state();
        for token in std::iter::once(&mut chain.token).chain(&mut chain.ancestors) {
            let known = [
                state.noted.get(&token.id).and_then(|uses| uses.last),
                state.leaving.get(&token.id).copied(),
            ];
            known.into_iter().flatten().for_each(|last| set_later(token, last));
        }
    }

    fn add(&self, one: &Use<'_>) {
        let mut state = self.state();
        let is_room = state.noted.len() < USED_TOKENS_MAX || state.noted.contains_key(&one.token);
        let counted = is_room && state.add(one);
        let is_filling = state.noted.len() > USED_TOKENS_MAX / 2 || state.counts > USE_COUNTS_MAX / 2;
        drop(state);
        if !counted {
            self.metrics.count_dropped_uses(one.count.unsigned_abs());
        }
        if is_filling {
            self.filling.notify_one();
        }
    }

    /// All that is noted, by the order of ids. Whoever asks is told of it as before until [`Usage::written`].
    fn take(&self) -> Vec<(TokenId, TokenUses)> {
        let mut state = self.state();
        let noted = std::mem::take(&mut state.noted);
        state.counts = 0;
        state.leaving = noted.iter().filter_map(|(token, uses)| Some((*token, uses.last?))).collect();
        drop(state);
        let mut taken: Vec<_> = noted.into_iter().collect();
        taken.sort_unstable_by_key(|(token, _)| *token);
        taken
    }

    /// What was taken is in the store, except for these.
    fn written(&self, except: &[(TokenId, TokenUses)]) {
        let mut state = self.state();
        let dropped = except.iter().map(|(token, uses)| state.put_back(*token, uses)).sum();
        state.leaving.clear();
        drop(state);
        self.metrics.count_dropped_uses(dropped);
    }

    /// Whether counts that are too old are to be removed: once on each day.
    fn is_to_tidy(&self, today: i64) -> bool {
        std::mem::replace(&mut self.state().tidied_on, today) != today
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked with the lock left counts that may be off by one, and no verdict rests on those.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether there was room for the count; when the token was used last is noted in any case.
    fn add(&mut self, one: &Use<'_>) -> bool {
        let uses = self.noted.entry(one.token).or_default();
        if let Outcome::Allowed(from) = one.outcome {
            keep_later(&mut uses.last, LastUse { at: one.at, from });
        }
        let day = day_of(one.at);
        let is_same = |count: &&mut UseCount| {
            (count.day, count.scope.as_ref(), count.place) == (day, one.scope, one.place)
        };
        if let Some(count) = uses.counts.iter_mut().find(is_same) {
            one.count_in(count);
            return true;
        }
        if self.counts >= USE_COUNTS_MAX || uses.counts.len() >= USE_COUNTS_OF_TOKEN_MAX {
            return false;
        }
        let mut count = UseCount { day, scope: one.scope.cloned(), place: one.place, allowed: 0, refused: 0 };
        one.count_in(&mut count);
        uses.counts.push(count);
        self.counts += 1;
        true
    }

    /// Takes back what could not be written, as far as there is room. Answers how many uses found none.
    fn put_back(&mut self, token: TokenId, uses: &TokenUses) -> u64 {
        let is_room = self.noted.len() < USED_TOKENS_MAX || self.noted.contains_key(&token);
        let mut dropped = 0;
        for count in &uses.counts {
            let known = self.noted.get_mut(&token).map(|known| &mut known.counts).into_iter().flatten();
            let mut same = known
                .filter(|one| (one.day, &one.scope, one.place) == (count.day, &count.scope, count.place));
            if let Some(same) = same.next() {
                same.allowed = same.allowed.saturating_add(count.allowed);
                same.refused = same.refused.saturating_add(count.refused);
            } else if is_room && self.counts < USE_COUNTS_MAX {
                self.noted.entry(token).or_default().counts.push(count.clone());
                self.counts += 1;
            } else {
                dropped += u64::try_from(count.allowed.saturating_add(count.refused)).unwrap_or(0);
            }
        }
        if let Some(last) = uses.last.filter(|_| is_room) {
            keep_later(&mut self.noted.entry(token).or_default().last, last);
        }
        dropped
    }
}

impl Use<'_> {
    fn count_in(&self, count: &mut UseCount) {
        let number = match self.outcome {
            Outcome::Allowed(_) => &mut count.allowed,
            Outcome::LacksScope => &mut count.refused,
        };
        *number = number.saturating_add(self.count);
    }
}

impl Authority {
    /// Writes uses every few seconds, and what is left at the end.
    pub(crate) async fn keep_uses(&self, until: impl Future<Output = ()>) {
        let mut until = pin!(until);
        let mut ticks = tokio::time::interval(Duration::from_secs(USES_SECONDS_BETWEEN));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut is_written = true;
        loop {
            let is_over = tokio::select! {
                () = &mut until => true,
                _ = ticks.tick() => false,
                // A store that does not take them is not asked any sooner because more come.
                () = self.usage.filling.notified(), if is_written => false,
            };
            is_written = self.write_uses().await;
            self.write_refusals().await;
            if is_over {
                return;
            }
        }
    }

    /// Writes what is noted, and says whether it could. What cannot be written now is kept for the next time.
    async fn write_uses(&self) -> bool {
        let taken = self.usage.take();
        let (mut rest, mut failed) = (taken.as_slice(), None);
        while !rest.is_empty() && failed.is_none() {
            let (now, later) = rest.split_at(rest.len().min(USES_AT_ONCE));
            match self.store.record_uses(now).await {
                Ok(()) => rest = later,
                Err(error) => failed = Some(error),
            }
        }
        self.usage.written(rest);
        let today = day_of(self.now());
        if failed.is_none() && self.usage.is_to_tidy(today) {
            failed = self.store.forget_uses(today - USE_DAYS_KEPT).await.err();
        }
        if let Some(error) = &failed {
            tracing::warn!(%error, "what tokens were used for is not written yet; it is tried again");
        }
        failed.is_none()
    }

    /// What was read, possibly a while ago, with uses as they are known by now, where a policy asks for them.
    pub(super) async fn as_used_by_now(&self, known: Remembered) -> Result<Remembered, StoreError> {
        if known.facts.policies.iter().all(|placed| placed.policy.used_within_ms.is_none()) {
            return Ok(known);
        }
        let chain = self.with_last_uses(Chain::clone(&known.chain), &known.facts.policies).await?;
        let mut facts = Facts::clone(&known.facts);
        let links = std::iter::once(&mut facts.token).chain(&mut facts.ancestors);
        for (link, token) in links.zip(std::iter::once(&chain.token).chain(&chain.ancestors)) {
            link.used_at = token.used_at();
        }
        Ok(Remembered { chain: chain.into(), facts: facts.into() })
    }

    /// The chain as it was used by now: with what is not written yet, and, before a policy could call a token unused,
    /// with what is written. What was read earlier may be older than that, and other processes write there, too.
    pub(super) async fn with_last_uses(
        &self,
        mut chain: Chain,
        policies: &[PlacedPolicy],
    ) -> Result<Chain, StoreError> {
        self.usage.refresh(&mut chain);
        let Some(within) = policies.iter().filter_map(|placed| placed.policy.used_within_ms).min() else {
            return Ok(chain);
        };
        let now = self.now();
        let unused = |token: &&mut TokenRecord| Expiry::At(token.used_at().plus_ms(within)).is_over(now);
        for token in std::iter::once(&mut chain.token).chain(&mut chain.ancestors).filter(unused) {
            if let Some(last) = self.store.last_use(token.id).await? {
                set_later(token, last);
            }
        }
        Ok(chain)
    }
}

fn use_of<'a>(token: TokenId, demand: &Demand<'a>, outcome: Outcome, at: Timestamp) -> Use<'a> {
    let place = match demand.place {
        Where::At(place) => Some(place),
        Where::Everywhere | Where::Nowhere => None,
    };
    Use { token, at, scope: demand.scope, place, outcome, count: 1 }
}

/// What no catalogue has is not written down: there would be no end to it.
fn is_declared(audience: Audience<'_>, scope: &Scope) -> bool {
    match audience {
        Audience::Jeton => false,
        Audience::Api { catalogue, .. } => catalogue.has(scope),
    }
}

fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY_MS)
}

fn keep_later(known: &mut Option<LastUse>, last: LastUse) {
    if known.is_none_or(|known| known.at <= last.at) {
        *known = Some(last);
    }
}

fn set_later(token: &mut TokenRecord, last: LastUse) {
    if token.last_used_at.is_none_or(|known| known <= last.at) {
        token.last_used_at = Some(last.at);
        token.last_used_from = last.from.map(|address| address.to_string());
    }
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Usage")
    }
}

#[cfg(test)]
mod tests;
