//! The feed: which changes were applied in this process, so that whoever remembers facts knows whether they still hold.
//!
//! Facts name every [`Thing`] that they were made from, and the [`Position`] of the feed *before* they were read. They
//! stand as long as no change of any of these was applied after that position and none is under way.
//!
//! ```text
//! reader:   position 7 ── reads the token ─────────────────────── keeps what it read?  no: the token is at 8
//! writer:                                  marks the token ─ COMMIT ─ applies it at 8
//! ```
//! A change is marked before its COMMIT is sent and applied when that has returned, whatever it returned. Between the
//! two nobody knows what is true, and everybody asks the store. So a fact that was read before a change never comes
//! back after it, and whoever was told that a change is done finds it done.
//!
//! Verifiers in other processes remember, too. They are told what was applied, and hold a lease ([`Leases`]); no answer
//! says that something is done before [`Feed::settled`].

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use jeton_token::{ApiId, PrincipalId, TokenId};
use tokio::sync::{Notify, watch};

use super::lease::{Full, Leases, Tail, VerifierId};
use crate::clock::Moment;
use crate::limits::FEED_THINGS_MAX;

/// Something that remembered facts are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Thing {
    /// A token with its items and secrets.
    Token(TokenId),
    /// A principal: whether it may act, what it is called, when it last signed in, and the roles and groups that it has
    /// itself.
    Principal(PrincipalId),
    /// All that says who may do what: roles, groups and what is bound to them, policies, and which APIs there are.
    Rights,
    /// What APIs declare.
    Apis,
    /// Organizations and projects with their names.
    Places,
}

impl Thing {
    /// How it stands in the table of changes.
    pub(crate) fn row(self) -> (&'static str, String) {
        match self {
            Self::Token(id) => ("token", id.to_string()),
            Self::Principal(id) => ("principal", id.to_string()),
            Self::Rights => ("rights", String::new()),
            Self::Apis => ("apis", String::new()),
            Self::Places => ("places", String::new()),
        }
    }
}

/// How many changes have been applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(pub(crate) u64);

#[cfg(test)]
impl Position {
    /// Where every feed begins.
    pub(crate) const START: Self = Self(0);
}

/// What a verifier is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// That these things changed.
    Things(Vec<Thing>),
    /// That anything may have.
    Everything,
}

/// An answer to a verifier: what changed, up to where, and whether it has a new lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) news: News,
    pub(crate) position: Position,
    pub(crate) leased: bool,
}

/// The feed of this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feed(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    log: RwLock<Log>,
    /// Told of each change.
    moved: watch::Sender<Moved>,
    /// Told when somebody may have waited for the last time.
    confirmed: Notify,
}

/// What wakes whoever waits for a change.
#[derive(Clone, Copy, Debug, Default)]
struct Moved {
    position: Position,
    is_ending: bool,
}

/// What was applied, and what is under way.
#[derive(Debug, Default)]
struct Log {
    position: Position,
    /// Where each thing was last applied, as far back as the floor.
    applied: HashMap<Thing, Position>,
    /// What was read before this is not known to stand: what was applied before it is forgotten.
    floor: Position,
    /// How many writes are under way that touch a thing.
    pending: HashMap<Thing, usize>,
    /// How many writes have begun, which is the number of the last one.
    begun: u64,
    /// The numbers of those that are under way.
    underway: BTreeSet<u64>,
    tail: Tail,
    leases: Leases,
}

/// Proof that facts stand; nothing is applied as long as somebody has it.
pub(crate) struct Standing<'a> {
    _log: RwLockReadGuard<'a, Log>,
}

/// A write whose COMMIT is sent. Dropped without [`Underway::applied`], what it touches is never answered from memory
/// again.
#[derive(Debug)]
pub(crate) struct Underway {
    feed: Feed,
    number: u64,
    things: Vec<Thing>,
    end: End,
}

/// What becomes of the marks of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nobody knows what came of it: they stay.
    Marked,
    Unmarked,
}

