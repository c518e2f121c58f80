//! A server that faults are tried on, one after the other, and everything that was acknowledged at it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::caller::{Caller, Door, Reply, Verdict};
use crate::database::Database;
use crate::fault::{Fault, Harmed};
use crate::journal::{Broken, Findings, Journal, Kept};
use crate::server::{Server, Site};
use crate::stopwatch::Stopwatch;
use crate::wire::Wire;
use crate::work::{self, Work};

/// When the fault is gone, the server does all its work again within this.
pub const HEALED_WITHIN: Duration = Duration::from_secs(5);

/// The clients work for so long before and after a fault strikes.
const BEFORE: Duration = Duration::from_millis(100);
const AFTER: Duration = Duration::from_millis(250);

const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The server, its place, and its journal.
#[derive(Debug)]
pub struct Stand {
    /// The server under fault.
    pub server: Server,
    /// Where it keeps its things.
    pub site: Site,
    /// Whoever calls it.
    pub caller: Caller,
    /// What was acknowledged.
    pub journal: Arc<Journal>,
    /// The wire to its database, when that is PostgreSQL.
    pub wire: Option<Wire>,
    rounds: u64,
    // INVARIANT: declared last, so that the files and the database outlive the server.
    _database: Option<Database>,
    _folder: TempDir,
}

/// What became of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Struck {
    /// So many calls failed.
    Times(usize),
    /// The clients' work never came so far.
    Never,
}

impl Stand {
    /// A new server on SQLite.
    pub async fn on_sqlite(program: &Path) -> Result<Self> {
        let folder = TempDir::new()?;
        let site = Site::in_folder(program, folder.path());
        Self::start(folder, site, None, None).await
    }

    /// A new server on SQLite whose data directory is here.
    pub async fn on_sqlite_in(program: &Path, data: &Path) -> Result<Self> {
        let folder = TempDir::new()?;
        let site = Site { data: data.to_owned(), ..Site::in_folder(program, folder.path()) };
        Self::start(folder, site, None, None).await
    }

    /// A new server on a new database of the PostgreSQL server that this administrator's URL names.
    pub async fn on_postgres(program: &Path, admin: &str) -> Result<Self> {
        let (folder, database) = (TempDir::new()?, Database::make(admin)?);
        let wire = Wire::before(database.address()?).await?;
        let database_url = Some(database.url_through(wire.address())?);
        let site = Site { database_url, ..Site::in_folder(program, folder.path()) };
        Self::start(folder, site, Some(wire), Some(database)).await
    }

    async fn start(
        folder: TempDir,
        site: Site,
        wire: Option<Wire>,
        database: Option<Database>,
    ) -> Result<Self> {
        let started = site.clone();
        // Another thread waits, for the wire has to go on meanwhile.
        let server = tokio::task::spawn_blocking(move || Server::start(&started)).await??;
        let caller = Caller::at_new_server(server.url(), &site.first_password()?).await?;
        let journal = Arc::new(Journal::default());
        Ok(Self { server, site, caller, journal, wire, rounds: 0, _database: database, _folder: folder })
    }

    /// One fault while the clients work: it strikes, it goes, the server heals, and all that was done meanwhile is asked
    /// about.
    pub async fn suffer(&mut self, fault: Fault, patience: Duration) -> Result<Struck> {
        self.rounds += 1;
        let first = self.journal.len();
        let work = Work::start(&self.caller, &self.journal, self.rounds);
        sleep(BEFORE).await;
        let harmed = fault.begin(self)?;
        let struck = self.wait_for(&harmed, patience).await;
        sleep(AFTER).await;
        harmed.end(self);
        self.heal(&fault.to_string()).await;
        work.stop().await;
        self.ask_about_all_since(first).await;
        self.look_for_panics();
        Ok(struck)
    }

