//! Leases: which verifiers in other processes may answer from memory, until when, and what they have applied.
//!
//! A verifier asks again and again what has changed (it *watches*), and says each time up to where it has applied what
//! it was told. Each answer may carry a lease: leave to answer from memory for so long, counted by the verifier from
//! when it **asked**, and here from when it was **answered**, which is later. So whatever happens to an answer, the
//! lease ends there before it ends here.
//!
//! ```text
//! verifier   asks ─────────── lease ─────────│
//! here              answers ───────────── lease ───── drift ─│  and now the change is done, whoever stays silent
//! ```
//! A change at a position waits for those whose newest lease from *before* that position still runs, and who have not
//! confirmed it. A later answer brings the change along, so that nobody has its lease without the change.
//!
//! Everything here is told the time and keeps no lock of its own: it lies within the log of the [`Feed`](super::Feed).

use std::collections::{HashMap, VecDeque};

use jeton_token::ApiId;

use super::feed::{News, Position, Thing};
use crate::clock::Moment;
use crate::limits::{
    DRIFT_MS, LAPSED_MS, LEASE_MS, TOLD_CHANGES_MAX, TOLD_THINGS_MAX, VERIFIER_MS_KEPT, VERIFIERS_MAX,
    VERIFIERS_OF_API_MAX,
};

/// The name of one verifier's watch: random, and of this process alone, so that none goes on across a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct VerifierId(pub(crate) [u8; 16]);

/// There is no room for another verifier, or not now for one of this API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Everybody who watches.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    verifiers: HashMap<VerifierId, Verifier>,
    /// APIs of which a verifier let a change wait to the end of its lease, and until when they get no new verifier.
    lapsed: HashMap<ApiId, Moment>,
    /// Until when somebody may have a lease of a process before this one.
    held_back: Option<Moment>,
}

/// One verifier.
#[derive(Debug)]
struct Verifier {
    api: ApiId,
    /// Everything up to here is applied there.
    applied: Position,
    /// Everything up to here was in an answer.
    told: Position,
    grants: Vec<Grant>,
    seen: Moment,
}

/// A lease: whoever has it has applied everything up to the position.
#[derive(Clone, Copy, Debug)]
struct Grant {
    position: Position,
    until: Moment,
}

impl Leases {
    pub(super) fn is_empty(&self) -> bool {
        self.verifiers.is_empty()
    }

    /// How many have a lease.
    pub(super) fn count(&self, now: Moment) -> usize {
        self.verifiers.values().filter(|verifier| verifier.until(None, now).is_some()).count()
    }

    /// Until when somebody may go on who got a lease now.
    pub(crate) fn end_of_one(now: Moment) -> Moment {
        now.plus_ms(LEASE_MS + DRIFT_MS)
    }

    /// The same for whoever does not know who has one: to be waited for once.
    pub(super) fn of_nobody_knows(waited: &mut Option<Position>, now: Moment) -> Option<Moment> {
        waited.replace(Position::default()).is_none().then(|| Self::end_of_one(now))
    }

    pub(super) fn hold_back(&mut self, until: Moment) {
        self.held_back = Some(until);
    }

    /// Takes in a verifier that begins at this position with nothing.
    pub(super) fn admit(
        &mut self,
        id: VerifierId,
        api: ApiId,
        position: Position,
        now: Moment,
    ) -> Result<(), Full> {
        self.lapsed.retain(|_, until| *until > now);
        self.verifiers.retain(|_, verifier| {
            verifier.seen.plus_ms(VERIFIER_MS_KEPT) > now || verifier.until(None, now).is_some()
        });
        let of_api = self.verifiers.values().filter(|verifier| verifier.api == api).count();
        if self.lapsed.contains_key(&api)
            || of_api >= VERIFIERS_OF_API_MAX
            || self.verifiers.len() >= VERIFIERS_MAX
        {
            return Err(Full);
        }
        self.verifiers
            .insert(id, Verifier { api, applied: position, told: position, grants: vec![], seen: now });
        Ok(())
    }

    /// Takes note of what a verifier has applied. Answers whether it is one that can have done so.
    pub(super) fn confirm(&mut self, id: VerifierId, api: ApiId, applied: Position, now: Moment) -> bool {
        let Some(verifier) = self.verifiers.get_mut(&id).filter(|verifier| verifier.api == api) else {
            return false;
        };
        if applied < verifier.applied || applied > verifier.told {
            return false;
        }
        verifier.seen = now;
        verifier.confirm(applied, now);
        true
    }

