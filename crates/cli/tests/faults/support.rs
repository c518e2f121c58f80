//! The program, the databases, and what a test says at its end.

use std::path::Path;

use jeton_torture::Stand;

/// The program under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_jeton"))
}

/// Whether this run leaves out other programs, such as `strace`.
pub(crate) fn is_quick() -> bool {
    variable("JETON_TEST_QUICK").is_some()
}

/// An administrator's URL of PostgreSQL; `None` only where the run leaves it out.
pub(crate) fn postgres() -> Option<String> {
    let url = variable("JETON_TEST_POSTGRES");
    assert!(url.is_some() || is_quick(), "JETON_TEST_POSTGRES is not set: run `cargo xtask test`");
    url
}

/// Nothing acknowledged is lost, nothing revoked is accepted, and the server lives.
pub(crate) fn assert_clean(stand: &mut Stand) {
    stand.look_for_panics();
    let findings = stand.findings();
    assert!(findings.is_clean(), "{findings}\nthe server said:\n{}", stand.server.last_lines());
}

#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
