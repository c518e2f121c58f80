//! `jeton job run`: what a command gets, how it ends, and that its job ends with it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::runner::{JETON, Runner, kill, lives, ran, wait_until};
use crate::support::nobody;
use crate::terminal::Terminal;

/// Keeps its token and its environment in files.
const KEEP: &str = "printf %s \"$SYSTEM_ACCESSTOKEN\" > token; ";

#[test]
fn a_command_gets_the_variables_of_its_job_and_little_of_its_runner() {
    let runner = Runner::new();
    let ran = runner.script(&format!("{KEEP} env > variables"));
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let (text, token) = (runner.file("variables"), runner.file("token"));
    let mut got: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    // What the shell makes itself.
    for own in ["PWD", "OLDPWD", "SHLVL", "_"] {
        got.remove(own);
    }
    let collection = format!("{}/compat/azure-devops/default/", runner.url);
    let expected = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("HOME", runner.home.path().to_str().unwrap()),
        ("LC_ALL", "C.UTF-8"),
        ("SYSTEM_ACCESSTOKEN", &token),
        ("SYSTEM_COLLECTIONURI", &collection),
        ("SYSTEM_TEAMPROJECT", "web site"),
        ("JETON_TOKEN", &token),
        ("JETON_URL", &runner.url),
        ("JETON_INSIDE", "job"),
    ];
    assert_eq!(got, BTreeMap::from(expected));
    assert!(token.starts_with("jtn_job_") && token != runner.token);
    runner.is_finished();
}

#[test]
fn a_command_gets_more_of_its_runner_if_it_is_named() {
    let runner = Runner::new();
    let options = ["--env", "OF_THE_RUNNER", "--env", "NOT_THERE", "--env", "JETON_URL"];
    let script =
        format!("{KEEP} printf %s \"$OF_THE_RUNNER\" > named; \"$0\" token verify - < token > record");
    let ran = runner.run(&options, &["sh", "-c", &script, JETON]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stderr.contains("warning: `NOT_THERE` is not set"), "{}", ran.stderr);
    assert_eq!(runner.file("named"), "its own");
    runner.is_finished();
}

#[test]
fn the_token_is_that_of_a_job_while_the_command_runs() {
    let runner = Runner::new();
    let script = format!("{KEEP} mv token told; while [ ! -f end ]; do sleep 0.1; done");
    let running = runner.start(&["--permissions", "Jeton.Job.Read", "--fork"], &["sh", "-c", &script]);
    runner.wait_for("told");
    let (record, job) = (runner.told(&runner.file("told")), runner.job());
    assert_eq!(record["kind"], "job", "{record}");
    assert_eq!((&job["state"], &job["token_id"]), (&"running".into(), &record["id"]));
    assert_eq!((&job["permissions"], &job["fork"]), (&json!(["Jeton.Job.Read"]), &true.into()));
    fs::write(runner.home.path().join("end"), "").unwrap();
    assert_eq!(ran(&running.wait_with_output().unwrap()).code, 0);
    assert!(runner.told(&runner.file("told")).is_string());
    runner.is_finished();
    let ran = runner.run(&["--no-permissions"], &["true"]);
    assert_eq!((ran.code, &runner.job()["permissions"]), (0, &json!([])), "{}", ran.shown());
}

#[test]
fn however_a_command_ends_its_job_is_finished() {
    let runner = Runner::new();
    runner.home.write("no-program", "text");
    let cases: [(&[&str], i32); 6] = [
        (&["true"], 0),
        (&["sh", "-c", "exit 7"], 7),
        (&["sh", "-c", "kill -KILL $$"], 128 + 9),
        (&["sh", "-c", "kill -SEGV $$"], 128 + 11),
        (&["no-such-command", "x"], 127),
        (&["./no-program"], 126),
    ];
    for (number, (command, code)) in (1..).zip(cases) {
        let ran = runner.run(&[], command);
        assert_eq!(ran.code, code, "{command:?}: {}", ran.shown());
        let introduced = format!("job {number} of `nightly` runs as `");
        assert!(ran.stderr.starts_with(&introduced), "{}", ran.stderr);
        assert_eq!(runner.job()["number"], number);
        runner.is_finished();
    }
    let ran = runner.run(&[], &["no-such-command"]);
    assert!(ran.stderr.ends_with("error: `no-such-command`: there is no such command\n"), "{}", ran.stderr);
}

