//! A system call of a running server that fails: `strace` stops the call and answers in the kernel's place.
//!
//! Only calls on the database's files fail, so that no connection to a client is hit. `strace` counts the calls of each
//! thread by itself, so that the n-th call of *each* thread fails, and each call has a count of its own: with one thread
//! for a connection, that is each connection once.

use std::fmt::{self, Display, Formatter};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::server::{Server, Site};
use crate::stopwatch::Stopwatch;

const ATTACHED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Reading from a file.
    Read,
    /// Writing to a file.
    Write,
    /// Making a file durable.
    Sync,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Sync];

    fn names(self) -> &'static str {
        match self {
            Self::Read => "read,pread64,readv,preadv",
            Self::Write => "write,pwrite64,writev,pwritev,ftruncate,fallocate",
            Self::Sync => "fsync,fdatasync",
        }
    }
}

/// How it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errno {
    /// The device is broken.
    Io,
    /// The device is full.
    NoSpace,
    /// There is no memory.
    NoMemory,
    /// The device did not answer.
    TimedOut,
}

impl Errno {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Io, Self::NoSpace, Self::NoMemory, Self::TimedOut];

    fn name(self) -> &'static str {
        match self {
            Self::Io => "EIO",
            Self::NoSpace => "ENOSPC",
            Self::NoMemory => "ENOMEM",
            Self::TimedOut => "ETIMEDOUT",
        }
    }
}

/// The n-th call of each thread that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injection {
    /// What fails.
    pub call: Call,
    /// How.
    pub errno: Errno,
    /// Which call of a thread, counted from 1.
    pub at: u32,
}

impl Display for Injection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:?} {}", self.errno.name(), self.call, self.at)
    }
}

/// An injection at work. Dropping it ends it.
#[derive(Debug)]
pub struct Injected {
    strace: Child,
    struck: Arc<AtomicUsize>,
}

impl Injection {
    /// Begins, and returns when the server is watched.
    pub fn begin(self, server: &Server, site: &Site) -> Result<Injected> {
        let mut strace = self.strace(server, site);
        let mut child = strace.spawn().context("cannot start `strace`: run `cargo xtask setup`")?;
        let stderr = child.stderr.take().context("strace has no standard error")?;
        let (struck, attached) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, seen) = (Arc::clone(&struck), Arc::clone(&attached));
        let reader = thread::spawn(move || read(BufReader::new(stderr), &counted, &seen));
        let waiting = Stopwatch::start();
        while attached.load(Ordering::SeqCst) == 0 {
            if reader.is_finished() || waiting.elapsed() > ATTACHED_WITHIN {
                let _ = child.kill();
                let said = reader.join().unwrap_or_default();
                bail!(
                    "strace may not watch the server (run as root, or set kernel.yama.ptrace_scope=0): {said}"
                );
            }
            thread::sleep(LOOK_AGAIN_AFTER);
        }
        Ok(Injected { strace: child, struck })
    }

    fn strace(self, server: &Server, site: &Site) -> Command {
        let Self { call, errno, at } = self;
        let calls = call.names();
        let mut strace = Command::new("strace");
        strace.args(["-f", "-s", "0", "-p", &server.pid().to_string()]);
        for file in site.database_files() {
            strace.arg("-P").arg(file);
        }
        strace.args(["-e", &format!("trace={calls}")]);
        strace.args(["-e", &format!("inject={calls}:error={}:when={at}", errno.name())]);
        strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        strace
    }
}

impl Injected {
    /// How many calls have failed by it.
    pub fn struck(&self) -> usize {
        self.struck.load(Ordering::SeqCst)
    }

    /// Ends it; from now on all calls do what they say.
    pub fn end(self) {
        drop(self);
    }
}

impl Drop for Injected {
    /// `strace` lets go of the server when it is interrupted.
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.strace.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::INT);
        }
        let _ = self.strace.wait();
    }
}

/// Counts what strace tells of; what it said before it watched is for whoever wonders why it does not.
fn read(lines: impl BufRead, struck: &AtomicUsize, attached: &AtomicUsize) -> String {
    let mut said = String::new();
    for line in lines.lines().map_while(Result::ok) {
        if line.contains("(INJECTED)") {
            struck.fetch_add(1, Ordering::SeqCst);
        } else if line.contains(" attached") {
            attached.fetch_add(1, Ordering::SeqCst);
        } else if attached.load(Ordering::SeqCst) == 0 {
            said.push_str(&line);
        }
    }
    said
}
