//! A part of a list: in the order of a key, so long, and behind where the part before it ended.

use axum::body::Body;
use axum::http::header::HeaderName;
use axum::http::{HeaderValue, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::query::{Query, refused};
use crate::authority::Error;

const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuationtoken");

/// What a list is sorted by: a key, and among equals a number.
pub(super) type Key = (String, i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

/// Which part is asked for.
pub(super) struct Part {
    pub(super) direction: Direction,
    pub(super) length: usize,
    pub(super) behind: Option<Key>,
}

impl Part {
    /// As a query says it.
    pub(super) fn of(query: &Query, direction: Direction, longest: usize) -> Result<Self, Error> {
        let length = match query.text("$top")? {
            None => longest,
            Some(_) => usize::try_from(query.number("$top")?).map_err(|_| refused("$top", "is 0 or more"))?,
        };
        let behind = query.text("continuationToken")?.map(read).transpose()?;
        Ok(Self { direction, length: length.min(longest), behind })
    }

    /// That part of a list, and where the next one begins if there is one.
    pub(super) fn cut<T>(self, items: Vec<T>, key: impl Fn(&T) -> Key) -> (Vec<T>, Option<String>) {
        let ascending = self.direction == Direction::Ascending;
        let mut keyed: Vec<_> = items.into_iter().map(|item| (key(&item), item)).collect();
        keyed.sort_by(|(a, _), (b, _)| if ascending { a.cmp(b) } else { b.cmp(a) });
        let is_behind = |key: &Key| match &self.behind {
            None => true,
            Some(last) if ascending => key > last,
            Some(last) => key < last,
        };
        keyed.retain(|(key, _)| is_behind(key));
        let more = keyed.len() > self.length;
        keyed.truncate(self.length);
        let next = keyed.last().filter(|_| more).map(|(key, _)| written(key));
        (keyed.into_iter().map(|(_, item)| item).collect(), next)
    }
}

/// Says in an answer where the next part begins.
pub(super) fn continued(mut answer: Response<Body>, next: Option<String>) -> Response<Body> {
    if let Some(value) = next.and_then(|next| HeaderValue::from_str(&next).ok()) {
        answer.headers_mut().insert(CONTINUATION, value);
    }
    answer
}

fn written((key, number): &Key) -> String {
    URL_SAFE_NO_PAD.encode(format!("{number} {key}"))
}

fn read(text: &str) -> Result<Key, Error> {
    let known = || {
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (number, key) = decoded.split_once(' ')?;
        Some((key.to_owned(), number.parse().ok()?))
    };
    known().ok_or_else(|| refused("continuationToken", "is none that an answer of this list had"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(direction: Direction, length: usize, expected: &[&[&str]]) {
        let items = [("b", 2), ("a", 1), ("b", 1), ("ä c", 9)];
        let key = |(name, number): &(&str, i64)| ((*name).to_owned(), *number);
        let (mut behind, mut parts) = (None, Vec::new());
        loop {
            let part = Part { direction, length, behind };
            let (found, next) = part.cut(items.to_vec(), key);
            parts.push(found.iter().map(|(name, number)| format!("{name}{number}")).collect::<Vec<_>>());
            let Some(next) = next else { break };
            behind = Some(read(&next).unwrap());
        }
        assert_eq!(parts, expected);
    }

    #[test]
    fn parts_make_the_whole() {
        check(Direction::Ascending, 2, &[&["a1", "b1"], &["b2", "ä c9"]]);
        check(Direction::Descending, 3, &[&["ä c9", "b2", "b1"], &["a1"]]);
        check(Direction::Ascending, 4, &[&["a1", "b1", "b2", "ä c9"]]);
    }

    #[test]
    fn what_no_answer_had_begins_no_part() {
        for text in ["", "x", "MQ", "eCB5"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