    /// Takes note of an answer that tells everything up to this position. Whether it carries a lease: if it `may`, if the
    /// verifier has confirmed all that it was told before, and if no other one of its API let a change wait just now.
    pub(super) fn tell(&mut self, id: VerifierId, position: Position, may: bool, now: Moment) -> bool {
        self.lapsed.retain(|_, until| *until > now);
        let Some(verifier) = self.verifiers.get_mut(&id) else {
            return false;
        };
        let leased = may && verifier.applied == verifier.told && !self.lapsed.contains_key(&verifier.api);
        verifier.told = position;
        verifier.grants.retain(|grant| grant.until > now);
        if leased {
            verifier.grants.push(Grant { position, until: Self::end_of_one(now) });
        }
        leased
    }

    /// Until when somebody may go on who does not know of the change at this position; nobody if there is nothing to
    /// wait for.
    pub(super) fn holds_up(&self, position: Position, now: Moment) -> Option<Moment> {
        let waited_for = self.verifiers.values().filter_map(|verifier| verifier.until(Some(position), now));
        waited_for.chain(self.held_back.filter(|until| *until > now)).max()
    }

    /// Forgets those that let the change at this position wait, since that moment, until their leases had run out. Their
    /// APIs get no new ones for a while, so that no verifier holds up one change after the other.
    pub(super) fn end_lapsed(&mut self, position: Position, since: Moment, now: Moment) {
        let (lapsed, refused) = (&mut self.lapsed, now.plus_ms(LAPSED_MS));
        self.verifiers.retain(|_, verifier| {
            let was_waited_for = verifier.until(Some(position), since).is_some();
            let has_lapsed = was_waited_for && verifier.until(None, now).is_none();
            if has_lapsed {
                lapsed.insert(verifier.api, refused);
            }
            !has_lapsed
        });
    }
}

impl Verifier {
    /// Of what is applied only the newest lease counts.
    fn confirm(&mut self, applied: Position, now: Moment) {
        self.applied = applied;
        let (known, mut left): (Vec<Grant>, Vec<Grant>) =
            self.grants.iter().filter(|grant| grant.until > now).partition(|grant| grant.position <= applied);
        left.extend(known.into_iter().max_by_key(|grant| grant.until));
        self.grants = left;
    }

    /// Until when it may go on without the change at this position, or at all.
    fn until(&self, without: Option<Position>, now: Moment) -> Option<Moment> {
        let running = self.grants.iter().filter(|grant| grant.until > now);
        match without {
            Some(position) if self.applied >= position => None,
            Some(position) => {
                running.filter(|grant| grant.position < position).map(|grant| grant.until).max()
            }
            None => running.map(|grant| grant.until).max(),
        }
    }
}

/// The last changes, in their order, for those who are told one by one.
#[derive(Debug, Default)]
pub(super) struct Tail {
    changes: VecDeque<(Position, Box<[Thing]>)>,
    /// Everything after this is among them.
    begins_after: Position,
}

impl Tail {
    /// Forgets all: nobody has to be told what was up to here.
    pub(super) fn clear(&mut self, position: Position) {
        self.changes.clear();
        self.begins_after = position;
    }

    pub(super) fn push(&mut self, position: Position, things: &[Thing]) {
        if self.changes.len() >= TOLD_CHANGES_MAX
            && let Some((forgotten, _)) = self.changes.pop_front()
        {
            self.begins_after = forgotten;
        }
        self.changes.push_back((position, things.into()));
    }

    /// What has changed after a position.
    pub(super) fn after(&self, applied: Position) -> News {
        if applied < self.begins_after {
            return News::Everything;
        }
        let later = self.changes.iter().filter(|(position, _)| *position > applied);
        let mut things = Vec::new();
        for thing in later.flat_map(|(_, things)| things) {
            let is_named = matches!(thing, Thing::Token(_) | Thing::Principal(_));
            if !is_named || things.len() >= TOLD_THINGS_MAX {
                return News::Everything;
            }
            things.push(*thing);
        }
        News::Things(things)
    }
}

#[cfg(test)]
mod tests;
