//! `jeton apply`: a file, a plan, and what becomes of it at a real server.

use std::fs;

use serde_json::Value;

use crate::authority::{Authority, taskurai};
use crate::support::{Home, Ran};

const ORG: &str = r#"
[organizations.acme.projects.web]
visibility = "public"

[organizations.acme.projects.web.pipelines.nightly]
kind = "yaml"
timeout_minutes = 60

[apis.taskurai]
file = "taskurai.toml"

[apis.notes]
title = "Notes"
organization = "acme"
namespace = "Notes"
audience = "https://notes.example"
scopes = [{ name = "Notes.Note.Read", description = "Read notes" }]

[service_accounts.build]
organization = "acme"
display_name = "Build and test"

[groups.builders]
display_name = "The builders"
members = ["user:alice", "service-account:build"]

[roles.Reader]
description = "May look"
scopes = ["Taskurai.Task.Read", "Notes.*"]

[policies."acme/*"]
lifetime_minutes_max = 43200
networks = ["192.168.0.0/16", "10.0.0.0/8"]
creators = ["group:builders"]

[[bindings]]
role = "Reader"
subject = "group:builders"
place = "acme/web"

[[bindings]]
role = "ApiUser"
subject = "service-account:build"
place = "acme/*"
"#;

/// An administrator's home with the file, the catalogue and the user alice.
fn home(authority: &Authority) -> Home {
    authority.alice();
    let home = authority.admin();
    home.write("taskurai.toml", &taskurai());
    home.write("org.toml", ORG);
    home
}

fn apply(home: &Home, more: &[&str]) -> Ran {
    home.run(&[&["apply", "-f", "org.toml"], more].concat())
}

/// Changes the file.
fn rewrite(home: &Home, from: &str, to: &str) {
    let text = fs::read_to_string(home.path().join("org.toml")).unwrap();
    assert!(text.contains(from), "{from}");
    home.write("org.toml", &text.replace(from, to));
}

