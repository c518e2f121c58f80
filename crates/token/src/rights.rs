//! Rights: a computed set of patterns, possibly empty.
//!
//! A [`ScopeSet`](crate::ScopeSet) is what somebody wrote down; rights are what comes out when sets are united
//! and intersected. They are kept without patterns that another one covers, so equal rights look equal.

use crate::catalogue::Catalogue;
use crate::scope::{Scope, ScopePattern};

/// A set of patterns to compute with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
        self.0.iter().any(|pattern| pattern.covers(scope))
    }

    /// Whether one single pattern covers the other one. All leaves together do not cover a wildcard.
    pub fn covers_pattern(&self, other: &ScopePattern) -> bool {
        self.0.iter().any(|pattern| pattern.covers_pattern(other))
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

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let meets =
            |mine: &ScopePattern| other.0.iter().filter_map(|yours| mine.meet(yours)).collect::<Vec<_>>();
        self.0.iter().flat_map(meets).collect()
    }

    /// With every scope added that a covered scope of one of these catalogues implies.
    #[must_use]
    pub fn with_implied<'a>(&self, catalogues: impl IntoIterator<Item = &'a Catalogue>) -> Self {
        let implied = catalogues.into_iter().flat_map(|catalogue| catalogue.implied_by(self));
        self.0.iter().cloned().chain(implied.cloned().map(ScopePattern::from)).collect()
    }
}

impl FromIterator<ScopePattern> for Rights {
    fn from_iter<I: IntoIterator<Item = ScopePattern>>(patterns: I) -> Self {
        let mut all: Vec<_> = patterns.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        let covered = |one: &ScopePattern| all.iter().any(|other| other != one && other.covers_pattern(one));
        Self(all.iter().filter(|one| !covered(one)).cloned().collect())
    }
}
