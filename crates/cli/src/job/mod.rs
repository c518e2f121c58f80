//! `jeton job`: runs of pipelines. `run` is one, the other verbs look at them.

mod lease;
mod mask;
mod run;
pub(crate) mod settings;
mod stream;
mod teller;
mod term;
mod view;

use clap::{Args, Subcommand, ValueEnum};
use jeton_api::{Job, JobQuery, JobState};

use self::run::RunArgs;
use self::view::named;
use crate::access::App;
use crate::client::Client;
use crate::error::Result;
use crate::escape::safe;
use crate::names;

const OF: &str = "ORGANIZATION[/PROJECT[/PIPELINE]]";

/// Jobs
#[derive(Debug, Subcommand)]
pub(crate) enum JobVerb {
    /// Run a command as a job of a pipeline, with a token that ends when it does
    Run(Box<RunArgs>),
    /// List jobs, newest first
    List(ListArgs),
    /// Show a job
    Show(IdArgs),
    /// End jobs, and their tokens with them
    Finish(IdsArgs),
}

/// `jeton job list`
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only of this organization, project or pipeline
    #[arg(value_name = OF)]
    of: Option<String>,

    /// Only those in this state
    #[arg(long, value_enum)]
    state: Option<State>,
}

/// Whether a job runs
#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Running,
    Finished,
    Expired,
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Running => Self::Running,
            State::Finished => Self::Finished,
            State::Expired => Self::Expired,
        }
    }
}

/// A job
#[derive(Args, Debug)]
pub(crate) struct IdArgs {
    /// The job's id or number
    id: String,
}

/// Jobs
#[derive(Args, Debug)]
pub(crate) struct IdsArgs {
    /// A job's id or number
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: JobVerb) -> Result<()> {
    match verb {
        JobVerb::Run(args) => run::run(app, *args).await,
        JobVerb::List(args) => app.output.show(&app.client()?.jobs(query(args)?).await?),
        JobVerb::Show(args) => app.output.show(&app.client()?.get::<Job>(&["jobs", &args.id]).await?),
        JobVerb::Finish(args) => finish(app, &app.client()?, &args.ids).await,
    }
}

fn query(ListArgs { of, state }: ListArgs) -> Result<JobQuery> {
    let state = state.map(JobState::from);
    let Some(of) = of else { return Ok(JobQuery { state, ..JobQuery::default() }) };
    let mut parts = names::up_to(3, &of, OF)?.into_iter().map(str::to_owned);
    let (organization, project, pipeline) = (parts.next(), parts.next(), parts.next());
    Ok(JobQuery { organization, project, pipeline, state, ..JobQuery::default() })
}

/// Ends all that it can: one that fails keeps no other one running.
async fn finish(app: &App, client: &Client, ids: &[String]) -> Result<()> {
    let mut failed = None;
    for id in ids {
        match client.finish_job(id).await {
            Ok(job) => app.output.done(&format!("{} is over", named(&job)), &job)?,
            Err(error) => {
                app.output.warn(&format!("{} is not finished", safe(id)));
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}