#[test]
fn signals_reach_the_command_and_all_that_it_started() {
    let runner = Runner::new();
    for signal in ["TERM", "INT", "HUP", "QUIT", "USR1"] {
        // Only a shell whose `sleep` has ended comes to its trap.
        let script =
            format!("trap 'echo {signal} >> got; exit 3' {signal}; {KEEP} mv token ready; sleep 600; exit 4");
        let running = runner.start(&[], &["sh", "-c", &script]);
        runner.wait_for("ready");
        kill(signal, running.id());
        let ran = ran(&running.wait_with_output().unwrap());
        assert_eq!(ran.code, 3, "{signal}: {}", ran.shown());
        assert!(runner.told(&runner.file("ready")).is_string(), "{signal}");
        runner.is_finished();
        fs::remove_file(runner.home.path().join("ready")).unwrap();
    }
    assert_eq!(runner.file("got"), "TERM\nINT\nHUP\nQUIT\nUSR1\n", "each came once");
    let running = runner.start(&[], &["sh", "-c", ": > ready; exec sleep 600"]);
    runner.wait_for("ready");
    kill("TERM", running.id());
    assert_eq!(ran(&running.wait_with_output().unwrap()).code, 128 + 15);
    runner.is_finished();
}

#[test]
fn what_is_typed_at_a_terminal_reaches_the_command_once() {
    let runner = Runner::new();
    let script = "trap 'echo int >> got' INT; trap ': > end' USR1; echo ready; while [ ! -f end ]; do sleep 0.1; done; exit 5";
    let mut command = Command::new("setsid");
    command.args(["--ctty", JETON]).args(runner.command(&[], &["sh", "-c", script]).get_args());
    runner.set_up(&mut command);
    let mut terminal = Terminal::of(&mut command);
    terminal.answer("ready", "\u{3}");
    runner.wait_for("got");
    // What was sent later is passed on later: by then a second one would have come.
    kill("USR1", terminal.process());
    assert_eq!(terminal.end(), 5);
    assert_eq!(runner.file("got"), "int\n");
    runner.is_finished();
}

#[test]
fn what_a_command_leaves_behind_ends_with_it() {
    let runner = Runner::new();
    let ran = runner
        .script("sleep 600 & echo $! > left; trap '' TERM; (while :; do sleep 0.1; done) & echo $! > deaf");
    assert_eq!(ran.code, 0, "{}", ran.shown());
    wait_until(|| !lives(&runner.file("left")) && !lives(&runner.file("deaf")));
    runner.is_finished();
}

#[test]
fn a_command_does_not_outlive_a_runner_that_was_killed() {
    let runner = Runner::new();
    let script = format!("{KEEP} echo $$ > process; mv token ready; while :; do sleep 0.1; done");
    let mut running = runner.start(&["--lease-seconds", "10"], &["sh", "-c", &script]);
    runner.wait_for("ready");
    assert!(lives(&runner.file("process")));
    running.kill().unwrap();
    running.wait().unwrap();
    wait_until(|| !lives(&runner.file("process")));
    // Nobody said that the job is over: its lease does.
    wait_until(|| runner.job()["state"] == "expired");
    assert!(runner.told(&runner.file("ready")).is_string());
}

