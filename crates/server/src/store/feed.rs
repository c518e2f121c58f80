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

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use jeton_token::{PrincipalId, TokenId};

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
    pub(super) fn row(self) -> (&'static str, String) {
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
pub(crate) struct Position(u64);

#[cfg(test)]
impl Position {
    /// Where every feed begins.
    pub(crate) const START: Self = Self(0);
}

/// The feed of this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feed(Arc<RwLock<Log>>);

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
    things: Vec<Thing>,
}

impl Feed {
    /// Where the feed is. Read it before reading what shall be remembered.
    pub(crate) fn position(&self) -> Position {
        // A log that broke in the middle of a change proves nothing any more; `standing` sees to that.
        self.0.read().unwrap_or_else(PoisonError::into_inner).position
    }

    /// Whether facts that were read at a position, and name these things, hold at this moment.
    pub(crate) fn standing(&self, since: Position, names: &[Thing]) -> Option<Standing<'_>> {
        let log = self.0.read().ok()?;
        log.stands(since, names).then_some(Standing { _log: log })
    }

    /// Notes that things may be different from what was read of them so far.
    pub(crate) fn note(&self, things: &[Thing]) {
        if let Ok(mut log) = self.0.write() {
            log.note(things);
        }
    }

    /// Marks what a write touches, before its COMMIT is sent.
    pub(crate) fn begin(&self, things: Vec<Thing>) -> Underway {
        if let Ok(mut log) = self.0.write() {
            log.mark(&things);
        }
        Underway { feed: self.clone(), things }
    }
}

impl Underway {
    /// The COMMIT has returned. When it failed nobody knows whether it took effect, so that what it touches is read
    /// again in either case.
    pub(crate) fn applied(self) {
        if let Ok(mut log) = self.feed.0.write() {
            log.note(&self.things);
            log.unmark(&self.things);
        }
    }
}

#[cfg(test)]
impl Underway {
    /// Unmarks without applying, which nobody may do.
    pub(crate) fn forget(self) {
        if let Ok(mut log) = self.feed.0.write() {
            log.unmark(&self.things);
        }
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
    }

    fn mark(&mut self, things: &[Thing]) {
        for thing in things {
            *self.pending.entry(*thing).or_default() += 1;
        }
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
