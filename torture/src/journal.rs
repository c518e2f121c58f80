//! What was acknowledged, and what answers contradict it.
//!
//! A secret is live once its making was acknowledged, is *ending* from when its end is asked for, and is ended once that
//! was acknowledged. Nothing else is known, so two rules suffice:
//!
//! - a question that begins when the secret has ended is never answered "active": **revoked is final**;
//! - a question that is over while nobody has asked for the end is never answered "inactive": **nothing acknowledged is
//!   lost**.
//!
//! An end that was asked for and not acknowledged may happen at any time, so nothing is said about it.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::caller::{Door, Verdict};
use crate::dice::Dice;

/// How many of the newest secrets are asked about most.
const NEWEST: usize = 200;

/// How many findings of a kind are kept in words, and how long those may be.
const SHOWN_MAX: usize = 5;
const SHOWN_CHARACTERS: usize = 300;

/// How far a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It works.
    Live,
    /// Somebody has asked for its end.
    Ending,
    /// Its end was acknowledged.
    Ended,
}

/// A kind of thing that must never happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// A secret was accepted after its end was acknowledged.
    Accepted,
    /// A secret was refused although nobody has asked for its end.
    Lost,
    /// An answer that is neither a verdict nor "cannot be known".
    Odd,
    /// The server panicked, or ended.
    Panicked,
    /// The fault is gone and the server does not do its work again.
    Sick,
}

impl Broken {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Accepted, Self::Lost, Self::Odd, Self::Panicked, Self::Sick];
}

/// A secret that was acknowledged.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its place in the journal.
    pub at: usize,
    /// Its text.
    pub secret: String,
    /// How far it was when it was looked at.
    pub fate: Fate,
}

/// Everything that was acknowledged at one server.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    entries: Vec<Entry>,
    of_token: BTreeMap<String, Vec<usize>>,
    asked: usize,
    unknown: usize,
    revoked: usize,
    broken: BTreeMap<Broken, usize>,
    shown: Vec<String>,
}

#[derive(Debug)]
struct Entry {
    secret: String,
    fate: Fate,
}

impl Journal {
    /// A secret of a token was made.
    pub fn made(&self, token: &str, secret: String) {
        let mut pages = self.pages();
        let at = pages.entries.len();
        pages.entries.push(Entry { secret, fate: Fate::Live });
        pages.of_token.entry(token.to_owned()).or_default().push(at);
    }

    /// The end of all secrets of a token is asked for, by a revoke or by a rotation without overlap.
    pub fn ending(&self, token: &str) {
        self.pages().advance(token, Fate::Ending);
    }

    /// That end was acknowledged.
    pub fn ended(&self, token: &str) {
        let mut pages = self.pages();
        pages.revoked += 1;
        pages.advance(token, Fate::Ended);
    }

    /// A secret to ask about, most likely a new one.
    pub(crate) fn any(&self, dice: &mut Dice) -> Option<Kept> {
        let pages = self.pages();
        let count = pages.entries.len();
        let back = if dice.below(4) == 0 { count } else { count.min(NEWEST) };
        pages.kept(count.checked_sub(dice.below(back) + 1)?)
    }

    /// All secrets from a place on.
    pub fn since(&self, at: usize) -> Vec<Kept> {
        let pages = self.pages();
        (at..pages.entries.len()).filter_map(|at| pages.kept(at)).collect()
    }

    /// The secrets of a token.
    pub fn of_token(&self, token: &str) -> Vec<Kept> {
        let pages = self.pages();
        let all = pages.of_token.get(token).into_iter().flatten();
        all.filter_map(|at| pages.kept(*at)).collect()
    }

    /// How many secrets there are.
    pub fn len(&self) -> usize {
        self.pages().entries.len()
    }

    /// Whether nothing was acknowledged yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Judges what a door said to a question that was asked when the secret was as it is in `kept`.
    pub fn judge(&self, kept: &Kept, door: Door, verdict: &Verdict) {
        let mut pages = self.pages();
        pages.asked += 1;
        let now = pages.entries.get(kept.at).map_or(Fate::Ending, |entry| entry.fate);
        match verdict {
            Verdict::Active if kept.fate == Fate::Ended => {
                pages.note(Broken::Accepted, &format!("secret {} was ended, {door:?} accepts it", kept.at));
            }
            Verdict::Inactive if now == Fate::Live => {
                pages.note(Broken::Lost, &format!("secret {} is live, {door:?} refuses it", kept.at));
            }
            Verdict::Odd(text) => pages.note(Broken::Odd, text),
            Verdict::Unknown => pages.unknown += 1,
            Verdict::Active | Verdict::Inactive => {}
        }
    }