#[test]
fn attack_40_no_secret_is_on_a_command_line_on_disk_or_with_somebody_else() {
    let runner = Runner::new();
    let script = format!("{KEEP} mv token ready; while [ ! -f end ]; do sleep 0.1; done");
    let mut running = runner.start(&[], &["sh", "-c", &script]);
    runner.wait_for("ready");
    let token = runner.file("ready");
    let holds = |file: &std::path::Path, secret: &str| {
        let bytes = fs::read(file).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains(secret)
    };
    let mut children = 0;
    for process in fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()) {
        for secret in [&token, &runner.token] {
            assert!(!holds(&process.join("cmdline"), secret), "{}", process.display());
        }
        if holds(&process.join("environ"), &token) {
            assert!(!holds(&process.join("environ"), &runner.token), "{}", process.display());
            assert!(!process.ends_with(running.id().to_string()));
            children += 1;
        }
    }
    assert!(children >= 1, "the command has its token");
    for file in fs::read_dir(runner.home.path()).unwrap() {
        let path = file.unwrap().path();
        assert!(path.ends_with("ready") || !holds(&path, &token), "{}", path.display());
    }
    fs::write(runner.home.path().join("end"), "").unwrap();
    assert!(running.wait().unwrap().success());
}

#[test]
fn attack_40_a_command_does_not_see_the_environment_of_its_runner() {
    let runner = Runner::new();
    let program = runner.home.path().join("jeton");
    fs::copy(JETON, &program).unwrap();
    let mut command = as_nobody(&runner, &program);
    command.args(["job", "run", "--org", "default", "--project", "web site", "--pipeline", "nightly", "--"]);
    command.args(["sh", "-c", "cat /proc/$PPID/cmdline > line; cat /proc/$PPID/environ > environ"]);
    runner.set_up(&mut command);
    let ran = ran(&command.spawn().unwrap().wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stderr.contains("Permission denied"), "{}", ran.stderr);
    assert!(runner.file("line").contains("nightly"), "{}", runner.file("line"));
    assert_eq!(runner.file("environ"), "");
}

