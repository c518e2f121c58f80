//! Every command in every output format. A command that is new is missing here until somebody adds it: the last test
//! compares the rows with the help.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::authority::{Authority, taskurai};
use crate::help::leaves;
use crate::support::Home;

const FORMATS: [&str; 5] = ["table", "json", "yaml", "value", "env"];

/// What is run before, and the command. `{f}` is the format, `{id}` the id of a token that is made for the row, and
/// `{api}` an API with one credential.
type Row = (&'static [&'static str], &'static str);

const TOKENS: &[Row] = &[
    (&[], "status"),
    (&[], "pat create --name new-{f} --scopes Taskurai.Task.Read --expires 30d"),
    (&[], "pat list --state active"),
    (&[], "pat show --name new-json"),
    (&[], "pat update --name new-json --valid-minutes 60"),
    (&[], "pat rotate --name new-json --overlap 5m"),
    (&[], "pat rotate --name new-json --finish"),
    (&["pat create --name gone-{f} --scopes Taskurai.Task.Read"], "pat delete --name gone-{f} --yes"),
    (&[], "token create --name made-{f} --scopes Taskurai.Task.Read --expiration-days 1"),
    (&[], "token list admin"),
    (&[], "token describe {id}"),
    (&[], "token edit {id} --description other"),
    (&[], "token rotate {id} --overlap 0"),
    (&[], "token rotate {id} --finish"),
    (&[], "token revoke {id}"),
    (&[], "token revoke --filter name=made-{f} --yes"),
    (&[], "token explain {id} Taskurai.Task.Read"),
];

const APIS: &[Row] = &[
    (&[], "api import notes.yaml"),
    (&[], "api apply notes.toml --dry-run"),
    (&[], "api apply notes.toml"),
    (&[], "api list"),
    (&[], "api show notes"),
    (&[], "api credential notes"),
    (&[], "api credentials notes"),
    (&[], "api rotate {api} --overlap 5m"),
    (&[], "api rotate {api} --finish"),
    (&[], "api report notes"),
    (&["api apply {f}.toml"], "api delete of-{f} --yes"),
    (&[], "scope list taskurai"),
    (&[], "scope explain Taskurai.Task.*"),
    (&[], "apply -f org.toml --dry-run"),
];

const PLACES: &[Row] = &[
    (&[], "org create acme-{f}"),
    (&[], "org list"),
    (&[], "org show default"),
    (&["org create old-{f}"], "org rename old-{f} young-{f}"),
    (&["org create gone-{f}"], "org delete gone-{f} --yes"),
    (&[], "project create default/web-{f}"),
    (&[], "project list default"),
    (&[], "project show default/web-table"),
    (&[], "project edit default/web-table --visibility public"),
    (&["project create default/gone-{f}"], "project delete default/gone-{f} --yes"),
    (&[], "pipeline create default/web-table/nightly-{f} --kind yaml"),
    (&[], "pipeline list default/web-table"),
    (&[], "pipeline show default/web-table/nightly-table"),
    (&[], "pipeline edit default/web-table/nightly-table --timeout-minutes 60"),
    (
        &["pipeline create default/web-table/gone-{f} --kind yaml"],
        "pipeline delete default/web-table/gone-{f} --yes",
    ),
    (
        &[],
        "pipeline trust set default/web-table/nightly-table ci-{f} --issuer https://ci.example --claim repository=acme/web",
    ),
    (&[], "pipeline trust list default/web-table/nightly-table"),
    (&[], "pipeline trust show default/web-table/nightly-table ci-table"),
    (&[], "pipeline trust delete default/web-table/nightly-table ci-{f} --yes"),
    (&[], "policy set default/* --lifetime-max 30d --yes"),
    (&[], "policy set default/* --lifetime-max 20d --dry-run"),
    (&[], "policy list"),
    (&[], "policy show default/*"),
    (&["policy set default/web-table --lifetime-max 9d --yes"], "policy delete default/web-table --yes"),
];

/// `{job}` is the newest job.
const JOBS: &[Row] = &[
    (&[], "org job-settings default"),
    (&[], "org job-settings default --limit-release off --max-lifetime-minutes 90"),
    (
        &["project create default/site-{f}", "pipeline create default/site-{f}/nightly --kind yaml"],
        "project job-settings default/site-{f}",
    ),
    (&[], "project job-settings default/site-table --limit-non-release on"),
    (&[JOB], "job list default/site-table"),
    (&[], "job list --state finished"),
    (&[JOB], "job show {job}"),
    (&[JOB], "job finish {job}"),
];

const JOB: &str = "job run --org default --project site-table --pipeline nightly -- true";

const PRINCIPALS: &[Row] = &[
    (&[], "user create bob-{f} --display-name Bob"),
    (&[], "user list"),
    (&[], "user show bob-table"),
    (&[], "user edit bob-table --email bob@example.com"),
    (&[], "user disable bob-table"),
    (&[], "user enable bob-table"),
    (&["user create gone-{f}"], "user delete gone-{f} --yes"),
    (&[], "group create builders-{f}"),
    (&[], "group list"),
    (&[], "group show builders-table"),
    (&[], "group edit builders-table --display-name Builders"),
    (&[], "group add-member builders-table --user bob-table"),
    (&[], "group remove-member builders-table --user bob-table"),
    (&["group create gone-{f}"], "group delete gone-{f} --yes"),
    (&[], "service-account create build-{f}"),
    (&[], "service-account list"),
    (&[], "service-account show build-table"),
    (&[], "service-account edit build-table --display-name Build"),
    (&[], "service-account disable build-table"),
    (&[], "service-account enable build-table"),
    (&["service-account create left-{f}"], "service-account delete left-{f} --yes"),
    (
        &[],
        "service-account trust set build-table ci-{f} --issuer https://ci.example --claim sub=repo:acme/web:*",
    ),
    (&[], "service-account trust list build-table"),
    (&[], "service-account trust show build-table ci-table"),
    (&[], "service-account trust delete build-table ci-{f} --yes"),
    (&[], "role create Reader-{f} --scopes Taskurai.Task.Read"),
    (&[], "role list"),
    (&[], "role show Reader-table"),
    (&[], "role edit Reader-table --description Reads"),
    (&["role create Gone-{f} --scopes Taskurai.Task.Read"], "role delete Gone-{f} --yes"),
    (&[], "binding add --role Reader-{f} --user bob-table --place default/*"),
    (&[], "binding list --user bob-table"),
    (&[], "binding show {binding}"),
    (&[], "binding delete --role Reader-{f} --user bob-table"),
];

