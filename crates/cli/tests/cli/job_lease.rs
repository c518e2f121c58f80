//! `jeton job run`: the lease of a job, as long as it lasts.

use std::fs;
use std::io::Read as _;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::runner::{Runner, kill, ran, wait_until};
use crate::stub::Stub;

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

/// A real server lets no job be shorter than a minute.
#[test]
fn the_end_of_its_time_is_told_beforehand_and_ends_a_job() {
    let runner = Runner::new();
    let (now, asked) = (Timestamp::UNIX_EPOCH, runner.told(&runner.token));
    let job = move |seconds: i64| {
        json!({
            "id": "01JD0000000000000000aa", "number": 1, "organization": "default", "project": "web site",
            "pipeline": "nightly", "state": "running", "authorization_scope": "project", "decided_by": "x",
            "service_account": "x", "permissions": null, "fork": false, "runner": "runner", "token_id": "x",
            "lease_seconds": 10, "lease_expires_at": now.checked_add(10.seconds()).unwrap(),
            "ends_at": now.checked_add(seconds.seconds()).unwrap(), "created_at": now, "finished_at": null
        })
    };
    let stub = Stub::answering(move |request| match request.line.as_str() {
        "POST /api/v1/jobs" => {
            let started = json!({"job": job(8), "token": asked, "secret": "jtn_job_a_secret_of_some_length"});
            Some((201, started.to_string()))
        }
        _ => Some((200, job(8).to_string())),
    });
    let mut command = runner.command(&[], &["sh", "-c", LONG]);
    let ran = ran(&command.env("JETON_URL", &stub.url).spawn().unwrap().wait_with_output().unwrap());
    assert_eq!(ran.code, 128 + 15, "{}", ran.shown());
    let notice = ran.stderr.find("warning: the job may run until 00:00:08 UTC, and no longer").unwrap();
    let end = ran.stderr.find("warning: the job's time is up").unwrap();
    assert!(notice < end, "{}", ran.stderr);
    let lines = stub.lines();
    assert!(lines.iter().any(|line| line.ends_with("/renew")), "{lines:?}");
    assert_eq!(lines.last().unwrap(), "POST /api/v1/jobs/01JD0000000000000000aa/finish");
    assert_eq!(
        fs::read_to_string(runner.home.path().join("ready")).unwrap(),
        "jtn_job_a_secret_of_some_length"
    );
}
