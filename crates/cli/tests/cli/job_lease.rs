//! `jeton job run`: the lease of a job, as long as it lasts.

use std::fs;
use std::io::Read as _;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::runner::{Runner, kill, ran, wait_until};
use crate::stub::{Stub, problem};
use crate::support::Ran;

/// Keeps its token, and goes on until there is a file `end`.
const LONG: &str =
    "printf %s \"$SYSTEM_ACCESSTOKEN\" > token; mv token ready; while [ ! -f end ]; do sleep 0.1; done";

/// A job that runs, and what is said of it meanwhile.
struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Running {
    fn start(runner: &Runner, options: &[&str], script: &str) -> Self {
        let mut child = runner.start(options, &["sh", "-c", script]);
        let mut stderr = child.stderr.take().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        let reader = thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = stderr.read(&mut bytes) {
                heard.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { child, said, reader }
    }

    fn has_said(&self, text: &str) -> bool {
        self.said.lock().unwrap().contains(text)
    }

    /// The exit code, and all that was said.
    fn end(self) -> (i32, String) {
        let code = ran(&self.child.wait_with_output().unwrap()).code;
        self.reader.join().unwrap();
        let said = self.said.lock().unwrap().clone();
        (code, said)
    }
}

fn lease_end(job: &Value) -> Timestamp {
    job["lease_expires_at"].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_job_outlives_its_lease_by_renewing_it() {
    let runner = Runner::new();
    let running = Running::start(&runner, &["--lease-seconds", "10"], LONG);
    runner.wait_for("ready");
    let first = lease_end(&runner.job());
    // So the server's clock is beyond the first end.
    wait_until(|| lease_end(&runner.job()) > first.checked_add(10.seconds()).unwrap());
    assert!(runner.told(&runner.file("ready")).is_object());
    runner.home.write("end", "");
    let (code, said) = running.end();
    assert_eq!((code, said.lines().count()), (0, 1), "{said}");
    assert!(runner.told(&runner.file("ready")).is_string());
    runner.is_finished();
}

#[test]
fn a_server_that_is_away_for_less_than_the_lease_is_survived() {
    let mut runner = Runner::new();
    let running = Running::start(&runner, &["--lease-seconds", "45"], LONG);
    runner.wait_for("ready");
    let first = lease_end(&runner.job());
    runner.cut_server();
    wait_until(|| running.has_said("could not be renewed"));
    runner.start_server();
    wait_until(|| running.has_said("the job's lease is renewed again"));
    assert!(lease_end(&runner.job()) > first);
    assert!(runner.told(&runner.file("ready")).is_object());
    runner.home.write("end", "");
    let (code, said) = running.end();
    assert_eq!(code, 0, "{said}");
    assert_eq!(said.matches("warning: ").count(), 1, "it is said once: {said}");
    runner.is_finished();
}

#[test]
fn a_server_that_is_away_for_longer_ends_the_command() {
    let mut runner = Runner::new();
    let script = format!("trap 'exit 9' TERM; {LONG}");
    let running = Running::start(&runner, &["--lease-seconds", "10"], &script);
    let going = Running::start(
        &runner,
        &["--lease-seconds", "10", "--keep-going"],
        "touch going; while [ ! -f end ]; do sleep 0.1; done; exit 6",
    );
    runner.wait_for("ready");
    runner.wait_for("going");
    runner.cut_server();
    let (code, said) = running.end();
    assert_eq!(code, 9, "{said}");
    assert!(
        said.contains("the job's lease is over: the server was not heard of as long as it held"),
        "{said}"
    );
    assert!(said.contains("the command is ended, because its token works no more"), "{said}");
    wait_until(|| going.has_said("the command goes on; its token works no more"));
    runner.home.write("end", "");
    assert_eq!(going.end().0, 6);
    runner.start_server();
    assert!(runner.told(&runner.file("ready")).is_string());
    assert_eq!(runner.job()["state"], "expired");
}

#[test]
fn a_job_that_somebody_else_ends_is_ended() {
    let runner = Runner::new();
    let running = Running::start(&runner, &["--lease-seconds", "10"], &format!("trap '' TERM; {LONG}"));
    runner.wait_for("ready");
    runner.as_admin(&["job", "finish", runner.job()["id"].as_str().unwrap()]);
    assert!(runner.told(&runner.file("ready")).is_string());
    // Whoever does not listen is killed in the end.
    let (code, said) = running.end();
    assert_eq!(code, 128 + 9, "{said}");
    assert!(said.contains("warning: the job is over: "), "{said}");
    runner.is_finished();
}

#[test]
fn what_cannot_be_finished_is_told_and_the_commands_code_counts() {
    let mut runner = Runner::new();
    let running = Running::start(&runner, &["--lease-seconds", "60"], &format!("{LONG}; exit 3"));
    runner.wait_for("ready");
    let (id, until) = (runner.job()["id"].as_str().unwrap().to_owned(), lease_end(&runner.job()));
    runner.cut_server();
    runner.home.write("end", "");
    let (code, said) = running.end();
    assert_eq!(code, 3, "{said}");
    let until = until.strftime("%H:%M:%S UTC");
    assert!(
        said.contains(&format!("could not be finished; its token works until the lease is over at {until}")),
        "{said}"
    );
    assert!(said.contains(&format!("finish it with: jeton job finish {id}")), "{said}");
    runner.start_server();
    assert!(runner.told(&runner.file("ready")).is_object());
    runner.as_admin(&["job", "finish", &id]);
    assert!(runner.told(&runner.file("ready")).is_string());
}

#[test]
fn a_runner_whose_own_token_was_revoked_finishes_with_that_of_the_job() {
    let runner = Runner::new();
    let running = Running::start(&runner, &[], LONG);
    runner.wait_for("ready");
    runner.as_admin(&["token", "revoke", "--filter", "name=runner", "--yes"]);
    runner.home.write("end", "");
    let (code, said) = running.end();
    assert_eq!((code, said.lines().count()), (0, 1), "{said}");
    runner.is_finished();
    assert!(runner.told(&runner.file("ready")).is_string());
}

#[test]
fn a_runner_whose_own_token_does_not_see_the_job_any_more_finishes_with_that_of_the_job() {
    let runner = Runner::new();
    let running = Running::start(&runner, &[], LONG);
    runner.wait_for("ready");
    let record = runner.told(&runner.token);
    runner.as_admin(&["token", "edit", record["id"].as_str().unwrap(), "--scopes", "Jeton.Token.Read"]);
    runner.home.write("end", "");
    let (_, said) = running.end();
    assert!(!said.contains("could not be finished"), "{said}");
    runner.is_finished();
    assert!(runner.told(&runner.file("ready")).is_string());
}

#[test]
fn a_signal_beside_the_end_of_the_server_still_ends_the_command() {
    let mut runner = Runner::new();
    let running = Running::start(&runner, &[], &format!("trap 'exit 4' TERM; {LONG}"));
    runner.wait_for("ready");
    runner.cut_server();
    kill("TERM", running.child.id());
    let (code, said) = running.end();
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("could not be finished"), "{said}");
}

/// A job that began at the beginning of time, as a server would answer it.
fn job(lease_seconds: i64, seconds: i64) -> Value {
    let at = |seconds: i64| Timestamp::UNIX_EPOCH.checked_add(seconds.seconds()).unwrap();
    json!({
        "id": "01JD0000000000000000aa", "number": 1, "organization": "default", "project": "web site",
        "pipeline": "nightly", "state": "running", "authorization_scope": "project", "decided_by": "x",
        "service_account": "x", "permissions": null, "fork": false, "runner": "runner", "token_id": "x",
        "lease_seconds": lease_seconds, "lease_expires_at": at(lease_seconds), "ends_at": at(seconds),
        "created_at": at(0), "finished_at": null
    })
}

const RENEW: &str = "POST /api/v1/jobs/01JD0000000000000000aa/renew";
const FINISH: &str = "POST /api/v1/jobs/01JD0000000000000000aa/finish";

/// The answer to whoever asks for that job.
fn started(runner: &Runner, job: &Value) -> (u16, String) {
    let token = runner.told(&runner.token);
    (201, json!({"job": job, "token": token, "secret": "jtn_job_a_secret_of_some_length"}).to_string())
}

/// A real server lets no job be shorter than a minute.
#[test]
fn the_end_of_its_time_is_told_beforehand_and_ends_a_job() {
    let runner = Runner::new();
    let made = started(&runner, &job(10, 8));
    let stub = Stub::answering(move |request| match request.line.as_str() {
        "POST /api/v1/jobs" => Some(made.clone()),
        _ => Some((200, job(10, 8).to_string())),
    });
    let mut command = runner.command(&[], &["sh", "-c", LONG]);
    let ran = ran(&command.env("JETON_URL", &stub.url).spawn().unwrap().wait_with_output().unwrap());
    assert_eq!(ran.code, 128 + 15, "{}", ran.shown());
    let notice = ran.stderr.find("warning: the job may run until 00:00:08 UTC, and no longer").unwrap();
    let end = ran.stderr.find("warning: the job's time is up").unwrap();
    assert!(notice < end, "{}", ran.stderr);
    let lines = stub.lines();
    assert!(lines.iter().any(|line| line == RENEW), "{lines:?}");
    assert_eq!(lines.last().unwrap(), FINISH);
    assert_eq!(
        fs::read_to_string(runner.home.path().join("ready")).unwrap(),
        "jtn_job_a_secret_of_some_length"
    );
}

/// A server that takes so many seconds to start a job; what came first, its renewal or the command, which writes `ran`.
fn slow(
    runner: &Runner,
    lease_seconds: i64,
    delay: u64,
    renewal: (u16, String),
) -> (Stub, Arc<Mutex<Vec<bool>>>) {
    let (made, ran) = (started(runner, &job(lease_seconds, 3600)), runner.home.path().join("ran"));
    let had_run = Arc::new(Mutex::new(vec![]));
    let seen = Arc::clone(&had_run);
    let stub = Stub::answering(move |request| match request.line.as_str() {
        "POST /api/v1/jobs" => {
            thread::sleep(Duration::from_secs(delay));
            Some(made.clone())
        }
        RENEW => {
            seen.lock().unwrap().push(ran.exists());
            Some(renewal.clone())
        }
        _ => Some((200, job(lease_seconds, 3600).to_string())),
    });
    (stub, had_run)
}

fn run_at(runner: &Runner, stub: &Stub, command: &[&str]) -> Ran {
    let mut command = runner.command(&[], command);
    ran(&command.env("JETON_URL", &stub.url).spawn().unwrap().wait_with_output().unwrap())
}

#[test]
fn a_lease_that_is_half_gone_is_renewed_before_the_command_starts() {
    let runner = Runner::new();
    let (stub, had_run) = slow(&runner, 10, 5, (200, job(10, 3600).to_string()));
    let ran = run_at(&runner, &stub, &["touch", "ran"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(runner.has("ran"));
    assert_eq!(had_run.lock().unwrap().first(), Some(&false), "{:?}", stub.lines());
    assert_eq!(stub.lines().last().unwrap(), FINISH);
}

#[test]
fn a_job_that_is_over_before_its_command_starts_starts_none() {
    let runner = Runner::new();
    let over = problem(409, "token_not_live", "the job is over");
    let (stub, had_run) = slow(&runner, 1, 2, (409, over));
    let ran = run_at(&runner, &stub, &["touch", "ran"]);
    assert_eq!(ran.code, 6, "{}", ran.shown());
    assert!(ran.stderr.contains("error: the job is over"), "{}", ran.stderr);
    assert!(!runner.has("ran"));
    assert_eq!((had_run.lock().unwrap().len(), &*stub.lines()[2]), (1, FINISH), "{:?}", stub.lines());
}

#[test]
fn messages_that_nobody_reads_hold_up_neither_the_lease_nor_the_end() {
    let runner = Runner::new();
    let (made, home) = (started(&runner, &job(10, 3600)), runner.home.path().to_owned());
    let stub = Stub::answering(move |request| match request.line.as_str() {
        "POST /api/v1/jobs" => Some(made.clone()),
        // By then the command has had time to fill the pipe.
        RENEW if home.join("told").exists() => Some((200, job(10, 3600).to_string())),
        RENEW => {
            fs::write(home.join("told"), "").unwrap();
            Some((503, problem(503, "unavailable", "not now")))
        }
        _ => Some((200, job(10, 3600).to_string())),
    });
    let script = format!("head -c 1000000 /dev/zero >&2 & {LONG}; kill $!; exit 7");
    let mut command = runner.command(&[], &["sh", "-c", &script]);
    let mut running = command.env("JETON_URL", &stub.url).spawn().unwrap();
    let renewed = || stub.lines().iter().filter(|line| *line == RENEW).count();
    wait_until(|| renewed() >= 3);
    runner.home.write("end", "");
    wait_until(|| stub.lines().last().unwrap() == FINISH);
    let mut said = Vec::new();
    running.stderr.take().unwrap().read_to_end(&mut said).unwrap();
    let said = String::from_utf8_lossy(&said);
    let told = ["the job's lease could not be renewed", "the job's lease is renewed again"];
    assert!(told.iter().all(|text| said.contains(text)), "{} bytes", said.len());
    assert_eq!(running.wait().unwrap().code(), Some(7));
}
