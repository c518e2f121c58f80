//! `jeton exec`: a real worker, a real server, and a real issuer of identities.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::stub::Stub;
use crate::support::{Home, Ran, nobody};
use crate::workload::Platform;

/// A machine on which a workload of the platform runs.
struct Machine {
    authority: Authority,
    platform: Platform,
    home: Home,
}

impl Machine {
    fn new(replay: &str) -> Option<Self> {
        let authority = Authority::start();
        let platform = Platform::trusted_by(&authority, replay)?;
        Some(Self { authority, platform, home: Home::new() })
    }

    /// Puts a fresh identity token where the workload finds it.
    fn project(&mut self, seconds: i64) {
        let identity = self.platform.identity(seconds);
        // As a platform does it: at once, so that nobody reads the half of one.
        self.home.write("aside", &identity);
        fs::rename(self.home.path().join("aside"), self.home.path().join("identity")).unwrap();
    }

    fn exec(&self, options: &[&str], command: &[&str]) -> Ran {
        self.home.run_with(
            &self.arguments(options, command),
            // The second is somebody else's, and no command of ours finds it.
            &[("JETON_IDENTITY_TOKEN_FILE", "identity"), ("JETON_TOKEN_FILE", "outer")],
            "",
        )
    }

    fn arguments<'a>(&'a self, options: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
        [&["exec", "--url", &self.authority.url, "--service-account", "worker"], options, &["--"], command]
            .concat()
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(name)).unwrap()
    }

    /// What the server says of a token now: its record, or the code of the refusal.
    fn told(&self, token: &str) -> Value {
        let answer = self.authority.get(token, "/tokens/self");
        if answer["code"].is_string() { answer["code"].clone() } else { answer }
    }
}

/// Waits until something is so, and no longer than a busy machine may need.
#[track_caller]
fn wait_until(is_so: impl Fn() -> bool) {
    for _ in 0..1200 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it did not come to be in a minute");
}

#[test]
fn a_command_gets_a_token_of_the_service_account_and_its_end_is_ours() {
    let Some(mut machine) = Machine::new("once") else { return };
    machine.project(600);
    let script = "printf %s \"$JETON_TOKEN\" > token; printf %s \"$JETON_URL\" > url; cat; echo out; echo err >&2; \
        [ -z \"$JETON_TOKEN_FILE\" ] && \"$0\" token verify - < token > record; exit 7";
    let jeton = env!("CARGO_BIN_EXE_jeton");
    let ran = machine.exec(&[], &["sh", "-c", script, jeton]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (7, "out\n", "err\n"),
        "{}",
        ran.shown()
    );
    assert!(machine.file("record").contains("service_account worker"), "{}", machine.file("record"));
    assert_eq!(machine.file("url"), machine.authority.url);
    assert_eq!(machine.told(&machine.file("token")), "revoked_token", "it ended with the command");
    let again = machine.exec(&[], &["true"]);
    assert_eq!(again.code, 4, "an identity is taken once: {}", again.shown());
    machine.project(600);
    assert_eq!(machine.exec(&[], &["true"]).code, 0);
}

#[test]
fn a_command_is_a_job_of_a_pipeline_and_the_job_ends_with_it() {
    let Some(mut machine) = Machine::new("once") else { return };
    let (claim, issuer) = (Platform::claim(), machine.platform.url().to_owned());
    let trust =
        ["pipeline", "trust", "set", "default/web/nightly", "ci", "--claim", &claim, "--issuer", &issuer];
    let create = ["pipeline", "create", "default/web/nightly", "--kind", "yaml"];
    for words in [&["project", "create", "default/web"][..], &create, &trust] {
        let ran = machine.authority.admin().run(words);
        assert_eq!(ran.code, 0, "{}", ran.shown());
    }
    machine.project(600);
    let script = "printf %s \"$JETON_TOKEN\" > token; exit 7";
    let url = machine.authority.url.clone();
    let exec = |more: &[&str]| {
        let words = [&["exec", "--url", &url], more, &["--", "sh", "-c", script]].concat();
        machine.home.run_with(&words, &[("JETON_IDENTITY_TOKEN_FILE", "identity")], "")
    };
    let both = exec(&["--pipeline", "default/web/nightly", "--service-account", "worker"]);
    assert_eq!(both.code, 2, "{}", both.shown());
    let ran = exec(&["--pipeline", "default/web/nightly"]);
    assert_eq!(ran.code, 7, "{}", ran.shown());
    let token = machine.file("token");
    assert!(token.starts_with("jtn_job_"), "{token}");
    assert_eq!(machine.told(&token), "revoked_token", "it ended with the command");
    let again = exec(&["--pipeline", "default/web/nightly"]);
    assert_eq!(again.code, 4, "an identity starts one job: {}", again.shown());
    assert!(again.stderr.contains("jeton pipeline trust list default/web/nightly"), "{}", again.stderr);
}

