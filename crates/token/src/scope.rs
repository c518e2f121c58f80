//! Scopes and patterns of scopes.
//!
//! A scope is dotted, case-sensitive ASCII (`Taskurai.Task.Read`); its first segment is the namespace of the
//! API that owns it. A pattern is a scope, or ends in one whole segment `*`, or is `*` alone. Matching goes
//! by whole segments, so `Taskurai.Task.*` covers `Taskurai.Task.Logs.Read` but neither `Taskurai.Task` nor
//! `Taskurai.TaskX.Read`. Holding every leaf is not holding the wildcard: tomorrow's scopes are not held.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::rights::Rights;

/// The longest scope or pattern, in bytes.
pub const MAX_SCOPE_BYTES: usize = 128;
/// The most segments of a scope or pattern; a final `*` counts as one.
pub const MAX_SEGMENTS: usize = 8;
/// The most patterns of one token.
pub const MAX_PATTERNS: usize = 256;

const SEPARATOR: char = '.';
const MAX_SEGMENT_BYTES: usize = 64;

/// A concrete scope: 2 to 8 segments. A clone is the same text and takes no room of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(Arc<str>);

impl Scope {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first segment.
    pub fn namespace(&self) -> &str {
        self.0.split(SEPARATOR).next().unwrap_or_default()
    }
}

/// Why a text is no scope or no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Empty or longer than 128 bytes.
    #[error("a scope has between 1 and 128 characters")]
    Length,
    /// Fewer than 2 segments (where no star stands for the rest) or more than 8.
    #[error("a scope has 2 to 8 segments joined by `.`")]
    Segments,
    /// A segment that is empty, too long or has a foreign character.
    #[error("a segment has 1 to 64 characters from A-Z, a-z, 0-9, `_` and `-`")]
    Segment,
    /// A star anywhere but as the whole last segment of a pattern.
    #[error("`*` may only be the whole last segment of a pattern, as in `Taskurai.Task.*`")]
    Star,
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if check(text)? < 2 {
            return Err(ScopeError::Segments);
        }
        Ok(Self(text.into()))
    }
}

/// A scope, or a wildcard over all scopes that begin with the same whole segments. A clone is the same text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopePattern(Arc<str>);

impl ScopePattern {
    /// `*`: everything, including scopes that do not exist yet.
    pub fn everything() -> Self {
        Self("*".into())
    }

    /// `NAMESPACE.*`: every scope of one API.
    pub fn namespace(namespace: &str) -> Result<Self, ScopeError> {
        check_segment(namespace)?;
        Ok(Self(format!("{namespace}.*").into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the bare `*`.
    pub fn is_everything(&self) -> bool {
        *self.0 == *"*"
    }

    /// Whether the scope is among those that the pattern stands for.
    pub fn covers(&self, scope: &Scope) -> bool {
        self.covers_text(&scope.0)
    }

    /// Whether every scope of `other`, today's and tomorrow's, is among those of this pattern.
    pub fn covers_pattern(&self, other: &Self) -> bool {
        self.covers_text(&other.0)
    }

    /// The pattern for what both have in common. Patterns form a tree, so it is the narrower one, or nothing.
    pub fn meet(&self, other: &Self) -> Option<Self> {
        if self.covers_pattern(other) {
            Some(other.clone())
        } else if other.covers_pattern(self) {
            Some(self.clone())
        } else {
            None
        }
    }

    fn covers_text(&self, text: &str) -> bool {
        match self.0.strip_suffix('*') {
            // The stem keeps its final `.`, which makes the match one of whole segments.
            Some(stem) => text.starts_with(stem),
            None => *self.0 == *text,
        }
    }
}

impl FromStr for ScopePattern {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if text == "*" {
            return Ok(Self::everything());
        }
        match text.strip_suffix(".*") {
            Some(stem) if text.len() > MAX_SCOPE_BYTES || stem.is_empty() => Err(length_or_star(text)),
            Some(stem) if check(stem)? >= MAX_SEGMENTS => Err(ScopeError::Segments),
            Some(_) => Ok(Self(text.into())),
            None => Scope::from_str(text).map(Self::from),
        }
    }
}

impl From<Scope> for ScopePattern {
    fn from(scope: Scope) -> Self {
        Self(scope.0)
    }
}

fn length_or_star(text: &str) -> ScopeError {
    if text.len() > MAX_SCOPE_BYTES { ScopeError::Length } else { ScopeError::Star }
}

/// Checks each segment and answers how many there are.
fn check(text: &str) -> Result<usize, ScopeError> {
    if text.is_empty() || text.len() > MAX_SCOPE_BYTES {
        return Err(ScopeError::Length);
    }
    let mut segments = 0;
    for segment in text.split(SEPARATOR) {
        check_segment(segment)?;
        segments += 1;
    }
    if segments > MAX_SEGMENTS { Err(ScopeError::Segments) } else { Ok(segments) }
}

fn check_segment(segment: &str) -> Result<(), ScopeError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if segment.contains('*') {
        Err(ScopeError::Star)
    } else if segment.is_empty() || segment.len() > MAX_SEGMENT_BYTES || !segment.bytes().all(fits) {
        Err(ScopeError::Segment)
    } else {
        Ok(())
    }
}

/// What a token may do at most: 1 to 256 patterns, none twice, in the order given.
///
/// "Everything" is spelled `*`. There is no empty set and no absent one that would mean all. A clone is the same set and
/// takes no room of its own.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ScopeSet(Arc<[ScopePattern]>);

/// Why patterns make no set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeSetError {
    /// No pattern at all.
    #[error("at least one scope is needed; everything is spelled `*`")]
    Empty,
    /// More than 256 patterns.
    #[error("at most 256 scopes")]
    TooMany,
}

impl ScopeSet {
    /// The set of these patterns; repeated ones count once.
    pub fn new(patterns: impl IntoIterator<Item = ScopePattern>) -> Result<Self, ScopeSetError> {
        let mut kept: Vec<ScopePattern> = Vec::new();
        for pattern in patterns {
            if kept.contains(&pattern) {
                continue;
            }
            if kept.len() == MAX_PATTERNS {
                return Err(ScopeSetError::TooMany);
            }
            kept.push(pattern);
        }
        if kept.is_empty() { Err(ScopeSetError::Empty) } else { Ok(Self(kept.into())) }
    }

    /// `*`.
    pub fn everything() -> Self {
        Self([ScopePattern::everything()].into())
    }

    /// A set that covers no scope of any API: nobody declares `Jeton.None`, and no action asks for it.
    pub fn nothing() -> Self {
        Self([ScopePattern("Jeton.None".into())].into())
    }

    /// The patterns, in the order given.
    pub fn patterns(&self) -> &[ScopePattern] {
        &self.0
    }

    /// The same patterns as rights to compute with.
    pub fn rights(&self) -> Rights {
        self.0.iter().cloned().collect()
    }
}

macro_rules! shows_its_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

shows_its_text!(Scope, ScopePattern);

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.patterns()).finish()
    }
}
