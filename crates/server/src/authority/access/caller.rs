//! Whoever calls: a credential that was honoured, and what it may do.

use std::sync::Arc;

use jeton_token::{
    Catalogue, Circumstances, Expiry, Facts, Place, PrincipalId, Rights, Scope, ScopePattern, SecretId,
    TokenId, TokenKind, covers_within, effective_at, known_end, withheld,
};

use super::super::attempt::Attempt;
use super::super::built_in::BuiltIn;
use super::super::usage::Usage;
use super::action::{PATS, PATS_MANAGE};
use crate::store::Chain;

/// Somebody whose credential was honoured.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) chain: Arc<Chain>,
    pub(crate) facts: Arc<Facts>,
    /// The secret that was presented.
    pub(crate) secret: SecretId,
    /// The call, when it has an idempotency key.
    pub(crate) attempt: Option<Arc<Attempt>>,
    /// When and from where the call was made.
    pub(crate) circumstances: Circumstances,
    /// For what moves power: which state of all rights the facts are of.
    pub(crate) epoch: Option<i64>,
    /// Where it is noted which scopes the credential is used for.
    pub(crate) usage: Arc<Usage>,
    /// The scopes that mean something here.
    pub(crate) built_in: &'static BuiltIn,
}

impl Caller {
    pub(crate) fn principal(&self) -> PrincipalId {
        self.chain.token.owner
    }

    /// The name of whoever calls.
    pub(crate) fn owner_name(&self) -> &str {
        &self.chain.token.owner_name
    }

    pub(crate) fn token(&self) -> TokenId {
        self.chain.token.id
    }

    pub(crate) fn kind(&self) -> TokenKind {
        self.chain.token.kind
    }

    /// Whether this is a job, or something that a job made.
    pub(crate) fn is_of_job(&self) -> bool {
        let mut chain = std::iter::once(&self.chain.token).chain(&self.chain.ancestors);
        chain.any(|token| token.kind == TokenKind::Job)
    }

    /// Whether this is a person who signed in, and not a token.
    pub(crate) fn is_session(&self) -> bool {
        self.kind() == TokenKind::Session
    }

    /// When the credential ends, as far as is known now.
    pub(crate) fn end(&self) -> Expiry {
        known_end(&self.facts)
    }

    /// What the caller may do at a place now.
    pub(crate) fn effective_at(&self, place: Place, catalogues: &[&Catalogue]) -> Rights {
        effective_at(&self.facts, place, catalogues, self.circumstances)
    }

    /// Whether the caller may do all that everywhere in the place, and so may give it away there.
    pub(crate) fn covers(&self, place: Place, wanted: &Rights, catalogues: &[&Catalogue]) -> bool {
        covers_within(&self.facts, place, wanted, catalogues, self.circumstances)
    }

    /// Whether the caller has anything to do with a place: a right there, or within it, that is about more than
    /// tokens of one's own.
    pub(crate) fn sees(&self, place: Place) -> bool {
        let own_tokens = |pattern: &ScopePattern| is_of_own_tokens(pattern.as_str(), self.built_in);
        let mut within = self.places().filter(|at| place.contains(*at)).chain([place]);
        let catalogues = self.built_in.implying();
        within.any(|at| !self.effective_at(at, &catalogues).patterns().iter().all(own_tokens))
    }

    /// The places at which the caller's rights begin: where they were granted, and, of a person's right everywhere,
    /// where a token that is limited to places has what is left of it.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        let granted = self.facts.token.rights.iter().map(|(granted, _)| *granted);
        granted.chain(self.facts.chain().flat_map(|link| link.places.places().iter().copied()))
    }

    /// Whether the caller has this scope there. Where it does, something is about to rest on it. A scope of a namespace
    /// that is somebody else's here is about their API, and nothing of Jeton's rests on it.
    pub(crate) fn holds(&self, scope: &str, place: Place) -> bool {
        let Ok(scope) = scope.parse::<Scope>() else {
            return false;
        };
        let Some(catalogue) = self.built_in.of(scope.namespace()) else {
            return false;
        };
        let held = self.effective_at(place, &[catalogue]);
        let holds = held.covers(&scope) && !withheld(&self.facts, place, &scope);
        if holds {
            self.usage.note_scope(self.token(), &scope, place, self.circumstances);
        }
        holds
    }
}

/// Whether a scope or pattern is about one's own tokens and nothing else.
pub(in crate::authority) fn is_of_own_tokens(text: &str, built_in: &BuiltIn) -> bool {
    let by_other_name = [PATS, PATS_MANAGE].contains(&text);
    text.starts_with("Jeton.Token.") || by_other_name && built_in.knows(text)
}
