//! The command that a task runs: a program and its arguments, never a line for a shell.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{COMMAND_BYTES_MAX, COMMAND_WORDS_MAX};
use crate::text::is_printable;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct Command(Vec<String>);

impl TryFrom<Vec<String>> for Command {
    type Error = &'static str;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        let bytes: usize = words.iter().map(|word| word.len() + 1).sum();
        if words.first().is_none_or(String::is_empty) {
            Err("a command begins with the name of a program")
        } else if words.len() > COMMAND_WORDS_MAX || bytes > COMMAND_BYTES_MAX {
            Err("a command has at most 64 words and 1024 bytes")
        } else if !words.iter().all(|word| word.chars().all(is_printable)) {
            Err("a command has no control characters")
        } else {
            Ok(Self(words))
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}
