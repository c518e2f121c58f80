//! Places, principals, roles, bindings and policies: what each command says to a real server and to its user.

use crate::authority::{Authority, taskurai};
use crate::support::Home;

fn with_taskurai(authority: &Authority) -> Home {
    let admin = authority.admin();
    admin.write("taskurai.toml", &taskurai());
    assert_eq!(admin.run(&["api", "apply", "taskurai.toml"]).code, 0);
    admin
}

#[test]
fn places() {
    let authority = Authority::start();
    let admin = authority.admin();
    let lines = [
        "org create acme",
        "org create acme",
        "org create nothing/like/that",
        "org list",
        "project create acme/web --visibility public",
        r#"project create "acme/Night shift""#,
        "project create nowhere/web",
        "project list",
        "project list acme -o value",
        "project edit acme/web --name site --visibility private",
        "project show acme/web",
        "project show acme/site --json",
        "pipeline create acme/site/nightly --kind classic-build --job-authorization-scope project",
        "pipeline create acme/site/nightly --kind yaml",
        "pipeline edit acme/site/nightly --kind yaml --timeout-minutes 60",
        "pipeline list acme/site",
        "pipeline show acme/site/nightly",
        "org rename acme acorn",
        "org delete acorn --yes",
        "pipeline delete acorn/site/nightly",
        "pipeline delete acorn/site/nightly --yes",
        "project delete acorn/site --yes",
        r#"project delete "acorn/Night shift" --yes"#,
        "org delete acorn",
        "org delete acorn --yes",
        "org show acorn",
    ];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
}

#[test]
fn groups_and_service_accounts() {
    let authority = Authority::start();
    let admin = with_taskurai(&authority);
    authority.alice();
    let lines = [
        r#"group create builders --display-name "The builders""#,
        "group create builders",
        "service-account create build",
        "group add-member builders --user alice --service-account build",
        "group add-member builders --user nobody",
        "group show builders",
        "group list",
        "group show everyone",
        "group remove-member builders --user alice",
        r#"group edit builders --display-name """#,
        "group delete everyone --yes",
        "group delete builders",
        "group delete builders --yes",
        "service-account list",
        r#"service-account edit build --display-name "Build and test""#,
        "token create --service-account build --scopes Taskurai.Task.Read --name nightly -o env",
        "service-account disable build",
        "token describe 4",
        "service-account enable build -o value",
        "service-account trust set build ci --issuer https://ci.example --claim sub=repo:acme/web:* --audience jeton",
        "service-account trust set build ci --issuer https://ci.example --claim sub",
        "service-account trust list build",
        "service-account trust show build ci",
        "service-account trust delete build ci --yes",
        "service-account trust list build",
        "service-account delete build --yes",
        "service-account show build",
    ];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
}

#[test]
fn roles_and_bindings() {
    let authority = Authority::start();
    let admin = with_taskurai(&authority);
    authority.alice();
    let lines = [
        "role list",
        r#"role create Reader --scopes Taskurai.Task.Read --scopes Taskurai.Log.* --description "May look""#,
        "role create Reader --scopes *",
        "role create Typo --scopes Taskurai.Tsak.Read",
        "role show Reader",
        "role edit Admin --scopes *",
        "role edit Reader --scopes Taskurai.Task.Read",
        "binding add --role Reader --user alice --place default/*",
        "binding add --role Reader --user alice --place default/*",
        "binding add --role Reader --user alice --place nowhere/*",
        "binding add --role TokenCreator --user alice --place default/*",
        "binding add --role Reader --group everyone --place *",
        "binding list --role Reader",
        "binding list --user alice",
        "role delete Reader --yes",
        "binding delete --role Reader",
        "binding delete --role Reader --user alice",
        "binding delete --role Reader --user alice",
        "binding delete --role Reader --group everyone",
        "role delete Reader --yes",
        "binding delete --role TokenCreator --group everyone",
        "binding list -o value --role TokenCreator",
    ];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
}

#[test]
fn several_bindings_are_not_taken_away_by_accident() {
    let authority = Authority::start();
    let admin = with_taskurai(&authority);
    authority.alice();
    let lines = [
        "binding add --role ApiUser --user alice --place default/* -o value",
        "binding add --role ApiUser --user alice --place *",
        "binding delete --role ApiUser --user alice",
        "binding delete --role ApiUser --user alice --place *",
        "binding delete --role ApiUser --user alice",
    ];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
}

