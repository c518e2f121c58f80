//! All that is printed: answers on standard output, everything else on standard error.
//!
//! With `-o value` and `-o env` a secret stands alone on standard output, so that it can go into a file or a
//! variable without anybody reading it.

use std::io::ErrorKind;
use std::os::fd::{AsFd as _, BorrowedFd};

use anyhow::Context;
use clap::ValueEnum;
use jeton_api::{Issued, TokenState};
use jeton_token::TokenKind;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, retry_on_intr};
use serde::Serialize;

use crate::error::{Error, Exit, Result};
use crate::escape::{safe, safe_json, safe_lines};
use crate::store::default_variable;
use crate::view;

/// How an answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// JSON, as the server says it
    Json,
    /// The same as YAML
    Yaml,
    /// The one thing that matters, alone: a new token's value, else the id or the name, one a line
    Value,
    /// A new token as `JETON_TOKEN=…`, for a file of mode 0600; other kinds have other variables
    Env,
}

/// What a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// A new secret with its record.
    Secret,
    /// Records, or nothing.
    Records,
}

/// Something that can be shown in every format.
pub(crate) trait Show: Serialize {
    /// For people, without a final newline.
    fn table(&self) -> String;

    /// The one thing that matters, one a line.
    fn values(&self) -> Vec<String>;
}

/// Where a command prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
}

impl Output {
    /// Refuses a format that the command has no answer for, before anything is done.
    pub(crate) fn new(format: Format, answers: Answers) -> Result<Self> {
        if format == Format::Env && answers != Answers::Secret {
            return Err(Error::usage("`-o env` is for commands that answer a new token"));
        }
        Ok(Self { format })
    }

    /// Whether people read the answer.
    pub(crate) fn is_for_people(self) -> bool {
        self.format == Format::Table
    }

    /// Shows an answer.
    pub(crate) fn show(self, answer: &impl Show) -> Result<()> {
        match self.format {
            Format::Table => self.show_table(&answer.table()),
            Format::Json => print(&json(answer)?),
            Format::Yaml => print(&yaml(answer)?),
            Format::Value | Format::Env => {
                print(&answer.values().iter().map(|value| safe(value)).collect::<Vec<_>>().join("\n"))
            }
        }
    }

    /// Shows a new token: the only time that its secret is shown.
    pub(crate) fn show_issued(self, issued: &Issued) -> Result<()> {
        self.note_about(issued);
        let record = || tell(&issued.token.table());
        let secret = safe(issued.secret.expose());
        match self.format {
            Format::Table => {
                print(&view::issued(issued))?;
                self.note("the token is shown this once: keep it where only its user can read it");
                return Ok(());
            }
            Format::Json => return print(&json(issued)?),
            Format::Yaml => return print(&yaml(issued)?),
            Format::Value => print(&secret)?,
            Format::Env => print(&format!("{}={secret}", variable_of(issued)))?,
        }
        record();
        Ok(())
    }

    /// Says what is otherwise than it was asked for.
    pub(crate) fn note_about(self, issued: &Issued) {
        issued.notes.iter().for_each(|note| self.note(&format!("note: {}", safe(note))));
        if issued.token.state == TokenState::Pending {
            let id = safe(&issued.token.id);
            self.note(&format!("whoever may approve it does that with: jeton token approve {id}"));
        }
    }

    fn show_table(self, table: &str) -> Result<()> {
        if table.is_empty() {
            self.note("nothing to show");
        }
        print(table)
    }

    /// Says what was done. For programs it is the record that was changed.
    pub(crate) fn done(self, note: &str, record: &impl Show) -> Result<()> {
        self.note(note);
        if self.is_for_people() { Ok(()) } else { self.show(record) }
    }

    /// Says something on standard error.
    #[expect(clippy::unused_self, reason = "whoever has no output has nothing to say")]
    pub(crate) fn note(self, text: &str) {
        tell(text);
    }

    /// Warns on standard error.
    pub(crate) fn warn(self, text: &str) {
        self.note(&format!("warning: {text}"));
    }
}

/// Reports an error on standard error.
pub(crate) fn report(error: &Error) {
    let text = error.to_string();
    let mut lines = text.lines();
    tell(&format!("error: {}", lines.next().unwrap_or_default()));
    lines.for_each(|line| tell(&format!("  {line}")));
}

/// Shows clap's help or its error.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    // There is nowhere to report that standard error is closed.
    let _closed = error.print();
    if error.exit_code() == 0 { Exit::Ok } else { Exit::Usage }
}

/// Writes a text and a newline to standard output; an empty text prints nothing.
pub(crate) fn print(text: &str) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    print_bytes(format!("{text}\n").as_bytes())
}

/// Writes to standard output as it is; a reader that has gone is an error.
pub(crate) fn write_out(bytes: &[u8]) -> std::io::Result<()> {
    write_whole(std::io::stdout().lock().as_fd(), bytes)
}

/// The same to standard error.
pub(crate) fn write_err(bytes: &[u8]) -> std::io::Result<()> {
    write_whole(std::io::stderr().lock().as_fd(), bytes)
}

/// Writes all of it, also where somebody who shares the file with us has set that nobody waits there.
fn write_whole(to: BorrowedFd<'_>, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                retry_on_intr(|| poll(&mut [PollFd::new(&to, PollFlags::OUT)], None))?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Writes to standard output. A reader that has gone, as in `| head`, is no error.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<()> {
    match write_out(bytes) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("standard output cannot be written").into())
        }
        _ => Ok(()),
    }
}

fn variable_of(issued: &Issued) -> &'static str {
    let kind = TokenKind::from_word(&issued.token.kind);
    default_variable(kind.unwrap_or(TokenKind::Personal))
}

fn tell(text: &str) {
    // There is nowhere to report that standard error is closed.
    let _closed = write_err(format!("{}\n", safe_lines(text)).as_bytes());
}

fn json(answer: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(answer).context("the answer cannot be shown as JSON")?;
    Ok(safe_json(&text))
}

fn yaml(answer: &impl Serialize) -> Result<String> {
    let text = serde_saphyr::to_string(answer).context("the answer cannot be shown as YAML")?;
    Ok(safe_lines(text.trim_end_matches('\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Sample {
        name: &'static str,
        note: Option<&'static str>,
        scopes: Vec<&'static str>,
    }

    const SAMPLE: fn() -> Sample =
        || Sample { name: "a\u{1b}]0;b\u{9b}", note: None, scopes: vec!["Taskurai.Task.*", "*", "yes"] };

    #[test]
    fn json_holds_no_control_character() {
        let text = json(&SAMPLE()).unwrap();
        assert!(text.contains(r#""name": "a\u001b]0;b\u009b""#), "{text}");
    }

    #[test]
    fn yaml_holds_no_control_character_and_quotes_what_has_a_meaning() {
        let text = yaml(&SAMPLE()).unwrap();
        assert!(text.lines().all(|line| !line.contains(char::is_control)), "{text:?}");
        assert!(text.contains("note: null"), "{text}");
        for quoted in ["\"*\"", "\"yes\""] {
            assert!(text.replace('\'', "\"").contains(quoted), "{text}");
        }
    }

    #[test]
    fn env_is_for_secrets_only() {
        assert!(matches!(Output::new(Format::Env, Answers::Records), Err(Error::Usage(_))));
        assert!(Output::new(Format::Env, Answers::Secret).is_ok());
        assert!(Output::new(Format::Json, Answers::Records).is_ok());
    }
}
