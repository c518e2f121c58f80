//! TOML files that people write: what is wrong in them is said with file, line and column.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jeton_api::FieldError;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Result};
use crate::escape::safe;

/// A file's text and its name.
#[derive(Debug)]
pub(crate) struct TomlFile {
    name: String,
    text: String,
}

impl TomlFile {
    /// The text, under the name to show.
    pub(crate) fn new(name: String, text: String) -> Self {
        Self { name, text }
    }

    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
        Ok(Self::new(path.display().to_string(), text))
    }

    /// The name to show.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What the file says, or the first thing that is wrong.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        toml::from_str(&self.text).map_err(|error| {
            // Only the message: the error's own text repeats the line, which may hold a secret.
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            Error::File(format!("{}: {}", self.place(error.span()), safe(&message)))
        })
    }

    /// What a server finds wrong with what the file says, one line for each field.
    pub(crate) fn blame(&self, errors: &[FieldError]) -> Error {
        let table = DeTable::parse(&self.text).ok();
        let line = |error: &FieldError| {
            let span = table.as_ref().and_then(|table| locate(table.get_ref(), &error.pointer));
            format!("{}: {}", self.place(span), safe(&error.detail))
        };
        Error::File(errors.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// Where a JSON pointer leads: `name:line:column`.
    pub(crate) fn at(&self, pointer: &str) -> String {
        let table = DeTable::parse(&self.text).ok();
        self.place(table.as_ref().and_then(|table| locate(table.get_ref(), pointer)))
    }

    /// A path that the file names, which is meant from where the file is.
    pub(crate) fn beside(&self, path: &Path) -> PathBuf {
        Path::new(&self.name).parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }

    /// `name:line:column`, both counted from 1, the column in characters.
    fn place(&self, span: Option<Range<usize>>) -> String {
        let Some(before) = span.and_then(|span| self.text.get(..span.start)) else {
            return self.name.clone();
        };
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.name)
    }
}

/// Where a JSON pointer (RFC 6901) leads, or the nearest thing around it.
fn locate(table: &DeTable<'_>, pointer: &str) -> Option<Range<usize>> {
    let mut steps = pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
    let mut here = table.get(steps.next()?.as_str())?;
    for step in steps {
        match child(here, &step) {
            Some(next) => here = next,
            None => break,
        }
    }
    Some(here.span())
}

fn child<'a, 'i>(value: &'a Spanned<DeValue<'i>>, step: &str) -> Option<&'a Spanned<DeValue<'i>>> {
    match value.get_ref() {
        DeValue::Table(table) => table.get(step),
        DeValue::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
name = \"größe\"

[[scopes]]
name = \"A.Read\"

[[scopes]]
name = \"A..Write\"
implies = [\"A.Read\", \"nonsense\"]
";

    fn blamed(pointer: &str) -> String {
        let file = TomlFile::new("a.toml".to_owned(), TEXT.to_owned());
        let error = FieldError {
            pointer: pointer.to_owned(),
            code: "invalid_field".to_owned(),
            detail: "no".to_owned(),
        };
        file.blame(&[error]).to_string()
    }

    #[test]
    fn pointers_lead_to_lines() {
        assert_eq!(blamed("/name"), "a.toml:1:8: no");
        assert_eq!(blamed("/scopes/1/name"), "a.toml:7:8: no");
        assert_eq!(blamed("/scopes/1/implies/1"), "a.toml:8:22: no");
    }

    #[test]
    fn a_pointer_that_leads_nowhere_names_what_is_around_it() {
        assert_eq!(blamed("/scopes/0/name/deeper"), "a.toml:4:8: no");
        assert_eq!(blamed("/title"), "a.toml: no");
        assert_eq!(blamed(""), "a.toml: no");
    }

    #[test]
    fn columns_count_characters() {
        let file = TomlFile::new("a.toml".to_owned(), "a = 1\n\"größe\" = ]\n".to_owned());
        let error = file.parse::<toml::Table>().unwrap_err().to_string();
        assert!(error.starts_with("a.toml:2:11: "), "{error}");
    }
}
