//! `jeton doctor`: what keeps client and server from working together, in words for whoever meets them for the first
//! time. It changes nothing, and shows no secret.

mod credential;
mod data;
mod profile;
mod report;
mod server;

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use self::report::{Report, State};
use crate::access::App;
use crate::error::Result;

/// `jeton doctor`
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct DoctorArgs {
    /// Look at this data directory of a server on this machine, too
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Its keys [default: the data directory's name with .pepper behind it]
    #[arg(long, value_name = "FILE", requires = "data")]
    pepper_file: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Each line is ok, warn or fail, and says what to do next. Exit codes: 0 when nothing fails, 1 when something does.";

/// Looks at everything, whatever is found on the way.
pub(crate) async fn doctor(app: &App, args: DoctorArgs) -> Result<()> {
    let mut report = Report::default();
    profile::check(&mut report);
    let reached = server::check(app, &mut report).await;
    credential::check(app, &mut report, reached).await;
    if let Some(data) = args.data {
        data::check(&mut report, &data, args.pepper_file);
    }
    app.output.show(&report)?;
    match report.state() {
        State::Fail => Err(anyhow!("something does not work: see each line with `fail`").into()),
        State::Ok | State::Warn => Ok(()),
    }
}
