//! The real program in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result, bail};

/// How many lines of the log are kept to be shown.
const LINES_KEPT: usize = 30;

/// Where a server keeps its things.
#[derive(Debug, Clone)]
pub struct Site {
    /// The program `jeton`.
    pub program: PathBuf,
    /// The data directory.
    pub data: PathBuf,
    /// The pepper file, outside of it.
    pub pepper: PathBuf,
    /// A PostgreSQL database, when it is not SQLite.
    pub database_url: Option<String>,
}

impl Site {
    /// A site below a folder, on SQLite.
    pub fn in_folder(program: &Path, folder: &Path) -> Self {
        let (data, pepper) = (folder.join("data"), folder.join("pepper"));
        Self { program: program.to_owned(), data, pepper, database_url: None }
    }

    /// The password of the first administrator.
    pub fn first_password(&self) -> Result<String> {
        let file = self.data.join("initial-admin-password");
        Ok(std::fs::read_to_string(file).context("no first password")?.trim().to_owned())
    }

    /// The files of the database whose calls are made to fail.
    pub(crate) fn database_files(&self) -> [PathBuf; 3] {
        ["jeton.db", "jeton.db-wal", "jeton.db-shm"].map(|name| self.data.join(name))
    }

    fn command(&self) -> Command {
        let mut serve = Command::new(&self.program);
        serve.arg("serve").arg("--data").arg(&self.data).arg("--pepper-file").arg(&self.pepper);
        serve.args(["--listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1/32"]).env_clear();
        if let Some(url) = &self.database_url {
            serve.args(["--database-url", url]);
        }
        serve
    }
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    url: String,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    lines: Vec<String>,
    panics: Vec<String>,
}

impl Server {
    /// Starts the program and waits until it says where it listens.
    pub fn start(site: &Site) -> Result<Self> {
        let mut serve = site.command();
        serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = serve.spawn().context("cannot start `jeton`")?;
        let stderr = child.stderr.take().context("the server has no standard error")?;
        let mut lines = BufReader::new(stderr).lines();
        let mut said = String::new();
        let url = loop {
            let Some(line) = lines.next() else { bail!("the server ended before it listened: {said}") };
            let line = line?;
            if let Some((_, url)) = line.split_once("listening on ") {
                break url.trim().to_owned();
            }
            said.push_str(&line);
        };
        let log = Arc::new(Mutex::new(Log::default()));
        let kept = Arc::clone(&log);
        // Somebody has to read on, or the server would wait for that one day.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| keep(&kept, line)));
        Ok(Self { child, url, log })
    }

    /// `http://ADDRESS`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Panics that its log tells of and that nobody has taken yet.
    pub fn take_panics(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner).panics)
    }

    /// The end of its log.
    pub fn last_lines(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).lines.join("\n")
    }

    /// Whether the process is still there.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn keep(log: &Mutex<Log>, line: String) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    if line.contains("panicked") {
        log.panics.push(line.clone());
    }
    if log.lines.len() >= LINES_KEPT {
        log.lines.remove(0);
    }
    log.lines.push(line);
}
