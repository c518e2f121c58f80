//! What waits for a short time under a code that somebody was given: bounded, and by digest only.
//!
//! It lives in the process. A restart forgets it, and whoever was about to sign in begins again.

use std::collections::HashMap;
use std::sync::Mutex;

use jeton_api::Code;
use jeton_token::Timestamp;

use super::Error;

/// The digest of a code, under a key of the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CodeDigest(pub(super) [u8; 32]);

/// Bounds of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) all: usize,
    pub(super) of_holder: usize,
}

/// What waits, each entry for a holder: whoever asked for it.
pub(super) struct Pending<H, T> {
    entries: Mutex<HashMap<CodeDigest, Entry<H, T>>>,
    bounds: Bounds,
}

struct Entry<H, T> {
    holder: H,
    value: T,
    forgotten_at: Timestamp,
}

impl<H: PartialEq, T> Pending<H, T> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { entries: Mutex::default(), bounds }
    }

    /// Keeps an entry until a moment; refuses when there are too many, of this holder or at all. Answers whether it is
    /// new: one that is there already stays as it is.
    pub(super) fn insert(
        &self,
        code: CodeDigest,
        holder: H,
        value: T,
        now: Timestamp,
        forgotten_at: Timestamp,
    ) -> Result<bool, Error> {
        let mut entries = self.entries.lock().map_err(|_| Error::Unavailable)?;
        entries.retain(|_, entry| entry.forgotten_at > now);
        if entries.contains_key(&code) {
            return Ok(false);
        }
        let held = entries.values().filter(|entry| entry.holder == holder).count();
        if entries.len() >= self.bounds.all || held >= self.bounds.of_holder {
            return Err(Error::LimitReached(Code::Busy));
        }
        entries.insert(code, Entry { holder, value, forgotten_at });
        Ok(true)
    }

    /// Works on an entry, alone. `None` when there is none.
    pub(super) fn with<R>(
        &self,
        code: CodeDigest,
        now: Timestamp,
        work: impl FnOnce(&mut T) -> R,
    ) -> Result<Option<R>, Error> {
        let mut entries = self.entries.lock().map_err(|_| Error::Unavailable)?;
        let entry = entries.get_mut(&code).filter(|entry| entry.forgotten_at > now);
        Ok(entry.map(|entry| work(&mut entry.value)))
    }

    /// Works on the entry that `is_it` recognises, alone.
    pub(super) fn with_found<R>(
        &self,
        now: Timestamp,
        is_it: impl Fn(&T) -> bool,
        work: impl FnOnce(&mut T) -> R,
    ) -> Result<Option<R>, Error> {
        let mut entries = self.entries.lock().map_err(|_| Error::Unavailable)?;
        let entry = entries.values_mut().find(|entry| entry.forgotten_at > now && is_it(&entry.value));
        Ok(entry.map(|entry| work(&mut entry.value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(number: u8) -> CodeDigest {
        CodeDigest([number; 32])
    }

    fn put(pending: &Pending<char, u8>, number: u8, holder: char, now: i64) -> bool {
        let until = Timestamp(now + 10);
        pending.insert(code(number), holder, number, Timestamp(now), until).is_ok_and(|is_new| is_new)
    }

    #[test]
    fn entries_are_forgotten_at_their_moment() {
        let pending = Pending::new(Bounds { all: 9, of_holder: 9 });
        assert!(put(&pending, 1, 'a', 0));
        assert!(!put(&pending, 1, 'a', 1), "it is there already");
        assert_eq!(pending.with(code(1), Timestamp(9), |value| *value).unwrap(), Some(1));
        assert_eq!(pending.with(code(1), Timestamp(10), |value| *value).unwrap(), None);
        assert_eq!(pending.with(code(2), Timestamp(0), |value| *value).unwrap(), None);
        assert_eq!(pending.with_found(Timestamp(9), |value| *value == 1, |_| ()).unwrap(), Some(()));
        assert_eq!(pending.with_found(Timestamp(10), |value| *value == 1, |_| ()).unwrap(), None);
    }

    #[test]
    fn there_are_so_many_of_one_holder_and_so_many_of_all() {
        let pending = Pending::new(Bounds { all: 3, of_holder: 2 });
        assert!(put(&pending, 1, 'a', 0) && put(&pending, 2, 'a', 0));
        assert!(!put(&pending, 3, 'a', 0));
        assert!(put(&pending, 3, 'b', 0));
        assert!(!put(&pending, 4, 'c', 0));
        assert!(put(&pending, 4, 'a', 10), "what was forgotten takes no place");
    }
}
