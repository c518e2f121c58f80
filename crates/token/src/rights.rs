//! Rights: a computed set of patterns, possibly empty.
//!
//! A [`ScopeSet`](crate::ScopeSet) is what somebody wrote down; rights are what comes out when sets are united
//! and intersected. They are kept sorted and without patterns that another one covers, so equal rights look equal.
//!
//! Every question to them is one binary search: `*` sorts before all characters of a scope, so a wildcard comes
//! directly before all that begins like it. A token with 256 patterns must not be a way to keep the server busy.

use crate::catalogue::Catalogue;
use crate::scope::{Scope, ScopePattern};

/// A set of patterns to compute with.
///
/// INVARIANT: sorted by text, and no pattern covers another one. So whatever lies between a wildcard and something
/// that it covers would be covered too: only the last pattern not after a text can cover it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights(Vec<ScopePattern>);

impl Rights {
    /// No right at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The patterns, sorted.
    pub fn patterns(&self) -> &[ScopePattern] {
        &self.0
    }

    /// Whether some pattern covers the scope.
    pub fn covers(&self, scope: &Scope) -> bool {
        self.last_not_after(scope.as_str()).is_some_and(|pattern| pattern.covers(scope))
    }

    /// Whether one single pattern covers the other one. All leaves together do not cover a wildcard.
    pub fn covers_pattern(&self, other: &ScopePattern) -> bool {
        self.last_not_after(other.as_str()).is_some_and(|pattern| pattern.covers_pattern(other))
    }

    /// Whether everything in `other` is covered.
    pub fn covers_all(&self, other: &Self) -> bool {
        other.0.iter().all(|pattern| self.covers_pattern(pattern))
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).cloned().collect()
    }

    /// What is in both: of each side what the other one covers.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        // Most owners hold everything, and then there is nothing to compare.
        if self.is_everything() {
            return other.clone();
        }
        if other.is_everything() {
            return self.clone();
        }
        let mine = self.0.iter().filter(|pattern| other.covers_pattern(pattern));
        let theirs = other.0.iter().filter(|pattern| self.covers_pattern(pattern));
        mine.chain(theirs).cloned().collect()
    }

    /// With every scope added that a covered scope of one of these catalogues implies.
    #[must_use]
    pub fn with_implied<'a>(&self, catalogues: impl IntoIterator<Item = &'a Catalogue>) -> Self {
        let implied = catalogues.into_iter().flat_map(|catalogue| catalogue.implied_by(self));
        let mut implied = implied.cloned().map(ScopePattern::from).peekable();
        if implied.peek().is_none() {
            return self.clone();
        }
        self.0.iter().cloned().chain(implied).collect()
    }

    fn is_everything(&self) -> bool {
        self.0.first().is_some_and(ScopePattern::is_everything)
    }

    fn last_not_after(&self, text: &str) -> Option<&ScopePattern> {
        let after = self.0.partition_point(|pattern| pattern.as_str() <= text);
        self.0.get(..after)?.last()
    }
}

impl FromIterator<ScopePattern> for Rights {
    fn from_iter<I: IntoIterator<Item = ScopePattern>>(patterns: I) -> Self {
        let mut all: Vec<_> = patterns.into_iter().collect();
        all.sort_unstable();
        // A pattern that covers another one sorts before it, and so do all that it covers together with it.
        all.dedup_by(|next, kept| kept.covers_pattern(next));
        Self(all)
    }
}
