//! `api report`: from what gateways would have refused to lines for the API's file.

use serde_json::Value;

use crate::authority::Authority;
use crate::support::Home;

const NOTES: &str = r#"
name = "notes"
title = "Notes"
namespace = "Notes"
audience = "https://notes.example"
forward_auth = "report_only"

[[scopes]]
name = "Notes.Notes.Read"
description = "Read notes"

[[scopes]]
name = "Notes.Admin"
description = "Everything"

[[routes]]
method = "GET"
path = "/notes/{note}"
scope = "Notes.Notes.Read"

[[routes]]
method = "DELETE"
path = "/notes/{note}"
scope = "Notes.Admin"
"#;

/// An API whose gateways only report, and its credential.
fn reporting(authority: &Authority) -> (Home, String) {
    let admin = authority.admin();
    admin.write("notes.toml", NOTES);
    let ran = admin.run(&["api", "apply", "notes.toml", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let made = admin.run(&["api", "credential", "notes", "-o", "value"]);
    (admin, made.stdout.trim().to_owned())
}

#[test]
fn what_would_be_refused_comes_with_lines_for_the_file() {
    let authority = Authority::start();
    let (admin, credential) = reporting(&authority);
    let made =
        admin.run(&["pat", "create", "--name", "reader", "--scopes", "Notes.Notes.Read", "-o", "value"]);
    let ask = |token: &str, method: &str, uri: &str| {
        let status = authority.forward_auth("notes", &credential, token, method, uri);
        assert_eq!(status, 200, "{method} {uri}");
    };
    let token = made.stdout.trim();
    for number in 0..5 {
        ask(token, "GET", &format!("/notes/{number}"));
        ask(token, "GET", &format!("/notes/{number}/history?key=secret"));
    }
    (0..3).for_each(|_| ask(token, "POST", "/v1/notes"));
    ask(token, "GET", "/v1/notes");
    (0..2).for_each(|_| ask(token, "DELETE", "/notes/7"));
    ask("an-old-key", "GET", "/notes/7");
    let lines =
        ["api report notes", "api report notes --json", "api report notes -o value", "api show notes"];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));

    // The lines are such as `api apply` reads.
    let report = admin.run(&["api", "report", "notes"]).stdout;
    let lines = report.split("the scopes are guesses\n").nth(1).unwrap();
    let enforced = NOTES.replace("forward_auth = \"report_only\"\n", "");
    admin.write("notes.toml", &format!("{enforced}\n{lines}"));
    let ran = admin.run(&["api", "apply", "notes.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stdout.contains("  gateways refuse again what is to be refused\n"), "{}", ran.stdout);
    assert_eq!(authority.forward_auth("notes", &credential, token, "GET", "/v1/notes"), 200);
    assert_eq!(authority.forward_auth("notes", &credential, token, "POST", "/v1/notes"), 403);
    let after = admin.run(&["api", "report", "notes"]);
    assert_eq!((after.code, after.stdout.as_str()), (0, ""), "{}", after.shown());
    assert!(after.stderr.starts_with("gateways refuse what `notes` does not allow; "), "{}", after.stderr);
}

#[test]
fn the_doctor_warns_of_gateways_that_refuse_nobody() {
    let authority = Authority::start();
    let (admin, _) = reporting(&authority);
    let ran = admin.run(&["doctor", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["check"] == "gateways").unwrap();
    assert_eq!((ran.code, &found["state"]), (0, &"warn".into()), "{found}");
    assert_eq!(found["found"], "those in front of `notes` refuse nobody: its forward_auth is report_only");
}

#[test]
fn whoever_may_not_see_the_list_is_told_what_is_missing() {
    let authority = Authority::start();
    let _admin = reporting(&authority);
    let alice = authority.alice();
    let ran = alice.run(&["api", "report", "notes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{}", ran.shown());
    assert!(ran.stderr.contains("Jeton.Admin.Api"), "{}", ran.stderr);
    assert_eq!(alice.run(&["api", "report", "nothing"]).code, 5);
}
