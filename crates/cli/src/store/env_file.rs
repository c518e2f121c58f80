//! `--store env-file`: a line `NAME=value` in a file that shells and container tools read. Every other line stays as
//! it is, to the byte, and every line keeps its end.
//!
//! Programs disagree about quotes. To a shell `it's` opens a quote that may end lines later; to most others only a
//! value that begins with a quote can go on in the next line, and to some none can. So the file is read in both ways,
//! and where they would disagree about the variable, nothing is changed.

use anyhow::{Result, bail};

const BOM: &str = "\u{feff}";
/// What a shell goes on after, besides a quote.
const CONTINUED: char = '\\';

/// Whether shells take this as the name of a variable.
pub(super) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The text with this variable set: in its first place if it had one, at the end if not.
pub(super) fn merge(text: &str, name: &str, value: &str) -> Result<String> {
    let entries = entries(text, name)?;
    let mut merged = String::with_capacity(text.len() + name.len() + value.len() + 2);
    merged.extend(text.strip_prefix(BOM).map(|_| BOM));
    let mut is_set = false;
    for entry in &entries {
        match entry {
            Entry::Other(line) => merged.push_str(line),
            Entry::Ours { export, lines, .. } if !is_set => {
                merged.extend([export, name, "=", value, end_of(lines).unwrap_or("\n")]);
                is_set = true;
            }
            Entry::Ours { .. } => {}
        }
    }
    if !is_set {
        let end = text.split_inclusive('\n').next().and_then(end_of).unwrap_or("\n");
        let gap = if merged.is_empty() || merged.ends_with(['\n', '\u{feff}']) { "" } else { end };
        merged.extend([gap, name, "=", value, end]);
    }
    Ok(merged)
}

/// What the variable is set to, as often as it is.
pub(super) fn values(text: &str, name: &str) -> Result<Vec<String>> {
    let value = |entry| match entry {
        Entry::Ours { value, .. } => Some(unquoted(value).to_owned()),
        Entry::Other(_) => None,
    };
    Ok(entries(text, name)?.into_iter().filter_map(value).collect())
}

/// A piece of the file.
enum Entry<'t> {
    /// A line that is none of our business.
    Other(&'t str),
    /// The lines that set the variable.
    Ours { export: &'static str, value: &'t str, lines: &'t str },
}

fn entries<'t>(text: &'t str, name: &str) -> Result<Vec<Entry<'t>>> {
    let text = text.strip_prefix(BOM).unwrap_or(text);
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let (shell, plain) = (Reading::of(&lines, in_shell), Reading::of(&lines, in_plain));
    // No shell reads a file that ends within a quote, so it is not meant for one.
    let is_for_shells = !matches!(shell.left_open, Some((_, '\'' | '"')));
    let shell = if is_for_shells { &shell } else { &plain };
    let mut entries = Vec::with_capacity(lines.len());
    let (mut rest, mut at) = (text, 0);
    while let Some(line) = lines.get(at) {
        let Some((export, _)) = assignment(line, name) else {
            entries.push(Entry::Other(line));
            (rest, at) = (rest.get(line.len()..).unwrap_or_default(), at + 1);
            continue;
        };
        let (in_shell, in_plain) = (shell.lines_of(at), plain.lines_of(at));
        let (Some(count), true) = (in_shell, in_shell == in_plain) else {
            bail!(
                "line {} sets `{name}`, or is part of a value that an earlier quote or `\\` opens: put that value \
                 in quotes, or remove the line",
                at + 1
            );
        };
        let len = lines.iter().skip(at).take(count).map(|line| line.len()).sum();
        let (ours, after) = rest.split_at_checked(len).unwrap_or((rest, ""));
        let value = assignment(ours, name).map_or("", |(_, value)| value);
        entries.push(Entry::Ours { export, value, lines: ours });
        (rest, at) = (after, at + count);
    }
    match (plain.left_open, shell.left_open) {
        (Some((line, _)), _) => bail!("line {line} opens a quote that nothing closes: close it"),
        (_, Some((line, _))) => bail!("line {line}, the last one, ends with `\\`: put its value in quotes"),
        _ => Ok(entries),
    }
}

