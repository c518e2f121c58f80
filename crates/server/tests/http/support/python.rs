//! Real client libraries, by scripts for them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs a script of `tests/clients` with the interpreter of the test run; `None` only where the run leaves out other programs.
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
pub(crate) fn python(script: &str, base: &str, given: &Value) -> Option<Value> {
    let Ok(python) = std::env::var("JETON_TEST_PYTHON") else {
        assert!(
            std::env::var("JETON_TEST_QUICK").is_ok(),
            "JETON_TEST_PYTHON is not set: run `cargo xtask test`"
        );
        return None;
    };
    let script = format!("{}/tests/clients/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(python);
    let piped = command.arg(script).arg(base).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the script failed: its messages are above");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
