//! `cargo xtask test`: everything, in order, to the end.
//!
//! A failed step does not stop the rest: whoever waited for the tests wants to know all that is wrong, once.

use std::io::{BufRead, BufReader, Read};
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::interrupt::Interrupt;
use crate::parts::Parts;
use crate::postgres::Postgres;
use crate::setup::Extent;
use crate::step::Step;
use crate::stopwatch::Stopwatch;
use crate::summary::{Outcome, Summary};
use crate::tally::Tally;
use crate::workspace::Workspace;
use crate::{command, demo, node, python, setup, tidy};

/// The task `test`.
pub(crate) fn run(workspace: Workspace, extent: Extent) -> Result<ExitCode> {
    let interrupt = Interrupt::catch()?;
    let mut run = Run { workspace, extent, parts: Parts::default(), postgres: None };
    let mut summary = Summary::new(extent);
    let steps = Step::list(extent);
    for (index, step) in steps.iter().enumerate() {
        println!("\n[{}/{}] {}", index + 1, steps.len(), step.name());
        let outcome = run.take(*step);
        if interrupt.asked() {
            return Ok(Interrupt::exit_code());
        }
        println!("{outcome}");
        summary.add(outcome);
    }
    summary.slowest(run.parts.slowest());
    println!("{summary}");
    Ok(if summary.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

struct Run {
    workspace: Workspace,
    extent: Extent,
    parts: Parts,
    /// Runs from its own step to the end of the tests.
    postgres: Option<Postgres>,
}

impl Run {
    fn take(&mut self, step: Step) -> Outcome {
        let stopwatch = Stopwatch::start();
        let mut tally = Tally::default();
        let result = self.perform(step, &mut tally);
        if let Err(error) = &result {
            eprintln!("{}: {error:#}", step.name());
        }
        let took = stopwatch.elapsed();
        // The tests are many parts.
        if step != Step::Tests {
            tally.passed = u64::from(result.is_ok());
            self.parts.add(step.name(), took);
        }
        tally.conclude(result.is_ok());
        Outcome::new(step, tally, took)
    }

    fn perform(&mut self, step: Step, tally: &mut Tally) -> Result<()> {
        match step {
            Step::Setup => setup::install(&self.workspace, self.extent),
            Step::Formatting => self.cargo(&["fmt", "--all", "--check"]),
            Step::Clippy => self.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
            Step::Rustdoc => self.rustdoc(),
            Step::Tidy => self.tidy(),
            Step::Postgres => self.start_postgres(),
            Step::Tests => self.tests(tally),
            Step::Demo => demo::run(&self.workspace),
        }
    }

    fn cargo(&self, arguments: &[&str]) -> Result<()> {
        command::run(&mut self.workspace.cargo(arguments))
    }

    fn rustdoc(&self) -> Result<()> {
        let arguments = ["doc", "--workspace", "--no-deps", "--document-private-items"];
        command::run(self.workspace.cargo(&arguments).env("RUSTDOCFLAGS", "-D warnings"))
    }

    fn tidy(&self) -> Result<()> {
        let report = tidy::check(&self.workspace)?;
        println!("{report}");
        match report.findings() {
            0 => Ok(()),
            findings => bail!("{findings} findings"),
        }
    }

    fn start_postgres(&mut self) -> Result<()> {
        let postgres = Postgres::start()?;
        println!("  {}", postgres.url());
        self.postgres = Some(postgres);
        Ok(())
    }

    /// The server lives as long as this call. The harness's own lines stay visible as they come, and are
    /// counted on their way.
    fn tests(&mut self, tally: &mut Tally) -> Result<()> {
        let mut tests = self.workspace.cargo(&["test", "--workspace", "--no-fail-fast"]);
        tests.env("INSTA_UPDATE", "no").stdout(Stdio::piped());
        match self.extent {
            Extent::Quick => _ = tests.env("JETON_TEST_QUICK", "1"),
            Extent::Everything => {
                python::announce(&self.workspace, &mut tests);
                node::announce(&self.workspace, &mut tests);
            }
        }
        let postgres = self.postgres.take();
        if let Some(postgres) = &postgres {
            postgres.announce(&mut tests);
        }
        self.parts.begin_tests();
        let mut child = tests.spawn().with_context(|| command::cannot_start(&tests))?;
        let output = child.stdout.take().context("cargo has no standard output")?;
        show_and_count(output, tally, &mut self.parts)?;
        command::succeeded(&tests, child.wait()?)
    }
}

fn show_and_count(output: impl Read, tally: &mut Tally, parts: &mut Parts) -> Result<()> {
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.read(&line);
        parts.read(&line);
    }
    Ok(())
}