/// Which lines begin something new, and the last line that opens what nothing closes.
struct Reading {
    begins: Vec<bool>,
    left_open: Option<(usize, char)>,
}

impl Reading {
    /// `after` says what is open after a line, when this was open before it.
    fn of(lines: &[&str], after: fn(&str, Option<char>) -> Option<char>) -> Self {
        let (mut begins, mut left_open) = (Vec::with_capacity(lines.len()), None::<(usize, char)>);
        for (at, line) in lines.iter().enumerate() {
            begins.push(left_open.is_none());
            let open = after(line.trim_end_matches(['\n', '\r']), left_open.map(|(_, open)| open));
            left_open = open.map(|open| (left_open.map_or(at + 1, |(first, _)| first), open));
        }
        Self { begins, left_open }
    }

    /// How many lines belong to what this line begins; nothing if it begins nothing.
    fn lines_of(&self, at: usize) -> Option<usize> {
        let begins = self.begins.get(at..).unwrap_or_default();
        let more = begins.iter().skip(1).take_while(|begins| !**begins).count();
        begins.first().filter(|begins| **begins).map(|_| more + 1)
    }
}

/// A shell: quotes open and close anywhere.
fn in_shell(line: &str, open: Option<char>) -> Option<char> {
    let mut quote = open.filter(|open| *open != CONTINUED);
    let mut before = if open.is_some() { 'x' } else { ' ' };
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '#') if before.is_whitespace() => return None,
            (None, '\\') if chars.next().is_none() => return Some(CONTINUED),
            (Some('"'), '\\') => drop(chars.next()),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            _ => {}
        }
        before = c;
    }
    quote
}

/// Most others: a value that begins with a quote ends with it, any other one with its line.
fn in_plain(line: &str, open: Option<char>) -> Option<char> {
    if let Some(quote) = open {
        return closing(line, quote).is_none().then_some(quote);
    }
    let line = line.trim_start();
    let (_, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
    let value = value.trim_start();
    let quote = value.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    closing(value.get(1..)?, quote).is_none().then_some(quote)
}

/// Where the quote ends.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        if c == quote && !is_escaped {
            return Some(at);
        }
        is_escaped = quote == '"' && c == '\\' && !is_escaped;
        None
    })
}

/// What stands before the name in a line that sets it, nothing or `export `, and what behind it.
fn assignment<'a>(line: &'a str, name: &str) -> Option<(&'static str, &'a str)> {
    let rest = line.trim_start();
    let bare = rest.strip_prefix("export").map_or(rest, |after| {
        let named = after.trim_start();
        if named.len() < after.len() { named } else { rest }
    });
    let value = bare.strip_prefix(name)?.strip_prefix('=')?;
    Some((if bare.len() < rest.len() { "export " } else { "" }, value))
}

/// A value without its quotes, its comment and the spaces around it.
fn unquoted(value: &str) -> &str {
    let value = value.trim();
    if let Some(quote) = value.chars().next().filter(|first| matches!(first, '\'' | '"')) {
        let inner = value.get(1..).unwrap_or_default();
        return closing(inner, quote).and_then(|end| inner.get(..end)).unwrap_or(inner);
    }
    let before = |at| value.get(..at).unwrap_or_default();
    let is_comment = |at: &usize| before(*at).chars().next_back().is_none_or(char::is_whitespace);
    let comment = value.match_indices('#').map(|(at, _)| at).find(is_comment);
    comment.map_or(value, before).trim_end()
}