#[test]
fn a_token_can_be_narrowed() {
    let Some(mut machine) = Machine::new("until-expiry") else { return };
    machine.project(600);
    let binding = ["binding", "add", "--role", "TokenCreator", "--service-account", "worker", "--place", "*"];
    let bound = machine.authority.admin().run(&binding);
    assert_eq!(bound.code, 0, "{}", bound.shown());
    let script = "printf %s \"$JETON_TOKEN\" > token; \"$0\" token verify --json - < token > record";
    let jeton = env!("CARGO_BIN_EXE_jeton");
    let scopes = ["--scopes", "Jeton.Token.Read", "--scopes", "Jeton.Token.Revoke"];
    let ran = machine.exec(&scopes, &["sh", "-c", script, jeton]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let record: Value = serde_json::from_str(&machine.file("record")).unwrap();
    assert_eq!(record["token"]["scopes"], json!(["Jeton.Token.Read", "Jeton.Token.Revoke"]));
    let ran = machine.exec(&["--scopes", "Jeton.Admin.User"], &["touch", "ran"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stderr.contains("the service account holds `Jeton.Admin.User` nowhere"), "{}", ran.stderr);
    assert!(!machine.home.path().join("ran").exists());
}

#[test]
fn a_long_worker_sees_a_fresh_token_in_its_file() {
    let Some(mut machine) = Machine::new("until-expiry") else { return };
    machine.project(15);
    let script = "printf %s \"$JETON_TOKEN\" > first; ls -l \"$JETON_TOKEN_FILE\" > mode; touch started; i=0; \
        while [ \"$(cat \"$JETON_TOKEN_FILE\")\" = \"$JETON_TOKEN\" ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done; \
        cp \"$JETON_TOKEN_FILE\" second; \"$0\" token verify - < second > record; while [ ! -f end ]; do sleep 0.1; done";
    let options = ["--token-file", "token"];
    let mut worker = spawn(&machine, &options, &["sh", "-c", script, env!("CARGO_BIN_EXE_jeton")]);
    wait_until(|| machine.home.path().join("started").exists());
    // The platform renews the identity, and the file is read again.
    machine.project(600);
    wait_until(|| machine.home.path().join("record").exists());
    fs::write(machine.home.path().join("end"), "").unwrap();
    assert_eq!(worker.wait().unwrap().code(), Some(0));
    assert!(machine.file("mode").starts_with("-rw------- "), "{}", machine.file("mode"));
    assert!(machine.file("record").contains("service_account worker"), "{}", machine.file("record"));
    let (first, second) = (machine.file("first"), machine.file("second"));
    assert_ne!(first, second);
    assert_eq!(machine.told(&second), "revoked_token");
    assert!(["revoked_token", "expired_token"].map(Value::from).contains(&machine.told(&first)));
    assert!(!machine.home.path().join("token").exists(), "no dead token is left behind");
}

#[test]
fn a_file_that_others_can_read_becomes_private_before_a_token_is_in_it() {
    let Some(mut machine) = Machine::new("once") else { return };
    machine.project(600);
    let path = machine.home.write("token", "old");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let script = "ls -l token > mode; cat token > seen; printf %s \"$JETON_TOKEN\" > told; printf %s \"$JETON_TOKEN_FILE\" > file";
    let ran = machine.exec(&["--token-file", "token"], &["sh", "-c", script]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(machine.file("mode").starts_with("-rw------- "), "{}", machine.file("mode"));
    assert_eq!(machine.file("seen"), machine.file("told"));
    assert_eq!(machine.file("file"), "token");

    machine.project(600);
    std::os::unix::fs::symlink("elsewhere", machine.home.path().join("link")).unwrap();
    let ran = machine.exec(&["--token-file", "link"], &["touch", "ran"]);
    assert!(ran.code == 1 && ran.stderr.contains("symbolic link"), "{}", ran.shown());
    assert!(!machine.home.path().join("ran").exists() && !machine.home.path().join("elsewhere").exists());
    // Nothing was exchanged for it: the identity can still be used.
    assert_eq!(machine.exec(&[], &["true"]).code, 0);
}

#[test]
fn signals_pass_through_and_the_token_ends() {
    let Some(mut machine) = Machine::new("until-expiry") else { return };
    machine.project(600);
    for (signal, name) in [("TERM", "term"), ("INT", "int"), ("HUP", "hup"), ("USR1", "usr1")] {
        let script = format!(
            "trap 'echo got > got-{name}; exit 3' {signal}; printf %s \"$JETON_TOKEN\" > token-{name}; touch ready-{name}; \
             while :; do sleep 0.1; done"
        );
        let mut worker = spawn(&machine, &[], &["sh", "-c", &script]);
        wait_until(|| machine.home.path().join(format!("ready-{name}")).exists());
        let killed = Command::new("kill").args([&format!("-{signal}"), &worker.id().to_string()]).status();
        assert!(killed.unwrap().success());
        assert_eq!(worker.wait().unwrap().code(), Some(3), "{signal}");
        assert!(machine.home.path().join(format!("got-{name}")).exists());
        assert_eq!(machine.told(&machine.file(&format!("token-{name}"))), "revoked_token", "{signal}");
    }
    let ran = machine.exec(&[], &["sh", "-c", "kill -KILL $$"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (128 + 9, ""), "{}", ran.shown());
}

#[test]
fn a_command_that_cannot_be_started_leaves_nothing_behind() {
    let Some(mut machine) = Machine::new("until-expiry") else { return };
    machine.project(600);
    let ran = machine.exec(&["--token-file", "token"], &["no-such-command", "x"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (127, "error: `no-such-command`: there is no such command\n")
    );
    assert!(!machine.home.path().join("token").exists());
    machine.home.write("no-program", "text");
    let ran = machine.exec(&[], &["./no-program"]);
    assert_eq!(ran.code, 126, "{}", ran.shown());
    let left = machine.authority.get_as_admin("/tokens?kind=service&state=all");
    let states: Vec<_> = left["items"].as_array().unwrap().iter().map(|token| &token["state"]).collect();
    assert_eq!(states, ["revoked", "revoked"], "{left}");
}

#[test]
fn github_actions_is_asked_for_a_token() {
    let Some(mut machine) = Machine::new("once") else { return };
    let identity = machine.platform.identity(600);
    let audience: String = machine.authority.url.replace(':', "%3A").replace('/', "%2F");
    let line: &'static str = format!("GET /token?api-version=2&audience={audience}").leak();
    let actions = Stub::new(vec![(line, 200, json!({"count": 1, "value": identity}).to_string())]);
    let url = format!("{}/token?api-version=2", actions.url);
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "the-runners-own"),
    ];
    let arguments = machine.arguments(&[], &["sh", "-c", "printf %s \"$JETON_TOKEN\" > token"]);
    let ran = machine.home.run_with(&arguments, &variables, "");
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_eq!(machine.told(&machine.file("token")), "revoked_token");
    assert!(actions.asked()[0].headers.contains("authorization: bearer the-runners-own"));
}

#[test]
fn attack_12_an_identity_for_somebody_else_stays_here() {
    let Some(mut machine) = Machine::new("until-expiry") else { return };
    let other = machine.platform.identity_for("sts.amazonaws.com", 600);
    machine.home.write("other", &other);
    let listener = Stub::new(vec![]);
    for variable in ["JETON_IDENTITY_TOKEN_FILE", "AZURE_FEDERATED_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"]
    {
        let arguments = ["exec", "--url", &listener.url, "--", "touch", "ran"];
        let ran = machine.home.run_with(&arguments, &[(variable, "other")], "");
        assert_eq!(ran.code, 1, "{}", ran.shown());
        let refused = "the token in `other` is not for `";
        assert!(
            ran.stderr.contains(refused) && ran.stderr.contains("but for `sts.amazonaws.com`"),
            "{}",
            ran.stderr
        );
        assert!(!ran.stderr.contains(&other), "{}", ran.stderr);
    }
    assert_eq!(listener.lines(), Vec::<String>::new(), "nobody was asked anything");
    assert!(!machine.home.path().join("ran").exists());
    // Who says so himself may send it.
    let arguments = machine.arguments(&["--exchange-audience", "sts.amazonaws.com"], &["true"]);
    let ran = machine.home.run_with(&arguments, &[("AWS_WEB_IDENTITY_TOKEN_FILE", "other")], "");
    assert_eq!(ran.code, 4, "the server takes it for what it is: {}", ran.shown());
}

#[test]
fn a_server_that_cannot_know_is_asked_again() {
    let (home, asked) = (Home::new(), AtomicUsize::new(0));
    let stub = Stub::answering(move |request| {
        let granted =
            json!({"access_token": "jtn_svc_x", "token_type": "Bearer", "expires_in": 60, "scope": "*"});
        let unknown = json!({
            "type": "urn:jeton:problem:unavailable", "title": "x", "status": 503, "detail": "not now",
            "code": "unavailable", "request_id": "r",
        });
        (request.line == "POST /oauth2/token").then(|| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => (503, unknown.to_string()),
            _ => (200, granted.to_string()),
        })
    });
    home.write("identity", "e30.eyJhdWQiOiJBVURJRU5DRSJ9.c2ln");
    let options = ["--identity-token-file", "identity", "--exchange-audience", "AUDIENCE"];
    let ran = home.run(&[&["exec", "--url", &stub.url], &options[..], &["--", "true"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let exchanges = stub.asked().iter().filter(|asked| asked.line == "POST /oauth2/token").count();
    assert_eq!(exchanges, 2);
}

#[test]
fn what_stops_a_command_before_it_starts_has_its_exit_code() {
    let home = Home::new();
    let (gone, ran_file) = (nobody(), home.path().join("ran"));
    let exec = |url: &str, more: &[&str]| {
        let ran = home.run(&[&["exec", "--url", url], more, &["--", "touch", "ran"]].concat());
        assert!(!ran_file.exists());
        ran
    };
    let none = exec(&gone, &[]);
    assert_eq!(none.code, 1);
    assert_eq!(
        none.stderr,
        format!(
            "error: there is no identity token of this workload for `{gone}`\n  name its file with `--identity-token-file`, or another audience with `--exchange-audience`\n"
        )
    );
    assert_eq!(exec(&gone, &["--identity-token-file", "nothing"]).code, 1);
    // `{"aud":"AUDIENCE"}`, signed by nobody.
    home.write("identity", "e30.eyJhdWQiOiJBVURJRU5DRSJ9.c2ln");
    let named = ["--identity-token-file", "identity", "--exchange-audience", "AUDIENCE"];
    assert_eq!(exec(&gone, &named).code, 8);
    for more in [&named[..], &[&named[..], &["--insecure-http"]].concat()] {
        let plain = exec("http://192.0.2.1:7070", more);
        assert_eq!(plain.code, 2, "{}", plain.shown());
        assert!(plain.stderr.contains("no identity token is sent"), "{}", plain.stderr);
    }
    let usage = home.run(&["exec", "--url", &gone]);
    assert_eq!(usage.code, 2, "{}", usage.shown());
    let authority = Authority::start();
    let refused = exec(&authority.url, &named);
    assert_eq!(refused.code, 4, "{}", refused.shown());
    assert!(!refused.stderr.contains("eyJhdWQ"), "{}", refused.stderr);
}

fn spawn(machine: &Machine, options: &[&str], command: &[&str]) -> std::process::Child {
    let home: &Path = machine.home.path();
    Command::new(env!("CARGO_BIN_EXE_jeton"))
        .args(machine.arguments(options, command))
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("JETON_IDENTITY_TOKEN_FILE", "identity")
        .current_dir(home)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}
