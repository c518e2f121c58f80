//! `jeton job run`: a command as a job, with the token of the job, which ends when it does.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::pin::pin;
use std::time::Duration;

use clap::{ArgAction, Args};
use jeton_api::{CreateJob, Job, JobTrigger, Secret, StartedJob};
use memchr::memmem;
use rustix::process::Signal;
use tokio::time::{sleep, timeout};

use super::lease::{Lease, Over, first_line};
use super::mask::Mask;
use super::stream::Stream;
use super::teller::Teller;
use super::view::reach;
use crate::access::{App, Source};
use crate::child::{Child, Outlets, Signals, TOKEN_VARIABLES, code_of_signal, hide_ourselves};
use crate::client::Client;
use crate::clock::Moment;
use crate::environment::{self, INSIDE, Inside};
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::output;

const TOKEN: &str = "SYSTEM_ACCESSTOKEN";
const COLLECTION: &str = "SYSTEM_COLLECTIONURI";
const PROJECT: &str = "SYSTEM_TEAMPROJECT";

/// How long a command that has to end may take before it is killed.
const END_GRACE: Duration = Duration::from_secs(10);
/// For how long the output of what a command left behind is waited for, and of what was killed.
const REST_GRACE: Duration = Duration::from_secs(5);
const KILLED_GRACE: Duration = Duration::from_secs(1);
/// How long a job that is asked for when we have to end may take to be there and finished.
const UNWANTED_TIME: Duration = Duration::from_secs(5);

