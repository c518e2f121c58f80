//! The lease of a job: renewed while its command runs, and given back when that has ended.

use std::time::Duration;

use jeton_api::{Code, Job, Secret, Timestamp};
use tokio::time::{sleep, timeout};

use super::teller::Teller;
use super::term::{Due, Term, before_next_try};
use crate::access::App;
use crate::client::Client;
use crate::clock::{self, Moment};
use crate::error::{Error, Exit, Result};
use crate::escape::safe;

/// How long one answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// For how long the end is tried.
const FINISH_TIME: Duration = Duration::from_secs(15);

/// The lease of one job.
pub(super) struct Lease<'a> {
    app: &'a App,
    client: &'a Client,
    teller: &'a Teller,
    job: Job,
    term: Term,
    /// Whether it could be renewed the last time.
    answers: bool,
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
    pub(super) fn new(app: &'a App, client: &'a Client, teller: &'a Teller, job: Job, asked: Moment) -> Self {
        let term = Term::new(asked, seconds(job.lease_seconds), span(job.created_at, job.ends_at));
        Self { app, client, teller, job, term, answers: true, is_over: false }
    }

    /// Renews it before there is a command, if it took so long to come that it would be renewed by now. Even one that
    /// is over by our clock may hold by the server's.
    pub(super) async fn freshen(&mut self) -> Result<()> {
        let asked = Moment::now();
        if matches!(self.term.due(asked), Due::Nothing(_) | Due::Notice) {
            return Ok(());
        }
        match self.renew(asked.plus(ANSWER_TIME)).await {
            Err(error) if self.is_over || self.term.is_over(Moment::now()) => Err(error),
            // There is time to try it again beside the command.
            _ => Ok(()),
        }
    }

    /// Renews the lease until it is over for good.
    pub(super) async fn keep(&mut self) -> Over {
        loop {
            let now = Moment::now();
            match self.term.due(now) {
                Due::Nothing(time) => clock::wait(time).await,
                Due::Notice => self.announce_end(),
                Due::Renewal => match self.renew(self.term.until().min(now.plus(ANSWER_TIME))).await {
                    Err(error) if self.is_over => return Over::Told(error),
                    _ => {}
                },
                Due::Lapse => return self.over(Over::Unheard),
                Due::End => return self.over(Over::TimeIsUp),
            }
        }
    }

    fn over(&mut self, why: Over) -> Over {
        self.is_over = true;
        why
    }

    fn announce_end(&mut self) {
        self.term.announced();
        self.teller.warn(&format!("the job may run until {}, and no longer", clock_time(self.job.ends_at)));
    }

    /// Asks for a renewal, and waits for it until that moment. What comes of it is told.
    async fn renew(&mut self, limit: Moment) -> Result<()> {
        let asked = Moment::now();
        let renewed = tokio::select! {
            renewed = self.client.renew_job(&self.job.id) => renewed,
            () = clock::reached(limit) => Err(self.no_answer()),
        };
        match renewed {
            Ok(job) => self.renewed(job, asked),
            Err(error) => return Err(self.not_renewed(error)),
        }
        Ok(())
    }

    fn renewed(&mut self, job: Job, asked: Moment) {
        self.job = job;
        self.term.renewed(asked);
        if !self.answers {
            self.teller.note("the job's lease is renewed again".to_owned());
        }
        self.answers = true;
    }

    fn not_renewed(&mut self, error: Error) -> Error {
        let now = Moment::now();
        self.is_over = is_over(&error);
        self.term.not_renewed(now);
        if self.answers && !self.is_over && !self.term.is_over(now) {
            self.tell_trouble(&error);
            self.answers = false;
        }
        error
    }

    fn tell_trouble(&self, error: &Error) {
        let until = clock_time(self.job.lease_expires_at);
        self.teller.warn(&format!(
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
                sleep(before_next_try()).await;
            }
        });
        if tried.await.is_err() && !self.is_over {
            let (number, until) = (self.job.number, clock_time(self.job.lease_expires_at));
            self.teller.warn(&format!(
                "job {number} could not be finished; its token works until the lease is over at {until}: {why}\n\
                 finish it with: jeton job finish {}",
                safe(&self.job.id)
            ));
        }
    }

    /// Asks once; if our own credential is refused, or does not see the job any more, with the token of the job, which
    /// may end itself.
    async fn finish_once(&self, own: &Secret) -> Result<()> {
        match self.finish_by(self.client).await {
            Err(error) if is_hidden(&error) || matches!(error.exit(), Exit::NotSignedIn | Exit::Denied) => {
                let own = self.app.client_with(self.client.server().clone(), Secret::new(own.expose()))?;
                match self.finish_by(&own).await {
                    // There is no such job, and its token is dead.
                    Err(refused) if is_hidden(&error) && is_dead(&refused) => Ok(()),
                    // What was said to us is what there is to repair.
                    ended => ended.map_err(|_| error),
                }
            }
            finished => finished,
        }
    }

    async fn finish_by(&self, client: &Client) -> Result<()> {
        let answer = timeout(ANSWER_TIME, client.finish_job(&self.job.id)).await;
        answer.map_err(|_| self.no_answer())?.map(drop)
    }

    fn no_answer(&self) -> Error {
        let server = self.client.server().shown().to_owned();
        Error::Unreachable { server, reason: "no answer in time".to_owned() }
    }
}

/// Whether the server says that there is no such job, or none that we may see.
fn is_hidden(error: &Error) -> bool {
    error.problem().is_some_and(|problem| problem.code == Code::NotFound.word())
}

/// Whether the job's own token is not honoured any more, or there is nothing that it could end.
fn is_dead(error: &Error) -> bool {
    is_hidden(error) || matches!(error.exit(), Exit::NotSignedIn)
}

/// Whether the server says that the job is over, or that there is none. Whatever else it says may be otherwise later.
fn is_over(error: &Error) -> bool {
    let words = [Code::TokenNotLive, Code::NotFound].map(Code::word);
    error.problem().is_some_and(|problem| words.contains(&problem.code.as_str()))
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

/// A moment of this day or the next, to the second.
fn clock_time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S UTC").to_string()
}

pub(super) fn first_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