/// The end of a line as it is written.
fn end_of(line: &str) -> Option<&'static str> {
    if line.ends_with("\r\n") { Some("\r\n") } else { line.ends_with('\n').then_some("\n") }
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
            ("  export\tT='old'\n", "export T=new\n"),
            ("A=1\nT=old", "A=1\nT=new\n"),
            ("T=1\nA=1\nT=2\n", "T=new\nA=1\n"),
            ("# T=old\nTT=1\nA_T=2\nexportT=3\n", "# T=old\nTT=1\nA_T=2\nexportT=3\nT=new\n"),
            ("# it's \"a comment\nA='x' # isn't\n", "# it's \"a comment\nA='x' # isn't\nT=new\n"),
            ("A=\"a \\\" b\"\nB=it\\'s\n", "A=\"a \\\" b\"\nB=it\\'s\nT=new\n"),
            ("\u{feff}T=old\n", "\u{feff}T=new\n"),
            ("\u{feff}", "\u{feff}T=new\n"),
            ("A=it's\nT=old\nB='x'\n", "A=it's\nT=new\nB='x'\n"),
            ("A=it's\nT=old\n", "A=it's\nT=new\n"),
        ];
        for (text, merged) in table {
            assert_eq!(merge(text, "T", "new").unwrap(), merged, "{text:?}");
        }
    }

    #[test]
    fn lines_keep_their_ends() {
        let table = [
            ("export T=old\r\nA=1\r\n", "export T=new\r\nA=1\r\n"),
            ("A=1\r\n", "A=1\r\nT=new\r\n"),
            ("A=1\r\nB=2", "A=1\r\nB=2\r\nT=new\r\n"),
            ("A=1\r\nT='a\r\nb'\r\nB=2\r\n", "A=1\r\nT=new\r\nB=2\r\n"),
        ];
        for (text, merged) in table {
            assert_eq!(merge(text, "T", "new").unwrap(), merged, "{text:?}");
        }
    }

    #[test]
    fn values_as_people_write_them_stay() {
        let values = [
            "it's",
            "a'b'c",
            "say \"hi\"",
            "\"it's\"",
            "'$HOME \"x\"'",
            "a b  c",
            "$5",
            "${X:-y}",
            "p@ss#word",
            "\"two\nlines\"",
            "'two\nlines'",
            "\"-----BEGIN KEY-----\nA=B\n-----END KEY-----\"",
            "C:\\dir\\",
            "\"a\\\"\nb\"",
            "O'Brien # it's",
        ];
        for value in values {
            let text = format!("T=old\nV={value}\nA=1\n");
            assert_eq!(merge(&text, "T", "new").unwrap(), text.replace("old", "new"), "{value}");
            assert_eq!(merge(&text, "N", "new").unwrap(), format!("{text}N=new\n"), "{value}");
        }
    }

    #[test]
    fn where_readers_disagree_nothing_is_changed() {
        let table = [
            ("A='x\nT=old\n'\n", "line 2 sets `T`, or is part"),
            ("A=\"x\nT=old\"\n", "line 2 sets `T`, or is part"),
            ("A=x\\\nT=old\n", "line 2 sets `T`, or is part"),
            ("A=it's\nT=old\nB=it's\n", "line 2 sets `T`, or is part"),
            ("T=it's\nB=it's\n", "line 1 sets `T`, or is part"),
            ("B=1\nA='\n", "line 2 opens a quote that nothing closes"),
            ("A=\"x\n", "line 1 opens a quote that nothing closes"),
            ("A=1\nB=x\\", "line 2, the last one, ends with `\\`"),
        ];
        for (text, reason) in table {
            let error = merge(text, "T", "new").unwrap_err().to_string();
            assert!(error.starts_with(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_value_is_read_without_what_is_around_it() {
        let table = [
            ("T=a\n", "a"),
            ("T=a\r\n", "a"),
            ("export T='a' # why\n", "a"),
            ("T=\"a\"\n", "a"),
            ("T= a # why\n", "a"),
            ("T=a#b\n", "a#b"),
            ("T=\n", ""),
            ("T=''\n", ""),
            ("T=# why\n", ""),
            ("T='a\nb'\n", "a\nb"),
            ("\u{feff}T=a", "a"),
        ];
        for (text, value) in table {
            assert_eq!(values(text, "T").unwrap(), [value], "{text:?}");
        }
        assert_eq!(values("T=1\nA=2\nT=3\n", "T").unwrap(), ["1", "3"]);
        assert!(values("A=1\n# T=2\n", "T").unwrap().is_empty());
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
