//! What a protected API declares: its namespace, its scopes and what each implies.

use std::collections::{BTreeMap, BTreeSet};

use crate::rights::Rights;
use crate::scope::{Scope, ScopePattern};

/// The most scopes of one catalogue.
pub const MAX_CATALOGUE_SCOPES: usize = 512;
/// The most bytes that the names of one catalogue take together.
pub const MAX_CATALOGUE_BYTES: usize = 16 * 1024;
/// The longest chain of implications.
pub const MAX_IMPLIES_DEPTH: usize = 8;

/// A scope as declared: its name, what it is for, and the scopes of the same API that it brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueScope {
    /// The scope.
    pub name: Scope,
    /// One line for people who choose scopes.
    pub description: String,
    /// Whoever holds `name` holds these too.
    pub implies: Vec<Scope>,
}

/// The scopes of one API, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    namespace: String,
    scopes: Vec<CatalogueScope>,
    /// Scope → everything that it implies, directly or not. Scopes that imply nothing are left out.
    implied: BTreeMap<Scope, BTreeSet<Scope>>,
}

/// Why declared scopes make no catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// The namespace is no segment.
    #[error("`{0}` is no namespace: 1 to 64 characters from A-Z, a-z, 0-9, `_` and `-`")]
    Namespace(String),
    /// No scope, or more than 512.
    #[error("a catalogue has 1 to 512 scopes, not {0}")]
    Count(usize),
    /// The names together are too long.
    #[error("the names of a catalogue take at most 16384 bytes, not {0}")]
    Bytes(usize),
    /// A scope outside the namespace.
    #[error("`{0}` does not begin with the API's namespace")]
    Foreign(Scope),
    /// Two names that are the same, or differ only in case.
    #[error("`{0}` and `{1}` differ at most in case")]
    Alike(Scope, Scope),
    /// An implied scope that the catalogue does not have.
    #[error("`{0}` implies `{1}`, which the catalogue does not have")]
    UnknownImplied(Scope, Scope),
    /// A scope implies itself, directly or not.
    #[error("`{0}` implies itself")]
    Cycle(Scope),
    /// A chain of implications is too long.
    #[error("the implications of `{0}` are more than 8 deep")]
    TooDeep(Scope),
}

impl Catalogue {
    /// The catalogue of these scopes.
    pub fn new(namespace: &str, scopes: Vec<CatalogueScope>) -> Result<Self, CatalogueError> {
        ScopePattern::namespace(namespace).map_err(|_| CatalogueError::Namespace(namespace.to_owned()))?;
        check_size(&scopes)?;
        check_names(namespace, &scopes)?;
        let implied = close(&scopes)?;
        Ok(Self { namespace: namespace.to_owned(), scopes, implied })
    }

    /// The first segment of all its scopes.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The scopes as declared.
    pub fn scopes(&self) -> &[CatalogueScope] {
        &self.scopes
    }

    /// Whether it declares the scope.
    pub fn has(&self, scope: &Scope) -> bool {
        self.scopes.iter().any(|declared| declared.name == *scope)
    }

    /// Whether the pattern matches at least one declared scope.
    pub fn matches(&self, pattern: &ScopePattern) -> bool {
        self.scopes.iter().any(|declared| pattern.covers(&declared.name))
    }

    /// The declared scopes that are held, directly or by implication.
    pub fn held(&self, rights: &Rights) -> Vec<&Scope> {
        let with_implied = rights.with_implied([self]);
        let names = self.scopes.iter().map(|declared| &declared.name);
        names.filter(|name| with_implied.covers(name)).collect()
    }

    /// What the rights bring along by implication, and do not cover themselves.
    pub(crate) fn implied_by(&self, rights: &Rights) -> BTreeSet<&Scope> {
        let covered = self.implied.iter().filter(|(scope, _)| rights.covers(scope));
        covered.flat_map(|(_, implied)| implied).filter(|scope| !rights.covers(scope)).collect()
    }

    /// Everything that one scope implies, directly or not.
    pub fn implications(&self, scope: &Scope) -> impl Iterator<Item = &Scope> {
        self.implied.get(scope).into_iter().flatten()
    }
}

fn check_size(scopes: &[CatalogueScope]) -> Result<(), CatalogueError> {
    if scopes.is_empty() || scopes.len() > MAX_CATALOGUE_SCOPES {
        return Err(CatalogueError::Count(scopes.len()));
    }
    let bytes = scopes.iter().map(|scope| scope.name.as_str().len()).sum();
    if bytes > MAX_CATALOGUE_BYTES { Err(CatalogueError::Bytes(bytes)) } else { Ok(()) }
}

