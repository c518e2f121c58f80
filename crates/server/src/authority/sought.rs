//! What a list of tokens is asked for beyond what the store can tell: by use, by end, by scope.

use jeton_token::{Catalogue, Expiry, Facts, ScopePattern, Timestamp, known_end};

use crate::store::TokenRecord;

/// Which tokens, by what they do and how long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sought {
    /// Neither used nor given a new secret for so long.
    pub(crate) unused_for_ms: Option<i64>,
    /// Ending within so long.
    pub(crate) expiring_in_ms: Option<i64>,
    /// Covering this scope, or some of this pattern.
    pub(crate) scope: Option<ScopePattern>,
}

impl Sought {
    /// Whether this is one of them; the facts are those of its verdicts wherever it is used.
    pub(super) fn admits(
        &self,
        token: &TokenRecord,
        facts: &Facts,
        catalogues: &[&Catalogue],
        now: Timestamp,
    ) -> bool {
        let is_unused = |ms: i64| Expiry::At(token.used_at().plus_ms(ms)).is_over(now);
        let ends_within = |ms: i64| {
            let end = known_end(facts);
            !end.is_over(now) && end.is_over(now.plus_ms(ms))
        };
        let covers = |wanted: &ScopePattern| {
            let held = token.patterns.rights().with_implied(catalogues.iter().copied());
            held.patterns().iter().any(|pattern| pattern.meet(wanted).is_some())
        };
        self.unused_for_ms.is_none_or(is_unused)
            && self.expiring_in_ms.is_none_or(ends_within)
            && self.scope.as_ref().is_none_or(covers)
    }
}
