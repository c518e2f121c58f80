//! The scripts of `docs/runner.md`, word for word.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use crate::runner::{JETON, Runner, kill, ran, wait_until};

/// The first block of a language on the page.
fn block(language: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/runner.md");
    let page = fs::read_to_string(page).unwrap();
    page.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap().to_owned()
}

/// A script of the page as a runner would be started.
fn script(runner: &Runner, language: &str, arguments: &[&str]) -> Command {
    let file = runner.home.write(&format!("runner.{language}"), &block(language));
    let mut command = Command::new(if language == "sh" { "sh" } else { "bash" });
    command.arg(file).args(arguments);
    runner.set_up(&mut command);
    let folder = Path::new(JETON).parent().unwrap();
    command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display()));
    command
}

fn by_hand(runner: &Runner, command: &[&str]) -> Child {
    let arguments = [&["default", "web site", "nightly"], command].concat();
    script(runner, "bash", &arguments).spawn().unwrap()
}

#[test]
fn a_runner_in_20_lines() {
    let runner = Runner::new();
    assert!(block("sh").lines().count() <= 20);
    let place = "queue/default/web site/nightly";
    runner
        .home
        .write(&format!("{place}/one.sh"), "echo \"$SYSTEM_TEAMPROJECT: $SYSTEM_ACCESSTOKEN\"; exit 7");
    let running = script(&runner, "sh", &["queue"]).spawn().unwrap();
    runner.wait_for(&format!("{place}/one.sh.code"));
    runner.home.write(&format!("{place}/aside"), "printf %s \"$SYSTEM_ACCESSTOKEN\" > token");
    let folder = runner.home.path().join(place);
    fs::rename(folder.join("aside"), folder.join("two.sh")).unwrap();
    runner.wait_for(&format!("{place}/two.sh.code"));
    kill("TERM", running.id());
    assert_eq!(ran(&running.wait_with_output().unwrap()).code, 0);
    assert!(runner.file(&format!("{place}/one.sh.log")).ends_with("\nweb site: ***\n"));
    let codes = ["one", "two"].map(|name| runner.file(&format!("{place}/{name}.sh.code")));
    assert_eq!(codes, ["7\n", "0\n"]);
    assert!(runner.told(&runner.file("queue/token")).is_string());
    runner.is_finished();
    assert_eq!(runner.job()["number"], 2);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn a_runner_by_hand() {
    // The quick tests do without `jq`.
    if std::env::var("JETON_TEST_QUICK").is_ok() {
        return;
    }
    let runner = Runner::new();
    let says = "printf %s \"$SYSTEM_ACCESSTOKEN\" > token; echo \"$SYSTEM_COLLECTIONURI $SYSTEM_TEAMPROJECT ${JETON_TOKEN#\"$SYSTEM_ACCESSTOKEN\"}$JETON_INSIDE\"; exit 7";
    let ended = ran(&by_hand(&runner, &["sh", "-c", says]).wait_with_output().unwrap());
    assert_eq!(ended.code, 7, "{}", ended.shown());
    assert_eq!(ended.stdout, format!("{}/compat/azure-devops/default/ web site job\n", runner.url));
    runner.is_finished();

    let script = "trap 'sleep 0.1; exit 3' TERM; printf %s \"$SYSTEM_ACCESSTOKEN\" > ready; while :; do sleep 0.1; done";
    let running = by_hand(&runner, &["sh", "-c", script]);
    runner.wait_for("ready");
    let first = runner.job()["lease_expires_at"].as_str().unwrap().to_owned();
    wait_until(|| runner.job()["lease_expires_at"].as_str().unwrap() > first.as_str());
    assert!(runner.told(&runner.file("ready")).is_object());
    kill("TERM", running.id());
    let ended = ran(&running.wait_with_output().unwrap());
    assert_eq!(ended.code, 3, "{}", ended.shown());
    runner.is_finished();
}