fn check_names(namespace: &str, scopes: &[CatalogueScope]) -> Result<(), CatalogueError> {
    let mut seen: BTreeMap<String, &Scope> = BTreeMap::new();
    for CatalogueScope { name, .. } in scopes {
        if name.namespace() != namespace {
            return Err(CatalogueError::Foreign(name.clone()));
        }
        if let Some(twin) = seen.insert(name.as_str().to_ascii_lowercase(), name) {
            return Err(CatalogueError::Alike(twin.clone(), name.clone()));
        }
    }
    Ok(())
}

/// Which scopes are reached from one: a flag for each declared scope, in their order.
type Reached = Vec<bool>;

fn close(scopes: &[CatalogueScope]) -> Result<BTreeMap<Scope, BTreeSet<Scope>>, CatalogueError> {
    check_implied(scopes)?;
    let named = |reached: Reached| -> BTreeSet<Scope> {
        let flagged = scopes.iter().zip(reached).filter(|(_, is_reached)| *is_reached);
        flagged.map(|(scope, _)| scope.name.clone()).collect()
    };
    let implying = reach(scopes)?.into_iter().filter(|(_, reached)| reached.contains(&true));
    Ok(implying.map(|(scope, reached)| (scope.clone(), named(reached))).collect())
}

fn check_implied(scopes: &[CatalogueScope]) -> Result<(), CatalogueError> {
    let declared: BTreeSet<_> = scopes.iter().map(|scope| &scope.name).collect();
    let all = scopes.iter().flat_map(|scope| scope.implies.iter().map(|implied| (&scope.name, implied)));
    match all.into_iter().find(|(_, implied)| !declared.contains(implied)) {
        Some((scope, implied)) => Err(CatalogueError::UnknownImplied(scope.clone(), implied.clone())),
        None => Ok(()),
    }
}

/// What each scope implies, directly or not, from the bottom up: first the scopes that imply nothing, then those
/// that imply only such, and so on. The round is the depth, and what no round settles leads to a cycle.
fn reach(scopes: &[CatalogueScope]) -> Result<BTreeMap<&Scope, Reached>, CatalogueError> {
    let mut settled = BTreeMap::new();
    let mut open: Vec<_> = scopes.iter().collect();
    let mut too_deep = None;
    for depth in 0.. {
        let Some(first) = open.first() else { break };
        if depth > MAX_IMPLIES_DEPTH {
            too_deep.get_or_insert(&first.name);
        }
        let is_ready =
            |scope: &&CatalogueScope| scope.implies.iter().all(|implied| settled.contains_key(implied));
        let (ready, waiting): (Vec<_>, Vec<_>) = open.iter().copied().partition(is_ready);
        if ready.is_empty() {
            return Err(CatalogueError::Cycle(on_a_cycle(first, &open).clone()));
        }
        let reached: Vec<_> =
            ready.iter().map(|scope| (&scope.name, reach_from(scope, scopes, &settled))).collect();
        settled.extend(reached);
        open = waiting;
    }
    too_deep.map_or(Ok(settled), |scope| Err(CatalogueError::TooDeep(scope.clone())))
}

fn reach_from(
    scope: &CatalogueScope,
    scopes: &[CatalogueScope],
    settled: &BTreeMap<&Scope, Reached>,
) -> Reached {
    let direct: BTreeSet<_> = scope.implies.iter().collect();
    let mut reached: Reached = scopes.iter().map(|other| direct.contains(&other.name)).collect();
    for further in direct.iter().filter_map(|implied| settled.get(implied)) {
        reached.iter_mut().zip(further).for_each(|(mine, theirs)| *mine |= theirs);
    }
    reached
}

/// A scope on a cycle. INVARIANT: each of the open ones implies another of them, so the walk comes round.
fn on_a_cycle<'a>(first: &'a CatalogueScope, open: &[&'a CatalogueScope]) -> &'a Scope {
    let open: BTreeMap<_, _> = open.iter().map(|scope| (&scope.name, &scope.implies)).collect();
    let next =
        |at: &Scope| open.get(at).and_then(|implied| implied.iter().find(|scope| open.contains_key(scope)));
    let mut seen = BTreeSet::new();
    let mut at = &first.name;
    while seen.insert(at) {
        at = next(at).unwrap_or(at);
    }
    at
}
