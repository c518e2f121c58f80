//! Load by wrk: one script for every row, so that what it costs the client is the same for each.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process::Process;

/// Connections that are kept busy.
const CONNECTIONS: u32 = 64;

/// The cores of the load: all but the server's.
const CORES: &str = "1";

/// Requests of one shape that differ in the token.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// Header fields; `TOKEN` stands for the token.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body; `TOKEN` stands for the token.
    pub(crate) body: String,
    /// What every answer must be.
    pub(crate) status: u16,
}

/// What came of one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// Processor time of the server for each request, in microseconds.
    pub(crate) cpu_us: f64,
    pub(crate) requests_per_second: f64,
    /// Of the slowest of a hundred, in microseconds.
    pub(crate) p99_us: f64,
}

/// Writes the script that sends requests of a shape, one token after the other.
pub(crate) fn script(folder: &Path, name: &str, shape: &Shape, tokens: &Path) -> Result<PathBuf> {
    let mut text = format!("local tokens = {:?}\n", tokens.display().to_string());
    let _ =
        writeln!(text, "local method, path, body = {:?}, {:?}, {:?}", shape.method, shape.path, shape.body);
    text.push_str("local headers = {\n");
    for (field, value) in &shape.headers {
        let _ = writeln!(text, "  [{field:?}] = {value:?},");
    }
    let _ = writeln!(text, "}}\nlocal expected = {}", shape.status);
    text.push_str(include_str!("load.lua"));
    let file = folder.join(format!("{name}.lua"));
    std::fs::write(&file, text)?;
    Ok(file)
}

/// Sends requests for some seconds.
pub(crate) fn run(server: &Process, script: &Path, seconds: u32) -> Result<Round> {
    let before = server.cpu_seconds()?;
    let mut wrk = Command::new("taskset");
    wrk.args(["-c", CORES, "wrk", "-t1", "--latency"]);
    wrk.arg(format!("-c{CONNECTIONS}")).arg(format!("-d{seconds}s")).arg("-s").arg(script).arg(&server.url);
    let output = wrk.output().context("cannot start `taskset wrk`")?;
    let cpu_us = (server.cpu_seconds()? - before) * 1e6;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    }
    let result = text.lines().find_map(|line| line.strip_prefix("result ")).context("wrk told no result")?;
    let numbers: Vec<f64> = result.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [requests, micros, p99_us, unexpected] = numbers[..] else { bail!("wrk told `{result}`") };
    if unexpected > 0.0 || requests <= 0.0 {
        bail!("{unexpected} of {requests} answers were not as expected:\n{text}");
    }
    Ok(Round { cpu_us: cpu_us / requests, requests_per_second: requests * 1e6 / micros, p99_us })
}
