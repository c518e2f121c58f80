//! Asking people, and reading secrets from standard input. Nothing here asks unless a terminal is there.

use std::io::{IsTerminal, Read};

use anyhow::Context;
use inquire::{Confirm, InquireError, MultiSelect, Text};
use jeton_api::Secret;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::escape::safe;

/// More than any password or token that makes sense.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Whether standard input is a terminal, so that a question finds somebody.
pub(crate) fn somebody_is_there() -> bool {
    std::io::stdin().is_terminal()
}

/// Standard input as one secret: one trailing newline is dropped.
pub(crate) fn secret_from_stdin() -> Result<Secret> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::io::stdin().lock().take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes);
    read.context("standard input cannot be read")?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_SECRET_BYTES) {
        return Err(Error::usage("standard input holds more than a secret"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::usage("standard input is not UTF-8"))?;
    match without_newline(text) {
        "" => Err(Error::usage("standard input is empty: a secret is expected there")),
        text => Ok(Secret::new(text)),
    }
}

/// Standard input as two secrets, each on a line of its own.
pub(crate) fn two_secrets_from_stdin() -> Result<(Secret, Secret)> {
    let both = secret_from_stdin()?;
    let lines: Vec<_> = both.expose().split('\n').map(without_newline).collect();
    match lines.as_slice() {
        [first, second] if !first.is_empty() && !second.is_empty() => {
            Ok((Secret::new(*first), Secret::new(*second)))
        }
        _ => Err(Error::usage("standard input must hold two lines: the present password and the new one")),
    }
}

/// Asks for a secret without showing what is typed; `instead` says how to do without a terminal.
pub(crate) fn secret(prompt: &str, instead: &str) -> Result<Secret> {
    must_have_somebody(instead)?;
    let typed = rpassword::prompt_password(format!("{prompt}: ")).context("the terminal cannot be read")?;
    Ok(Secret::new(typed))
}

/// Asks for a new secret twice, because nobody sees what is typed.
pub(crate) fn new_secret(prompt: &str, instead: &str) -> Result<Secret> {
    let first = secret(prompt, instead)?;
    let again = secret("the same again", instead)?;
    if first.expose() == again.expose() { Ok(first) } else { Err(Error::usage("the two are not the same")) }
}

/// Asks for a line of text; `instead` says how to do without a terminal.
pub(crate) fn line(prompt: &str, instead: &str) -> Result<String> {
    must_have_somebody(instead)?;
    Text::new(&format!("{prompt}:")).prompt().map_err(said_no)
}

/// Asks yes or no; no is the default. Only where [`somebody_is_there`].
pub(crate) fn confirm(question: &str) -> Result<bool> {
    Confirm::new(question).with_default(false).prompt().map_err(said_no)
}

/// Lets people pick some of the items, shown by their labels; `instead` says how to do without a terminal.
pub(crate) fn pick<T>(prompt: &str, items: Vec<(String, T)>, instead: &str) -> Result<Vec<T>> {
    must_have_somebody(instead)?;
    let labels = items.iter().map(|(label, _)| safe(label).into_owned()).collect();
    let picked = MultiSelect::new(prompt, labels).raw_prompt().map_err(said_no)?;
    let chosen = |at: usize| picked.iter().any(|option| option.index == at);
    let kept = items.into_iter().enumerate().filter(|(at, _)| chosen(*at));
    Ok(kept.map(|(_, (_, item))| item).collect())
}

/// Nothing is asked where nobody can answer.
pub(crate) fn must_have_somebody(instead: &str) -> Result<()> {
    if somebody_is_there() {
        Ok(())
    } else {
        Err(Error::usage(format!("standard input is no terminal, so nobody can be asked\n{instead}")))
    }
}

fn said_no(error: InquireError) -> Error {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => Error::Declined,
        error => Error::Other(anyhow::Error::new(error).context("the terminal cannot be read")),
    }
}

/// A text without the newline at its end that editors and `echo` leave there.
pub(crate) fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_newline_is_dropped_and_no_more() {
        for (text, kept) in
            [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a "), ("\n", "")]
        {
            assert_eq!(without_newline(text), kept, "{text:?}");
        }
    }
}