/// `jeton job run`
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct RunArgs {
    /// The organization
    #[arg(long, value_name = "NAME")]
    org: String,

    /// The project
    #[arg(long, value_name = "NAME")]
    project: String,

    /// The pipeline that starts it
    #[arg(long, value_name = "NAME")]
    pipeline: String,

    /// What the job may do at most; may be repeated [default: all that its service account may]
    #[arg(long, value_name = "SCOPE")]
    permissions: Option<Vec<String>>,

    /// The job may do nothing: its token says only who it is
    #[arg(long, conflicts_with = "permissions")]
    no_permissions: bool,

    /// A fork has triggered it
    #[arg(long)]
    fork: bool,

    /// A variable that the command gets too; may be repeated
    #[arg(long = "env", value_name = "NAME")]
    names: Vec<String>,

    /// How long its token lives when nothing more is heard from here [default: the server's]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(10..=300))]
    lease_seconds: Option<i64>,

    /// Let the command go on without a token when the job is over
    #[arg(long, action = ArgAction::SetTrue)]
    keep_going: bool,

    /// The command and its arguments, after `--`
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
The command gets SYSTEM_ACCESSTOKEN, SYSTEM_COLLECTIONURI and SYSTEM_TEAMPROJECT, and for `jeton` itself JETON_TOKEN \
and JETON_URL: there `jeton` is the job and nobody else. Of our own environment it gets only HOME, LANG, LANGUAGE, \
LC_*, LOGNAME, PATH, SHELL, TERM, TMPDIR, TZ and USER, and what --env names. In its output the token is shown as ***.

Signals and its exit code pass through; 126 and 127 say that it could not be started. The job is finished when the \
command has ended, whatever it left behind in its process group is asked to end then, and the token works no more. \
Whoever reads the output slowly gets all of it. \
When the job is over before that, because its time is up or the server was not heard of for the whole lease, the \
command is ended: SIGTERM, and SIGKILL ten seconds later.";

/// A command that runs as a job.
struct Running {
    child: Child,
    streams: [Stream; 2],
}

/// Runs the command.
pub(super) async fn run(app: &App, args: RunArgs) -> Result<()> {
    hide_ourselves();
    check_line(app)?;
    let client = app.client()?;
    let carried = carried(app, &client, &args)?;
    let (mut signals, teller) = (Signals::catch()?, Teller::new(app.output)?);
    let asked = Moment::now();
    let StartedJob { job, secret, .. } = match mint(app, &client, &teller, &args, &mut signals).await {
        Ok(made) => made,
        Err(error) => {
            teller.ended_soon().await;
            return Err(error);
        }
    };
    // From here on nothing returns before the job is finished.
    let introduction = introduction(&job);
    let variables = own(&client, &job, &secret).map(|own| [carried, own].concat());
    let mut lease = Lease::new(app, &client, &teller, job, asked);
    let started = match begin(&mut lease, &teller, introduction, &mut signals).await.and(variables) {
        Ok(variables) => start(app, &client, &secret, args.command, variables, signals),
        Err(error) => Err(error),
    };
    let code = match started {
        Ok(mut running) => {
            let ended = attend(&teller, &mut running.child, &mut lease, args.keep_going).await;
            // Whoever reads slowly is waited for, but not with the end of the job.
            tokio::join!(running.end_rest(), lease.finish(&secret));
            running.wind_up(teller).await;
            ended.and(running.child.code().await)
        }
        Err(error) => {
            lease.finish(&secret).await;
            teller.ended_soon().await;
            Err(error)
        }
    };
    match code? {
        0 => Ok(()),
        code => Err(Error::Command(code)),
    }
}

/// A runner's token is worth many jobs, and its command line stays there as long as each of them.
fn check_line(app: &App) -> Result<()> {
    if app.shows_credential() {
        return Err(Error::usage(
            "everybody on this machine sees command lines, so a runner's token does not belong there\n\
             rotate it, and give it in JETON_TOKEN, or by standard input with `--credential -`",
        ));
    }
    Ok(())
}

/// Asks for the job. Who wants us to end meanwhile gets that, and the job ends if it came to be.
async fn mint(
    app: &App,
    client: &Client,
    teller: &Teller,
    args: &RunArgs,
    signals: &mut Signals,
) -> Result<StartedJob> {
    let request = args.request();
    let (asked, mut minting) = (Moment::now(), pin!(client.start_job(&request)));
    let signal = tokio::select! {
        made = &mut minting => return made,
        signal = signals.next() => signal,
    };
    if let Ok(Ok(made)) = timeout(UNWANTED_TIME, minting).await {
        Lease::new(app, client, teller, made.job, asked).finish(&made.secret).await;
    }
    Err(Error::Command(code_of_signal(signal)))
}

/// What comes before the command: what it runs as is said first, and its lease is a fresh one.
async fn begin(
    lease: &mut Lease<'_>,
    teller: &Teller,
    introduction: String,
    signals: &mut Signals,
) -> Result<()> {
    let ready = async {
        teller.say(introduction).await;
        lease.freshen().await
    };
    tokio::select! {
        ready = ready => ready,
        signal = signals.next() => Err(Error::Command(code_of_signal(signal))),
    }
}

impl RunArgs {
    fn request(&self) -> CreateJob {
        CreateJob {
            organization: self.org.clone(),
            project: self.project.clone(),
            pipeline: self.pipeline.clone(),
            permissions: if self.no_permissions { Some(vec![]) } else { self.permissions.clone() },
            trigger: self.fork.then_some(JobTrigger { fork: true }),
            lease_seconds: self.lease_seconds,
        }
    }
}

/// What of our environment the command gets.
fn carried(app: &App, client: &Client, args: &RunArgs) -> Result<Vec<(OsString, OsString)>> {
    let mut carried = environment::base();
    for name in &args.names {
        check_name(name)?;
        match environment::value(name) {
            Some(value) => carried.push((name.into(), value)),
            None => app.output.warn(&format!("`{}` is not set, so the command does not get it", safe(name))),
        }
    }
    if let Some(credential) = client.credential() {
        let token = memmem::Finder::new(credential.secret.expose());
        if let Some((name, _)) = carried.iter().find(|(_, value)| token.find(value.as_bytes()).is_some()) {
            let name = name.to_string_lossy();
            return Err(Error::usage(format!(
                "`{}` holds the runner's own token, and a job gets its own",
                safe(&name)
            )));
        }
        if args.command.iter().any(|word| token.find(word.as_bytes()).is_some()) {
            return Err(Error::usage(
                "an argument of the command holds the runner's own token; everybody on this machine sees command lines\n\
                 rotate it; the command finds the token of its job in SYSTEM_ACCESSTOKEN",
            ));
        }
        if credential.source == Source::Profile {
            app.output.warn(
                "the runner's own token is in the profile, which the command can read as well\n\
                 give it to the runner in JETON_TOKEN, and to nobody else",
            );
        }
    }
    Ok(carried)
}

fn check_name(name: &str) -> Result<()> {
    let shown = safe(name);
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(Error::usage(format!(
            "`{shown}` is no name of a variable; its value is taken from here"
        )));
    }
    if [TOKEN, COLLECTION, PROJECT, INSIDE].contains(&name) {
        return Err(Error::usage(format!("`{shown}` is what the job sets itself")));
    }
    if TOKEN_VARIABLES.contains(&name) {
        return Err(Error::usage(format!("`{shown}` is the runner's own, and a job gets its own token")));
    }
    Ok(())
}

