//! Jeton's figures, run as `cargo xtask bench`.
//!
//! Every row is measured beside a yardstick in the same run: rounds take turns, and what counts is the ratio of the
//! medians, because a machine that is busy slows both. The steady measure is the processor time of the server for each
//! request; requests per second stand beside it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench reports to the person who ran it")]

mod figures;
mod filling;
mod jobs;
mod parts;
mod process;
mod report;
mod row;
mod stopwatch;
mod verifier;
mod wrk;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Parser;
use tempfile::TempDir;

use crate::filling::Filling;
use crate::process::Process;
use crate::report::Measured;
use crate::row::{Rows, Servers};

/// Measure Jeton, and print the page of figures
#[derive(Debug, Parser)]
struct Args {
    /// The program `jeton`, as a release build leaves it
    #[arg(long)]
    jeton: PathBuf,
    /// The program `yardstick`, built like it
    #[arg(long)]
    yardstick: PathBuf,
    /// How many live tokens are stored; verifies go through all of them in turn
    #[arg(long, default_value_t = 10_000)]
    tokens: usize,
    /// How many jobs are started and finished, by 32 runners
    #[arg(long, default_value_t = 10_000)]
    jobs: usize,
    /// How many rounds each row has
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long a round is, in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u32,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let parts = parts::measure(args.rounds)?;
    let folder = TempDir::new()?;
    let jeton = Process::start(&serve(&args.jeton, folder.path()))?;
    say(&format!("creating {} tokens", args.tokens));
    let filling = filling::fill(&jeton.url, &first_password(folder.path())?, args.tokens).await?;
    let before = jeton.resident_bytes()?;
    let mut rows = Rows::new(folder.path(), &filling)?;
    rows.warm_up(&jeton, args.seconds)?;
    let remembered = (jeton.resident_bytes()? - before) / count(args.tokens);
    let servers = Servers {
        yardstick: Process::start(&Command::new(&args.yardstick))?,
        layered: Process::start(&layered(&args.yardstick, folder.path(), &jeton, &filling)?)?,
        jeton,
    };
    for round in 1..=args.rounds {
        say(&format!("round {round} of {}", args.rounds));
        rows.round(&servers, args.seconds).await?;
    }
    let verifier = verifier::measure(&servers.jeton.url, &filling, args.rounds).await?;
    say(&format!("running {} jobs", args.jobs));
    let jobs = jobs::measure(&filling.admin, &filling, args.jobs).await?;
    print!(
        "{}",
        report::page(&Measured {
            rows: &rows,
            filling: &filling,
            parts: &parts,
            verifier: &verifier,
            jobs: &jobs,
            remembered,
            extent: (args.rounds, args.seconds),
        })
    );
    Ok(())
}

/// The yardstick behind the layer of `jeton-verify`.
fn layered(program: &Path, folder: &Path, jeton: &Process, filling: &Filling) -> Result<Command> {
    let file = folder.join("credential");
    std::fs::write(&file, &filling.credential)?;
    let mut layered = Command::new(program);
    layered.args(["--authority", &jeton.url]).arg("--credential-file").arg(file);
    Ok(layered)
}

fn serve(program: &Path, folder: &Path) -> Command {
    let mut serve = Command::new(program);
    serve.arg("serve").arg("--data").arg(folder.join("data")).arg("--pepper-file").arg(folder.join("pepper"));
    serve.args(["--listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1/32"]);
    serve
}

fn first_password(folder: &Path) -> Result<String> {
    let file = folder.join("data").join("initial-admin-password");
    Ok(std::fs::read_to_string(file).context("no first password")?.trim().to_owned())
}

/// Progress, for whoever waits.
fn say(text: &str) {
    eprintln!("bench: {text}");
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a figure to show")]
fn count(count: usize) -> f64 {
    count as f64
}
