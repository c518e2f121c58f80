//! What people type: the options that every command has, and the tree of commands.

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use jeton_api::Secret;

use crate::access::Source;
use crate::api::ApiVerb;
use crate::binding::BindingVerb;
use crate::demo::DemoArgs;
use crate::derive::DeriveArgs;
use crate::doctor::DoctorArgs;
use crate::error::{Error, Result};
use crate::exec::ExecArgs;
use crate::group::GroupVerb;
use crate::job::JobVerb;
use crate::login::LoginArgs;
use crate::org_file::ApplyArgs;
use crate::organization::OrganizationVerb;
use crate::output::{Answers, Format};
use crate::pat::PatVerb;
use crate::pipeline::PipelineVerb;
use crate::policy::PolicyVerb;
use crate::project::ProjectVerb;
use crate::prompt;
use crate::role::RoleVerb;
use crate::scan::ScanArgs;
use crate::scope::ScopeVerb;
use crate::serve::ServeArgs;
use crate::service_account::ServiceAccountVerb;
use crate::shell::{CompletionArgs, ManArgs};
use crate::store::StoreArgs;
use crate::token::TokenVerb;
use crate::user::UserVerb;

/// A command line, read.
#[derive(Debug)]
pub(crate) struct Cli {
    /// The options that every command has.
    pub(crate) globals: Globals,
    /// Where two of them came from.
    pub(crate) sources: Sources,
    /// The command.
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the command line and the environment.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let matches = Self::tree().try_get_matches()?;
        let line = Line::from_arg_matches(&matches)?;
        let source = |id| match matches.value_source(id) {
            Some(ValueSource::EnvVariable) => Source::Environment,
            _ => Source::Flag,
        };
        let sources = Sources { url: source("url"), credential: source("credential") };
        Ok(Self { globals: line.globals, sources, command: line.command })
    }

    /// All commands, for completion and manual pages too.
    pub(crate) fn tree() -> clap::Command {
        Line::command()
    }
}

/// Where an option came from: the command line or the environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources {
    pub(crate) url: Source,
    pub(crate) credential: Source,
}

const EXIT_CODES: &str = "\
Exit codes: 0 ok, 1 error, 2 usage, 3 denied, 4 not signed in, 5 not found, 6 conflict, 8 unreachable; \
`token verify` answers 10 for a token that is not honoured, `scan` 11 for tokens that it found and 12 when it found none \
but could not search everything.

The server and the credential are taken from the command line, else from the environment, else from the \
profile that `jeton login` keeps in the configuration folder.";

/// Jeton: a self-hosted access-token authority
#[derive(Debug, Parser)]
#[command(name = "jeton", version, max_term_width = 100, after_help = EXIT_CODES)]
#[command(arg_required_else_help = true, subcommand_required = true)]
struct Line {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command has.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// The server [default: the profile's, else `http://127.0.0.1:7070`]
    #[arg(long, global = true, env = "JETON_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// The token to act with, `-` for standard input; other users of this machine can see command lines
    #[arg(long, global = true, env = "JETON_TOKEN", hide_env_values = true, value_name = "TOKEN|-")]
    #[arg(allow_hyphen_values = true, value_parser = secret)]
    pub(crate) credential: Option<SharedSecret>,

    /// How to show the answer: `table`, `json`, `yaml`, `value` (a new token's value, else ids or names, alone) or
    /// `env` (a new token as `JETON_TOKEN=…`, a service account's as `JETON_SERVICE_TOKEN=…`, an API's as
    /// `API_CREDENTIAL=…`)
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    output: Option<Format>,

    /// The same as `--output json`
    #[arg(long, global = true, conflicts_with = "output")]
    json: bool,

    /// Send credentials unencrypted to another machine
    #[arg(long, global = true)]
    pub(crate) insecure_http: bool,
}

impl Globals {
    /// How to show the answer.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output.unwrap_or(Format::Table) }
    }
}

