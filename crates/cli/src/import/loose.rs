//! YAML as people write it, where parsers differ.
//!
//! Quoted texts that go on at the left margin: most parsers read them, and ours wants them indented. A quoted text loses
//! the spaces at the beginning of each of its lines, so indenting those lines changes nothing else. Lines that a tab
//! indents: most parsers refuse them, and ours may pass over them.

/// What is to be known of such a text before it is parsed.
#[derive(Debug, Default)]
pub(super) struct Loose {
    /// The text with all lines of quoted texts indented; none if they are already.
    pub(super) indented: Option<String>,
    /// The first line that a tab indents.
    pub(super) tab: Option<usize>,
}

impl Loose {
    /// Looks through a text.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Lines::default();
        let mut tab = None;
        for (at, line) in text.lines().enumerate() {
            lines.add(line);
            tab = tab.or_else(|| lines.is_tab.then_some(at + 1));
        }
        Self { indented: lines.is_changed.then_some(lines.text), tab }
    }
}

/// Lines as far as they are read.
#[derive(Default)]
struct Lines {
    text: String,
    is_changed: bool,
    /// Whether a tab indents the last line, where that counts.
    is_tab: bool,
    /// The quote that has begun.
    quote: Option<char>,
    /// How many brackets are open.
    open: usize,
    /// The indentation of what began last.
    indent: usize,
    /// Whether lines that are indented more belong to a block of text.
    is_block: bool,
}

impl Lines {
    fn add(&mut self, line: &str) {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let is_empty = line.trim().is_empty();
        self.is_tab = false;
        if self.quote.is_some() {
            if spaces <= self.indent && !is_empty {
                self.text.push_str(&" ".repeat(self.indent + 1 - spaces));
                self.is_changed = true;
            }
        } else if !(self.is_block && (spaces > self.indent || is_empty)) {
            self.is_tab =
                self.open == 0 && !is_empty && line.get(spaces..).is_some_and(|rest| rest.starts_with('\t'));
            self.indent = indentation(line);
            self.is_block = false;
        }
        if !self.is_block {
            self.scan(line);
        }
        self.text.extend([line, "\n"]);
    }

    /// Looks where quotes, brackets and blocks begin and end.
    fn scan(&mut self, line: &str) {
        let mut before = ' ';
        let mut is_start = true;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match self.quote {
                // What follows it is escaped.
                Some('"') if c == '\\' => drop(chars.next()),
                Some('\'') if c == '\'' && chars.next_if_eq(&'\'').is_some() => {}
                Some(quote) if c == quote => (self.quote, is_start) = (None, false),
                Some(_) => {}
                None if c == '#' && before.is_whitespace() => return,
                None if is_start && matches!(c, '|' | '>') => {
                    self.is_block = true;
                    return;
                }
                None => is_start = self.step(c, before, is_start),
            }
            before = c;
        }
    }

    /// Takes a character outside of quotes; answers whether a text may begin behind it.
    fn step(&mut self, c: char, before: char, is_start: bool) -> bool {
        match c {
            '"' | '\'' if is_start => self.quote = Some(c),
            '[' | '{' if is_start => self.open += 1,
            ']' | '}' => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        let is_opened = matches!(c, '[' | '{') && is_start;
        let is_next = c == ',' && self.open > 0;
        let is_behind = c.is_whitespace() && (is_start || matches!(before, ':' | '-' | '?'));
        is_opened || is_next || is_behind
    }
}

/// How far the first key or text is from the left; a dash of a list counts as a space.
fn indentation(line: &str) -> usize {
    let mut rest = line.trim_start_matches(' ');
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start_matches(' ');
    }
    line.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_quoted_text_are_indented() {
        for (text, expected) in [
            ("a: \"b\nc\"\n", Some("a: \"b\n c\"\n")),
            (
                "a:\n  - b: 'c\n\nd''\n\ne'\n    f: g\n",
                Some("a:\n  - b: 'c\n\n     d''\n\n     e'\n    f: g\n"),
            ),
            ("a: \"b\\\"\nc\" # \"\nd: e\n", Some("a: \"b\\\"\n c\" # \"\nd: e\n")),
            ("a: |\n  \"b\nc: it's\nd: e\n", None),
            ("a: b \"c\nd: 'e'\n", None),
            ("a: \"b\n  c\"\n", None),
            ("", None),
        ] {
            assert_eq!(Loose::of(text).indented.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_tab_is_found_where_it_indents() {
        for (text, line) in [
            ("a:\n\tb: 1\n", Some(2)),
            ("a:\n  - b\n \t- c\n", Some(3)),
            ("a: {\n\tb: 1,\n\t/c/{d}: [\n\t]\n}\n", None),
            ("a: |\n  x\n  \ty\n\t\nb: 'c\n\td'\n", None),
            ("a:\t1\n\t\n\n", None),
        ] {
            assert_eq!(Loose::of(text).tab, line, "{text}");
        }
    }
}
