//! `jeton demo`: it ends well by itself, and the lines that it prints work when they are pasted.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::Home;

/// A demo that stays up, with the lines that it printed; it ends with the test.
struct Demo {
    child: Child,
    printed: Vec<String>,
}

impl Demo {
    fn start(home: &Home) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        let piped = command.arg("demo").current_dir(home.path()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = piped.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let printed = lines.take_while(|line| !line.starts_with("Ctrl-C")).collect();
        Self { child, printed }
    }

    /// Each line to copy, with the status that the demo itself was answered, where there was one.
    fn steps(&self) -> Vec<(String, String)> {
        let answer =
            |at: usize| self.printed.get(at + 1).map(|line| line.trim().to_owned()).unwrap_or_default();
        let steps = self.printed.iter().enumerate();
        steps.filter_map(|(at, line)| Some((line.strip_prefix("  $ ")?.to_owned(), answer(at)))).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Asked as by Ctrl-C, so that it removes its data.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &id]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn the_demo_ends_well_by_itself() {
    let ran = Home::new().run(&["demo", "--once"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stdout.contains("accepted afterwards: 0 "), "{}", ran.shown());
    assert!(ran.stdout.contains("403: the scope `Taskurai.Log.Query.Read` is missing"), "{}", ran.shown());
}

/// The lines share one shell, as they would at a prompt; each one that asks with curl prints the status it got.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn the_lines_that_the_demo_prints_work_when_pasted() {
    if std::env::var("JETON_TEST_QUICK").is_ok() {
        return;
    }
    let home = Home::new();
    let demo = Demo::start(&home);
    let steps = demo.steps();
    assert_eq!(steps.len(), 10, "one line to act as alice, and one for each of nine steps");
    for (at, (line, told)) in steps.iter().enumerate() {
        let script: Vec<&str> =
            steps.iter().take(1).map(|(line, _)| line.as_str()).chain([line.as_str()]).collect();
        let ran = Command::new("bash")
            .args(["-euc", &script.join("\n")])
            .current_dir(home.path())
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{line}\n{out}{err}");
        if line.starts_with("curl ") {
            let status = told.split(':').next().unwrap_or_default();
            assert!(out.trim_end().ends_with(&format!("({status})")), "step {at}: {line}\n{told}\n{out}");
        }
    }
}
