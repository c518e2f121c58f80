//! A PostgreSQL of one's own: fresh, on a free loopback port, gone with all its files when the value is dropped.
//!
//! The tests must run against the real thing and never skip it silently, so they cannot depend on a server that somebody
//! happens to have. This one trusts everybody on 127.0.0.1, does not fsync, and must never hold anything of value.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::account::Account;
use crate::interrupt::Interrupt;
use crate::stopwatch::Stopwatch;
use crate::workspace::Workspace;
use crate::{command, python};

/// The variable that names an administrator's URL to the tests; each of them makes a database of its own there.
const URL_VARIABLE: &str = "JETON_TEST_POSTGRES";

const READY_WITHIN: Duration = Duration::from_mins(1);
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// A free port can be lost between finding and using it.
const ATTEMPTS: usize = 3;
const SUPERUSER: &str = "postgres";

/// A running server. Dropping it stops the server and removes its files.
#[derive(Debug)]
pub(crate) struct Postgres {
    account: Account,
    binaries: PathBuf,
    port: u16,
    server: Child,
    // INVARIANT: declared last, so that the files outlive the server.
    home: TempDir,
}

/// The task `postgres`: runs the command beside a server, and ends as the command ends.
pub(crate) fn run_beside(workspace: &Workspace, words: &[OsString]) -> Result<ExitCode> {
    let (program, arguments) = words.split_first().context("no command is given")?;
    let interrupt = Interrupt::catch()?;
    let server = Postgres::start()?;
    let mut command = Command::new(program);
    command.args(arguments);
    python::announce(workspace, server.announce(&mut command));
    let status = command::status(&mut command)?;
    if interrupt.asked() {
        return Ok(Interrupt::exit_code());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The folder of PostgreSQL's programs: Debian keeps them off the path, one folder for each version.
pub(crate) fn binaries() -> Result<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = debian
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("postgres").exists())
        .max_by_key(|folder| version(folder));
    newest
        .or_else(binaries_by_config)
        .context("PostgreSQL's server is not installed: run `cargo xtask setup`")
}

impl Postgres {
    /// Starts a server and waits until it answers.
    pub(crate) fn start() -> Result<Self> {
        (1..ATTEMPTS).fold(Self::start_once(), |outcome, _| outcome.or_else(|_| Self::start_once()))
    }

    /// Where it answers, as a user who may do everything.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{SUPERUSER}@{}:{}/postgres", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Tells a command where the server is.
    pub(crate) fn announce<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env(URL_VARIABLE, self.url())
    }

    fn start_once() -> Result<Self> {
        let account = Account::unprivileged()?;
        let binaries = binaries()?;
        let home = tempfile::Builder::new().prefix("jeton-postgres-").tempdir()?;
        account.give(home.path())?;
        initialise(&account, &binaries, home.path())?;
        let port = free_port()?;
        let server = spawn(&account, &binaries, home.path(), port)?;
        let mut postgres = Self { account, binaries, port, server, home };
        postgres.wait_until_ready()?;
        Ok(postgres)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let waiting = Stopwatch::start();
        while !self.is_ready() {
            if let Some(status) = self.server.try_wait()? {
                bail!("PostgreSQL ended with {status}; it said:\n{}", self.log());
            }
            if waiting.elapsed() > READY_WITHIN {
                bail!("PostgreSQL was not ready within {READY_WITHIN:?}; it said:\n{}", self.log());
            }
            thread::sleep(ASK_AGAIN_AFTER);
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        let mut ask = Command::new(self.binaries.join("pg_isready"));
        ask.args(["--quiet", "--host=127.0.0.1"]).arg(format!("--port={}", self.port));
        command::succeeds(&mut ask)
    }

    fn log(&self) -> String {
        fs::read_to_string(log_file(self.home.path())).unwrap_or_else(|error| error.to_string())
    }

    fn stop(&mut self) -> Result<()> {
        if self.server.try_wait()?.is_some() {
            return Ok(());
        }
        let mut stop = self.account.command(self.binaries.join("pg_ctl"));
        stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(data_folder(self.home.path()));
        if command::read(stop.current_dir(self.home.path())).is_err() {
            self.server.kill()?;
        }
        self.server.wait()?;
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("xtask: cannot stop PostgreSQL, process {}: {error:#}", self.server.id());
        }
    }
}

fn initialise(account: &Account, binaries: &Path, home: &Path) -> Result<()> {
    let mut initdb = account.command(binaries.join("initdb"));
    initdb
        .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--username", SUPERUSER])
        .arg("--pgdata")
        .arg(data_folder(home))
        .current_dir(home);
    command::read(&mut initdb).context("cannot make a PostgreSQL folder")?;
    Ok(())
}

/// In a process group of its own, so that Ctrl-C reaches the tests and not the server that they are still using.
fn spawn(account: &Account, binaries: &Path, home: &Path, port: u16) -> Result<Child> {
    let log = File::create(log_file(home))?;
    let mut server = account.bound_command(binaries.join("postgres"));
    server.arg("-D").arg(data_folder(home)).arg("-p").arg(port.to_string());
    for setting in SETTINGS {
        server.arg("-c").arg(setting);
    }
    server.current_dir(home).process_group(0).stdout(log.try_clone()?).stderr(log);
    server.spawn().with_context(|| command::cannot_start(&server))
}

/// Loopback only, and no Unix socket: its path would be too long in a deep temporary folder.
const SETTINGS: [&str; 7] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
];

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

fn data_folder(home: &Path) -> PathBuf {
    home.join("data")
}

fn log_file(home: &Path) -> PathBuf {
    home.join("server.log")
}

fn version(folder: &Path) -> Option<u32> {
    let name = folder.parent()?.file_name()?.to_str()?;
    name.split('.').next()?.parse().ok()
}

fn binaries_by_config() -> Option<PathBuf> {
    let folder = command::read(Command::new("pg_config").arg("--bindir")).ok()?;
    let folder = PathBuf::from(folder.trim());
    folder.join("postgres").exists().then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        let nine = version(Path::new("/usr/lib/postgresql/9.6/bin"));
        let fifteen = version(Path::new("/usr/lib/postgresql/15/bin"));
        assert_eq!((nine, fifteen), (Some(9), Some(15)));
        assert!(nine < fifteen);
    }
}