fn values(home: &Home, args: &[&str]) -> Vec<String> {
    let ran = home.run(&[args, &["-o", "value"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.shown());
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn a_fresh_server_becomes_what_the_file_says_and_stays_so() {
    let authority = Authority::start();
    let admin = home(&authority);
    let lines = [
        "apply -f org.toml --dry-run",
        "apply -f org.toml",
        "project list",
        "apply -f org.toml --yes",
        "apply -f org.toml",
    ];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
    assert_eq!(values(&admin, &["project", "list"]), ["acme/web"]);
    assert_eq!(values(&admin, &["pipeline", "list", "acme/web"]), ["acme/web/nightly"]);
    assert_eq!(values(&admin, &["binding", "list", "--role", "Reader"]).len(), 1);
    let again = apply(&admin, &["--json", "--prune"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, "[]\n"), "{}", again.stderr);
}

#[test]
fn only_what_differs_is_changed() {
    let authority = Authority::start();
    let admin = home(&authority);
    assert_eq!(apply(&admin, &["--yes"]).code, 0);
    rewrite(&admin, "visibility = \"public\"", "visibility = \"private\"");
    rewrite(&admin, "timeout_minutes = 60", "timeout_minutes = 90");
    rewrite(&admin, "\"Build and test\"", "\"\"");
    rewrite(
        &admin,
        "[\"user:alice\", \"service-account:build\"]",
        "[\"service-account:build\", \"user:admin\"]",
    );
    rewrite(&admin, "\"Notes.*\"]", "\"Notes.Note.Read\"]");
    rewrite(&admin, "networks = [\"192.168.0.0/16\", \"10.0.0.0/8\"]", "networks = [\"10.0.0.0/8\"]");
    rewrite(
        &admin,
        "description = \"Read notes\" }]",
        "description = \"Read notes\" }, { name = \"Notes.Note.Write\", description = \"Write\" }]",
    );
    let lines = ["apply -f org.toml --yes", "apply -f org.toml"];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
}

#[test]
fn what_the_file_does_not_know_goes_only_with_prune_and_only_of_its_kinds() {
    let authority = Authority::start();
    let admin = home(&authority);
    assert_eq!(apply(&admin, &["--yes"]).code, 0);
    let text = "\
[organizations.acme.projects.web.pipelines]

[groups]

[roles.Writer]
scopes = [\"Taskurai.Task.*\"]

[[bindings]]
role = \"Writer\"
subject = \"user:alice\"
place = \"acme/web\"
";
    admin.write("org.toml", text);
    let lines = [
        "apply -f org.toml --yes",
        "apply -f org.toml --prune",
        "apply -f org.toml --prune --yes",
        "apply -f org.toml --prune",
    ];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
    assert_eq!(values(&admin, &["group", "list"]), ["everyone"]);
    assert_eq!(values(&admin, &["service-account", "list"]), ["build"], "there is no section for them");
    assert_eq!(values(&admin, &["policy", "list"]), ["acme/*"], "nor for policies");
    let bindings = admin.run(&["binding", "list", "--json"]);
    let bindings: Value = serde_json::from_str(&bindings.stdout).unwrap();
    let mut roles: Vec<_> =
        bindings.as_array().unwrap().iter().map(|it| it["role"].as_str().unwrap()).collect();
    roles.sort_unstable();
    assert_eq!(
        roles,
        ["Admin", "ApiUser", "TokenCreator", "Writer"],
        "what a fresh installation binds stays"
    );
}

#[test]
fn everything_can_be_pruned_but_what_jeton_brings_along() {
    let authority = Authority::start();
    let admin = home(&authority);
    assert_eq!(apply(&admin, &["--yes"]).code, 0);
    admin.write("org.toml", "bindings = []\n[organizations.acme.projects]\n[apis]\n[service_accounts]\n[groups]\n[roles]\n[policies]\n");
    let ran = apply(&admin, &["--prune", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stdout.ends_with("\n0 created, 0 changed, 9 deleted\n"), "{}", ran.stdout);
    admin.write("org.toml", "[organizations]\n");
    assert_eq!(apply(&admin, &["--prune", "--yes"]).code, 0);
    assert_eq!(values(&admin, &["org", "list"]), ["default"]);
    assert_eq!(values(&admin, &["api", "list"]), ["azure-devops", "jeton"]);
    assert_eq!(values(&admin, &["role", "list"]).len(), 9);
}

#[test]
fn an_organization_goes_with_the_apis_and_accounts_in_it() {
    let authority = Authority::start();
    let admin = home(&authority);
    assert_eq!(apply(&admin, &["--yes"]).code, 0);
    admin.write("org.toml", "[organizations.acme.projects]\n");
    assert_eq!(apply(&admin, &["--prune", "--yes"]).code, 0);
    // One kind of what is in it is not this file's business, so nothing is done.
    admin.write("org.toml", "[organizations]\n[apis]\n");
    let ran = apply(&admin, &["--prune", "--yes"]);
    assert_eq!(ran.code, 6, "{}", ran.shown());
    assert!(ran.stderr.contains("there is still an api in it"), "{}", ran.stderr);
    assert_eq!(values(&admin, &["api", "list"]).len(), 4);
    admin.write(
        "org.toml",
        "bindings = []\n[organizations]\n[apis]\n[service_accounts]\n[groups]\n[roles]\n[policies]\n",
    );
    let ran = apply(&admin, &["--prune", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_eq!(values(&admin, &["org", "list"]), ["default"]);
    assert_eq!(values(&admin, &["api", "list"]), ["azure-devops", "jeton"]);
    assert!(values(&admin, &["service-account", "list"]).is_empty());
}

#[test]
fn an_organization_with_something_in_it_is_not_pruned() {
    let authority = Authority::start();
    let admin = home(&authority);
    assert_eq!(apply(&admin, &["--yes"]).code, 0);
    admin.write("org.toml", "[organizations]\n");
    let ran = apply(&admin, &["--prune", "--yes"]);
    assert_eq!(ran.code, 6, "{}", ran.shown());
    assert!(ran.stderr.contains("org.toml: - organization acme: there is still "), "{}", ran.stderr);
    assert_eq!(values(&admin, &["org", "list"]), ["acme", "default"]);
}

#[test]
fn attack_03_nothing_is_done_when_a_part_of_it_may_not_be() {
    let authority = Authority::start();
    let admin = home(&authority);
    for args in [
        &["org", "create", "acme"][..],
        &["org", "create", "other"],
        &["binding", "add", "--role", "OrganizationAdmin", "--user", "alice", "--place", "acme/*"],
        &["api", "apply", "taskurai.toml"],
    ] {
        assert_eq!(admin.run(args).code, 0);
    }
    let alice = authority.alice_again();
    alice.write("taskurai.toml", &taskurai());
    alice.write(
        "org.toml",
        "\
[organizations.acme.projects.web]
[organizations.mine]
[groups.mine]
members = [\"user:alice\"]
[roles.Everything]
scopes = [\"*\"]
[policies.\"acme/*\"]
lifetime_minutes_max = 60
[policies.\"other/*\"]
lifetime_minutes_max = 60
[[bindings]]
role = \"Admin\"
subject = \"user:alice\"
place = \"acme/*\"
[[bindings]]
role = \"Auditor\"
subject = \"user:alice\"
place = \"acme/*\"
",
    );
    let lines = ["apply -f org.toml --yes", "project list"];
    insta::assert_snapshot!(authority.transcript(&alice, &lines));
    assert_eq!(values(&admin, &["org", "list"]), ["other", "acme", "default"]);
    assert_eq!(values(&admin, &["binding", "list", "--user", "alice"]).len(), 1);
    alice.write(
        "org.toml",
        "[organizations.acme.projects.web]\n[policies.\"acme/*\"]\nlifetime_minutes_max = 60\n\
        [[bindings]]\nrole = \"Auditor\"\nsubject = \"user:alice\"\nplace = \"acme/*\"\n",
    );
    let ran = apply(&alice, &["--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_eq!(apply(&alice, &[]).stdout, "nothing to change\n");
}

#[test]
fn an_error_in_the_middle_keeps_what_was_done_and_a_second_run_finishes() {
    let authority = Authority::start();
    let admin = home(&authority);
    // Nobody can be asked about it before the role is there: that it cannot be bound there comes out late.
    rewrite(
        &admin,
        "role = \"ApiUser\"\nsubject = \"service-account:build\"\nplace = \"acme/*\"",
        "role = \"TokenCreator\"\nsubject = \"service-account:build\"\nplace = \"acme/*\"",
    );
    let ran = apply(&admin, &["--yes"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stdout.ends_with("\n10 of 11 steps done\n"), "{}", ran.stdout);
    let said = "error: `+ binding TokenCreator of service-account:build at acme/*`: role `TokenCreator` is bound at `*` only \
        (`/place`)\n  10 of 11 steps were done before it; mend that and run it again\n";
    assert_eq!(ran.stderr, said);
    admin.write("org.toml", ORG);
    let ran = apply(&admin, &["--yes"]);
    assert_eq!(
        ran.stdout,
        "+ binding ApiUser of service-account:build at acme/*\n\n1 created, 0 changed, 0 deleted\n"
    );
    assert_eq!(apply(&admin, &[]).stdout, "nothing to change\n");
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    let authority = Authority::start();
    let admin = home(&authority);
    let table = [
        (
            "kind = \"yaml\"",
            "kind = \"yamll\"",
            "org.toml:6:8: unknown variant `yamll`, expected one of `yaml`, ",
        ),
        ("members = [\"user:alice\"", "member = [\"user:alice\"", "org.toml:25:1: unknown field `member`"),
        ("\"user:alice\"", "\"user:nobody\"", "org.toml:25:12: + group builders: there is no user `nobody`"),
        ("\"Taskurai.Task.Read\"", "\"Taskurai..Read\"", "org.toml:29:11: `Taskurai..Read`: "),
        ("\"192.168.0.0/16\"", "\"192.168.0.0/99\"", "org.toml:33:13: `192.168.0.0/99`: "),
        ("\"group:builders\"\nplace", "\"builders\"\nplace", "org.toml:38:11: `builders` names nobody"),
        ("file = \"taskurai.toml\"", "file = \"missing.toml\"", "`missing.toml`: No such file"),
        ("[apis.taskurai]", "[apis.tasks]", "org.toml:9:1: `taskurai.toml` declares `taskurai`, not `tasks`"),
        ("namespace = \"Notes\"\n", "", "org.toml:12:1: missing field `namespace`"),
    ];
    for (from, to, said) in table {
        admin.write("org.toml", &ORG.replace(from, to));
        let ran = apply(&admin, &["--yes"]);
        assert!(ran.code != 0 && ran.stderr.contains(said), "{to}\n{}", ran.shown());
        assert_eq!(values(&admin, &["org", "list"]), ["default"], "{to}");
    }
}

#[test]
fn a_service_account_does_not_move() {
    let authority = Authority::start();
    let admin = home(&authority);
    assert_eq!(admin.run(&["service-account", "create", "build"]).code, 0);
    let ran = apply(&admin, &["--yes"]);
    assert_eq!(ran.code, 6, "{}", ran.shown());
    let said = "org.toml:20:16: service account build: it belongs to `default`, and no account goes to another organization";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}
