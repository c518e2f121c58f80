//! Ends that come near: found once an hour, and noted in the audit, where webhooks and mail take them from.
//!
//! An end is noted 30, 7 and 1 days ahead. Days are whole days of UTC: on a day, all ends are noted that come on or
//! before the day so many days later. So one person gets one letter a day at most, and never learns of an end less than
//! a day ahead because the hour was wrong. A token is told of so many days ahead only if its secret lives at least twice
//! as long: whoever makes a token for a day knows how long a day is.
//!
//! Example: made on 1 March for 30 days, a token ends on 31 March. It is noted on 24 and on 30 March.

use std::pin::pin;
use std::time::Duration;

use jeton_token::Timestamp;

use super::{Authority, access};
use crate::limits::{ENDS_AT_ONCE, ENDS_MS_BETWEEN, ENDS_SECONDS_BETWEEN};
use crate::store::{Horizon, NearEnd, StoreError, Write};

/// How many days ahead, the last one first: what was noted for less needs no note for more.
const DAYS_AHEAD: [i64; 3] = [1, 7, 30];
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Authority {
    /// Notes ends that come near, until it is over.
    pub(crate) async fn keep_ends_noted(&self, until: impl Future<Output = ()>) {
        let mut until = pin!(until);
        let mut ticks = tokio::time::interval(Duration::from_secs(ENDS_SECONDS_BETWEEN));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut looked_at: Option<Timestamp> = None;
        loop {
            tokio::select! {
                () = &mut until => return,
                _ = ticks.tick() => (),
            }
            let now = self.now();
            if looked_at.is_some_and(|at| at <= now && now < at.plus_ms(ENDS_MS_BETWEEN)) {
                continue;
            }
            let noting = self.note_ends(now);
            let noted = tokio::select! {
                () = &mut until => return,
                noted = noting => noted,
            };
            match noted {
                Ok(()) => looked_at = Some(now),
                Err(error) => {
                    tracing::warn!(%error, "ends that come near are not noted yet; it is tried again");
                }
            }
        }
    }

    /// One that cannot be noted, because a row is not what it was, keeps nobody else from being told. It is tried again
    /// with the next look.
    async fn note_end(&self, near: NearEnd) {
        let permit = access::system(access::Reason::EndNear);
        if let Err(error) = self.store.write(&permit, &Write::NoteEnd(near)).await {
            tracing::warn!(%error, token = %near.token, "the end of this token comes near, and that was not noted");
        }
    }

    async fn note_ends(&self, now: Timestamp) -> Result<(), StoreError> {
        for days in DAYS_AHEAD {
            let horizon = horizon(days, now);
            let mut last: Option<NearEnd> = None;
            loop {
                let found = self.store.near_ends(&horizon, last.as_ref(), ENDS_AT_ONCE).await?;
                let Some(end) = found.last() else { break };
                last = Some(*end);
                for near in found {
                    self.note_end(near).await;
                }
            }
        }
        Ok(())
    }
}

/// The ends to be noted so many days ahead.
fn horizon(days: i64, now: Timestamp) -> Horizon {
    let today = now.0.div_euclid(DAY_MS) * DAY_MS;
    Horizon { days, after: now, before: Timestamp(today + (days + 1) * DAY_MS), life_ms: 2 * days * DAY_MS }
}