/// What a job says to its command.
fn own(client: &Client, job: &Job, secret: &Secret) -> Result<Vec<(OsString, OsString)>> {
    let collection = client.server().below(&["compat", "azure-devops", &job.organization])?;
    let variables = [
        (TOKEN, secret.expose().to_owned()),
        (COLLECTION, format!("{collection}/")),
        (PROJECT, job.project.clone()),
        // So that `jeton` is the job there.
        ("JETON_TOKEN", secret.expose().to_owned()),
        ("JETON_URL", client.server().shown().to_owned()),
        (INSIDE, Inside::Job.word().to_owned()),
    ];
    Ok(variables.map(|(name, value)| (name.into(), value.into())).into())
}

fn start(
    app: &App,
    client: &Client,
    secret: &Secret,
    command: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    signals: Signals,
) -> Result<Running> {
    let (outlets, [out, err]) = Outlets::new()?;
    let ours = client.credential().map(|credential| credential.secret.expose());
    let mask = || Mask::of(&[secret.expose()].into_iter().chain(ours).collect::<Vec<_>>());
    let streams =
        [Stream::pass_on(out, mask(), output::write_out)?, Stream::pass_on(err, mask(), output::write_err)?];
    let child = Child::start_apart(command, variables, outlets, signals, app.output)?;
    Ok(Running { child, streams })
}

/// The command and its lease side by side, until the command has ended.
async fn attend(teller: &Teller, child: &mut Child, lease: &mut Lease<'_>, keep_going: bool) -> Result<()> {
    let why = tokio::select! {
        ended = child.until_ended() => return ended,
        over = lease.keep() => why(&over),
    };
    if keep_going {
        teller.warn(&format!("{why}\nthe command goes on; its token works no more"));
        return child.until_ended().await;
    }
    teller.warn(&format!("{why}\nthe command is ended, because its token works no more"));
    child.end(END_GRACE).await
}

fn why(over: &Over) -> String {
    match over {
        Over::TimeIsUp => "the job's time is up".to_owned(),
        Over::Told(error) => format!("the job is over: {}", first_line(error)),
        Over::Unheard => "the job's lease is over: the server was not heard of as long as it held".to_owned(),
    }
}

impl Running {
    /// Ends what a command that has ended left behind, and whoever still holds its output: in a time that has a limit,
    /// after which nothing more is taken.
    async fn end_rest(&mut self) {
        self.child.signal_rest(Signal::TERM);
        if timeout(REST_GRACE, arrived(&mut self.streams)).await.is_err() && self.is_held() {
            self.child.signal_rest(Signal::KILL);
            // Whoever left the group may hold the output for ever; nobody waits for that.
            let _held = timeout(KILLED_GRACE, arrived(&mut self.streams)).await;
        }
        self.streams.iter_mut().for_each(Stream::close);
    }

    fn is_held(&self) -> bool {
        self.streams.iter().any(Stream::is_held)
    }

    /// Waits until our reader has got everything: as long as it takes, unless somebody wants us to end.
    async fn wind_up(&mut self, teller: Teller) {
        let Self { child, streams } = self;
        let told_to_end = async {
            child.told_to_end().await;
            sleep(END_GRACE).await;
        };
        tokio::select! {
            _ = async { tokio::join!(arrived(streams), teller.ended()) } => {}
            () = told_to_end => {}
        }
    }
}

async fn arrived([out, err]: &mut [Stream; 2]) {
    tokio::join!(out.arrived(), err.arrived());
}

fn introduction(job: &Job) -> String {
    let (account, scope) = (safe(&job.service_account), reach(job.authorization_scope));
    format!("job {} of `{}` runs as `{account}`, {scope} scope", job.number, safe(&job.pipeline))
}