    /// Something happened that must never happen.
    pub fn broke(&self, what: Broken, words: &str) {
        self.pages().note(what, words);
    }

    /// What was found so far.
    pub fn findings(&self) -> Findings {
        let pages = self.pages();
        Findings {
            made: pages.entries.len(),
            revoked: pages.revoked,
            asked: pages.asked,
            unknown: pages.unknown,
            broken: pages.broken.clone(),
            shown: pages.shown.clone(),
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn advance(&mut self, token: &str, fate: Fate) {
        for at in self.of_token.get(token).into_iter().flatten() {
            if let Some(entry) = self.entries.get_mut(*at) {
                entry.fate = entry.fate.max(fate);
            }
        }
    }

    fn kept(&self, at: usize) -> Option<Kept> {
        let Entry { secret, fate } = self.entries.get(at)?;
        Some(Kept { at, secret: secret.clone(), fate: *fate })
    }

    fn note(&mut self, what: Broken, words: &str) {
        let count = self.broken.entry(what).or_default();
        *count += 1;
        if *count <= SHOWN_MAX {
            let words: String = words.chars().take(SHOWN_CHARACTERS).collect();
            self.shown.push(format!("{what:?}: {words}"));
        }
    }
}

/// What was done, and what went wrong.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    made: usize,
    revoked: usize,
    asked: usize,
    unknown: usize,
    broken: BTreeMap<Broken, usize>,
    shown: Vec<String>,
}

impl Findings {
    /// Whether nothing went wrong.
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty()
    }

    /// How often one thing went wrong.
    pub fn count(&self, what: Broken) -> usize {
        self.broken.get(&what).copied().unwrap_or(0)
    }

    /// What was done, in words.
    pub fn work(&self) -> String {
        let Self { made, revoked, asked, unknown, .. } = self;
        format!("{made} secrets made, {revoked} ends acknowledged, {asked} questions, {unknown} of them 503")
    }

    /// These and others; of what was shown only a number is kept.
    pub(crate) fn plus(mut self, other: &Self) -> Self {
        self.made += other.made;
        self.revoked += other.revoked;
        self.asked += other.asked;
        self.unknown += other.unknown;
        for (what, count) in &other.broken {
            *self.broken.entry(*what).or_default() += count;
        }
        self
    }
}

impl Display for Findings {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { broken, shown, .. } = self;
        f.write_str(&self.work())?;
        for (what, count) in broken {
            write!(f, "\n  {what:?}: {count}")?;
        }
        shown.iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(asked: Fate, answered: Fate, verdict: &Verdict) -> Findings {
        let journal = Journal::default();
        journal.made("token", "secret".to_owned());
        let step = |fate| match fate {
            Fate::Live => {}
            Fate::Ending => journal.ending("token"),
            Fate::Ended => journal.ended("token"),
        };
        step(asked);
        let kept = journal.since(0).remove(0);
        step(answered);
        journal.judge(&kept, Door::Verify, verdict);
        journal.findings()
    }

    #[test]
    fn an_ended_secret_is_never_accepted() {
        assert_eq!(judged(Fate::Ended, Fate::Ended, &Verdict::Active).count(Broken::Accepted), 1);
        assert!(judged(Fate::Ended, Fate::Ended, &Verdict::Inactive).is_clean());
        assert!(judged(Fate::Ended, Fate::Ended, &Verdict::Unknown).is_clean());
    }

    #[test]
    fn a_live_secret_is_never_refused() {
        assert_eq!(judged(Fate::Live, Fate::Live, &Verdict::Inactive).count(Broken::Lost), 1);
        assert!(judged(Fate::Live, Fate::Live, &Verdict::Unknown).is_clean());
    }

    #[test]
    fn between_asking_for_an_end_and_its_acknowledgement_both_are_right() {
        for verdict in [Verdict::Active, Verdict::Inactive] {
            assert!(judged(Fate::Ending, Fate::Ending, &verdict).is_clean());
            assert!(judged(Fate::Live, Fate::Ended, &verdict).is_clean());
        }
    }

    #[test]
    fn any_other_answer_is_a_finding() {
        let odd = Verdict::Odd("500".to_owned());
        assert_eq!(judged(Fate::Ending, Fate::Ending, &odd).count(Broken::Odd), 1);
    }
}
