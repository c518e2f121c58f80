//! Equal parts of facts are held once: tokens of one kind of work have the same patterns, tokens of one owner the same
//! rights, and all of them the same policies.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use jeton_token::{Facts, Link, Place, PlacedPolicy, Rights, ScopeSet};

use crate::limits::MEMORY_DISTINCT_MAX;
use crate::store::{Chain, TokenRecord};

/// The parts that facts have in common.
#[derive(Default)]
pub(super) struct Shared {
    sets: Distinct<ScopeSet>,
    rights: Distinct<Arc<Vec<(Place, Rights)>>>,
    policies: Mutex<Arc<Vec<PlacedPolicy>>>,
}

/// Values of which a clone takes no room of its own.
struct Distinct<T>(Mutex<HashSet<T>>);

impl Shared {
    /// Puts equal parts that others have, too, in place of these.
    pub(super) fn share(&self, chain: &mut Chain, facts: &mut Facts) {
        let tokens = std::iter::once(&mut chain.token).chain(&mut chain.ancestors);
        let links = std::iter::once(&mut facts.token).chain(&mut facts.ancestors);
        for (token, link) in tokens.zip(links) {
            self.share_link(token, link);
        }
        if let Ok(mut last) = self.policies.lock() {
            if *last == facts.policies {
                facts.policies = Arc::clone(&last);
            } else {
                *last = Arc::clone(&facts.policies);
            }
        }
    }

    fn share_link(&self, token: &mut TokenRecord, link: &mut Link) {
        token.patterns = self.sets.the_one(&token.patterns);
        link.patterns = token.patterns.clone();
        link.rights = self.rights.the_one(&link.rights);
    }
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + Eq + Hash> Distinct<T> {
    fn the_one(&self, value: &T) -> T {
        let Ok(mut known) = self.0.lock() else { return value.clone() };
        if let Some(one) = known.get(value) {
            return one.clone();
        }
        // Whoever shares one of these goes on doing so.
        if known.len() >= MEMORY_DISTINCT_MAX {
            known.clear();
        }
        known.insert(value.clone());
        value.clone()
    }
}
