//! `jeton group`: groups of users and service accounts.

use clap::{Args, Subcommand};
use jeton_api::{Group, Member, PatchGroup, PutGroup};
use reqwest::Method;

use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::Result;
use crate::escape::safe;
use crate::names::Members;
use crate::output::Show;
use crate::table::{details, list, moment, one};

/// Groups of users and service accounts
#[derive(Debug, Subcommand)]
pub(crate) enum GroupVerb {
    /// List the groups
    List,
    /// Show a group and who is in it
    Show(NameArgs),
    /// Make a group
    Create(CreateArgs),
    /// Change a group's display name
    Edit(EditArgs),
    /// Put users or service accounts into a group
    AddMember(MemberArgs),
    /// Take users or service accounts out of a group; what they had by it ends at once
    RemoveMember(MemberArgs),
    /// Delete a group; what its members had by it ends at once
    Delete(DeleteArgs),
}

/// A group by name
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// The group
    name: String,
}

/// `jeton group create`
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// The group
    name: String,

    /// The name to show
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
}

/// `jeton group edit`
#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    /// The group
    name: String,

    /// The name to show; an empty text clears it
    #[arg(long, value_name = "TEXT")]
    display_name: String,
}

/// `jeton group add-member`, `jeton group remove-member`
#[derive(Args, Debug)]
pub(crate) struct MemberArgs {
    /// The group
    name: String,

    #[command(flatten)]
    members: Members,
}

/// `jeton group delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// The group
    name: String,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// The address of a group.
pub(crate) fn path(name: &str) -> [&str; 2] {
    ["groups", name]
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: GroupVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        GroupVerb::List => app.output.show(&client.all::<Group>(&["groups"], &()).await?),
        GroupVerb::Show(args) => app.output.show(&client.get::<Group>(&path(&args.name)).await?),
        GroupVerb::Create(CreateArgs { name, display_name }) => {
            let put = PutGroup { display_name, members: None };
            app.output.show(&client.put_new::<Group>(&path(&name), &put).await?)
        }
        GroupVerb::Edit(EditArgs { name, display_name }) => {
            let patch = PatchGroup { display_name: Some(display_name), ..PatchGroup::default() };
            app.output.show(&patched(&client, &name, &patch).await?)
        }
        GroupVerb::AddMember(MemberArgs { name, members }) => {
            let patch = PatchGroup { add: Some(members.principals()), ..PatchGroup::default() };
            app.output.show(&patched(&client, &name, &patch).await?)
        }
        GroupVerb::RemoveMember(MemberArgs { name, members }) => {
            let patch = PatchGroup { remove: Some(members.principals()), ..PatchGroup::default() };
            app.output.show(&patched(&client, &name, &patch).await?)
        }
        GroupVerb::Delete(args) => delete(app, &client, args).await,
    }
}

async fn patched(client: &Client, name: &str, patch: &PatchGroup) -> Result<Group> {
    client.send(Method::PATCH, &path(name), patch).await
}

async fn delete(app: &App, client: &Client, DeleteArgs { name, confirmation }: DeleteArgs) -> Result<()> {
    let found: Group = client.get(&path(&name)).await?;
    let shown = safe(&found.name);
    let members = found.members.len();
    confirmation
        .obtain(&format!("delete the group `{shown}`, whose {members} members lose what it gave them?"))?;
    client.delete(&path(&found.name)).await?;
    app.output.note(&format!("deleted `{shown}`"));
    Ok(())
}

fn member(member: &Member) -> String {
    let kind = if member.kind == "user" { "" } else { "service_account " };
    let source = if member.source == "manual" { String::new() } else { format!(" (by {})", member.source) };
    format!("{kind}{}{source}", member.name)
}

impl Show for Group {
    fn table(&self) -> String {
        let everybody = self.built_in.then(|| "every enabled user".to_owned());
        details([
            ("name", one(&self.name)),
            ("display name", self.display_name.iter().cloned().collect()),
            ("members", everybody.into_iter().chain(self.members.iter().map(member)).collect()),
            ("id", one(&self.id)),
            ("created", one(moment(self.created_at))),
        ])
    }

    fn values(&self) -> Vec<String> {
        one(&self.name)
    }
}

impl Show for Vec<Group> {
    fn table(&self) -> String {
        let row = |it: &Group| {
            let members = if it.built_in { "all".to_owned() } else { it.members.len().to_string() };
            [it.name.as_str().into(), members.into(), it.display_name.as_deref().unwrap_or_default().into()]
        };
        list(["NAME", "MEMBERS", "DISPLAY NAME"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|it| it.name.clone()).collect()
    }
}
