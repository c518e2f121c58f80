//! Scripts in jobs, with the real clients of Azure DevOps: they find all that they need in their environment.

use std::process::Command;

use crate::runner::{Runner, ran};
use crate::support::{Ran, program};

/// What the server says of a token that is none, not any more.
const UNKNOWN: &str = "TF400813";

#[test]
fn a_script_in_a_job_lists_the_pipelines_of_its_project() {
    let Some(clients) = Clients::here() else { return };
    let runner = Runner::new();
    runner.as_admin(&["pipeline", "create", "default/web site/release", "--kind", "release"]);
    for command in clients.lists(None) {
        let ran = run(&runner, &[], &command);
        assert_eq!(ran.code, 0, "{command:?}\n{}", ran.shown());
        let mut names: Vec<_> = ran.stdout.lines().collect();
        names.sort_unstable();
        assert_eq!(names, ["nightly", "release"], "{command:?}");
    }
    let curl = "curl -fsS -u \":$SYSTEM_ACCESSTOKEN\" \"${SYSTEM_COLLECTIONURI}web%20site/_apis/pipelines?api-version=7.1\"";
    let ran = runner.script(curl);
    assert!(ran.code == 0 && ran.stdout.contains("\"count\":2"), "{}", ran.shown());
}

#[test]
fn a_job_without_the_scope_gets_the_message() {
    let Some(clients) = Clients::here() else { return };
    let runner = Runner::new();
    for command in clients.lists(None) {
        assert_refused(&run(&runner, &["--permissions", "vso.project"], &command), "`vso.build`");
    }
}

#[test]
fn a_job_gets_no_further_than_the_wall_whatever_its_account_may() {
    let Some(clients) = Clients::here() else { return };
    let runner = Runner::new();
    assert_eq!(runner.script("true").code, 0, "the account is made");
    runner.as_admin(&["project", "create", "default/other"]);
    runner.as_admin(&["pipeline", "create", "default/other/secret", "--kind", "yaml"]);
    let account = "web site Build Service (default)";
    let everywhere = ["--service-account", account, "--place", "default/*"];
    runner.as_admin(&[&["binding", "add", "--role", "BuildService"][..], &everywhere].concat());
    for command in clients.lists(Some("other")) {
        let ran = run(&runner, &[], &command);
        assert!(!ran.stdout.contains("secret"), "{}", ran.shown());
        // The Node client takes 404 for nothing there.
        if command[0] != "node" {
            assert_refused(&ran, "TF200016");
        }
    }
}

#[test]
fn after_the_end_of_its_job_a_token_gets_the_message() {
    let Some(clients) = Clients::here() else { return };
    let runner = Runner::new();
    assert_eq!(runner.script("printf %s \"$SYSTEM_ACCESSTOKEN\" > token").code, 0);
    for command in clients.lists(None) {
        let mut late = Command::new(&command[0]);
        runner.set_up(&mut late);
        late.args(&command[1..]).env_remove("JETON_TOKEN");
        late.env("SYSTEM_ACCESSTOKEN", runner.file("token")).env("SYSTEM_TEAMPROJECT", "web site");
        late.env("SYSTEM_COLLECTIONURI", format!("{}/compat/azure-devops/default/", runner.url));
        assert_refused(&ran(&late.output().unwrap()), UNKNOWN);
    }
}

/// A message, and nothing of what was wrong in the client.
#[track_caller]
fn assert_refused(ran: &Ran, message: &str) {
    assert_eq!(ran.code, 3, "{}", ran.shown());
    assert!(ran.stderr.contains(message), "{}", ran.shown());
    assert!(!ran.stderr.contains("Traceback") && !ran.stderr.contains('<'), "{}", ran.shown());
}

fn run(runner: &Runner, options: &[&str], command: &[String]) -> Ran {
    let command: Vec<_> = command.iter().map(String::as_str).collect();
    runner.run(options, &command)
}

/// Where the real clients are.
struct Clients {
    python: String,
    node: String,
}

impl Clients {
    fn here() -> Option<Self> {
        let at = |variable| program(variable).map(|path| path.to_str().unwrap().to_owned());
        Some(Self { python: at("JETON_TEST_AZURE_DEVOPS")?, node: at("JETON_TEST_AZURE_DEVOPS_NODE")? })
    }

    /// The commands that list pipelines: each client in each way that it shows a token.
    fn lists(&self, project: Option<&str>) -> [Vec<String>; 3] {
        let script = |name: &str| format!("{}/tests/clients/{name}", env!("CARGO_MANIFEST_DIR"));
        let of = |command: [&str; 3]| command.into_iter().chain(project).map(str::to_owned).collect();
        let (python, node) = (script("list_pipelines.py"), script("list_pipelines.cjs"));
        [
            of([&self.python, &python, "basic"]),
            of([&self.python, &python, "bearer"]),
            of(["node", &node, &self.node]),
        ]
    }
}
