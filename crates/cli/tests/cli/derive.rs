//! `jeton derive`: children of a token, and what a session gets instead.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::authority::Authority;
use crate::support::{Home, Ran};

const SHELL: &str = "/bin/sh";

/// Alice's machine, on which a token of hers is in use.
struct Machine {
    authority: Authority,
    home: Home,
    parent: String,
}

impl Machine {
    fn new(scopes: &[&str]) -> Self {
        let authority = Authority::start();
        let alice = authority.alice();
        let scopes = scopes.iter().flat_map(|scope| ["--scopes", scope]);
        let create = ["pat", "create", "--name", "parent", "--expires", "30d", "-o", "value"];
        let ran = alice.run(&create.into_iter().chain(scopes).collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{}", ran.shown());
        Self { authority, home: Home::new(), parent: ran.stdout.trim().to_owned() }
    }

    fn derive(&self, args: &[&str]) -> Ran {
        self.home.run_with(&[&["derive"], args].concat(), &self.variables(), "")
    }

    fn variables(&self) -> [(&str, &str); 2] {
        [("JETON_URL", &self.authority.url), ("JETON_TOKEN", &self.parent)]
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

#[test]
fn a_child_is_named_narrow_short_and_dies_with_its_parent() {
    let machine = Machine::new(&["Jeton.Token.*"]);
    let ran =
        machine.derive(&["--for", "20m", "--scopes", "Jeton.Token.Read", "--name", "agent", "-o", "value"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stderr.starts_with("`agent` is a child of `parent` until "), "{}", ran.stderr);
    let child = ran.stdout.trim();
    let (record, parent) = (machine.told(child), machine.told(&machine.parent));
    assert_eq!((&record["name"], &record["parent_id"]), (&"agent".into(), &parent["id"]));
    assert_eq!(record["scopes"], serde_json::json!(["Jeton.Token.Read"]));
    let moment = |name: &str| record[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(moment("expires_at").duration_since(moment("created_at")).as_mins(), 20);

    let revoked =
        machine.home.run_with(&["token", "revoke", parent["id"].as_str().unwrap()], &machine.variables(), "");
    assert_eq!(revoked.code, 0, "{}", revoked.shown());
    assert!(machine.told(child).is_string(), "a child dies with its parent");
}

#[test]
fn a_child_can_be_revoked_alone() {
    let machine = Machine::new(&["Jeton.Token.*"]);
    let ran = machine.derive(&["--json"]);
    assert!(ran.stderr.contains("no scopes given: the token gets `Jeton.Token.*`"), "{}", ran.stderr);
    let issued: Value = serde_json::from_str(&ran.stdout).unwrap();
    let revoke = ["token", "revoke", issued["token"]["id"].as_str().unwrap()];
    assert_eq!(machine.home.run_with(&revoke, &machine.variables(), "").code, 0);
    assert_eq!(machine.told(issued["secret"].as_str().unwrap()), "revoked_token");
    assert_eq!(machine.told(&machine.parent)["name"], "parent");
}

#[test]
fn a_command_has_the_child_and_its_end_is_the_childs() {
    let machine = Machine::new(&["Jeton.Token.*"]);
    let script = "printf %s \"$JETON_TOKEN\" > token; printf %s \"$JETON_URL\" > url; echo out; echo err >&2; \
        \"$0\" token verify --json - < token > record; exit 7";
    let command = ["--scopes", "Jeton.Token.Read", "--", SHELL, "-c", script, env!("CARGO_BIN_EXE_jeton")];
    let ran = machine.derive(&command);
    insta::assert_snapshot!(machine.authority.redacted(&ran));
    assert_eq!(machine.file("url"), machine.authority.url);
    let record: Value = serde_json::from_str(&machine.file("record")).unwrap();
    assert_eq!(record["token"]["description"], "derived for sh", "{record}");
    assert_ne!(machine.file("token"), machine.parent);
    assert_eq!(machine.told(&machine.file("token")), "revoked_token");
    assert_eq!(machine.told(&machine.parent)["state"], "active");
}

#[test]
fn a_command_finds_no_token_but_the_child() {
    let machine = Machine::new(&["Jeton.Token.*"]);
    let file = machine.home.write("outer", &machine.parent);
    let outer = ("JETON_TOKEN_FILE", file.to_str().unwrap());
    let variables = [&machine.variables()[..], &[outer]].concat();
    let script = "set > variables";
    let ran = machine.home.run_with(&["derive", "--", SHELL, "-c", script], &variables, "");
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let variables = machine.file("variables");
    assert!(variables.contains("JETON_TOKEN='jtn_pat_"), "{variables}");
    assert!(!variables.contains("JETON_TOKEN_FILE") && !variables.contains(&machine.parent), "{variables}");
}

#[test]
fn a_session_has_no_children_and_it_is_said_what_is_made() {
    let authority = Authority::start();
    let alice = authority.alice();
    let script = "printf %s \"$JETON_TOKEN\" > token";
    let ran = alice.run(&["derive", "--scopes", "Jeton.Token.Read", "--", SHELL, "-c", script]);
    let redacted = authority.redacted(&ran);
    let made = fs::read_to_string(alice.path().join("token")).unwrap();
    assert_eq!(authority.get(&made, "/tokens/self")["code"], "revoked_token");
    let ran = alice.run(&["derive", "--for", "1h", "--scopes", "Jeton.Token.Read"]);
    insta::assert_snapshot!(format!("{redacted}\n{}", authority.redacted(&ran)));
}

#[test]
fn attack_03_a_child_is_never_more_than_its_parent() {
    let machine = Machine::new(&["Jeton.Token.Create", "Jeton.Token.Read"]);
    let ran_file = machine.home.path().join("ran");
    for scopes in ["*", "Jeton.Token.*", "Jeton.Token.Revoke"] {
        let ran = machine.derive(&["--scopes", scopes, "--", "/usr/bin/touch", "ran"]);
        assert_eq!(ran.code, 3, "{}", ran.shown());
    }
    // Nor does it live longer (attack 5).
    let ran = machine.derive(&["--for", "60d", "--", "/usr/bin/touch", "ran"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    let without = Machine::new(&["Jeton.Token.Read"]);
    assert_eq!(without.derive(&["--", "/usr/bin/touch", "ran"]).code, 3);
    assert!(!ran_file.exists() && !without.home.path().join("ran").exists());
}

#[test]
fn a_service_account_has_children_too() {
    let machine = Machine::new(&["Jeton.Token.*"]);
    let admin = machine.authority.admin();
    for line in [
        &["service-account", "create", "agent"][..],
        &["binding", "add", "--role", "TokenCreator", "--service-account", "agent", "--place", "*"],
    ] {
        let ran = admin.run(line);
        assert_eq!(ran.code, 0, "{}", ran.shown());
    }
    let create =
        ["token", "create", "--service-account", "agent", "--scopes", "Jeton.Token.*", "-o", "value"];
    let service = admin.run(&create).stdout.trim().to_owned();
    let variables = [("JETON_URL", machine.authority.url.as_str()), ("JETON_TOKEN", service.as_str())];
    let ran = machine.home.run_with(&["derive", "-o", "value"], &variables, "");
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let child = machine.told(ran.stdout.trim());
    assert_eq!((&child["kind"], &child["parent_id"]), (&"service".into(), &machine.told(&service)["id"]));
}

#[test]
fn signals_pass_through_and_the_child_ends() {
    let machine = Machine::new(&["Jeton.Token.*"]);
    let script =
        "trap 'exit 3' TERM; printf %s \"$JETON_TOKEN\" > token; : > ready; while :; do sleep 0.1; done";
    let mut agent = Command::new(env!("CARGO_BIN_EXE_jeton"))
        .args(["derive", "--", SHELL, "-c", script])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", machine.home.path())
        .envs(machine.variables())
        .current_dir(machine.home.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..1200 {
        if machine.home.path().join("ready").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(Command::new("kill").args(["-TERM", &agent.id().to_string()]).status().unwrap().success());
    assert_eq!(agent.wait().unwrap().code(), Some(3));
    assert_eq!(machine.told(&machine.file("token")), "revoked_token");
}

#[test]
fn what_cannot_be_started_leaves_no_child_behind() {
    let machine = Machine::new(&["Jeton.Token.*"]);
    let ran = machine.derive(&["--name", "child", "--", "no-such-command"]);
    assert_eq!(ran.code, 127, "{}", ran.shown());
    let left = machine.authority.get_as_admin("/tokens?name=child&state=all");
    assert_eq!(left["items"][0]["state"], "revoked", "{left}");
    let usage = machine.derive(&["-o", "env", "--", "true"]);
    assert_eq!(usage.code, 2, "{}", usage.shown());
}
