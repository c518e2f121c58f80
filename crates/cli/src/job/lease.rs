//! The lease of a job: renewed while its command runs, and given back when that has ended.
//!
//! The server's word counts. Our own clock says only what it would say if it could be asked, counted from before we
//! asked it last, so that we never think that a lease holds which does not.

use std::time::Duration;

use jeton_api::{Code, Job, Secret, Timestamp};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::access::App;
use crate::client::Client;
use crate::error::{Error, Exit, Result};
use crate::escape::safe;
use crate::login::random;

/// How long one answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// For how long the end is tried.
const FINISH_TIME: Duration = Duration::from_secs(15);
/// Between two tries.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long before its end a job hears of it, at most.
const NOTICE_MAX: Duration = Duration::from_mins(5);

/// The lease of one job.
pub(super) struct Lease<'a> {
    app: &'a App,
    client: &'a Client,
    job: Job,
    length: Duration,
    /// Until when it holds at least.
    until: Instant,
    /// Beyond which nothing renews it.
    end: Instant,
    /// When that is announced; nothing if it has been.
    notice: Option<Instant>,
    is_over: bool,
}

/// Why a lease is not renewed any more.
pub(super) enum Over {
    /// The job may not take longer.
    TimeIsUp,
    /// The server says that the job is over.
    Told(Error),
    /// The server said nothing for as long as the lease held.
    Unheard,
}

impl<'a> Lease<'a> {
    /// The lease that came with a job, which was asked for at that moment.
    pub(super) fn new(app: &'a App, client: &'a Client, job: Job, asked: Instant) -> Self {
        let life = span(job.created_at, job.ends_at);
        let length = seconds(job.lease_seconds);
        let end = asked + life;
        let notice = Some(end - NOTICE_MAX.min(life / 10)).filter(|at| *at > asked);
        let until = end.min(asked + length);
        Self { app, client, job, length, until, end, notice, is_over: false }
    }

    /// Renews the lease until it is over for good.
    pub(super) async fn keep(&mut self) -> Over {
        let mut next = Instant::now() + about(self.length / 3);
        let mut answers = true;
        loop {
            self.wait_until(next.min(self.until)).await;
            if Instant::now() >= self.until {
                self.is_over = true;
                return if self.until == self.end { Over::TimeIsUp } else { Over::Unheard };
            }
            match self.renew().await {
                Ok(()) => {
                    if !answers {
                        self.app.output.note("the job's lease is renewed again");
                    }
                    (answers, next) = (true, Instant::now() + about(self.length / 3));
                }
                Err(error) if is_over(&error) => {
                    self.is_over = true;
                    return Over::Told(error);
                }
                Err(error) => {
                    if answers {
                        self.tell_trouble(&error);
                    }
                    (answers, next) = (false, Instant::now() + about(pause(self.length)));
                }
            }
        }
    }

    async fn wait_until(&mut self, moment: Instant) {
        if let Some(notice) = self.notice.filter(|notice| *notice <= moment) {
            sleep_until(notice).await;
            self.notice = None;
            self.app
                .output
                .warn(&format!("the job may run until {}, and no longer", clock(self.job.ends_at)));
        }
        sleep_until(moment).await;
    }

    async fn renew(&mut self) -> Result<()> {
        let asked = Instant::now();
        let time = ANSWER_TIME.min(self.until - asked);
        let renewed = timeout(time, self.client.renew_job(&self.job.id)).await;
        self.job = renewed.unwrap_or_else(|_| Err(self.no_answer()))?;
        self.until = self.end.min(asked + self.length);
        Ok(())
    }

    fn tell_trouble(&self, error: &Error) {
        let until = clock(self.job.lease_expires_at);
        self.app.output.warn(&format!(
            "the job's lease could not be renewed, and is tried again until it is over at {until}: {}",
            first_line(error)
        ));
    }

    /// Ends the job. A failure is told; the token then ends with the lease.
    pub(super) async fn finish(&self, own: &Secret) {
        // Over already: it is finished for the record's sake, if the server can be reached.
        let time = if self.is_over { ANSWER_TIME } else { FINISH_TIME };
        let mut why = "no answer in time".to_owned();
        let tried = timeout(time, async {
            while let Err(error) = self.finish_once(own).await {
                why = first_line(&error);
                sleep(about(PAUSE_MIN)).await;
            }
        });
        if tried.await.is_err() && !self.is_over {
            let (number, until) = (self.job.number, clock(self.job.lease_expires_at));
            self.app.output.warn(&format!(
                "job {number} could not be finished; its token works until the lease is over at {until}: {why}\n\
                 finish it with: jeton job finish {}",
                safe(&self.job.id)
            ));
        }
    }

    /// Asks once; if our own credential is refused, with the token of the job, which may end itself.
    async fn finish_once(&self, own: &Secret) -> Result<()> {
        match self.finish_by(self.client).await {
            Err(error) if matches!(error.exit(), Exit::NotSignedIn | Exit::Denied) => {
                let own = self.app.client_with(self.client.server().clone(), Secret::new(own.expose()))?;
                // What was said to us is what there is to repair.
                self.finish_by(&own).await.map_err(|_| error)
            }
            finished => finished,
        }
    }

    async fn finish_by(&self, client: &Client) -> Result<()> {
        match timeout(ANSWER_TIME, client.finish_job(&self.job.id)).await {
            Ok(Err(error)) if !is_over(&error) => Err(error),
            Ok(_) => Ok(()),
            Err(_) => Err(self.no_answer()),
        }
    }

    fn no_answer(&self) -> Error {
        let server = self.client.server().shown().to_owned();
        Error::Unreachable { server, reason: "no answer in time".to_owned() }
    }
}

/// Whether the server says that the job is over, or that there is none. Whatever else it says may be otherwise later.
fn is_over(error: &Error) -> bool {
    let words = [Code::TokenNotLive, Code::NotFound].map(Code::word);
    error.problem().is_some_and(|problem| words.contains(&problem.code.as_str()))
}

fn pause(lease: Duration) -> Duration {
    (lease / 20).clamp(PAUSE_MIN, PAUSE_MAX)
}

/// A little less than that, so that many runners do not ask at once.
fn about(time: Duration) -> Duration {
    time.mul_f64(0.8 + 0.2 * random::fraction())
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

/// A moment of this day or the next, to the second.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S UTC").to_string()
}

pub(super) fn first_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_renewed_in_time_for_two_more_tries() {
        for lease in [10, 60, 300].map(Duration::from_secs) {
            for _ in 0..100 {
                let next = about(lease / 3);
                assert!(next <= lease / 3 && next >= lease / 4, "{next:?}");
                assert!(pause(lease) <= lease / 20 + PAUSE_MIN && next + 2 * pause(lease) < lease);
            }
        }
    }
}
