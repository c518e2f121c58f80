//! `jeton service-account`: the accounts of programs.

use clap::{Args, Subcommand};
use jeton_api::{PatchServiceAccount, PutServiceAccount, ServiceAccount};
use reqwest::Method;
use serde::Serialize;

use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::Result;
use crate::escape::safe;
use crate::output::Show;
use crate::table::{details, list, moment, one};
use crate::trust::{self, AccountArgs, TrustVerb};

/// The accounts of programs
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceAccountVerb {
    /// List the service accounts that you look after
    List(ListArgs),
    /// Show a service account
    Show(NameArgs),
    /// Make a service account; it may do nothing until a role is bound to it
    Create(CreateArgs),
    /// Change a service account's display name
    Edit(EditArgs),
    /// Suspend the account's tokens
    Disable(NameArgs),
    /// Undo `disable`
    Enable(NameArgs),
    /// Delete a service account; its tokens are dead for good
    Delete(DeleteArgs),
    /// Whose identities stand for a service account, without a secret
    #[command(subcommand)]
    Trust(TrustVerb<AccountArgs>),
}

/// `jeton service-account list`
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only of this organization
    #[arg(value_name = "ORGANIZATION")]
    organization: Option<String>,
}

/// A service account by name
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// The service account
    name: String,
}

/// `jeton service-account create`
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// The service account
    name: String,

    /// Whose administrators look after it [default: `default`]
    #[arg(long)]
    organization: Option<String>,

    /// The name to show
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
}

/// `jeton service-account edit`
#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    /// The service account
    name: String,

    /// The name to show; an empty text clears it
    #[arg(long, value_name = "TEXT")]
    display_name: String,
}

/// `jeton service-account delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// The service account
    name: String,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// The address of a service account.
pub(crate) fn path(name: &str) -> [&str; 2] {
    ["service-accounts", name]
}

#[derive(Serialize)]
struct Query {
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: ServiceAccountVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        ServiceAccountVerb::List(ListArgs { organization }) => {
            let accounts: Vec<ServiceAccount> =
                client.all(&["service-accounts"], &Query { organization }).await?;
            app.output.show(&accounts)
        }
        ServiceAccountVerb::Show(args) => {
            app.output.show(&client.get::<ServiceAccount>(&path(&args.name)).await?)
        }
        ServiceAccountVerb::Create(CreateArgs { name, organization, display_name }) => {
            let put = PutServiceAccount { organization, display_name, disabled: None };
            app.output.show(&client.put_new::<ServiceAccount>(&path(&name), &put).await?)
        }
        ServiceAccountVerb::Edit(EditArgs { name, display_name }) => {
            let patch = PatchServiceAccount { display_name: Some(display_name), disabled: None };
            app.output.show(&patched(&client, &name, &patch).await?)
        }
        ServiceAccountVerb::Disable(args) => able(app, &client, &args.name, Ability::Disabled).await,
        ServiceAccountVerb::Enable(args) => able(app, &client, &args.name, Ability::Enabled).await,
        ServiceAccountVerb::Delete(args) => delete(app, &client, args).await,
        ServiceAccountVerb::Trust(verb) => trust::run(app, &client, verb).await,
    }
}

async fn patched(client: &Client, name: &str, patch: &PatchServiceAccount) -> Result<ServiceAccount> {
    client.send(Method::PATCH, &path(name), patch).await
}

/// What `enable` and `disable` set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ability {
    Enabled,
    Disabled,
}

async fn able(app: &App, client: &Client, name: &str, ability: Ability) -> Result<()> {
    let patch = PatchServiceAccount { display_name: None, disabled: Some(ability == Ability::Disabled) };
    let account = patched(client, name, &patch).await?;
    app.output.done(&format!("`{}` is {}", safe(&account.name), state(&account)), &account)
}

async fn delete(app: &App, client: &Client, DeleteArgs { name, confirmation }: DeleteArgs) -> Result<()> {
    let found: ServiceAccount = client.get(&path(&name)).await?;
    let shown = safe(&found.name);
    confirmation
        .obtain(&format!("delete the service account `{shown}`, whose tokens are then dead for good?"))?;
    client.delete(&path(&found.name)).await?;
    app.output.note(&format!("deleted `{shown}`"));
    Ok(())
}

fn state(account: &ServiceAccount) -> &'static str {
    if account.disabled { "disabled" } else { "enabled" }
}

impl Show for ServiceAccount {
    fn table(&self) -> String {
        details([
            ("name", one(&self.name)),
            ("display name", self.display_name.iter().cloned().collect()),
            ("organization", one(&self.organization)),
            ("state", one(state(self))),
            ("id", one(&self.id)),
            ("number", one(self.number.to_string())),
            ("created", one(moment(self.created_at))),
        ])
    }

    fn values(&self) -> Vec<String> {
        one(&self.name)
    }
}

impl Show for Vec<ServiceAccount> {
    fn table(&self) -> String {
        let row = |it: &ServiceAccount| {
            [
                it.name.as_str().into(),
                it.number.to_string().into(),
                it.organization.as_str().into(),
                state(it).into(),
                it.display_name.as_deref().unwrap_or_default().into(),
            ]
        };
        list(["NAME", "NUMBER", "ORGANIZATION", "STATE", "DISPLAY NAME"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|it| it.name.clone()).collect()
    }
}
