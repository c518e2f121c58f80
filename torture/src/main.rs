//! `cargo xtask torture`: all faults at all counts, on SQLite and, where there is one, on PostgreSQL.
#![expect(clippy::print_stdout, reason = "a harness reports to the person who ran it")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use jeton_torture::{Fault, Outcome, Sweep, fare};

/// How many servers suffer at once.
const STANDS: usize = 2;

/// How long a fault is waited for.
const PATIENCE: Duration = Duration::from_secs(8);

/// Harm a real server, and check that it keeps its promises
#[derive(Debug, Parser)]
struct Args {
    /// The program `jeton`
    #[arg(long)]
    jeton: PathBuf,
    /// An administrator's URL of PostgreSQL; without it only SQLite is tried
    #[arg(long)]
    postgres: Option<String>,
    /// The first count: the n-th call fails
    #[arg(long, default_value_t = 1)]
    from: u32,
    /// The last count
    #[arg(long, default_value_t = 200)]
    to: u32,
    /// Begin no fault after so many minutes of each database
    #[arg(long)]
    minutes: Option<u64>,
    /// Measure beside crowds instead, so many seconds beside each
    #[arg(long)]
    crowds: Option<u64>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let args = Args::parse();
    if let Some(seconds) = args.crowds {
        return beside_crowds(&args.jeton, Duration::from_secs(seconds)).await;
    }
    let counts: Vec<u32> = (args.from..=args.to).collect();
    let limit = args.minutes.map(|minutes| Duration::from_secs(minutes * 60));
    let sweep = Sweep { program: args.jeton, postgres: None, patience: PATIENCE, limit };
    let mut is_clean = sweep_all("SQLite", &sweep, Fault::of_files(&counts)).await?;
    if args.postgres.is_some() {
        let sweep = Sweep { postgres: args.postgres, ..sweep };
        is_clean &= sweep_all("PostgreSQL", &sweep, Fault::of_wire(&counts)).await?;
    }
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn beside_crowds(program: &Path, lasting: Duration) -> Result<ExitCode> {
    let fared = fare(program, lasting, |fared| println!("{fared}")).await?;
    let is_well = fared.first().is_some_and(|quiet| fared.iter().all(|fared| fared.is_well(quiet)));
    println!(
        "{}",
        if is_well { "p99 at most 4 times as long, revokes within 1 s" } else { "too slow beside a crowd" }
    );
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn sweep_all(database: &str, sweep: &Sweep, faults: Vec<Fault>) -> Result<bool> {
    println!("{database}: {} faults", faults.len());
    let shares = (0..STANDS).map(|share| faults.iter().copied().skip(share).step_by(STANDS).collect());
    let running = shares.map(|share: Vec<Fault>| {
        let sweep = sweep.clone();
        tokio::spawn(async move { sweep.run(&share).await })
    });
    let mut outcome = Outcome::default();
    for running in running.collect::<Vec<_>>() {
        outcome.add(running.await??);
    }
    println!("{outcome}");
    Ok(outcome.is_clean())
}
