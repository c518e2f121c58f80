//! `jeton pipeline`: what starts jobs in projects.

use clap::{Args, Subcommand, ValueEnum};
use jeton_api::{JobScope, PatchPipeline, Pipeline, PipelineKind, PutPipeline};
use reqwest::Method;

use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::Result;
use crate::escape::safe;
use crate::names::{self, PIPELINE, PROJECT, parts};
use crate::output::Show;
use crate::table::{details, list, moment, one};
use crate::trust::{self, PipelineArgs, TrustVerb};

/// What starts jobs in projects
#[derive(Debug, Subcommand)]
pub(crate) enum PipelineVerb {
    /// List the pipelines of a project
    List(ListArgs),
    /// Show a pipeline
    Show(NameArgs),
    /// Make a pipeline
    Create(CreateArgs),
    /// Change a pipeline
    Edit(EditArgs),
    /// Delete a pipeline
    Delete(DeleteArgs),
    /// Whose identities start jobs of a pipeline, without a credential of a runner
    #[command(subcommand)]
    Trust(TrustVerb<PipelineArgs>),
}

/// What kind of pipeline it is
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Yaml,
    ClassicBuild,
    Release,
}

impl From<Kind> for PipelineKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Yaml => Self::Yaml,
            Kind::ClassicBuild => Self::ClassicBuild,
            Kind::Release => Self::Release,
        }
    }
}

/// How far its jobs may reach
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reach {
    Organization,
    Project,
}

impl From<Reach> for JobScope {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Organization => Self::Organization,
            Reach::Project => Self::Project,
        }
    }
}

/// `jeton pipeline list`
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// The project
    #[arg(value_name = "ORGANIZATION/PROJECT", value_parser = names::project)]
    project: String,
}

/// A pipeline by name
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// The pipeline
    #[arg(value_name = "ORGANIZATION/PROJECT/PIPELINE", value_parser = names::pipeline)]
    pipeline: String,
}

/// `jeton pipeline create`
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// The pipeline
    #[arg(value_name = "ORGANIZATION/PROJECT/PIPELINE", value_parser = names::pipeline)]
    pipeline: String,

    /// What kind of pipeline it is: limits for its jobs differ
    #[arg(long, value_enum)]
    kind: Kind,

    #[command(flatten)]
    limits: Limits,
}

/// Limits for its jobs
#[derive(Args, Debug)]
struct Limits {
    /// How far its jobs may reach; obeyed for classic builds only
    #[arg(long, value_enum, value_name = "REACH")]
    job_authorization_scope: Option<Reach>,

    /// How long a job may take
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(i64).range(1..))]
    timeout_minutes: Option<i64>,
}

/// `jeton pipeline edit`
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("changes").required(true).multiple(true)
    .args(["name", "kind", "job_authorization_scope", "timeout_minutes"]))]
pub(crate) struct EditArgs {
    /// The pipeline
    #[arg(value_name = "ORGANIZATION/PROJECT/PIPELINE", value_parser = names::pipeline)]
    pipeline: String,

    /// Its new name, within the project
    #[arg(long)]
    name: Option<String>,

    /// What kind of pipeline it is
    #[arg(long, value_enum)]
    kind: Option<Kind>,

    #[command(flatten)]
    limits: Limits,
}

/// `jeton pipeline delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// The pipeline
    #[arg(value_name = "ORGANIZATION/PROJECT/PIPELINE", value_parser = names::pipeline)]
    pipeline: String,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// The address of a pipeline.
pub(crate) fn path([organization, project, pipeline]: [&str; 3]) -> [&str; 6] {
    ["organizations", organization, "projects", project, "pipelines", pipeline]
}

/// All pipelines of a project.
pub(crate) async fn all_of(client: &Client, organization: &str, project: &str) -> Result<Vec<Pipeline>> {
    client.all(&["organizations", organization, "projects", project, "pipelines"], &()).await
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: PipelineVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        PipelineVerb::List(args) => {
            let [organization, project] = parts(&args.project, PROJECT)?;
            app.output.show(&all_of(&client, organization, project).await?)
        }
        PipelineVerb::Show(args) => app.output.show(&client.get::<Pipeline>(&named(&args.pipeline)?).await?),
        PipelineVerb::Create(CreateArgs { pipeline, kind, limits }) => {
            let put = PutPipeline {
                kind: kind.into(),
                job_authorization_scope: limits.job_authorization_scope.map(JobScope::from),
                timeout_minutes: limits.timeout_minutes,
            };
            app.output.show(&client.put_new::<Pipeline>(&named(&pipeline)?, &put).await?)
        }
        PipelineVerb::Edit(EditArgs { pipeline, name, kind, limits }) => {
            let patch = PatchPipeline {
                name,
                kind: kind.map(PipelineKind::from),
                job_authorization_scope: limits.job_authorization_scope.map(JobScope::from),
                timeout_minutes: limits.timeout_minutes,
            };
            app.output.show(&client.send::<Pipeline>(Method::PATCH, &named(&pipeline)?, &patch).await?)
        }
        PipelineVerb::Delete(args) => delete(app, &client, args).await,
        PipelineVerb::Trust(verb) => trust::run(app, &client, verb).await,
    }
}

fn named(text: &str) -> Result<[&str; 6]> {
    Ok(path(parts(text, PIPELINE)?))
}

async fn delete(app: &App, client: &Client, DeleteArgs { pipeline, confirmation }: DeleteArgs) -> Result<()> {
    let path = named(&pipeline)?;
    let found: Pipeline = client.get(&path).await?;
    let shown = safe(&full_name(&found)).into_owned();
    confirmation.obtain(&format!("delete the pipeline `{shown}` for good?"))?;
    client.delete(&path).await?;
    app.output.note(&format!("deleted `{shown}`"));
    Ok(())
}

fn full_name(pipeline: &Pipeline) -> String {
    format!("{}/{}", pipeline.project, pipeline.name)
}

/// The word for it.
pub(crate) fn kind_word(kind: PipelineKind) -> &'static str {
    match kind {
        PipelineKind::Yaml => "yaml",
        PipelineKind::ClassicBuild => "classic_build",
        PipelineKind::Release => "release",
    }
}

fn reach_word(scope: JobScope) -> &'static str {
    match scope {
        JobScope::Organization => "organization",
        JobScope::Project => "project",
    }
}

impl Show for Pipeline {
    fn table(&self) -> String {
        details([
            ("name", one(full_name(self))),
            ("kind", one(kind_word(self.kind))),
            (
                "jobs reach",
                self.job_authorization_scope.map(reach_word).map(str::to_owned).into_iter().collect(),
            ),
            (
                "timeout",
                self.timeout_minutes.map(|minutes| format!("{minutes} minutes")).into_iter().collect(),
            ),
            ("id", one(&self.id)),
            ("number", one(self.number.to_string())),
            ("created", one(moment(self.created_at))),
        ])
    }

    fn values(&self) -> Vec<String> {
        one(full_name(self))
    }
}

impl Show for Vec<Pipeline> {
    fn table(&self) -> String {
        let row = |it: &Pipeline| {
            [
                full_name(it).into(),
                it.number.to_string().into(),
                kind_word(it.kind).into(),
                it.job_authorization_scope.map_or("-", reach_word).into(),
                it.timeout_minutes.map_or_else(|| "-".to_owned(), |minutes| minutes.to_string()).into(),
            ]
        };
        list(["NAME", "NUMBER", "KIND", "JOBS REACH", "TIMEOUT"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(full_name).collect()
    }
}
