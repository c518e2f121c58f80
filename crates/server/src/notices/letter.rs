//! What a letter says.

use std::fmt::Write as _;

use jeton_token::Timestamp;

use super::event::shown;
use crate::store::{Letter, NamedToken};

/// A letter in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) subject: String,
    pub(super) body: String,
}

/// The words for a letter; `None` when no end that it is about holds any more.
pub(super) fn text(letter: &Letter, public_url: &str, now: Timestamp) -> Option<Text> {
    let tokens: Vec<_> = letter.entries.iter().filter_map(|entry| entry.what.as_ref()).collect();
    let (subject, these) = match tokens.len() {
        0 => return None,
        1 => ("1 token ends soon".to_owned(), "This token ends"),
        number => (format!("{number} tokens end soon"), "These tokens end"),
    };
    let mut body = format!("{these} soon at {public_url}:\n");
    for token in tokens {
        write_token(&mut body, token, now);
    }
    body.push_str(
        "\nWith the command a token gets a new secret and lives on; the old secret works for another hour, so\n\
         that the program that uses it can be given the new one. Ask where a token is still needed before it ends:\n\
         after that it is refused, and nothing brings it back.\n",
    );
    Some(Text { subject, body })
}

fn write_token(body: &mut String, token: &NamedToken, now: Timestamp) {
    let NamedToken { number, kind, name, owner_name, ends_at, .. } = token;
    let (name, owner, kind) = (plain(name), plain(owner_name), kind.word());
    // Writing into a text does not fail.
    let _ = writeln!(body, "\n  \"{name}\", {kind} token {number} of {owner}");
    if let Some(end) = ends_at {
        let at = shown(*end).strftime("%Y-%m-%d %H:%M UTC");
        let _ = writeln!(body, "  ends {at}, {}", left(*end, now));
    }
    let _ = writeln!(body, "  jeton token rotate {number}");
}

fn left(end: Timestamp, now: Timestamp) -> String {
    const HOUR_MS: i64 = 60 * 60 * 1000;
    match ((end.0 - now.0) / HOUR_MS, (end.0 - now.0) / (24 * HOUR_MS)) {
        (_, 2..) => format!("in {} days", (end.0 - now.0) / (24 * HOUR_MS)),
        (2.., _) => format!("in {} hours", (end.0 - now.0) / HOUR_MS),
        _ => "within two hours".to_owned(),
    }
}

/// A name as one harmless piece of a line: neither control characters nor such that turn the order of others.
fn plain(name: &str) -> String {
    let is_harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '"' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    name.chars().fold(String::new(), |mut text, c| {
        if is_harmless(c) {
            text.push(c);
        } else {
            text.extend(c.escape_unicode());
        }
        text
    })
}
