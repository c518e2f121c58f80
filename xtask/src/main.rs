//! The project's own tasks, run as `cargo xtask TASK`.
//!
//! They are a program of the workspace and not a heap of scripts, so that they follow the same rules, work wherever
//! Rust works, and a newcomer needs one command: `cargo xtask test` installs what the tests need and runs everything.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task reports to the person who ran it")]

mod account;
mod bench;
mod command;
mod debian;
mod demo;
mod golden;
mod interrupt;
mod node;
mod parts;
mod postgres;
mod python;
mod setup;
mod step;
mod stopwatch;
mod summary;
mod tally;
mod test;
mod tidy;
mod torture;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::setup::Extent;
use crate::workspace::Workspace;

/// Jeton's own tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Install what the tests need: Debian packages (as root), Python and Node tools in `.tools`
    Setup {
        /// Only check the Rust tools: all that `test --quick` needs
        #[arg(long)]
        quick: bool,
    },
    /// Run everything: setup, formatting, clippy, rustdoc, tidy, all tests, the demo
    Test {
        /// Leave out what needs other programs: setup, PostgreSQL, Python, Node, the demo
        #[arg(long)]
        quick: bool,
    },
    /// Check the rules of the house that no compiler knows
    Tidy,
    /// Let the golden tests rewrite their files, and show what changed
    Golden,
    /// Measure the build that is shipped beside a yardstick, and write docs/benchmarks.md
    Bench {
        /// What `jeton-bench` takes besides, after `--`: `--tokens`, `--rounds`, `--seconds`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Harm a real server below: system calls that fail, a database that is cut off; and check its promises
    Torture {
        /// The first count: the n-th call fails
        #[arg(long, default_value_t = 1)]
        from: u32,
        /// The last count
        #[arg(long, default_value_t = 200)]
        to: u32,
        /// Begin no fault after so many minutes on each database
        #[arg(long)]
        minutes: Option<u64>,
        /// Measure an honest client beside crowds instead, so many seconds beside each
        #[arg(long)]
        crowds: Option<u64>,
    },
    /// Run a command beside a fresh PostgreSQL, named to it by `JETON_TEST_POSTGRES`
    Postgres {
        /// The command and its arguments, after `--`
        #[arg(required = true, last = true)]
        command: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    perform(Task::parse()).unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}

fn perform(task: Task) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match task {
        Task::Setup { quick } => setup::run(&workspace, Extent::new(quick)),
        Task::Test { quick } => test::run(workspace, Extent::new(quick)),
        Task::Tidy => tidy::run(&workspace),
        Task::Golden => golden::run(&workspace),
        Task::Bench { arguments } => bench::run(&workspace, &arguments).map(|()| ExitCode::SUCCESS),
        Task::Torture { crowds: Some(seconds), .. } => torture::beside_crowds(&workspace, seconds),
        Task::Torture { from, to, minutes, crowds: None } => torture::run(&workspace, from..=to, minutes),
        Task::Postgres { command } => postgres::run_beside(&workspace, &command),
    }
}
