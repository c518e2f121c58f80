//! The shape of a path: what may be written down about requests that no route names.
//!
//! Paths have secrets in them: reset codes, signed links, tokens that somebody put into an address. So a segment is
//! written down only if it looks like a word that a programmer chose, and whatever else it is becomes a `{name}`. The
//! outcome is a path template, so it can be declared as a route as it is.
//!
//! Its limit: names of people are words (`/users/alice`), and random letters that can be said aloud look like some
//! (`kqwoazbetu`, proquints). So shapes are not for everybody: a list of them needs a right to read it.
//!
//! Example: `/v1/users/7f3a91/reset/Zm9vYmFyYmF6` is `/v1/users/{id}/reset/{id2}`.

use crate::route::{RouteError, canonical_path};

/// The most segments that are told apart.
const SEGMENTS_MAX: usize = 12;
/// The longest segment that can be a word, in characters.
const WORD_CHARS_MAX: usize = 24;
/// The longest part of one, between hyphens and the like: longer ones are keys more often than words.
const PART_CHARS_MAX: usize = 14;
/// The most consonants in a row in a part that can be said aloud.
const CONSONANTS_MAX: usize = 4;

/// The shape of a path, or that it can be read in two ways.
pub fn path_shape(path: &str) -> Result<String, RouteError> {
    let path = canonical_path(path)?;
    let (mut shape, mut values) = (String::new(), 0);
    for segment in path.split('/').skip(1).take(SEGMENTS_MAX) {
        shape.push('/');
        // An empty last segment is the trailing slash.
        if segment.is_empty() || is_word(segment) {
            shape.push_str(segment);
        } else {
            values += 1;
            shape.push_str(&value_name(values));
        }
    }
    if path.split('/').skip(1).count() > SEGMENTS_MAX {
        shape.push_str("/{rest}");
    }
    Ok(shape)
}

fn value_name(number: usize) -> String {
    if number == 1 { "{id}".to_owned() } else { format!("{{id{number}}}") }
}

/// Whether a segment looks like a word: `tasks`, `Task-Logs`, `openapi.json`, `listAll`, `v2`, `oauth2`.
fn is_word(segment: &str) -> bool {
    segment.len() <= WORD_CHARS_MAX && segment.split(['-', '_', '.']).all(is_part)
}

/// Letters, and at most one digit after them; `v` may have two. No digits between letters, no odd capitals, nothing
/// that cannot be said aloud.
fn is_part(part: &str) -> bool {
    let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = part.len() - letters.len();
    let is_version = matches!(letters, "v" | "V") && digits <= 2;
    let is_plain = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_alphabetic());
    let can_be_said =
        part.len() <= PART_CHARS_MAX && digits <= 1 && is_cased_well(letters) && is_said(letters);
    is_plain && (is_version || can_be_said)
}

/// All small, all capital and short, or words of at least three letters joined by their capitals.
fn is_cased_well(letters: &str) -> bool {
    let is_small = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_capital = letters.len() <= 5 && letters.bytes().all(|byte| byte.is_ascii_uppercase());
    let mut words = letters.split(|c: char| c.is_ascii_uppercase());
    let first = words.next().unwrap_or_default();
    let joined = words.all(|rest| rest.len() >= 2) && (first.is_empty() || first.len() >= 2);
    is_small(letters) || is_capital || joined
}

fn is_said(letters: &str) -> bool {
    let is_vowel = |c: char| "aeiouyAEIOUY".contains(c);
    letters.split(is_vowel).all(|consonants| consonants.len() <= CONSONANTS_MAX)
        && (letters.len() < 4 || letters.contains(is_vowel))
}
