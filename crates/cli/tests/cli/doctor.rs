//! `jeton doctor`: what it says of what works, and of each thing that does not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::stub::{Stub, problem};
use crate::support::{Home, nobody};

/// What it found, by the name of each check.
fn checks(home: &Home, args: &[&str], variables: &[(&str, &str)]) -> (i32, Value) {
    let ran = home.run_with(&[&["doctor", "--json"], args].concat(), variables, "");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.shown()));
    let checks = report["checks"].as_array().unwrap().iter();
    let by_name = checks.map(|it| (it["check"].as_str().unwrap().to_owned(), it.clone()));
    (ran.code, Value::Object(by_name.collect()))
}

#[test]
fn a_working_client_and_server_are_said_to_be_well() {
    let authority = Authority::start();
    let alice = authority.alice();
    insta::assert_snapshot!(authority.transcript(
        &alice,
        &["doctor", "doctor --json", "doctor -o yaml", "doctor -o value", "doctor -o env"]
    ));
}

#[test]
fn whoever_is_not_signed_in_is_told_how_to() {
    let authority = Authority::start();
    let (code, checks) = checks(&Home::new(), &["--url", &authority.url], &[]);
    assert_eq!((code, &checks["credential"]["state"]), (0, &"warn".into()), "{checks}");
    assert_eq!(checks["credential"]["next"], format!("jeton login --url {}", authority.url));
    assert_eq!(checks["profile"]["found"], "there is none; `jeton login` makes one");
}

#[test]
fn a_server_that_is_not_there_and_one_that_is_far_and_open() {
    let home = Home::new();
    let ran = home.run(&["doctor", "--url", &nobody()]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stdout.contains("start it with `jeton serve`"), "{}", ran.stdout);
    assert!(ran.stderr.contains("error: something does not work"), "{}", ran.stderr);
    let (code, wrong) = checks(&home, &["--url", "localhost:7070"], &[]);
    assert_eq!((code, &wrong["address"]["state"]), (1, &"fail".into()), "{wrong}");
}

#[test]
fn a_server_that_is_ill_is_told_apart_from_one_that_is_well() {
    let answers = vec![
        ("GET /healthz", 200, "ok".to_owned()),
        ("GET /readyz", 503, problem(503, "unavailable", "the store does not answer")),
        ("GET /openapi.json", 200, json!({"info": {"version": "9.9.9"}}).to_string()),
        ("GET /api/v1/tokens/self", 401, problem(401, "revoked_token", "the token is revoked")),
    ];
    let stub = Stub::dated(answers, "Fri, 01 Jan 2100 00:00:00 GMT");
    let token = crate::minted::token(1);
    let (code, checks) = checks(&Home::new(), &[], &[("JETON_URL", &stub.url), ("JETON_TOKEN", &token)]);
    assert_eq!(code, 1);
    let state = |name: &str| checks[name]["state"].as_str().unwrap_or("absent").to_owned();
    let states = ["server", "database", "clock", "version", "credential"].map(state);
    assert_eq!(states, ["ok", "fail", "fail", "warn", "fail"], "{checks}");
    assert!(
        checks["clock"]["found"].as_str().unwrap().ends_with(" seconds ahead of this machine"),
        "{checks}"
    );
    let found = checks["credential"]["found"].as_str().unwrap();
    assert_eq!(found, "the one from the environment: the token is revoked");
    assert!(!checks.to_string().contains(token.rsplit('_').next().unwrap()));
}

#[test]
fn a_token_that_was_copied_wrong_is_found_without_a_server() {
    let mistyped = crate::minted::altered(&crate::minted::token(1), 40);
    let gone = nobody();
    let (_, checks) = checks(&Home::new(), &[], &[("JETON_URL", &gone), ("JETON_TOKEN", &mistyped)]);
    let found = checks["credential"]["found"].as_str().unwrap();
    assert!(
        found.starts_with("the one from the environment is no token: the checksum does not fit"),
        "{found}"
    );
}

#[test]
fn tokens_that_end_soon_or_never_are_warned_about() {
    let authority = Authority::start();
    let alice = authority.alice();
    for (life, state) in [("--expires=3d", "warn"), ("--never", "warn"), ("--expires=30d", "ok")] {
        let name = format!("token{life}");
        let create = ["pat", "create", "--name", &name, "--scopes", "Jeton.Token.Read", life, "-o", "value"];
        let token = alice.run(&create).stdout;
        let variables = [("JETON_URL", authority.url.as_str()), ("JETON_TOKEN", token.trim())];
        let (code, checks) = checks(&Home::new(), &[], &variables);
        assert_eq!((code, checks["expiry"]["state"].as_str()), (0, Some(state)), "{life}: {checks}");
    }
}

#[test]
fn a_profile_that_others_can_read_fails_with_its_remedy() {
    let home = Home::new();
    home.profile("url = \"http://127.0.0.1:1\"\ntoken = \"jtn_pat_x\"\n", 0o644);
    let ran = home.run(&["doctor"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stdout.contains("chmod 600"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("jtn_pat_x"), "{}", ran.stdout);
}

#[test]
fn the_files_of_a_server_are_for_its_owner_alone() {
    let home = Home::new();
    let state = |code_and: &(i32, Value), name: &str| code_and.1[name]["state"].as_str().unwrap().to_owned();
    let authority = Authority::start();
    let (data, url) = (authority.data(), authority.url.clone());
    let args = ["--url", &url, "--data", data.to_str().unwrap()];
    let fresh = checks(&home, &args, &[]);
    let names = ["data directory", "first password", "pepper"];
    assert_eq!(names.map(|name| state(&fresh, name)), ["ok", "warn", "ok"], "{fresh:?}");
    assert_eq!(fresh.0, 0);
    let pepper = data.with_extension("pepper");
    for path in [&data, &pepper] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let open = checks(&home, &args, &[]);
    assert_eq!(names.map(|name| state(&open, name)), ["fail", "warn", "fail"], "{open:?}");
    assert_eq!(open.1["pepper"]["next"], format!("chmod 600 {}", pepper.display()));
    assert_eq!(open.0, 1);
    let gone = checks(&home, &["--url", &url, "--data", "nowhere"], &[]);
    assert_eq!((state(&gone, "data directory"), state(&gone, "pepper")), ("fail".into(), "fail".into()));
    let within = data.join("pepper");
    fs::copy(&pepper, &within).unwrap();
    let inside = checks(&home, &[&args[..], &["--pepper-file", within.to_str().unwrap()]].concat(), &[]);
    assert!(inside.1["pepper"]["found"].as_str().unwrap().contains("it lies in the data directory"));
}
