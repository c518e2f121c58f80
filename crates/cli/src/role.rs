//! `jeton role`: named sets of rights.

use clap::{Args, Subcommand};
use jeton_api::{Bindable, PatchRole, PutRole, Role};
use reqwest::Method;

use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::Result;
use crate::escape::safe;
use crate::output::Show;
use crate::table::{details, list, moment, one};

/// Named sets of rights
#[derive(Debug, Subcommand)]
pub(crate) enum RoleVerb {
    /// List the roles
    List,
    /// Show a role
    Show(NameArgs),
    /// Make a role
    Create(CreateArgs),
    /// Change a role; whoever has it can do more or less at once
    Edit(EditArgs),
    /// Delete a role that nobody has
    Delete(DeleteArgs),
}

/// A role by name
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// The role
    name: String,
}

/// `jeton role create`
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// The role
    name: String,

    /// What it grants, such as `Taskurai.Task.*`; may be repeated
    #[arg(long, required = true, value_name = "SCOPE")]
    scopes: Vec<String>,

    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// `jeton role edit`
#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    /// The role
    name: String,

    #[command(flatten)]
    changes: Changes,
}

/// What to change
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct Changes {
    /// All that it grants from now on; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scopes: Option<Vec<String>>,

    /// What it is for; an empty text clears it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// `jeton role delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// The role
    name: String,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// The address of a role.
pub(crate) fn path(name: &str) -> [&str; 2] {
    ["roles", name]
}

/// All roles.
pub(crate) async fn all(client: &Client) -> Result<Vec<Role>> {
    client.all(&["roles"], &()).await
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: RoleVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        RoleVerb::List => app.output.show(&all(&client).await?),
        RoleVerb::Show(args) => app.output.show(&client.get::<Role>(&path(&args.name)).await?),
        RoleVerb::Create(CreateArgs { name, scopes, description }) => {
            let put = PutRole { description, scopes };
            app.output.show(&client.put_new::<Role>(&path(&name), &put).await?)
        }
        RoleVerb::Edit(EditArgs { name, changes: Changes { scopes, description } }) => {
            let patch = PatchRole { description, scopes };
            app.output.show(&client.send::<Role>(Method::PATCH, &path(&name), &patch).await?)
        }
        RoleVerb::Delete(DeleteArgs { name, confirmation }) => {
            let found: Role = client.get(&path(&name)).await?;
            let shown = safe(&found.name);
            confirmation.obtain(&format!("delete the role `{shown}` for good?"))?;
            client.delete(&path(&found.name)).await?;
            app.output.note(&format!("deleted `{shown}`"));
            Ok(())
        }
    }
}

/// What a role grants, in words and patterns.
fn grants(role: &Role) -> Vec<String> {
    let apis = role.api_scopes.then(|| "every scope of the APIs that serve the place".to_owned());
    apis.into_iter().chain(role.scopes.iter().cloned()).collect()
}

fn bindable(role: &Role) -> &'static str {
    match role.bindable {
        Bindable::Anywhere => "anywhere",
        Bindable::Global => "everywhere only",
    }
}

impl Show for Role {
    fn table(&self) -> String {
        details([
            ("name", one(&self.name)),
            ("description", self.description.iter().cloned().collect()),
            ("grants", grants(self)),
            ("bound", one(bindable(self))),
            ("made by", one(if self.built_in { "Jeton" } else { "you and yours" })),
            ("id", one(&self.id)),
            ("created", one(moment(self.created_at))),
        ])
    }

    fn values(&self) -> Vec<String> {
        one(&self.name)
    }
}

impl Show for Vec<Role> {
    fn table(&self) -> String {
        let row = |it: &Role| {
            let built_in = if it.built_in { "yes" } else { "no" };
            [
                it.name.as_str().into(),
                built_in.into(),
                bindable(it).into(),
                grants(it).as_slice().into(),
                it.description.as_deref().unwrap_or_default().into(),
            ]
        };
        list(["NAME", "BUILT IN", "BOUND", "GRANTS", "DESCRIPTION"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|it| it.name.clone()).collect()
    }
}
