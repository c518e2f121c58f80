//! How late it is, for the process after this one: a clock that is put back while nobody looks revives nothing either.

use std::pin::pin;
use std::time::Duration;

use jeton_token::Timestamp;

use super::access::{self, Reason};
use super::{Authority, Error};
use crate::limits::{CLOCK_BEHIND_MS_MAX, CLOCK_SECONDS_BETWEEN};
use crate::store::Write;

impl Authority {
    /// Takes the time up where the process before this one left it, unless the operator says that it was wrong there.
    pub(crate) async fn take_up_time(&self, latest: Timestamp, is_wrong: bool) -> Result<(), Error> {
        if is_wrong && self.now() < latest {
            let permit = access::system(Reason::ClockAccepted);
            self.store.write(&permit, &Write::PutTimeBack(self.now())).await?;
        }
        if !is_wrong {
            self.clock.not_before(latest);
        }
        Ok(())
    }

    /// Keeps how late it is until `until` is ready, and then once more.
    pub(crate) async fn keep_time(&self, until: impl Future<Output = ()>) {
        let mut until = pin!(until);
        let mut ticks = tokio::time::interval(Duration::from_secs(CLOCK_SECONDS_BETWEEN));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let is_over = tokio::select! {
                () = &mut until => true,
                _ = ticks.tick() => false,
            };
            self.note_time().await;
            if is_over {
                return;
            }
        }
    }

    async fn note_time(&self) {
        match self.store.note_time(self.now()).await {
            Ok(latest) => self.clock.not_before(latest),
            Err(error) => tracing::warn!(%error, "how late it is was not kept; it is tried again"),
        }
        if let Some(seconds) = self.seconds_behind() {
            tracing::warn!(
                seconds,
                "the clock of this machine is behind the time that was known already; time goes on from there, and this \
                 server is not ready. Put the clock right; if the later time was the wrong one, start the server once \
                 with --accept-clock"
            );
        }
    }

    /// By how many seconds the machine's clock is behind what was known already, if that is more than clocks differ by.
    pub(crate) fn seconds_behind(&self) -> Option<i64> {
        let behind = self.clock.behind_ms();
        (behind > CLOCK_BEHIND_MS_MAX).then_some(behind / 1000)
    }
}
