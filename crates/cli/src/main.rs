//! `jeton`: the one program. It talks to the authority over the REST API that everybody else uses, and knows no
//! rules of its own: what is allowed is for the server to say.
//!
//! `args` is what people type, `access` decides which server and which credential are meant, `client` makes the
//! calls, and each noun has a file for its verbs. Everything that is printed goes through `output`.

mod access;
mod api;
mod apply;
mod args;
mod binding;
mod child;
mod client;
mod clock;
mod demo;
mod derive;
mod doctor;
mod duration;
mod environment;
mod error;
mod escape;
mod exec;
mod explain;
mod filter;
mod group;
mod http;
mod identity_token;
mod import;
mod job;
mod login;
mod names;
mod org_file;
mod organization;
mod output;
mod pat;
mod pipeline;
mod policy;
mod private_file;
mod profile;
mod project;
mod prompt;
mod report;
mod role;
mod scan;
mod scope;
mod serve;
mod service_account;
mod session;
mod shell;
mod store;
mod suggest;
mod table;
mod token;
mod toml_file;
mod trust;
mod user;
mod view;

use std::process::ExitCode;

use crate::access::App;
use crate::args::{Cli, Command};
use crate::child::Held;
use crate::error::{Error, Exit, Result};
use crate::output::{Answers, Format, Output};

#[tokio::main]
async fn main() -> ExitCode {
    if let Some(command) = Held::asked() {
        let output = Output::new(Format::Table, Answers::Records);
        return exit_of(&output.and_then(|output| command.become_command(output))).into();
    }
    match Cli::read() {
        Ok(cli) => exit_of(&run(cli).await).into(),
        Err(usage) => output::usage(&usage).into(),
    }
}

/// Reports the error, if there is one.
fn exit_of(result: &Result<()>) -> Exit {
    match result {
        Ok(()) => Exit::Ok,
        // The command has said itself what there was to say.
        Err(Error::Command(code)) => Exit::Command(*code),
        Err(error) => {
            output::report(error);
            error.exit()
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    let output = Output::new(cli.globals.format(), cli.command.answers())?;
    let app = App::new(cli.globals, cli.sources, output);
    let warns = cli.command.uses_credential();
    dispatch(cli.command, &app).await?;
    if warns {
        app.warn_before_expiry().await;
    }
    Ok(())
}

async fn dispatch(command: Command, app: &App) -> Result<()> {
    match command {
        Command::Serve(args) => serve::serve(app.output, args).await,
        Command::Demo(args) => demo::demo(app.output, args).await,
        Command::Login(args) => login::login(app, args).await,
        Command::Logout => session::logout(app).await,
        Command::Status => session::status(app).await,
        Command::Pat(verb) => pat::run(app, verb).await,
        Command::Token(verb) => token::run(app, verb).await,
        Command::Api(verb) => api::run(app, verb).await,
        Command::Apply(args) => org_file::run(app, args).await,
        Command::Org(verb) => organization::run(app, verb).await,
        Command::Project(verb) => project::run(app, verb).await,
        Command::Pipeline(verb) => pipeline::run(app, verb).await,
        Command::User(verb) => user::run(app, verb).await,
        Command::Exec(args) => exec::exec(app, args).await,
        Command::Derive(args) => derive::derive(app, args).await,
        Command::Group(verb) => group::run(app, verb).await,
        Command::ServiceAccount(verb) => service_account::run(app, verb).await,
        Command::Role(verb) => role::run(app, verb).await,
        Command::Binding(verb) => binding::run(app, verb).await,
        Command::Policy(verb) => policy::run(app, verb).await,
        Command::Scope(verb) => scope::run(app, verb).await,
        Command::Job(verb) => job::run(app, verb).await,
        Command::Scan(args) => scan::scan(app, &args),
        Command::Doctor(args) => doctor::doctor(app, args).await,
        Command::Completion(args) => shell::completion(&args),
        Command::Man(args) => shell::man(&args),
    }
}
