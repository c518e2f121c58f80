//! `jeton serve`, killed while a verifier has a lease of it, and started again.

use std::time::Duration;

use jeton_verify::{Ask, Client, Decision, Secret, Url};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::authority::taskurai;
use crate::served::{Served, free_address};
use crate::support::Home;

/// Runs `jeton` as the administrator and gives what it prints.
fn run(home: &Home, args: &[&str]) -> String {
    let ran = home.run(args);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    ran.stdout.trim().to_owned()
}

async fn allows(verifier: &Client, token: &str) -> Option<bool> {
    let scope = "Taskurai.Task.Read".parse().unwrap();
    let decision = verifier.verify(Ask::about(token).scope(&scope)).await.ok()?;
    Some(matches!(decision, Decision::Allowed(_)))
}

/// Asks until there is a lease and the token is remembered.
async fn leased(verifier: &Client, token: &str) {
    while !verifier.holds_lease() {
        assert_eq!(allows(verifier, token).await, Some(true));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(allows(verifier, token).await, Some(true));
}

#[test]
fn attack_31_a_server_that_was_killed_and_started_again_revokes_for_verifiers_of_before_too() {
    let (folder, runtime) = (TempDir::new().unwrap(), Runtime::new().unwrap());
    // The same port both times, so that the verifier finds it again.
    let address = free_address();
    let served = Served::start(folder.path(), &address);
    let (home, url) = (Home::new(), format!("http://{address}"));
    let password = std::fs::read_to_string(folder.path().join("data/initial-admin-password")).unwrap();
    let login = ["login", "--url", &url, "--user", "admin", "--password-stdin"];
    assert_eq!(home.run_with(&login, &[], &password).code, 0);
    home.write("taskurai.toml", &taskurai());
    run(&home, &["api", "apply", "taskurai.toml"]);
    let credential = run(&home, &["api", "credential", "taskurai", "-o", "value"]);
    let make =
        |name: &str| run(&home, &["pat", "create", "--name", name, "--scopes", "Taskurai.*", "-o", "value"]);
    let (token, other) = (make("one"), make("other"));
    let builder = Client::builder(Url::parse(&url).unwrap(), Secret::new(&*credential)).under_lease();
    let verifier = builder.timeout(Duration::from_secs(20)).build().unwrap();
    runtime.block_on(leased(&verifier, &token));
    assert_eq!(runtime.block_on(allows(&verifier, &other)), Some(true));

    drop(served);
    let _served = Served::start(folder.path(), &address);
    run(&home, &["pat", "delete", "--name", "one"]);
    assert_ne!(runtime.block_on(allows(&verifier, &token)), Some(true));
    runtime.block_on(leased(&verifier, &other));
    assert_eq!(runtime.block_on(allows(&verifier, &token)), Some(false));
}
