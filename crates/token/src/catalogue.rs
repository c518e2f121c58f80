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
        ScopePattern::namespace(namespace)
            .ok()
            .filter(|_| !namespace.contains('.'))
            .ok_or_else(|| CatalogueError::Namespace(namespace.to_owned()))?;
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

    /// What the rights bring along by implication.
    pub(crate) fn implied_by<'a>(&'a self, rights: &'a Rights) -> impl Iterator<Item = &'a Scope> {
        self.implied.iter().filter(|(scope, _)| rights.covers(scope)).flat_map(|(_, implied)| implied)
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

fn close(scopes: &[CatalogueScope]) -> Result<BTreeMap<Scope, BTreeSet<Scope>>, CatalogueError> {
    let direct: BTreeMap<&Scope, &[Scope]> =
        scopes.iter().map(|scope| (&scope.name, scope.implies.as_slice())).collect();
    let mut closed = BTreeMap::new();
    for scope in scopes.iter().filter(|scope| !scope.implies.is_empty()) {
        closed.insert(scope.name.clone(), reach(&scope.name, &direct)?);
    }
    Ok(closed)
}

/// Everything that can be reached from `start`, level by level.
fn reach(start: &Scope, direct: &BTreeMap<&Scope, &[Scope]>) -> Result<BTreeSet<Scope>, CatalogueError> {
    let mut reached = BTreeSet::new();
    let mut level = vec![start];
    for _ in 0..=MAX_IMPLIES_DEPTH {
        let mut next = BTreeSet::new();
        for from in level {
            for to in direct.get(from).copied().unwrap_or_default() {
                if to == start {
                    return Err(CatalogueError::Cycle(start.clone()));
                }
                if !direct.contains_key(to) {
                    return Err(CatalogueError::UnknownImplied(from.clone(), to.clone()));
                }
                next.insert(to);
            }
        }
        if next.is_empty() {
            return Ok(reached);
        }
        reached.extend(next.iter().copied().cloned());
        level = next.into_iter().collect();
    }
    Err(CatalogueError::TooDeep(start.clone()))
}
