//! `jeton user`: users.

use clap::{Args, Subcommand};
use jeton_api::{PatchUser, PutUser};

use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::Result;
use crate::escape::safe;
use crate::prompt;

/// Users: make, change, disable and delete them
#[derive(Debug, Subcommand)]
pub(crate) enum UserVerb {
    /// Make a user
    Create(CreateArgs),
    /// List the users
    List,
    /// Show a user
    Show(NameArgs),
    /// Change a user's display name or address
    Edit(EditArgs),
    /// Refuse the user's sign-in and suspend the user's tokens
    Disable(NameArgs),
    /// Undo `disable`
    Enable(NameArgs),
    /// Delete a user; the user's tokens are dead for good
    Delete(DeleteArgs),
    /// Change your own password, or set somebody's
    Password(PasswordArgs),
}

/// A user by name
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// The user's name
    name: String,
}

/// `jeton user create`
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// The name to sign in with
    name: String,

    /// Read the password from standard input; one trailing newline is dropped
    #[arg(long)]
    password_stdin: bool,

    /// The name to show
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,

    /// Where to write to
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
}

/// `jeton user edit`
#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    /// The user's name
    name: String,

    #[command(flatten)]
    changes: Changes,
}

/// What to change
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct Changes {
    /// The name to show; an empty text clears it
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,

    /// Where to write to; an empty text clears it
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
}

/// `jeton user delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// The user's name
    name: String,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// `jeton user password`
#[derive(Args, Debug)]
pub(crate) struct PasswordArgs {
    /// The user whose password is set [default: you, who give the present one too]
    name: Option<String>,

    /// Read the new password from standard input; for your own, the present one stands on a line before it
    #[arg(long)]
    password_stdin: bool,
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: UserVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        UserVerb::Create(args) => create(app, &client, args).await,
        UserVerb::List => app.output.show(&client.users().await?),
        UserVerb::Show(args) => app.output.show(&client.user(&args.name).await?),
        UserVerb::Edit(args) => edit(app, &client, args).await,
        UserVerb::Disable(args) => able(app, &client, &args.name, Ability::Disabled).await,
        UserVerb::Enable(args) => able(app, &client, &args.name, Ability::Enabled).await,
        UserVerb::Delete(args) => delete(app, &client, args).await,
        UserVerb::Password(args) => password(app, &client, args).await,
    }
}

async fn create(app: &App, client: &Client, args: CreateArgs) -> Result<()> {
    let CreateArgs { name, password_stdin, display_name, email } = args;
    let password = password_stdin.then(prompt::secret_from_stdin).transpose()?;
    let without_password = password.is_none();
    let request = PutUser { password, display_name, email, disabled: None };
    let user = client.create_user(&name, &request).await?;
    if without_password {
        app.output.note(&format!(
            "the user has no password yet; set one with: jeton user password {}",
            safe(&user.name)
        ));
    }
    app.output.show(&user)
}

async fn edit(app: &App, client: &Client, EditArgs { name, changes }: EditArgs) -> Result<()> {
    let Changes { display_name, email } = changes;
    let request = PatchUser { display_name, email, ..PatchUser::default() };
    app.output.show(&client.patch_user(&name, &request).await?)
}

/// What `enable` and `disable` set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ability {
    Enabled,
    Disabled,
}

async fn able(app: &App, client: &Client, name: &str, ability: Ability) -> Result<()> {
    let request = PatchUser { disabled: Some(ability == Ability::Disabled), ..PatchUser::default() };
    let user = client.patch_user(name, &request).await?;
    let state = if user.disabled { "disabled" } else { "enabled" };
    app.output.done(&format!("`{}` is {state}", safe(&user.name)), &user)
}

async fn delete(app: &App, client: &Client, DeleteArgs { name, confirmation }: DeleteArgs) -> Result<()> {
    let user = client.user(&name).await?;
    let name = safe(&user.name).into_owned();
    confirmation.obtain(&format!("delete `{name}`, whose tokens are then dead for good?"))?;
    client.delete_user(&user.name).await?;
    app.output.note(&format!("deleted `{name}`"));
    Ok(())
}

async fn password(app: &App, client: &Client, args: PasswordArgs) -> Result<()> {
    const INSTEAD: &str = "add `--password-stdin`";
    if !args.password_stdin {
        prompt::must_have_somebody(INSTEAD)?;
    }
    let own = own_name(client).await?;
    let other = args.name.filter(|name| !name.eq_ignore_ascii_case(&own));
    let (current, new) = match (&other, args.password_stdin) {
        (Some(_), true) => (None, prompt::secret_from_stdin()?),
        (Some(_), false) => (None, prompt::new_secret("new password", INSTEAD)?),
        (None, true) => {
            let (current, new) = prompt::two_secrets_from_stdin()?;
            (Some(current), new)
        }
        (None, false) => {
            let current = prompt::secret("present password", INSTEAD)?;
            (Some(current), prompt::new_secret("new password", INSTEAD)?)
        }
    };
    let name = other.unwrap_or(own);
    let request = PatchUser { password: Some(new), current_password: current, ..PatchUser::default() };
    let user = client.patch_user(&name, &request).await?;
    app.output.done(&format!("`{}` has a new password", safe(&user.name)), &user)
}

async fn own_name(client: &Client) -> Result<String> {
    Ok(client.token_self().await?.owner.name)
}
