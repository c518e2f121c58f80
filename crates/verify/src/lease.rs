//! The lease: until when this process may answer from what it keeps.
//!
//! The authority lets no change be called done before everybody with a lease has said that they know of it, or their
//! leases have run out. So a verdict from memory is as good as one that was asked for, on two conditions that are looked
//! at for every request, on a clock that nobody sets and that goes on while the process is stopped: that the lease holds
//! **now**, and that nothing has changed of what the verdict was made from.

use std::sync::atomic::{AtomicU64, Ordering};

use jeton_api::{Keep, ToldUse};
use jeton_token::TokenText;

use crate::ask::Ask;
use crate::caller::Caller;
use crate::clock::Moment;
use crate::kept::{Keeping, Kept, Name, Question};
use crate::limits::{NAMES_OF_VERDICT_MAX, RECEIPT_BYTES_MAX, USES_TOLD_MAX, VERDICTS_MAX};

/// What is kept, and until when it may be used.
pub(crate) struct Lease {
    kept: Kept,
    /// A [`Moment`].
    end: AtomicU64,
}

impl Lease {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { kept: Kept::new(key, VERDICTS_MAX), end: AtomicU64::new(0) }
    }

    /// Whether it holds at this moment.
    pub(crate) fn holds(&self) -> bool {
        Moment::now() < self.end()
    }

    fn end(&self) -> Moment {
        Moment(self.end.load(Ordering::Acquire))
    }

    /// The caller that the token was allowed for, if that may be answered from memory.
    pub(crate) fn recall(&self, token: &TokenText, ask: &Ask<'_>) -> Option<Caller> {
        self.recall_at(token, ask, Moment::now)
    }

    // INVARIANT: the end of the lease is read before the verdict is found, and the clock after it. A lease that is taken
    // meanwhile comes with changes that the verdict was not looked at with, so it is not for this verdict; and whoever
    // was stopped between the two finds that the lease has run out.
    fn recall_at(&self, token: &TokenText, ask: &Ask<'_>, now: impl FnOnce() -> Moment) -> Option<Caller> {
        let end = self.end();
        let verdict = self.kept.find(token, ask)?;
        let now = now();
        if now >= end || now >= verdict.until() {
            return None;
        }
        self.kept.count(&verdict, ask.client());
        Some(verdict.caller().clone())
    }

    /// Begins a question whose answer may be kept. Also without a lease, for a denial counts in any case.
    pub(crate) fn question(&self, token: &TokenText) -> Option<Question<'_>> {
        self.kept.begin(token.id())
    }

    /// Applies what has changed, and then takes the new lease.
    pub(crate) fn apply(&self, changed: &Changed, end: Option<Moment>) {
        match changed {
            Changed::Names(names) if names.is_empty() => {}
            Changed::Names(names) => self.kept.apply(names),
            Changed::Everything => self.kept.forget(),
        }
        // INVARIANT: nobody who sees the new end finds what has changed: it is gone by then.
        if let Some(end) = end {
            self.end.fetch_max(end.0, Ordering::Release);
        }
    }

    /// Forgets everything, and has no lease.
    pub(crate) fn give_up(&self) {
        self.end.store(0, Ordering::Release);
        self.kept.forget();
    }

    /// For what verdicts were used since the last look.
    pub(crate) fn take_uses(&self) -> Vec<ToldUse> {
        self.kept.take_uses(USES_TOLD_MAX)
    }
}

/// What has changed at the authority.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Changed {
    Names(Vec<Name>),
    Everything,
}

/// A name as it is on the wire: 16 hexadecimal digits.
pub(crate) fn name(text: &str) -> Option<Name> {
    let is_name = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| is_name)
}

/// For what the answer to a question that was asked at this moment may be kept; what is not understood is not kept.
pub(crate) fn keeping(keep: Keep, asked: Moment) -> Option<Keeping> {
    let names = keep.names.iter().map(|text| name(text)).collect::<Option<Box<[Name]>>>()?;
    let is_usual =
        (1..=NAMES_OF_VERDICT_MAX).contains(&names.len()) && keep.receipt.len() <= RECEIPT_BYTES_MAX;
    let until = asked.plus_ms(keep.for_ms);
    is_usual.then_some(Keeping { names, until, any_client: keep.any_client, receipt: keep.receipt })
}

/// So that nothing of it is printed.
impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("holds", &self.holds()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
