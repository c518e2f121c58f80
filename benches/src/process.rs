//! A server that is measured: a process of its own on a core of its own, whose processor time the kernel tells.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How many ticks of processor time Linux reports for a second, whatever the kernel counts in.
const TICKS_PER_SECOND: f64 = 100.0;

/// The server's core; the load has the others.
const CORE: &str = "0";

/// A running server.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// `http://ADDRESS`
    pub(crate) url: String,
}

impl Process {
    /// Starts a program and waits until it says where it listens.
    pub(crate) fn start(command: &Command) -> Result<Self> {
        let mut pinned = Command::new("taskset");
        pinned.args(["-c", CORE]).arg(command.get_program()).args(command.get_args());
        pinned.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = pinned.spawn().context("cannot start `taskset`, which is part of util-linux")?;
        let stderr = child.stderr.take().context("the server has no standard error")?;
        let mut lines = BufReader::new(stderr).lines();
        let url = loop {
            let Some(line) = lines.next() else { bail!("the server ended before it listened") };
            if let Some((_, url)) = line?.split_once("listening on ") {
                break url.trim().to_owned();
            }
        };
        // What else it says must go somewhere, or it waits for a reader.
        thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, url })
    }

    /// The processor time that it has used, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = |at: usize| -> Result<f64> { Ok(fields.get(at).context("a short stat")?.parse()?) };
        // utime and stime of proc(5), counted from the state.
        Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
    }

    /// The memory that it has in use, in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no size")?.parse()?;
        Ok(kib * 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}
