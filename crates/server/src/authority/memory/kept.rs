//! A bounded map of what was read, each entry with what it was made from.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::{Arc, RwLock};

use crate::store::{Feed, Position, Thing};

/// What was read of things by their keys.
///
/// Entries that are asked for stay: they lie in two halves, and when the younger one is full the older one goes.
pub(super) struct Kept<K, V> {
    halves: RwLock<Halves<K, V>>,
    /// The weight of a half at most; with none, nothing is kept.
    half_max: usize,
    /// For how many entries one of usual size counts.
    weigh: fn(&V) -> usize,
}

struct Halves<K, V> {
    young: HashMap<K, Arc<Entry<V>>>,
    old: HashMap<K, Arc<Entry<V>>>,
    /// Of all that came into the younger half since it was empty.
    young_weight: usize,
}

struct Entry<V> {
    value: Arc<V>,
    /// Where the feed was before this was read.
    since: Position,
    names: Box<[Thing]>,
}

impl<K: Clone + Eq + Hash, V> Kept<K, V> {
    /// A map of at most so many entries, all of one size.
    pub(super) fn new(entries_max: usize) -> Self {
        Self::weighed(entries_max, |_| 1)
    }

    /// A map of fewer entries when they are large.
    pub(super) fn weighed(entries_max: usize, weigh: fn(&V) -> usize) -> Self {
        let halves = Halves { young: HashMap::new(), old: HashMap::new(), young_weight: 0 };
        Self { halves: RwLock::new(halves), half_max: entries_max / 2, weigh }
    }

    pub(super) fn keeps_something(&self) -> bool {
        self.half_max > 0
    }

    /// What is kept under a key, provided that it holds at this moment.
    pub(super) fn get(&self, feed: &Feed, key: &K) -> Option<Arc<V>> {
        let (entry, is_old) = self.find(key)?;
        let standing = feed.standing(entry.since, &entry.names)?;
        if is_old {
            self.insert(key.clone(), Arc::clone(&entry));
        }
        drop(standing);
        Some(Arc::clone(&entry.value))
    }

    /// Keeps what was read, provided that it still holds: nothing is applied between the two.
    pub(super) fn keep(&self, feed: &Feed, key: K, value: Arc<V>, since: Position, names: Box<[Thing]>) {
        if let Some(standing) = feed.standing(since, &names) {
            self.insert(key, Arc::new(Entry { value, since, names }));
            drop(standing);
        }
    }

    fn find(&self, key: &K) -> Option<(Arc<Entry<V>>, bool)> {
        let halves = self.halves.read().ok()?;
        match halves.young.get(key) {
            Some(entry) => Some((Arc::clone(entry), false)),
            None => halves.old.get(key).map(|entry| (Arc::clone(entry), true)),
        }
    }

    fn insert(&self, key: K, entry: Arc<Entry<V>>) {
        let weight = (self.weigh)(&entry.value);
        let Ok(mut halves) = self.halves.write() else { return };
        if weight > self.half_max {
            return;
        }
        halves.old.remove(&key);
        if halves.young_weight + weight > self.half_max {
            halves.old = mem::take(&mut halves.young);
            halves.young_weight = 0;
        }
        halves.young_weight += weight;
        halves.young.insert(key, entry);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let halves = self.halves.read().unwrap();
        halves.young.len() + halves.old.len()
    }
}
