//! `--store env-file`: a line `NAME=value` in a file that shells and container tools read. Every other line stays as
//! it is, to the byte.

use anyhow::{Result, bail};

/// Whether shells take this as the name of a variable.
pub(super) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The text with this variable set: in its first place if it had one, at the end if not.
///
/// A line that opens a quote and does not close it is refused: what follows belongs to it, and a new line there
/// would be part of a value.
pub(super) fn merge(text: &str, name: &str, value: &str) -> Result<String> {
    let mut merged = String::with_capacity(text.len() + name.len() + value.len() + 2);
    let mut is_set = false;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if is_open(line.trim_end_matches(['\n', '\r'])) {
            bail!("line {} opens a quote that it does not close, so the file is not changed", at + 1);
        }
        let Some(export) = assignment(line, name) else {
            merged.push_str(line);
            continue;
        };
        if !is_set {
            merged.extend([export, name, "=", value, "\n"]);
        }
        is_set = true;
    }
    if !is_set {
        let gap = if merged.is_empty() || merged.ends_with('\n') { "" } else { "\n" };
        merged.extend([gap, name, "=", value, "\n"]);
    }
    Ok(merged)
}

/// What stands before the name in a line that sets it: nothing, or `export `.
fn assignment<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.trim_start();
    let bare = rest.strip_prefix("export").map_or(rest, |after| {
        let named = after.trim_start();
        if named.len() < after.len() { named } else { rest }
    });
    let is_set = bare.strip_prefix(name).is_some_and(|after| after.starts_with('='));
    let export = if bare.len() < rest.len() { "export " } else { "" };
    is_set.then_some(export)
}

/// Whether a shell would go on reading in the next line.
fn is_open(line: &str) -> bool {
    let mut quote = None;
    let mut before = ' ';
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '#') if before.is_whitespace() => return false,
            (None | Some('"'), '\\') if chars.next().is_none() => return true,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            _ => {}
        }
        before = c;
    }
    quote.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_set_where_it_stands_or_at_the_end() {
        let table = [
            ("", "T=new\n"),
            ("A=1\n", "A=1\nT=new\n"),
            ("A=1", "A=1\nT=new\n"),
            ("T=old\nA=1\n", "T=new\nA=1\n"),
            ("export T=old\r\nA=1\r\n", "export T=new\nA=1\r\n"),
            ("  export\tT='old'\n", "export T=new\n"),
            ("A=1\nT=old", "A=1\nT=new\n"),
            ("T=1\nA=1\nT=2\n", "T=new\nA=1\n"),
            ("# T=old\nTT=1\nA_T=2\nexportT=3\n", "# T=old\nTT=1\nA_T=2\nexportT=3\nT=new\n"),
            ("# it's \"a comment\nA='x' # isn't\n", "# it's \"a comment\nA='x' # isn't\nT=new\n"),
            ("A=\"a \\\" b\"\nB=it\\'s\n", "A=\"a \\\" b\"\nB=it\\'s\nT=new\n"),
        ];
        for (text, merged) in table {
            assert_eq!(merge(text, "T", "new").unwrap(), merged, "{text:?}");
        }
    }

    #[test]
    fn a_value_of_several_lines_is_left_alone() {
        for text in ["A='x\nT=old\n'\n", "A=\"x\nT=old\"\n", "A=x\\\nT=old\n", "A=it's\n"] {
            let error = merge(text, "T", "new").unwrap_err().to_string();
            assert!(error.starts_with("line 1 opens a quote"), "{error}");
        }
        assert!(merge("B=1\nA='\n", "T", "new").unwrap_err().to_string().starts_with("line 2 "));
    }

    #[test]
    fn names_are_those_of_shells() {
        for name in ["A", "_a1", "JETON_TOKEN"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "1A", "A-B", "A B", "A=B", "Ä", "A\n"] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