/// Commands that answer no records, or have tests of all they say; it takes two people to approve something.
const ELSEWHERE: [&str; 15] = [
    "serve",
    "demo",
    "login",
    "logout",
    "exec",
    "derive",
    "job run",
    "scan",
    "doctor",
    "completion",
    "man",
    "token approve",
    "token login",
    "token verify",
    "user password",
];

const NOTES: &str =
    "openapi: 3.0.0\ninfo: {title: Notes}\npaths: {'/notes/{id}': {get: {summary: Read a note}}}\n";

fn api(name: &str, namespace: &str) -> String {
    format!(
        "name = \"{name}\"\ntitle = \"T\"\nnamespace = \"{namespace}\"\naudience = \"https://{name}.example\"\n\n\
         [[scopes]]\nname = \"{namespace}.Read\"\ndescription = \"read\"\n"
    )
}

fn prepared(authority: &Authority) -> Home {
    let admin = authority.admin();
    admin.write("taskurai.toml", &taskurai());
    admin.write("notes.toml", &api("notes", "Notes"));
    admin.write("notes.yaml", NOTES);
    admin.write("org.toml", "[groups.readers]\n");
    for format in FORMATS {
        admin.write(&format!("{format}.toml"), &api(&format!("of-{format}"), &format!("Of-{format}")));
    }
    done(&admin, "api apply taskurai.toml");
    admin
}

/// Runs a command that has to work.
fn done(home: &Home, line: &str) -> String {
    let ran = home.run(&line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(ran.code, 0, "{line}\n{}", ran.shown());
    ran.stdout.trim().to_owned()
}

fn check(name: &str, rows: &[Row]) {
    let authority = Authority::start();
    let admin = prepared(&authority);
    let mut said = String::new();
    for (number, (before, line)) in rows.iter().enumerate() {
        for format in FORMATS {
            // What needs something else before it answers no token, so with `env` nothing is done.
            let before = before.iter().filter(|_| format != "env");
            before.for_each(|line| _ = done(&admin, &line.replace("{f}", format)));
            let mut filled = line.replace("{f}", format);
            if filled.contains("{id}") {
                let name = format!("row-{number}-{format}");
                done(&admin, &format!("pat create --name {name} --scopes Taskurai.Task.Read"));
                filled = filled.replace("{id}", &done(&admin, &format!("pat show --name {name} -o value")));
            }
            if filled.contains("{api}") {
                let name = format!("of-{format}");
                done(&admin, &format!("api apply {format}.toml"));
                if done(&admin, &format!("api credentials {name} -o value")).is_empty() {
                    done(&admin, &format!("api credential {name}"));
                }
                filled = filled.replace("{api}", &name);
            }
            if filled.contains("{binding}") {
                let id = done(&admin, "binding list --role TokenCreator -o value");
                filled = filled.replace("{binding}", &id);
            }
            if filled.contains("{job}") {
                let all = done(&admin, "job list -o value");
                filled = filled.replace("{job}", all.lines().next().unwrap_or("none"));
            }
            let words: Vec<_> = filled.split_whitespace().chain(["-o", format]).collect();
            let ran = admin.run(&words);
            // What has no new token to show has nothing for `env`, and says so before it does anything.
            let expected: &[i32] = if format == "env" { &[0, 2] } else { &[0] };
            assert!(expected.contains(&ran.code), "{filled} -o {format}\n{}", ran.shown());
            if format == "env" && ran.code == 2 {
                assert!(
                    ran.stderr.contains("`-o env` is for commands that answer a new token"),
                    "{}",
                    ran.stderr
                );
                continue;
            }
            write!(said, "$ jeton {line} -o {format}\n{}\n", authority.redacted(&ran)).unwrap();
        }
    }
    insta::assert_snapshot!(format!("formats_{name}"), said);
}

#[test]
fn tokens_in_every_format() {
    check("tokens", TOKENS);
}

#[test]
fn apis_in_every_format() {
    check("apis", APIS);
}

#[test]
fn places_in_every_format() {
    check("places", PLACES);
}

#[test]
fn jobs_in_every_format() {
    check("jobs", JOBS);
}

#[test]
fn principals_in_every_format() {
    check("principals", PRINCIPALS);
}

#[test]
fn no_command_is_forgotten() {
    let rows: Vec<_> = [TOKENS, APIS, PLACES, JOBS, PRINCIPALS].concat();
    let has_row = |command: &&String| {
        rows.iter().any(|(_, line)| format!("{line} ").starts_with(&format!("{command} ")))
    };
    let all = leaves(&Home::new());
    let elsewhere = ELSEWHERE.iter().map(|command| (*command).to_owned());
    let known: BTreeSet<_> = all.iter().filter(has_row).cloned().chain(elsewhere).collect();
    assert_eq!(all, known);
}
