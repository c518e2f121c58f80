//! The real client `det`, unmodified, in a home of its own, and the transcript of what it was asked and said.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::at;
use crate::support::Authority;

/// A person at a terminal.
pub(crate) struct Det {
    program: PathBuf,
    base: String,
    home: TempDir,
    environment: Vec<(&'static str, String)>,
    transcript: String,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Gives the client a session of its own, so that it finds no terminal to ask for a password but reads its input.
const ALONE: &str = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])";

impl Det {
    /// The client of the test run against this server; `None` only where the run leaves out other programs.
    #[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
    pub(crate) fn new(authority: &Authority) -> Option<Self> {
        let Ok(program) = std::env::var("JETON_TEST_DET") else {
            assert!(
                std::env::var("JETON_TEST_QUICK").is_ok(),
                "JETON_TEST_DET is not set: run `cargo xtask test`"
            );
            return None;
        };
        Some(Self {
            program: program.into(),
            base: authority.url(""),
            home: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            transcript: String::new(),
        })
    }

    /// Sets a variable for the commands that follow.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.environment.retain(|(set, _)| *set != name);
        self.environment.push((name, value.to_owned()));
    }

    /// Unsets it.
    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.retain(|(set, _)| *set != name);
    }

    /// Runs a command that succeeds.
    pub(crate) async fn done(&mut self, arguments: &[&str]) -> Ran {
        self.ended(arguments, "", 0).await
    }

    /// Runs a command that fails with these words.
    pub(crate) async fn refused(&mut self, arguments: &[&str], words: &str) {
        let ran = self.ended(arguments, "", 1).await;
        assert!(ran.stderr.contains(words), "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.contains("Traceback"), "{arguments:?}: {ran:?}");
    }

    /// Runs a command that asks for a password.
    pub(crate) async fn done_with_password(&mut self, arguments: &[&str], password: &str) -> Ran {
        self.ended(arguments, &format!("{password}\n"), 0).await
    }

    async fn ended(&mut self, arguments: &[&str], input: &str, code: i32) -> Ran {
        let mut command = self.command(arguments);
        let input = input.to_owned();
        let ran = tokio::task::spawn_blocking(move || run(&mut command, &input)).await.unwrap();
        assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
        self.note(arguments, &ran);
        ran
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program.with_file_name("python"));
        command.args(["-c", ALONE]).arg(&self.program).args(arguments).env_clear();
        command.env("HOME", self.home.path()).env("DET_DEBUG_CONFIG_PATH", self.home.path());
        command.env("DET_MASTER", format!("{}{}", self.base, at("")));
        command.env("LC_ALL", "C.UTF-8").env("COLUMNS", "100").env("PYTHONWARNINGS", "ignore");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn note(&mut self, arguments: &[&str], ran: &Ran) {
        let quoted = |word: &&str| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() };
        let words: Vec<_> = arguments.iter().map(quoted).collect();
        writeln!(self.transcript, "$ {}det {}", self.variables(), words.join(" ")).unwrap();
        for text in [&ran.stdout, &ran.stderr] {
            for line in text.trim_end().lines() {
                writeln!(self.transcript, "{}", line.trim_end()).unwrap();
            }
        }
        if ran.code != 0 {
            writeln!(self.transcript, "[exit {}]", ran.code).unwrap();
        }
        self.transcript.push('\n');
    }

    fn variables(&self) -> String {
        let shown = |(name, value): &(&str, String)| match *name {
            "DET_PASS" => format!("{name}=… "),
            _ => format!("{name}={value} "),
        };
        self.environment.iter().map(shown).collect()
    }

    /// Everything so far, without secrets and addresses of this run.
    pub(crate) fn transcript(&self) -> String {
        let text = self.transcript.replace(&self.base, "http://127.0.0.1:7070");
        let text = text.replace(&self.home.path().display().to_string(), "~");
        without_secrets(text.trim_end())
    }
}

fn run(command: &mut Command, input: &str) -> Ran {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // Whoever does not read it has gone before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The text with only the beginning of each token in it.
fn without_secrets(text: &str) -> String {
    let mut parts = text.split("jtn_");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let kind = part.split('_').next().unwrap_or_default();
        format!("{shown}jtn_{kind}_…{rest}")
    })
}

/// Compares a page with its golden copy, or writes it where that is meant.
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
pub(crate) fn check_golden(path: &Path, page: &str) {
    if std::env::var("JETON_GOLDEN").is_ok_and(|word| word == "write") {
        std::fs::write(path, page).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(page, golden, "{}: when the change is meant, run `cargo xtask golden`", path.display());
}