    /// Creates, asks and revokes, until all of that works at once, or it takes too long.
    pub async fn heal(&self, after: &str) {
        let waiting = Stopwatch::start();
        let mut why = self.works().await;
        while let Err(error) = &why {
            if waiting.elapsed() > HEALED_WITHIN {
                self.journal.broke(Broken::Sick, &format!("{error:#} {HEALED_WITHIN:?} after {after}"));
                return;
            }
            sleep(TRY_AGAIN_AFTER).await;
            why = self.works().await;
        }
    }

    /// Whether a write, a fresh read and a revoke work, and the server says that it is ready.
    pub async fn works(&self) -> Result<()> {
        let made = self.caller.create(None).await.map_err(anyhow::Error::msg)?;
        let (id, secret) = made.context("no token is made")?;
        self.journal.made(&id, secret.clone());
        self.expect(&secret, &Verdict::Active).await?;
        self.journal.ending(&id);
        self.caller.revoke(&id).await.done().context("no token is revoked")?;
        self.journal.ended(&id);
        self.expect(&secret, &Verdict::Inactive).await?;
        let (status, text) = self.caller.get("/readyz").await.map_err(anyhow::Error::msg)?;
        anyhow::ensure!(status == 200, "/readyz says {status}: {text}");
        Ok(())
    }

    async fn expect(&self, secret: &str, expected: &Verdict) -> Result<()> {
        for door in Door::ALL {
            let verdict = self.caller.ask(door, secret).await;
            anyhow::ensure!(verdict == *expected, "{door:?} says {verdict:?}, not {expected:?}");
        }
        Ok(())
    }

    /// Asks every door about everything in the journal from a place on; a healthy server knows.
    pub async fn ask_about_all_since(&self, first: usize) {
        for kept in self.journal.since(first) {
            for door in Door::ALL {
                work::ask_until_known(&self.caller, &self.journal, &kept, door).await;
            }
        }
    }

    /// Kills the server, starts it again, and asks about everything: what was acknowledged is durable.
    pub async fn restart(&mut self) -> Result<()> {
        // The old one holds the data directory.
        self.server.kill();
        let site = self.site.clone();
        self.server = tokio::task::spawn_blocking(move || Server::start(&site)).await??;
        self.caller = self.caller.at(self.server.url());
        self.ask_about_all_since(0).await;
        Ok(())
    }

    /// Makes tokens; their ids and what the journal has of them.
    pub async fn make(&self, count: usize, owner: Option<&str>) -> Result<Vec<(String, Kept)>> {
        let mut made = Vec::with_capacity(count);
        for _ in 0..count {
            let issued = self.caller.create(owner).await.map_err(anyhow::Error::msg)?;
            let (id, secret) = issued.context("no token is made")?;
            self.journal.made(&id, secret);
            let kept = self.journal.of_token(&id).pop().context("no secret")?;
            made.push((id, kept));
        }
        Ok(made)
    }

    /// Revokes a token, and says whether that was acknowledged.
    pub async fn revoke(&self, id: &str) -> Result<bool> {
        self.journal.ending(id);
        match self.caller.revoke(id).await {
            Reply::Done(_) => {
                self.journal.ended(id);
                Ok(true)
            }
            Reply::Unknown => Ok(false),
            Reply::Odd(why) => anyhow::bail!(why),
        }
    }

    /// What was found so far.
    pub fn findings(&self) -> Findings {
        self.journal.findings()
    }

    /// A panic is a finding, and so is a server that has ended.
    pub fn look_for_panics(&mut self) {
        for line in self.server.take_panics() {
            self.journal.broke(Broken::Panicked, &line);
        }
        if !self.server.is_alive() {
            self.journal.broke(Broken::Panicked, &format!("it ended: {}", self.server.last_lines()));
        }
    }

    async fn wait_for(&self, harmed: &Harmed, patience: Duration) -> Struck {
        let waiting = Stopwatch::start();
        while harmed.struck(self) == 0 {
            if waiting.elapsed() > patience {
                return Struck::Never;
            }
            sleep(LOOK_AGAIN_AFTER).await;
        }
        Struck::Times(harmed.struck(self))
    }
}
