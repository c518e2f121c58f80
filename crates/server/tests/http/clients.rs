//! Real OAuth 2.0 client libraries.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::Authority;

/// Runs the script with the interpreter of the test run; `None` only where the run leaves out other programs.
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn python(base: &str, given: &Value) -> Option<Value> {
    let Ok(python) = std::env::var("JETON_TEST_PYTHON") else {
        assert!(
            std::env::var("JETON_TEST_QUICK").is_ok(),
            "JETON_TEST_PYTHON is not set: run `cargo xtask test`"
        );
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/introspect.py");
    let mut command = Command::new(python);
    let piped = command.arg(script).arg(base).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the script failed: its messages are above");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn real_oauth_client_libraries_introspect_and_revoke() {
    let authority = Authority::sqlite().await;
    let credential = authority.api().await;
    let alice = authority.person("alice").await;
    let live = authority.pat(&alice.session, &["Taskurai.Task.*"]).await;
    let doomed = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let given = json!({"credential": credential, "live": live.secret, "doomed": doomed.secret});
    let base = authority.url("");
    let Some(told) = tokio::task::spawn_blocking(move || python(&base, &given)).await.unwrap() else {
        return;
    };

    for answer in [&told["live"], &told["authlib"]] {
        assert_eq!(answer["active"], true, "{told}");
        assert_eq!(
            answer["scope"], "Taskurai.Task.Create Taskurai.Task.Logs.Read Taskurai.Task.Read",
            "{told}"
        );
        assert_eq!(answer["username"], alice.name, "{told}");
        assert_eq!(answer["jti"], live.id, "{told}");
    }
    assert_eq!(told["garbage"], json!({"active": false}), "{told}");
    assert_eq!(told["revoked"], true, "{told}");
    assert_eq!(told["dead"], json!({"active": false}), "{told}");
    authority.stop().await;
}
