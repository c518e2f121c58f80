//! The real clients, unmodified, each with a cache of its own: they remember addresses for hours.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// How a client shows its token.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scheme {
    Basic,
    Bearer,
}

impl Scheme {
    fn word(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Bearer => "bearer",
        }
    }
}

/// What came of calls of the Python client; `None` only where the run leaves out other programs.
pub(super) async fn python(base: &str, token: &str, scheme: Scheme, calls: Value) -> Option<Vec<Value>> {
    let mut command = Command::new(program("JETON_TEST_AZURE_DEVOPS")?);
    command.arg(script("azure_devops.py")).arg(base);
    Some(run(command, json!({"token": token, "scheme": scheme.word(), "calls": calls})).await)
}

/// The same of the Node client.
pub(super) async fn node(base: &str, token: &str, scheme: Scheme, calls: Value) -> Option<Vec<Value>> {
    let mut command = Command::new("node");
    command.arg(script("azure_devops.cjs")).arg(program("JETON_TEST_AZURE_DEVOPS_NODE")?).arg(base);
    Some(run(command, json!({"token": token, "scheme": scheme.word(), "calls": calls})).await)
}

#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn program(variable: &str) -> Option<OsString> {
    let found = std::env::var_os(variable);
    let is_quick = std::env::var_os("JETON_TEST_QUICK").is_some();
    assert!(found.is_some() || is_quick, "{variable} is not set: run `cargo xtask test`");
    found
}

fn script(name: &str) -> String {
    format!("{}/tests/clients/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs a script, which is done with its words when it has written nothing where faults are written.
async fn run(mut command: Command, given: Value) -> Vec<Value> {
    let cache = tempfile::tempdir().unwrap();
    command.env("AZURE_DEVOPS_CACHE_DIR", cache.path()).env("HOME", cache.path());
    command.env("NO_PROXY", "*").env("PYTHONWARNINGS", "ignore");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    let output = output.await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The names of what a call listed.
#[track_caller]
pub(super) fn names(outcome: &Value) -> Vec<&str> {
    let listed = outcome["is"].as_array().unwrap_or_else(|| panic!("{outcome}"));
    listed.iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// What a client says of a call that was refused: words of the server's, and neither HTML nor a fault of its own.
#[track_caller]
pub(super) fn words(outcome: &Value) -> &str {
    let words = outcome["says"].as_str().unwrap_or_else(|| panic!("{outcome}"));
    assert!(!words.contains('<') && !words.contains("deserialize"), "{outcome}");
    assert!(
        ["AzureDevOpsServiceError", ""].contains(&outcome["error"].as_str().unwrap_or_default()),
        "{outcome}"
    );
    words
}