#[test]
fn policies() {
    let authority = Authority::start();
    let admin = with_taskurai(&authority);
    let alice = authority.alice();
    assert_eq!(alice.run(&["pat", "create", "--name", "wide", "--scopes", "*", "--never"]).code, 0);
    let lines = [
        "policy list",
        "policy set * --lifetime-max 30d --everything refused --dry-run",
        "policy set * --lifetime-max 30d --everything refused",
        "policy set * --lifetime-max 30d --everything refused --yes",
        "policy show *",
        "policy set default/* --lifetime-max 60d",
        "policy set default/* --lifetime-max 7d --network 10.0.0.0/8 --creator user:alice --creator group:everyone --yes",
        "policy set default/* --unset networks --unset creators --yes",
        "policy set default/* --creator alice",
        "policy show default/* -o yaml",
        "policy show nowhere/*",
        "policy list",
        "policy delete default/*",
        "policy delete default/* --yes",
    ];
    insta::assert_snapshot!(authority.transcript(&admin, &lines));
    let lines = [
        "pat create --name long --scopes Taskurai.Task.Read --expires 90d -o env",
        "pat create --name all --scopes *",
        "policy set * --unset everything",
    ];
    insta::assert_snapshot!("policies_for_alice", authority.transcript(&alice, &lines));
}

#[test]
fn approvals() {
    let authority = Authority::start();
    let admin = with_taskurai(&authority);
    let alice = authority.alice();
    let ran = admin.run(&["policy", "set", "*", "--approval-scope", "Taskurai.Log.*", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let create = "pat create --name logs --scopes Taskurai.Log.* -o env";
    let lines = [create, "pat list", "token approve 4 --yes"];
    insta::assert_snapshot!("approvals_asked_for", authority.transcript(&alice, &lines));
    let lines = ["token list --pending", "token approve 4", "token approve 4 --yes", "token list --pending"];
    insta::assert_snapshot!("approvals_given", authority.transcript(&admin, &lines));
    let lines = ["pat list", "pat delete --name logs", create, "pat delete --name logs", "pat list"];
    insta::assert_snapshot!("approvals_cancelled", authority.transcript(&alice, &lines));
}

#[test]
fn explanations() {
    let authority = Authority::start();
    let admin = with_taskurai(&authority);
    let alice = authority.alice();
    let made = alice.run(&["pat", "create", "--name", "tasks", "--scopes", "Taskurai.Task.*", "-o", "value"]);
    assert_eq!(made.code, 0, "{}", made.shown());
    let number = alice.run(&["token", "list", "--json"]);
    let tokens: serde_json::Value = serde_json::from_str(&number.stdout).unwrap();
    let number =
        tokens.as_array().unwrap().iter().find(|it| it["name"] == "tasks").unwrap()["number"].to_string();
    let explain = |home: &Home, more: &[&str]| {
        let ran = home.run(&[&["token", "explain", &number][..], more].concat());
        format!("$ jeton token explain {number} {}\n{}", more.join(" "), authority.redacted(&ran))
    };
    let mut said = vec![
        explain(&alice, &["Taskurai.Task.Read"]),
        explain(&alice, &["Taskurai.Log.Query.Read"]),
        explain(&alice, &["Taskurai.Task.Read", "--resource", "default/*", "-o", "value"]),
        explain(&alice, &["Taskurai.Tsak.Read"]),
    ];
    assert_eq!(admin.run(&["binding", "delete", "--role", "ApiUser", "--group", "everyone"]).code, 0);
    said.push(explain(&alice, &["Taskurai.Task.Read"]));
    said.push(explain(&admin, &["Taskurai.Task.Read"]));
    said.push(authority.transcript(&admin, &["scope explain Taskurai.Task.Read"]));
    insta::assert_snapshot!(said.join("\n"));
    let ran =
        alice.run_with(&["token", "explain", "-", "Taskurai.Task.Read", "-o", "value"], &[], &made.stdout);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "refused\n"), "{}", ran.shown());
}

#[test]
fn what_is_denied_says_what_would_help() {
    let authority = Authority::start();
    with_taskurai(&authority);
    let alice = authority.alice();
    let lines = [
        "org create mine",
        "group create mine",
        "role create Mine --scopes *",
        "binding add --role Admin --user alice --place *",
        "binding delete --role TokenCreator --group everyone",
        "policy set * --everything refused",
        "service-account create mine",
        "token create --service-account mine --scopes *",
        "role list -o value",
    ];
    insta::assert_snapshot!(authority.transcript(&alice, &lines));
}
