//! `jeton binding`: who has which role, and where.

use clap::{Args, Subcommand};
use jeton_api::{CreateRoleBinding, PrincipalRef, RoleBinding, RoleBindingQuery};
use reqwest::Method;

use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::names::Subject;
use crate::output::Show;
use crate::table::{details, list, moment, one};

/// Who has which role, and where
#[derive(Debug, Subcommand)]
pub(crate) enum BindingVerb {
    /// List the bindings that you may see
    List(ListArgs),
    /// Show a binding
    Show(IdArgs),
    /// Give somebody a role at a place
    Add(AddArgs),
    /// Take a role from somebody; what their tokens had by it ends at once
    Delete(DeleteArgs),
}

/// `jeton binding list`
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only of this role
    #[arg(long)]
    role: Option<String>,

    /// Only of this user
    #[arg(long, value_name = "NAME", conflicts_with_all = ["group", "service_account"])]
    user: Option<String>,

    /// Only of this group
    #[arg(long, value_name = "NAME", conflicts_with = "service_account")]
    group: Option<String>,

    /// Only of this service account
    #[arg(long, value_name = "NAME")]
    service_account: Option<String>,

    /// Only at exactly this place
    #[arg(long)]
    place: Option<String>,
}

/// A binding by id
#[derive(Args, Debug)]
pub(crate) struct IdArgs {
    /// The binding's id
    id: String,
}

/// `jeton binding add`
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// The role
    #[arg(long)]
    role: String,

    #[command(flatten)]
    subject: Subject,

    /// `*` everywhere, `ORGANIZATION/*` or `ORGANIZATION/PROJECT`
    #[arg(long)]
    place: String,
}

/// `jeton binding delete`
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["ids", "role"]))]
pub(crate) struct DeleteArgs {
    /// Bindings by id
    #[arg(value_name = "ID", conflicts_with_all = ["role", "user", "group", "service_account", "place"])]
    ids: Vec<String>,

    /// The role
    #[arg(long)]
    role: Option<String>,

    /// The user who has it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["group", "service_account"])]
    user: Option<String>,

    /// The group that has it
    #[arg(long, value_name = "NAME", conflicts_with = "service_account")]
    group: Option<String>,

    /// The service account that has it
    #[arg(long, value_name = "NAME")]
    service_account: Option<String>,

    /// Only at this place; without it, wherever they have it
    #[arg(long)]
    place: Option<String>,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// The address of a binding.
pub(crate) fn path(id: &str) -> [&str; 2] {
    ["role-bindings", id]
}

/// All bindings that fit.
pub(crate) async fn all(client: &Client, query: &RoleBindingQuery) -> Result<Vec<RoleBinding>> {
    client.all(&["role-bindings"], query).await
}

/// Gives a role.
pub(crate) async fn bind(client: &Client, request: &CreateRoleBinding) -> Result<RoleBinding> {
    client.send(Method::POST, &["role-bindings"], request).await
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: BindingVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        BindingVerb::List(ListArgs { role, user, group, service_account, place }) => {
            let query = RoleBindingQuery { role, place, ..of(user, group, service_account) };
            app.output.show(&all(&client, &query).await?)
        }
        BindingVerb::Show(IdArgs { id }) => app.output.show(&client.get::<RoleBinding>(&path(&id)).await?),
        BindingVerb::Add(AddArgs { role, subject, place }) => {
            let nobody = || Error::usage("name somebody with `--user`, `--group` or `--service-account`");
            let subject = subject.principal().ok_or_else(nobody)?;
            app.output.show(&bind(&client, &CreateRoleBinding { role, subject, place }).await?)
        }
        BindingVerb::Delete(args) => delete(app, &client, args).await,
    }
}

fn of(user: Option<String>, group: Option<String>, account: Option<String>) -> RoleBindingQuery {
    let named = [("user", user), ("group", group), ("service_account", account)];
    let found = named.into_iter().find_map(|(kind, name)| Some((kind.to_owned(), name?)));
    let (subject_type, subject) = found.unzip();
    RoleBindingQuery { subject_type, subject, ..RoleBindingQuery::default() }
}

async fn delete(app: &App, client: &Client, args: DeleteArgs) -> Result<()> {
    let DeleteArgs { ids, role, user, group, service_account, place, confirmation } = args;
    let found = match role {
        None => by_id(client, &ids).await?,
        Some(role) => {
            let query = RoleBindingQuery { role: Some(role), place, ..of(user, group, service_account) };
            if query.subject.is_none() {
                let message = "say whose it is with `--user`, `--group` or `--service-account`";
                return Err(Error::usage(message));
            }
            all(client, &query).await?
        }
    };
    let lines: Vec<_> = found.iter().map(line).collect();
    match lines.as_slice() {
        [] => {
            let message = "there is no such binding, or not for you\nlist them with: jeton binding list";
            return Err(Error::NotFound(message.to_owned()));
        }
        [one] => confirmation.obtain_if_somebody_is_there(&format!("take away {one}?"))?,
        // Whoever named one role of one holder may not have known that there is more than one place.
        many => {
            app.output.note(&many.join("\n"));
            if ids.is_empty() {
                confirmation.obtain("take away all of these?")?;
            } else {
                confirmation.obtain_if_somebody_is_there("take away these?")?;
            }
        }
    }
    for (binding, line) in found.iter().zip(&lines) {
        client.delete(&path(&binding.id)).await?;
        app.output.note(&format!("took away {line}"));
    }
    Ok(())
}

async fn by_id(client: &Client, ids: &[String]) -> Result<Vec<RoleBinding>> {
    let mut found = Vec::new();
    for id in ids {
        found.push(client.get(&path(id)).await?);
    }
    Ok(found)
}

/// A binding in words.
fn line(binding: &RoleBinding) -> String {
    let RoleBinding { role, subject, place, .. } = binding;
    format!("role `{}` of {} at `{}`", safe(role), safe(&holder(subject)), safe(place))
}

/// `user alice`, `group everyone`
pub(crate) fn holder(subject: &PrincipalRef) -> String {
    format!("{} {}", subject.kind, subject.name)
}

impl Show for RoleBinding {
    fn table(&self) -> String {
        details([
            ("role", one(&self.role)),
            ("of", one(holder(&self.subject))),
            ("place", one(&self.place)),
            ("id", one(&self.id)),
            ("created", one(moment(self.created_at))),
        ])
    }

    fn values(&self) -> Vec<String> {
        one(&self.id)
    }
}

impl Show for Vec<RoleBinding> {
    fn table(&self) -> String {
        let row = |it: &RoleBinding| {
            [
                it.id.as_str().into(),
                it.role.as_str().into(),
                holder(&it.subject).into(),
                it.place.as_str().into(),
                moment(it.created_at).into(),
            ]
        };
        list(["ID", "ROLE", "OF", "PLACE", "CREATED"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|it| it.id.clone()).collect()
    }
}
