//! `jeton org`: organizations.

use clap::{Args, Subcommand};
use jeton_api::{Organization, PatchOrganization, PutOrganization};
use reqwest::Method;

use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::Result;
use crate::escape::safe;
use crate::job::settings;
use crate::output::Show;
use crate::table::{details, list, moment, one};

/// Organizations
#[derive(Debug, Subcommand)]
pub(crate) enum OrganizationVerb {
    /// List the organizations that you have something to do with
    List,
    /// Show an organization
    Show(NameArgs),
    /// Make an organization; nobody is bound to anything in it
    Create(NameArgs),
    /// Give an organization another name; everything that is held by it stays
    Rename(RenameArgs),
    /// Show or change what an organization says about the jobs in it
    JobSettings(JobSettingsArgs),
    /// Delete an organization that has no projects
    Delete(DeleteArgs),
}

/// An organization by name
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// The organization
    name: String,
}

/// `jeton org rename`
#[derive(Args, Debug)]
pub(crate) struct RenameArgs {
    /// The organization
    name: String,

    /// Its new name
    new_name: String,
}

/// `jeton org job-settings`
#[derive(Args, Debug)]
pub(crate) struct JobSettingsArgs {
    /// The organization
    name: String,

    #[command(flatten)]
    says: settings::Says,
}

/// `jeton org delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// The organization
    name: String,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// The address of an organization.
pub(crate) fn path(name: &str) -> [&str; 2] {
    ["organizations", name]
}

/// All organizations that the caller has something to do with.
pub(crate) async fn all(client: &Client) -> Result<Vec<Organization>> {
    client.all(&["organizations"], &()).await
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: OrganizationVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        OrganizationVerb::List => app.output.show(&all(&client).await?),
        OrganizationVerb::Show(args) => {
            app.output.show(&client.get::<Organization>(&path(&args.name)).await?)
        }
        OrganizationVerb::Create(args) => {
            let made: Organization = client.put_new(&path(&args.name), &PutOrganization {}).await?;
            app.output.show(&made)
        }
        OrganizationVerb::Rename(RenameArgs { name, new_name }) => {
            let patch = PatchOrganization { name: Some(new_name) };
            let renamed: Organization = client.send(Method::PATCH, &path(&name), &patch).await?;
            app.output.show(&renamed)
        }
        OrganizationVerb::JobSettings(JobSettingsArgs { name, says }) => {
            settings::run(app, &client, &path(&name), &says).await
        }
        OrganizationVerb::Delete(args) => delete(app, &client, args).await,
    }
}

async fn delete(app: &App, client: &Client, DeleteArgs { name, confirmation }: DeleteArgs) -> Result<()> {
    let found: Organization = client.get(&path(&name)).await?;
    let shown = safe(&found.name);
    confirmation.obtain(&format!("delete the organization `{shown}` for good?"))?;
    client.delete(&path(&found.name)).await?;
    app.output.note(&format!("deleted `{shown}`"));
    Ok(())
}

impl Show for Organization {
    fn table(&self) -> String {
        details([
            ("name", one(&self.name)),
            ("id", one(&self.id)),
            ("number", one(self.number.to_string())),
            ("created", one(moment(self.created_at))),
        ])
    }

    fn values(&self) -> Vec<String> {
        one(&self.name)
    }
}

impl Show for Vec<Organization> {
    fn table(&self) -> String {
        let row = |it: &Organization| {
            [it.name.as_str().into(), it.number.to_string().into(), moment(it.created_at).into()]
        };
        list(["NAME", "NUMBER", "CREATED"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|it| it.name.clone()).collect()
    }
}
