//! `jeton apply`: one file for an organization, and everything around it, by way of a plan.
//!
//! What is there is read, what the file says is compared with it, and every step is tried by the server without being
//! done, before the first one is done. What the file does not say stays as it is; what it does not know is deleted
//! only with `--prune`, and only where the file has a section for such things.

mod apis;
mod file;
mod places;
mod plan;
mod policies;
mod principals;
mod rehearsal;
mod rights;
mod show;
mod step;

use std::path::PathBuf;

use clap::Args;

use self::file::OrgFile;
use self::plan::Plan;
use self::show::Report;
use self::step::Action;
use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::toml_file::TomlFile;

/// `jeton apply`
#[derive(Args, Debug)]
pub(crate) struct ApplyArgs {
    /// The file
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,

    /// Only show the plan, and what of it would be refused
    #[arg(long)]
    dry_run: bool,

    /// Delete what the file does not know, of the kinds that it has a section for
    #[arg(long)]
    prune: bool,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// Whether what the file does not know is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    Stays,
    Goes,
}

/// Runs the command.
pub(crate) async fn run(app: &App, args: ApplyArgs) -> Result<()> {
    let text = TomlFile::read(&args.file)?;
    let file = OrgFile::read(&text)?;
    let client = app.client()?;
    let unknown = if args.prune { Unknown::Goes } else { Unknown::Stays };
    let mut plan = Plan::make(&client, &text, &file, unknown).await?;
    plan.rehearse(&client).await?;
    let mut report = Report::of(plan.steps);
    if let Some(refused) = refused(&plan.refusals) {
        app.output.note(&crate::output::Show::table(&report));
        return Err(refused);
    }
    if args.dry_run || report.is_empty() {
        return app.output.show(&report);
    }
    ask(app, &args.confirmation, &report)?;
    carry_out(app, &client, &mut report).await
}

/// All refusals together; the exit code is that of the first.
fn refused(refusals: &[rehearsal::Refused]) -> Option<Error> {
    let first = refusals.first()?;
    let lines = refusals.iter().map(|refused| refused.text.clone()).collect::<Vec<_>>().join("\n");
    Some(Error::Several { text: format!("nothing was changed\n{lines}"), exit: first.exit })
}

fn ask(app: &App, confirmation: &Confirmation, report: &Report) -> Result<()> {
    if confirmation.is_given() {
        return Ok(());
    }
    app.output.note(&crate::output::Show::table(report));
    confirmation.obtain("do that?")
}

/// Step by step; the first failure ends it, and what was done stays done.
async fn carry_out(app: &App, client: &Client, report: &mut Report) -> Result<()> {
    let mut failed = None;
    for step in &mut report.steps {
        let done = step.request.send(client).await;
        // Somebody else may have been quicker.
        let gone =
            |error: &Error| step.action == Action::Delete && error.exit() == crate::error::Exit::NotFound;
        match done {
            Ok(()) => step.applied = true,
            Err(error) if gone(&error) => step.applied = true,
            Err(error) => {
                failed = Some((step.line(), error));
                break;
            }
        }
    }
    match failed {
        None => app.output.show(report),
        Some((line, error)) => {
            let done = report.steps.iter().filter(|step| step.applied).count();
            let text = format!(
                "`{line}`: {error}\n{done} of {} steps were done before it; mend that and run it again",
                report.steps.len()
            );
            app.output.show(report)?;
            Err(Error::Several { text, exit: error.exit() })
        }
    }
}
