//! The token of a command: exchanged before it starts, renewed while it runs, revoked when it has ended.

use std::time::Duration;

use jeton_api::{Code, Granted, Secret};
use tokio::sync::Notify;

use super::grant::Grants;
use super::identity::Identities;
use crate::access::Server;
use crate::clock::{self, Moment};
use crate::environment::{INSIDE, Inside};
use crate::error::{Error, Result};
use crate::output::Output;
use crate::private_file::PrivateFile;

/// The soonest that a token is renewed again, and how often it is tried while that fails.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long to wait before each further try to begin, while the server cannot know. Together they are longer than an
/// issuer's keys may be unknown after they changed, which is ten seconds.
const PAUSE_SECONDS: [u64; 5] = [1, 2, 4, 5, 5];

/// What a command runs with.
pub(super) struct Lease {
    output: Output,
    grants: Grants,
    identities: Identities,
    file: Option<PrivateFile>,
    /// All that were granted and have not ended yet, the one in use last; and when they end.
    granted: Vec<(Secret, Moment)>,
    /// When the one in use should be renewed.
    next: Moment,
}

impl Lease {
    /// Exchanges the identity token for the first time; when that fails, nothing is run.
    pub(super) async fn begin(
        output: Output,
        grants: Grants,
        identities: Identities,
        file: Option<PrivateFile>,
    ) -> Result<Self> {
        let mut lease = Self { output, grants, identities, file, granted: vec![], next: Moment::now() };
        if let Err(error) = lease.renew_patiently().await {
            lease.end().await;
            return Err(error);
        }
        Ok(lease)
    }

    /// What the command finds in its environment.
    pub(super) fn variables(&self, server: &Server) -> Vec<(&'static str, String)> {
        let token = self.granted.last().map(|(token, _)| ("JETON_TOKEN", token.expose().to_owned()));
        let file =
            self.file.as_ref().map(|file| ("JETON_TOKEN_FILE", file.path().to_string_lossy().into_owned()));
        let rest = [("JETON_URL", server.shown().to_owned()), (INSIDE, Inside::Exec.word().to_owned())];
        token.into_iter().chain(file).chain(rest).collect()
    }

    /// Keeps the file fresh until the command has ended. Without a file the command could not see a newer token, so none
    /// is asked for.
    pub(super) async fn keep(&mut self, ended: &Notify) {
        if self.file.is_none() {
            return ended.notified().await;
        }
        let mut pause = PAUSE;
        loop {
            tokio::select! {
                () = ended.notified() => return,
                () = clock::reached(self.next) => {}
            }
            match self.renew().await {
                Ok(()) => pause = PAUSE,
                Err(error) => {
                    let first = error.to_string().lines().next().unwrap_or_default().to_owned();
                    self.output.warn(&format!("the token could not be renewed: {first}"));
                    self.next = Moment::now().plus(pause);
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Tries again while the server only says that it cannot know.
    async fn renew_patiently(&mut self) -> Result<()> {
        for pause in PAUSE_SECONDS.map(Duration::from_secs) {
            match self.renew().await {
                Err(error) if is_not_known(&error) => tokio::time::sleep(pause).await,
                known => return known,
            }
        }
        self.renew().await
    }

    /// A new token beside the one in use, which somebody may have read just now: it goes on until it ends by itself.
    async fn renew(&mut self) -> Result<()> {
        let identity = self.identities.fetch().await?;
        // Its life begins no sooner.
        let now = Moment::now();
        let Granted { access_token, expires_in, .. } = self.grants.exchange(&identity).await?;
        let written = self.file.as_ref().map(|file| file.replace(access_token.expose()));
        let life = life(expires_in);
        self.granted.retain(|(_, end)| *end > now);
        self.granted.push((access_token, now.plus(life)));
        self.next = now.plus(renewed_in(life));
        Ok(written.transpose().map(drop)?)
    }

    /// Revokes everything that was granted, and takes the file away. The command has ended, whatever comes of it.
    pub(super) async fn end(&mut self) {
        if let Some(file) = &self.file {
            let _gone = std::fs::remove_file(file.path());
        }
        for (token, _) in std::mem::take(&mut self.granted).iter().rev() {
            if let Err(error) = self.grants.revoke(token).await {
                let first = error.to_string().lines().next().unwrap_or_default().to_owned();
                self.output.warn(&format!("a token could not be revoked; it ends by itself: {first}"));
            }
        }
    }
}

/// Whether nothing was done, and the same may be answered otherwise in a moment.
fn is_not_known(error: &Error) -> bool {
    error.problem().is_some_and(|problem| problem.code == Code::Unavailable.word())
}

/// How long a token lives, as far as the server says it.
fn life(expires_in: Option<i64>) -> Duration {
    const USUAL_SECONDS: u64 = 60;
    const SECONDS_MAX: u64 = 366 * 24 * 60 * 60;
    let seconds = expires_in.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(USUAL_SECONDS);
    Duration::from_secs(seconds.min(SECONDS_MAX))
}

/// After two thirds of its life: time enough to try again, and again, before it ends.
fn renewed_in(life: Duration) -> Duration {
    life.mul_f64(2.0 / 3.0).max(PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_well_before_it_ends() {
        for (said, seconds) in
            [(Some(3600), 2400), (Some(3), 2), (Some(1), 1), (Some(0), 1), (Some(-5), 40), (None, 40)]
        {
            assert_eq!(renewed_in(life(said)).as_secs(), seconds, "{said:?}");
        }
    }
}