/// The program as somebody who may not do everything: the administrator of a machine sees all of it.
fn as_nobody(runner: &Runner, program: &std::path::Path) -> Command {
    const NOBODY: u32 = 65534;
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    chown(runner.home.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command
}

#[test]
fn attack_40_the_runners_own_token_is_carried_to_no_command() {
    let runner = Runner::new();
    for (options, message) in [
        (&["--env", "JETON_TOKEN"][..], "`JETON_TOKEN` is the runner's own"),
        (&["--env", "JETON_TOKEN_FILE"], "`JETON_TOKEN_FILE` is the runner's own"),
        (&["--env", "SYSTEM_ACCESSTOKEN"], "`SYSTEM_ACCESSTOKEN` is what the job sets itself"),
        (&["--env", "NAME=value"], "`NAME=value` is no name of a variable"),
        (&["--env", "COPY"], "`COPY` holds the runner's own token"),
    ] {
        let mut command = runner.command(options, &["touch", "ran"]);
        command.env("COPY", format!("Bearer {}", runner.token));
        let ran = ran(&command.spawn().unwrap().wait_with_output().unwrap());
        assert_eq!(ran.code, 2, "{}", ran.shown());
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
        assert!(!ran.stderr.contains(&runner.token));
    }
    assert!(!runner.has("ran") && runner.job().is_null());
    let job =
        ["job", "run", "--org", "default", "--project", "web site", "--pipeline", "nightly", "--", "true"];
    let saved = runner.admin.run(&job);
    assert_eq!(saved.code, 0, "{}", saved.shown());
    assert!(saved.stderr.contains("the runner's own token is in the profile"), "{}", saved.stderr);
}

#[test]
fn attack_40_a_runners_token_on_the_command_line_is_refused() {
    let runner = Runner::new();
    let job = ["job", "run", "--org", "default", "--project", "web site", "--pipeline", "nightly"];
    let (token, inline) = (&*runner.token, format!("--credential={}", runner.token));
    let end = ["--", "touch", "ran"];
    for line in [
        [&["--credential", token][..], &job, &end].concat(),
        [&job[..], &["--credential", token], &end].concat(),
        [&job[..], &[&inline], &end].concat(),
        [&job[..], &["--", "touch", "ran", token]].concat(),
    ] {
        let variables = [("JETON_URL", &*runner.url), ("JETON_TOKEN", token), ("PATH", "/usr/bin:/bin")];
        let ran = runner.home.run_with(&line, &variables, "");
        assert_eq!(ran.code, 2, "{}", ran.shown());
        assert!(ran.stderr.contains("everybody on this machine sees command lines"), "{}", ran.stderr);
        assert!(!ran.stderr.contains(token), "{}", ran.stderr);
    }
    assert!(!runner.has("ran") && runner.job().is_null());
    let line = [&job[..], &["--credential", "-"], &end].concat();
    let variables = [("JETON_URL", &*runner.url), ("PATH", "/usr/bin:/bin")];
    let ran = runner.home.run_with(&line, &variables, &format!("{token}\n"));
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(runner.has("ran"));
    runner.is_finished();
}

#[test]
fn what_stops_a_job_before_it_starts_has_its_exit_code() {
    let runner = Runner::new();
    let job = ["job", "run", "--org", "default", "--project", "web site", "--pipeline"];
    let run = |url: &str, token: &str, more: &[&str]| {
        let variables = [("JETON_URL", url), ("JETON_TOKEN", token)];
        let ran = runner.home.run_with(&[&job, more].concat(), &variables, "");
        assert!(!runner.has("ran"));
        ran.code
    };
    let (url, token, command) = (&*runner.url, &*runner.token, &["nightly", "--", "touch", "ran"][..]);
    let weak =
        ["token", "create", "--service-account", "runner", "--scopes", "Jeton.Job.Read", "-o", "value"];
    let weak = runner.as_admin(&weak);
    assert_eq!(run(url, &weak, command), 3);
    assert_eq!(run(url, "jtn_pat_x", command), 4);
    assert_eq!(run(url, token, &["weekly", "--", "touch", "ran"]), 5);
    assert_eq!(run(&nobody(), token, command), 8);
    assert_eq!(run(url, token, &["nightly"]), 2);
    assert_eq!(run(url, token, &["nightly", "--lease-seconds", "5", "--", "touch", "ran"]), 2);
    assert_eq!(run(url, "", command), 4);
    assert!(runner.job().is_null());
}

#[test]
fn a_runner_that_is_told_to_end_before_its_job_is_there_starts_nothing() {
    let runner = Runner::new();
    // Somebody who takes the question and does not answer.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = runner.command(&[], &["touch", "ran"]);
    command.env("JETON_URL", format!("http://{}", listener.local_addr().unwrap())).stdin(Stdio::null());
    let running = command.spawn().unwrap();
    let (_asked, _) = listener.accept().unwrap();
    kill("TERM", running.id());
    assert_eq!(ran(&running.wait_with_output().unwrap()).code, 128 + 15);
    assert!(!runner.has("ran"));
}

#[test]
fn a_job_is_shown_and_finished_by_the_number_that_was_said() {
    let runner = Runner::new();
    let ran = runner.run(&[], &["true"]);
    assert!(ran.stderr.starts_with("job 1 of `nightly`"), "{}", ran.stderr);
    let id = runner.job()["id"].as_str().unwrap().to_owned();
    let shown = runner.as_admin(&["job", "show", "1"]);
    assert_eq!(shown, runner.as_admin(&["job", "show", &id]));
    assert!(shown.contains(&id), "{shown}");
    assert!(runner.admin.run(&["job", "finish", "1"]).stderr.starts_with("job 1 of "));
    let none = runner.admin.run(&["job", "show", "2"]);
    assert_eq!(none.code, 5, "{}", none.shown());
}