/// What `jeton` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the authority
    Serve(ServeArgs),
    /// Show the main job on real requests
    Demo(DemoArgs),
    /// Sign in and keep the session in the profile
    Login(LoginArgs),
    /// End the saved session and forget it
    Logout,
    /// Which server, who, and where that is known from
    Status,
    /// Your personal access tokens, by name
    #[command(subcommand)]
    Pat(PatVerb),
    /// Access tokens, by id or number
    #[command(subcommand)]
    Token(TokenVerb),
    /// Protected APIs and their catalogues of scopes
    #[command(subcommand)]
    Api(ApiVerb),
    /// Bring organizations, APIs, principals, roles, policies and bindings to what a file says
    Apply(ApplyArgs),
    /// Organizations
    #[command(subcommand)]
    Org(OrganizationVerb),
    /// Projects of organizations
    #[command(subcommand)]
    Project(ProjectVerb),
    /// What starts jobs in projects
    #[command(subcommand)]
    Pipeline(PipelineVerb),
    /// Users: make, change, disable and delete them
    #[command(subcommand)]
    User(UserVerb),
    /// Run a command as a service account, by the identity that this workload has
    Exec(ExecArgs),
    /// Make a weaker, shorter token from the one in use, and run a command with it
    Derive(DeriveArgs),
    /// Groups of users and service accounts
    #[command(subcommand)]
    Group(GroupVerb),
    /// The accounts of programs
    #[command(subcommand)]
    ServiceAccount(ServiceAccountVerb),
    /// Named sets of rights
    #[command(subcommand)]
    Role(RoleVerb),
    /// Who has which role, and where
    #[command(subcommand)]
    Binding(BindingVerb),
    /// Limits that a place sets for the tokens used there
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// What there is to choose scopes from
    #[command(subcommand)]
    Scope(ScopeVerb),
    /// Jobs: run a command as one, look at them, end them
    #[command(subcommand)]
    Job(JobVerb),
    /// Find tokens in files and in the history of git, offline
    Scan(ScanArgs),
    /// Look for what keeps client and server from working together
    Doctor(DoctorArgs),
    /// Print the completion script of a shell
    Completion(CompletionArgs),
    /// Print the manual page, or write all of them into a folder
    Man(ManArgs),
}

impl Command {
    /// What the command answers, and so how it can be shown.
    pub(crate) fn answers(&self) -> Answers {
        match self.new_value() {
            Some(store) if !store.is_given() => Answers::Secret,
            _ => Answers::Records,
        }
    }

    /// Where the value that it makes goes, if it makes one.
    fn new_value(&self) -> Option<&StoreArgs> {
        match self {
            Self::Pat(PatVerb::Create(args)) => Some(&args.store),
            Self::Pat(PatVerb::Update(args)) => Some(&args.store),
            Self::Pat(PatVerb::Rotate(args)) => Some(&args.update.store),
            Self::Token(TokenVerb::Rotate(args)) => Some(&args.store),
            Self::Token(TokenVerb::Create(args)) => Some(&args.store),
            Self::Api(ApiVerb::Credential(args)) => Some(&args.store),
            Self::Api(ApiVerb::Rotate(args)) => Some(&args.store),
            Self::Derive(args) if args.command.is_empty() => Some(&args.store),
            _ => None,
        }
    }

    /// Whether it acts with the credential in use, so that its end is worth a warning.
    pub(crate) fn uses_credential(&self) -> bool {
        match self {
            Self::Token(verb) => !matches!(verb, TokenVerb::Login(_) | TokenVerb::Verify(_)),
            Self::Serve(_)
            | Self::Demo(_)
            | Self::Login(_)
            | Self::Logout
            | Self::Status
            | Self::Exec(_)
            // It looks at the credential itself, before the command.
            | Self::Derive(_)
            | Self::Api(ApiVerb::Import(_))
            | Self::Scan(_)
            | Self::Doctor(_)
            | Self::Completion(_)
            | Self::Man(_)
            | Self::Job(JobVerb::Run(_)) => false,
            _ => true,
        }
    }
}

/// For commands that take something away.
#[derive(Args, Debug)]
pub(crate) struct Confirmation {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Confirmation {
    /// Whether `--yes` was given.
    pub(crate) fn is_given(&self) -> bool {
        self.yes
    }

    /// Asks, unless `--yes` was given. Where nobody can answer it is a usage error.
    pub(crate) fn obtain(&self, question: &str) -> Result<()> {
        if self.is_given() {
            return Ok(());
        }
        if !prompt::somebody_is_there() {
            return Err(Error::usage(
                "this has to be confirmed, but standard input is no terminal\nadd `--yes`",
            ));
        }
        if prompt::confirm(question)? { Ok(()) } else { Err(Error::Declined) }
    }

    /// The same for what was named one by one: where nobody can answer, naming it was enough.
    pub(crate) fn obtain_if_somebody_is_there(&self, question: &str) -> Result<()> {
        if prompt::somebody_is_there() { self.obtain(question) } else { Ok(()) }
    }
}

/// A secret in an option; options must be cloneable.
#[derive(Clone, Debug)]
pub(crate) struct SharedSecret(std::sync::Arc<Secret>);

impl SharedSecret {
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Never fails: an error would repeat the value.
#[expect(clippy::unnecessary_wraps, reason = "the shape of a value parser")]
pub(crate) fn secret(text: &str) -> Result<SharedSecret, std::convert::Infallible> {
    Ok(SharedSecret(std::sync::Arc::new(Secret::new(text))))
}
