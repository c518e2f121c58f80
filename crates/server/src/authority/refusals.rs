//! What doors for gateways would have refused: noted in the process, written together with the uses of tokens.
//!
//! A door of an API that is only to report lets everything pass, and says here what it would have refused. Noting never
//! waits for the store and never fails. There is room for so many different ones; what finds none is counted as one.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jeton_api::ForwardAuth;
use jeton_token::PrincipalName;

use super::access::{self, Action, Caller};
use super::{Authority, Error};
use crate::limits::{REFUSALS_AT_ONCE, REFUSALS_WAITING_MAX};
use crate::store::{ApiRecord, Refused, RefusedRecord, RefusedSeen};

/// What is not written yet.
#[derive(Default)]
pub(crate) struct Refusals {
    noted: Mutex<HashMap<Refused, RefusedSeen>>,
    /// Held while they are written: whoever lists them waits for what is on its way.
    writing: tokio::sync::Mutex<()>,
}

impl Refusals {
    fn note(&self, refused: Refused, seen: RefusedSeen) {
        let mut noted = self.noted();
        let is_room = noted.len() < REFUSALS_WAITING_MAX || noted.contains_key(&refused);
        let refused = if is_room { refused } else { Refused::overflow(refused.api) };
        let known = noted.entry(refused).or_insert(RefusedSeen { count: 0, ..seen });
        known.count = known.count.saturating_add(seen.count);
        known.first = known.first.min(seen.first);
        known.last = known.last.max(seen.last);
    }

    fn take(&self) -> Vec<(Refused, RefusedSeen)> {
        let mut taken: Vec<_> = std::mem::take(&mut *self.noted()).into_iter().collect();
        taken.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        taken
    }

    fn noted(&self) -> MutexGuard<'_, HashMap<Refused, RefusedSeen>> {
        // Whoever panicked with the lock left a count that may be off by one, and nothing rests on those.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Authority {
    /// Notes that a request would have been refused.
    pub(crate) fn note_refused(&self, refused: Refused) {
        let now = self.now();
        self.refusals.note(refused, RefusedSeen { count: 1, first: now, last: now });
    }

    /// Writes what is noted, and says whether it could. What cannot be written now is kept for the next time.
    pub(super) async fn write_refusals(&self) -> bool {
        let _alone = self.refusals.writing.lock().await;
        let taken = self.refusals.take();
        let mut rest = taken.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(REFUSALS_AT_ONCE));
            if let Err(error) = self.store.record_refused(now).await {
                tracing::warn!(%error, "what gateways would have refused is not written yet; it is tried again");
                break;
            }
            rest = later;
        }
        for (refused, seen) in rest {
            self.refusals.note(refused.clone(), *seen);
        }
        rest.is_empty()
    }

    /// What the gateways of an API would have refused since it was declared last.
    pub(crate) async fn refusals_of(
        &self,
        caller: &Caller,
        name: &PrincipalName,
        (below, most): (Option<i64>, usize),
    ) -> Result<(Vec<RefusedRecord>, Option<i64>), Error> {
        let api = self.show_api(caller, name).await?;
        access::check_at(caller, api.place(), Action::ApiReport)?;
        // What this process has noted is told at once; what others have is a few seconds behind.
        self.write_refusals().await;
        let found = self.store.refused(api.id, below, i64::try_from(most).unwrap_or(i64::MAX)).await?;
        let next = found.last().filter(|_| found.len() == most).map(|last| last.number);
        Ok((found, next))
    }

    /// Says for which APIs gateways are only to report: at a start, so that nobody forgets it.
    pub(crate) async fn warn_of_reporting(&self) -> Result<(), Error> {
        for api in self.store.reporting_apis().await? {
            warn(&api);
        }
        Ok(())
    }

    /// How many APIs those are.
    pub(crate) async fn reporting(&self) -> Result<usize, Error> {
        Ok(self.store.reporting_apis().await?.len())
    }
}

/// Warns of an API that was declared just now, if its gateways are only to report.
pub(super) fn warn_if_reporting(api: &ApiRecord) {
    if api.forward_auth == ForwardAuth::ReportOnly {
        warn(&api.name);
    }
}

fn warn(api: &str) {
    tracing::warn!(api, "gateways in front of this API refuse nobody: its forward_auth is report_only");
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refusals")
    }
}