/// How waiting for verifiers came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// There was nobody to wait for.
    AtOnce,
    /// All have said that they know.
    Confirmed,
    /// The lease of one that did not say so has run out.
    Lapsed,
}

impl Feed {
    /// Where the feed is. Read it before reading what shall be remembered.
    pub(crate) fn position(&self) -> Position {
        // A log that broke in the middle of a change proves nothing any more; `standing` sees to that.
        self.0.log.read().unwrap_or_else(PoisonError::into_inner).position
    }

    /// Whether facts that were read at a position, and name these things, hold at this moment.
    pub(crate) fn standing(&self, since: Position, names: &[Thing]) -> Option<Standing<'_>> {
        let log = self.0.log.read().ok()?;
        log.stands(since, names).then_some(Standing { _log: log })
    }

    /// Notes that things may be different from what was read of them so far.
    pub(crate) fn note(&self, things: &[Thing]) {
        if let Ok(mut log) = self.0.log.write() {
            log.note(things);
            self.tell_moved(&log);
        }
    }

    /// Marks what a write touches, before its COMMIT is sent.
    pub(crate) fn begin(&self, things: Vec<Thing>) -> Underway {
        let mut number = 0;
        if let Ok(mut log) = self.0.log.write() {
            number = log.mark(&things);
        }
        Underway { feed: self.clone(), number, things, end: End::Marked }
    }

    /// Everybody who waits for a change is answered from now on.
    pub(crate) fn end(&self) {
        self.0.moved.send_modify(|moved| moved.is_ending = true);
    }

    fn tell_moved(&self, log: &Log) {
        self.0.moved.send_modify(|moved| moved.position = log.position);
    }

    fn finish(&self, number: u64, things: &[Thing], end: End) {
        if let Ok(mut log) = self.0.log.write() {
            log.note(things);
            if end == End::Unmarked {
                log.unmark(things);
            }
            log.underway.remove(&number);
            self.tell_moved(&log);
        }
        self.0.confirmed.notify_waiters();
    }
}

/// Verifiers in other processes.
impl Feed {
    /// Takes note that a verifier has applied everything up to a position. Answers whether it is known, and can have.
    pub(crate) fn confirm(&self, verifier: VerifierId, api: ApiId, applied: Position) -> bool {
        let known = match self.0.log.write() {
            Ok(mut log) => log.leases.confirm(verifier, api, applied, Moment::now()),
            Err(_) => false,
        };
        self.0.confirmed.notify_waiters();
        known
    }

    /// Takes in a verifier that remembers nothing. Answers where it begins.
    pub(crate) fn admit(&self, verifier: VerifierId, api: ApiId) -> Result<Position, Full> {
        let mut log = self.0.log.write().map_err(|_| Full)?;
        let position = log.position;
        log.leases.admit(verifier, api, position, Moment::now())?;
        Ok(position)
    }

    /// Ready when something has changed after a position, or after this time.
    pub(crate) async fn moved_on(&self, from: Position, patience: Duration) {
        let mut moved = self.0.moved.subscribe();
        let has_moved = moved.wait_for(|moved| moved.is_ending || moved.position > from);
        // In both cases there is something to say: that something changed, or that nothing did.
        let _ = tokio::time::timeout(patience, has_moved).await;
    }

    /// What a verifier is to be told that has applied everything up to `applied`. It has a new lease if what was read
    /// about its credential at `since` still stands, which is made from these things.
    ///
    /// INVARIANT: lease and position are noted in one step, so that a change that is applied later finds the lease.
    pub(crate) fn tell(
        &self,
        verifier: VerifierId,
        applied: Position,
        since: Position,
        names: &[Thing],
    ) -> Option<Told> {
        let mut log = self.0.log.write().ok()?;
        let (news, position) = (log.tail.after(applied), log.position);
        let stands = log.stands(since, names);
        let leased = log.leases.tell(verifier, position, stands, Moment::now());
        Some(Told { news, position, leased })
    }

