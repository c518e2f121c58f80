//! Words that must not stay in a source: unfinished work, and lints silenced without a reason.

use crate::tidy::files::TextFile;
use crate::tidy::finding::Finding;

const FORBIDDEN: [(&str, &str); 8] = [
    ("#[allow(", "write `#[expect(lint, reason = \"…\")]`"),
    ("#![allow(", "write `#![expect(lint, reason = \"…\")]`"),
    ("#[ignore]", "say why: `#[ignore = \"…\"]`, or let it run"),
    ("todo!", "finish it, or leave it out"),
    ("unimplemented!", "finish it, or leave it out"),
    ("dbg!", "remove it"),
    ("FIXME", "fix it, or file an issue and say what holds today"),
    ("XXX", "fix it, or file an issue and say what holds today"),
];

/// Every forbidden word in Rust sources.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    files.iter().filter(|file| file.is("rs") && !file.is_tidy()).flat_map(check_file).collect()
}

fn check_file(file: &TextFile) -> Vec<Finding> {
    let lines = file.numbered();
    let pairs = lines.flat_map(|(number, line)| FORBIDDEN.iter().map(move |rule| (number, line, rule)));
    pairs
        .filter(|(_, line, (word, _))| contains_word(line, word))
        .map(|(number, _, (word, remedy))| Finding::at(&file.path, number, format!("`{word}`"), *remedy))
        .collect()
}

/// Whether the word stands there by itself and not as a part of a longer one.
pub(crate) fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + word.len()..).and_then(|text| text.chars().next());
        !joins(before, word.chars().next()) && !joins(word.chars().next_back(), after)
    })
}

fn joins(left: Option<char>, right: Option<char>) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    is_part(left) && is_part(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check(&[TextFile { path: "a.rs".to_owned(), text: text.to_owned() }]).len()
    }

    #[test]
    fn unfinished_work_is_found() {
        assert_eq!(findings("fn f() { todo!() }\n// XXX: later\n#[ignore]\n#[allow(dead_code)]"), 4);
    }

    #[test]
    fn longer_words_and_reasons_are_fine() {
        assert_eq!(findings("let s = \"XXXX\"; mytodo!(); #[ignore = \"needs a moon\"] #[expect(x)]"), 0);
    }

    #[test]
    fn words_end_at_punctuation() {
        assert!(contains_word("use sqlx::Row;", "sqlx"));
        assert!(!contains_word("use sqlx_core::Row;", "sqlx"));
        assert!(!contains_word("my_sqlx", "sqlx"));
    }
}
