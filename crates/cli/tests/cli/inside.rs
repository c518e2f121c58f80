//! Inside a job `jeton` is the job, and with a token of `exec` or `derive` it is that token: a profile that the command
//! could read changes nothing.

use std::fs;

use serde_json::Value;

use crate::authority::Authority;
use crate::runner::{JETON, Runner, ran};
use crate::support::{Home, Ran};
use crate::workload::Platform;

const GUARDED: [&[&str]; 9] = [
    &["status"],
    &["pat", "list"],
    &["token", "list"],
    &["derive"],
    &["login"],
    &["login", "--user", "admin", "--password-stdin"],
    &["logout"],
    &["token", "login", "-"],
    &["exec", "--service-account", "worker", "--", "true"],
];

/// Whom `jeton status` sees.
fn owner(ran: &Ran) -> Value {
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(status["credential_source"], "environment", "{status}");
    status["token"]["owner"]["name"].clone()
}

/// Runs each of these with these variables in a home with a profile, and checks that none comes to the profile.
fn assert_guarded(home: &Home, profile: &str, variables: &[(&str, &str)], within: &str) {
    for command in GUARDED {
        let ran = home.run_with(command, variables, "correct horse battery staple\n");
        assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{command:?} {}", ran.shown());
        let said = format!(
            "error: not signed in: this runs inside `{within}` and acts with the token in JETON_TOKEN"
        );
        assert!(ran.stderr.starts_with(&said), "{command:?} {}", ran.stderr);
    }
    assert_eq!(fs::read_to_string(home.path().join("config/jeton/profile.toml")).unwrap(), profile);
}

#[test]
fn attack_40_inside_a_job_jeton_is_the_job() {
    let runner = Runner::new();
    // The runner's owner is signed in, where the command looks for a profile.
    let admin = runner.admin.path().join("config/jeton/profile.toml");
    let profile = fs::read_to_string(admin).unwrap();
    for folder in [".config", "config"] {
        let path = runner.home.write(&format!("{folder}/jeton/profile.toml"), &profile);
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    let status = runner.run(&[], &[JETON, "status", "--json"]);
    let account = runner.job()["service_account"].clone();
    let account = account.as_str().unwrap();
    let is_job = |ran: &Ran| owner(ran).as_str().unwrap().eq_ignore_ascii_case(account);
    assert!(is_job(&status), "{}", status.shown());

    let mut as_owner = std::process::Command::new(JETON);
    as_owner.args(["job", "run", "--org", "default", "--project", "web site", "--pipeline", "nightly"]);
    as_owner.args(["--", JETON, "status", "--json"]);
    runner.set_up(&mut as_owner);
    as_owner.env_remove("JETON_TOKEN").env("XDG_CONFIG_HOME", runner.home.path().join("config"));
    let status = ran(&as_owner.spawn().unwrap().wait_with_output().unwrap());
    assert!(is_job(&status), "{}", status.shown());

    let without = runner.run(&[], &["env", "-u", "JETON_TOKEN", JETON, "status"]);
    assert!(
        without.code == 4 && without.stderr.contains("runs inside `jeton job run`"),
        "{}",
        without.shown()
    );
    let empty = runner.script(&format!("JETON_TOKEN= '{JETON}' token list; JETON_URL= '{JETON}' token list"));
    assert!(empty.code == 4 && empty.stdout.is_empty(), "{}", empty.shown());
    let url = ("JETON_URL", runner.url.as_str());
    assert_guarded(&runner.home, &profile, &[url, ("JETON_INSIDE", "job")], "jeton job run");
    for name in ["JETON_INSIDE", "JETON_TOKEN"] {
        let named = runner.run(&["--env", name], &["true"]);
        assert_eq!(named.code, 2, "{}", named.shown());
    }
}

#[test]
fn attack_40_with_a_derived_token_jeton_is_that_token() {
    let authority = Authority::start();
    let alice = authority.alice();
    let profile = fs::read_to_string(alice.path().join("config/jeton/profile.toml")).unwrap();
    let derive = ["derive", "--scopes", "Jeton.Token.Read", "--"];
    let ran = alice.run(&[&derive[..], &[JETON, "status", "--json"]].concat());
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(status["token"]["scopes"], serde_json::json!(["Jeton.Token.Read"]), "{}", ran.shown());
    let without = alice.run(&[&derive[..], &["/usr/bin/env", "-u", "JETON_TOKEN", JETON, "status"]].concat());
    assert_eq!(without.code, 4, "{}", without.shown());
    let url = ("JETON_URL", authority.url.as_str());
    assert_guarded(&alice, &profile, &[url, ("JETON_INSIDE", "derive")], "jeton derive");
    assert_guarded(&alice, &profile, &[url, ("JETON_INSIDE", "of tomorrow")], "jeton derive");
}

#[test]
fn attack_40_with_an_exchanged_token_jeton_is_the_service_account() {
    let authority = Authority::start();
    let Some(mut platform) = Platform::trusted_by(&authority, "until-expiry") else { return };
    let alice = authority.alice();
    alice.write("identity", &platform.identity(600));
    let exec = ["exec", "--service-account", "worker", "--identity-token-file", "identity", "--"];
    let status = alice.run(&[&exec[..], &[JETON, "status", "--json"]].concat());
    assert_eq!(owner(&status), "worker");
    let without = alice.run(&[&exec[..], &["/usr/bin/env", "-u", "JETON_TOKEN", JETON, "status"]].concat());
    assert!(without.code == 4 && without.stderr.contains("inside `jeton exec`"), "{}", without.shown());
}