    /// Nobody is told that something is done before this moment: a process before this one may have granted leases.
    pub(crate) fn hold_back(&self, until: Moment) {
        if let Ok(mut log) = self.0.log.write() {
            log.leases.hold_back(until);
        }
    }

    /// How many verifiers have a lease.
    pub(crate) fn verifiers(&self) -> usize {
        self.0.log.read().map_or(0, |log| log.leases.count(Moment::now()))
    }

    /// Waits until everything that has been applied, or whose COMMIT has been sent, is known to every verifier that has
    /// a lease, or until that lease has run out.
    pub(crate) async fn settled(&self) -> Settled {
        let begun = self.0.log.read().map_or(u64::MAX, |log| log.begun);
        let (mut target, mut settled, since) = (None, Settled::AtOnce, Moment::now());
        loop {
            let mut confirmed = pin!(self.0.confirmed.notified());
            // From here on nothing is missed.
            confirmed.as_mut().enable();
            let Some(until) = self.unsettled(begun, &mut target) else { break };
            settled = tokio::select! {
                () = confirmed => Settled::Confirmed,
                () = until.reached() => Settled::Lapsed,
            };
        }
        if settled == Settled::Lapsed
            && let (Some(target), Ok(mut log)) = (target, self.0.log.write())
        {
            log.leases.end_lapsed(target, since, Moment::now());
        }
        settled
    }

    /// Until when to wait at most; nothing if there is nothing to wait for.
    fn unsettled(&self, begun: u64, target: &mut Option<Position>) -> Option<Moment> {
        let now = Moment::now();
        // Of a log that is broken nobody can tell who has which lease, but how long one is.
        let Ok(log) = self.0.log.read() else { return Leases::of_nobody_knows(target, now) };
        if target.is_none() && log.underway.first().is_some_and(|first| *first <= begun) {
            return Some(Leases::end_of_one(now));
        }
        log.leases.holds_up(*target.get_or_insert(log.position), now)
    }
}

impl Underway {
    /// The COMMIT has returned. When it failed nobody knows whether it took effect, so that what it touches is read
    /// again in either case.
    pub(crate) fn applied(mut self) {
        self.end = End::Unmarked;
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.feed.finish(self.number, &self.things, self.end);
    }
}

#[cfg(test)]
impl Underway {
    /// Unmarks without applying, which nobody may do.
    pub(crate) fn forget(mut self) {
        if let Ok(mut log) = self.feed.0.log.write() {
            log.unmark(&self.things);
        }
        self.things.clear();
    }
}

impl Log {
    fn stands(&self, since: Position, names: &[Thing]) -> bool {
        let unchanged = |thing| {
            let applied_later = self.applied.get(thing).is_some_and(|applied| *applied > since);
            !applied_later && !self.pending.contains_key(thing)
        };
        since >= self.floor && names.iter().all(unchanged)
    }

    fn note(&mut self, things: &[Thing]) {
        if things.is_empty() {
            return;
        }
        self.position.0 += 1;
        // INVARIANT: whoever read before the floor is told that nothing stands, so forgetting narrows and never widens.
        if self.applied.len() + things.len() > FEED_THINGS_MAX {
            self.applied.clear();
            self.floor = self.position;
        }
        self.applied.extend(things.iter().map(|thing| (*thing, self.position)));
        if self.leases.is_empty() {
            self.tail.clear(self.position);
        } else {
            self.tail.push(self.position, things);
        }
    }

    /// Answers the number of the write.
    fn mark(&mut self, things: &[Thing]) -> u64 {
        for thing in things {
            *self.pending.entry(*thing).or_default() += 1;
        }
        self.begun += 1;
        self.underway.insert(self.begun);
        self.begun
    }

    fn unmark(&mut self, things: &[Thing]) {
        for thing in things {
            if let Some(count) = self.pending.get_mut(thing) {
                *count -= 1;
                if *count == 0 {
                    self.pending.remove(thing);
                }
            }
        }
    }
}
