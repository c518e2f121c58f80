//! `jeton project`: projects of organizations.

use clap::{Args, Subcommand, ValueEnum};
use jeton_api::{PatchProject, Project, PutProject, Visibility};
use reqwest::Method;

use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::Result;
use crate::escape::safe;
use crate::job::settings;
use crate::names::{self, PROJECT, parts};
use crate::organization;
use crate::output::Show;
use crate::table::{details, list, moment, one};

/// Projects of organizations
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectVerb {
    /// List projects
    List(ListArgs),
    /// Show a project
    Show(NameArgs),
    /// Make a project
    Create(CreateArgs),
    /// Give a project another name, or change who sees it
    Edit(EditArgs),
    /// Show or change what a project says about its jobs
    JobSettings(JobSettingsArgs),
    /// Delete a project; tokens and bindings for it end at once
    Delete(DeleteArgs),
}

/// Who sees that a project exists
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Seen {
    Private,
    Public,
}

impl From<Seen> for Visibility {
    fn from(seen: Seen) -> Self {
        match seen {
            Seen::Private => Self::Private,
            Seen::Public => Self::Public,
        }
    }
}

/// `jeton project list`
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only of this organization
    #[arg(value_name = "ORGANIZATION")]
    organization: Option<String>,
}

/// A project by name
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// The project
    #[arg(value_name = "ORGANIZATION/PROJECT", value_parser = names::project)]
    project: String,
}

/// `jeton project create`
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// The project
    #[arg(value_name = "ORGANIZATION/PROJECT", value_parser = names::project)]
    project: String,

    /// Who sees that it exists: whoever has a right there, or in its organization [default: private]
    #[arg(long, value_enum, value_name = "WHO")]
    visibility: Option<Seen>,
}

/// `jeton project edit`
#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    /// The project
    #[arg(value_name = "ORGANIZATION/PROJECT", value_parser = names::project)]
    project: String,

    #[command(flatten)]
    changes: Changes,
}

/// What to change
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct Changes {
    /// Its new name, within the organization
    #[arg(long)]
    name: Option<String>,

    /// Who sees that it exists
    #[arg(long, value_enum, value_name = "WHO")]
    visibility: Option<Seen>,
}

/// `jeton project job-settings`
#[derive(Args, Debug)]
pub(crate) struct JobSettingsArgs {
    /// The project
    #[arg(value_name = "ORGANIZATION/PROJECT", value_parser = names::project)]
    project: String,

    #[command(flatten)]
    says: settings::Says,
}

/// `jeton project delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// The project
    #[arg(value_name = "ORGANIZATION/PROJECT", value_parser = names::project)]
    project: String,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// The address of a project.
pub(crate) fn path<'t>(organization: &'t str, project: &'t str) -> [&'t str; 4] {
    ["organizations", organization, "projects", project]
}

/// All projects of an organization that the caller may know of.
pub(crate) async fn all_of(client: &Client, organization: &str) -> Result<Vec<Project>> {
    client.all(&["organizations", organization, "projects"], &()).await
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: ProjectVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        ProjectVerb::List(args) => app.output.show(&listed(&client, args.organization).await?),
        ProjectVerb::Show(args) => app.output.show(&client.get::<Project>(&named(&args.project)?).await?),
        ProjectVerb::Create(CreateArgs { project, visibility }) => {
            let put = PutProject { visibility: visibility.map(Visibility::from) };
            app.output.show(&client.put_new::<Project>(&named(&project)?, &put).await?)
        }
        ProjectVerb::Edit(EditArgs { project, changes: Changes { name, visibility } }) => {
            let patch = PatchProject { name, visibility: visibility.map(Visibility::from) };
            app.output.show(&client.send::<Project>(Method::PATCH, &named(&project)?, &patch).await?)
        }
        ProjectVerb::JobSettings(JobSettingsArgs { project, says }) => {
            settings::run(app, &client, &named(&project)?, &says).await
        }
        ProjectVerb::Delete(args) => delete(app, &client, args).await,
    }
}

fn named(text: &str) -> Result<[&str; 4]> {
    let [organization, project] = parts(text, PROJECT)?;
    Ok(path(organization, project))
}

async fn listed(client: &Client, organization: Option<String>) -> Result<Vec<Project>> {
    let organizations = match organization {
        Some(one) => vec![one],
        None => organization::all(client).await?.into_iter().map(|it| it.name).collect(),
    };
    let mut projects = Vec::new();
    for organization in &organizations {
        projects.extend(all_of(client, organization).await?);
    }
    Ok(projects)
}

async fn delete(app: &App, client: &Client, DeleteArgs { project, confirmation }: DeleteArgs) -> Result<()> {
    let path = named(&project)?;
    let found: Project = client.get(&path).await?;
    let shown = safe(&full_name(&found)).into_owned();
    confirmation
        .obtain(&format!("delete the project `{shown}` with its pipelines and bindings for good?"))?;
    client.delete(&path).await?;
    app.output.note(&format!("deleted `{shown}`"));
    Ok(())
}

fn full_name(project: &Project) -> String {
    format!("{}/{}", project.organization, project.name)
}

/// The word for it.
pub(crate) fn word(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "private",
        Visibility::Public => "public",
    }
}

impl Show for Project {
    fn table(&self) -> String {
        details([
            ("name", one(full_name(self))),
            ("visibility", one(word(self.visibility))),
            ("id", one(&self.id)),
            ("number", one(self.number.to_string())),
            ("created", one(moment(self.created_at))),
        ])
    }

    fn values(&self) -> Vec<String> {
        one(full_name(self))
    }
}

impl Show for Vec<Project> {
    fn table(&self) -> String {
        let row = |it: &Project| {
            [
                full_name(it).into(),
                it.number.to_string().into(),
                word(it.visibility).into(),
                moment(it.created_at).into(),
            ]
        };
        list(["NAME", "NUMBER", "VISIBILITY", "CREATED"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(full_name).collect()
    }
}
