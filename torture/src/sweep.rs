//! Many faults, one after the other.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::fault::Fault;
use crate::journal::{Broken, Findings};
use crate::stand::{Stand, Struck};
use crate::stopwatch::Stopwatch;

/// After so many faults the server is killed, everything is asked about once more, and a new one takes its place.
const FAULTS_OF_STAND: usize = 24;

/// On what, and for how long.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// The program `jeton`.
    pub program: PathBuf,
    /// An administrator's URL of PostgreSQL; SQLite without it.
    pub postgres: Option<String>,
    /// How long the clients work until a fault has struck.
    pub patience: Duration,
    /// No fault begins later than this.
    pub limit: Option<Duration>,
}

/// What became of a sweep.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many faults struck.
    pub struck: usize,
    /// Those that the clients' work never came to.
    pub never: Vec<Fault>,
    /// What went wrong, by the fault after which it was found.
    pub broken: Vec<(String, Findings)>,
    totals: Vec<Findings>,
}

impl Sweep {
    /// Goes through the faults. A server that was found wanting is not used again.
    pub async fn run(&self, faults: &[Fault]) -> Result<Outcome> {
        let (mut outcome, running) = (Outcome::default(), Stopwatch::start());
        for some in faults.chunks(FAULTS_OF_STAND) {
            let mut stand = self.stand().await?;
            for fault in some {
                if self.limit.is_some_and(|limit| running.elapsed() > limit) {
                    break;
                }
                match stand.suffer(*fault, self.patience).await? {
                    Struck::Times(_) => outcome.struck += 1,
                    Struck::Never => outcome.never.push(*fault),
                }
                if !stand.findings().is_clean() {
                    outcome.take(fault.to_string(), &stand);
                    stand = self.stand().await?;
                }
            }
            stand.restart().await?;
            outcome.take("a restart".to_owned(), &stand);
        }
        Ok(outcome)
    }

    async fn stand(&self) -> Result<Stand> {
        let program: &Path = &self.program;
        match &self.postgres {
            None => Stand::on_sqlite(program).await,
            Some(admin) => Stand::on_postgres(program, admin).await,
        }
    }
}

impl Outcome {
    /// Whether nothing went wrong.
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty()
    }

    /// The outcome of two sweeps.
    pub fn add(&mut self, other: Self) {
        self.struck += other.struck;
        self.never.extend(other.never);
        self.broken.extend(other.broken);
        self.totals.extend(other.totals);
    }

    fn take(&mut self, after: String, stand: &Stand) {
        let findings = stand.findings();
        if !findings.is_clean() {
            self.broken.push((after, findings.clone()));
        }
        self.totals.push(findings);
    }

    fn total(&self) -> Findings {
        self.totals.iter().fold(Findings::default(), Findings::plus)
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (after, findings) in &self.broken {
            writeln!(f, "after {after}: {findings}")?;
        }
        let (total, never) = (self.total(), self.never.len());
        writeln!(f, "{} faults struck, {never} were never reached; {}", self.struck, total.work())?;
        let counted = |what| format!("{what:?} {}", total.count(what));
        write!(f, "{}", Broken::ALL.map(counted).join(", "))
    }
}
