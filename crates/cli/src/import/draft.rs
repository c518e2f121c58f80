//! From a document to what an API could declare: names, scopes and routes, each with a word about where it is from.

use std::collections::{BTreeMap, BTreeSet};

use jeton_api::{ApiRoute, ApiScope};
use jeton_token::{Catalogue, CatalogueError, CatalogueScope, Route, RouteError, RouteTable, Scope};

use super::document::{ANY, Asks, Document, Operation, TEXT_CHARS_MAX};
use super::path::{sent, template};
use super::shadow;
use super::words::{has_foreign_letters, power, scope_of_oauth, scope_of_path};
use crate::error::Error;

/// The most routes of one API.
const ROUTES_MAX: usize = 1024;
/// How many nouns of a path go into a scope, most first: with fewer there are fewer scopes.
const DEPTHS: [usize; 4] = [6, 3, 2, 1];
/// The methods that a route can have.
const ROUTE_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// The most names that one line lists.
pub(super) const LISTED_MAX: usize = 4;

/// A catalogue as it could be.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) scopes: Vec<DraftScope>,
    pub(super) lines: Vec<Line>,
    pub(super) notes: Vec<String>,
}

/// A scope, and from which OAuth scopes it comes.
#[derive(Debug)]
pub(super) struct DraftScope {
    pub(super) scope: ApiScope,
    pub(super) from: BTreeSet<String>,
}

/// A call of the document.
#[derive(Debug)]
pub(super) enum Line {
    /// It has a route. What is to be looked at stands beside it.
    Route(ApiRoute, Option<String>),
    /// It has none; anybody may do it, says the document.
    Open(ApiRoute),
    /// It has none until somebody looked at it: these calls, which have none, would pass by it. A remark as above.
    Shadows(ApiRoute, Option<String>, Vec<String>),
    /// It has none, and why.
    LeftOut(LeftOut),
}

/// A call that no route can stand for.
#[derive(Debug)]
pub(super) struct LeftOut {
    pub(super) method: String,
    /// As the document has it.
    pub(super) path: String,
    /// What it would need; `None` if anybody may, says the document.
    pub(super) scope: Option<String>,
    pub(super) why: String,
}

/// A document that no draft can be made of: what can be said about its calls, and why.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) draft: Draft,
    pub(super) error: Error,
}

impl Draft {
    /// Drafts what the document leads to, with as many scopes as a catalogue can have.
    pub(super) fn of(document: &Document, namespace: &str) -> Result<Self, Box<Refused>> {
        let mut refused = None;
        for (tried, depth) in DEPTHS.into_iter().enumerate() {
            let mut draft = Drafting::new(document, namespace, depth).run();
            if draft.scopes.is_empty() {
                let error = nothing_left(document);
                return Err(Box::new(Refused { draft, error }));
            }
            match catalogue(namespace, &draft.scopes) {
                Ok(_) => {
                    if tried > 0 {
                        let note =
                            format!("scopes name {depth} part(s) of a path, because there would be too many");
                        draft.notes.push(note);
                    }
                    return Ok(draft);
                }
                Err(error) => refused = Some(Refused { draft, error: too_large(&error) }),
            }
        }
        let none = || Refused { draft: Self::default(), error: nothing_left(document) };
        Err(Box::new(refused.unwrap_or_else(none)))
    }

    /// How many calls have a route.
    pub(super) fn routes(&self) -> impl Iterator<Item = &ApiRoute> {
        self.lines.iter().filter_map(|line| match line {
            Line::Route(route, _) => Some(route),
            Line::Open(_) | Line::Shadows(..) | Line::LeftOut(_) => None,
        })
    }
}

/// What is said of a document that leads to no route.
pub(super) fn nothing_left(document: &Document) -> Error {
    Error::usage(if document.operations.is_empty() {
        "the document has no operation, so there is nothing to draft"
    } else {
        "no call of the document becomes a route, so there is nothing to draft: the lines above say why"
    })
}

fn too_large(why: &CatalogueError) -> Error {
    Error::usage(format!("the document does not fit into one catalogue: {why}; split it"))
}

fn catalogue(namespace: &str, scopes: &[DraftScope]) -> Result<Catalogue, CatalogueError> {
    let declared = scopes.iter().filter_map(|draft| {
        let (name, description) = (draft.scope.name.parse().ok()?, draft.scope.description.clone());
        Some(CatalogueScope { name, description, implies: vec![] })
    });
    Catalogue::new(namespace, declared.collect())
}

/// A draft on its way.
struct Drafting<'a> {
    document: &'a Document,
    namespace: &'a str,
    depth: usize,
    table: RouteTable,
    routes: usize,
    /// By their names in small letters: a catalogue has no two that differ in case only.
    scopes: BTreeMap<String, DraftScope>,
    draft: Draft,
}

impl<'a> Drafting<'a> {
    fn new(document: &'a Document, namespace: &'a str, depth: usize) -> Self {
        let draft = Draft { notes: document.notes.clone(), ..Draft::default() };
        let (table, scopes) = (RouteTable::default(), BTreeMap::new());
        Self { document, namespace, depth, table, routes: 0, scopes, draft }
    }

    fn run(mut self) -> Draft {
        // Of calls whose requests are the same, the one whose path is whole gets the route.
        let mut operations: Vec<_> = self.document.operations.iter().collect();
        operations.sort_by_key(|operation| !sent(&operation.path).1.is_empty());
        for operation in operations {
            let line = self.line(operation);
            self.draft.lines.push(line);
        }
        shadow::comment_out(&mut self.draft.lines);
        self.draft.notes.extend(several_at_once(self.document));
        self.draft.notes.extend(same_names(self.document, self.namespace));
        self.draft.scopes = self.scopes.into_values().collect();
        self.draft
    }

    fn line(&mut self, operation: &Operation) -> Line {
        let whole = format!("{}{}", operation.base, operation.path);
        let (kept, cut) = sent(&whole);
        let (scope, remark) = self.scope(operation);
        let needed = Some(scope.clone()).filter(|_| operation.asks != Asks::Nothing);
        let method = operation.method.clone();
        let left_out =
            |why| Line::LeftOut(LeftOut { method: method.clone(), path: whole.clone(), scope: needed, why });
        if let Some(why) = operation.why.clone().or_else(|| no_method(&method)) {
            return left_out(why);
        }
        let path = match template(kept) {
            Ok(path) => path,
            Err(why) => return left_out(why.to_owned()),
        };
        let route = ApiRoute { method: method.clone(), path, scope, resource: None };
        if operation.asks == Asks::Nothing {
            return Line::Open(route);
        }
        match self.take(&route) {
            Ok(()) => {
                self.declare(operation, &route.scope);
                let remarks = [remark, operation.remark.clone(), remark_on_cut(cut), remark_on_letters(kept)];
                Line::Route(
                    route,
                    Some(remarks.into_iter().flatten().collect::<Vec<_>>().join("; "))
                        .filter(|text| !text.is_empty()),
                )
            }
            Err(why) => left_out(why),
        }
    }

    /// Puts the route into the table, as the server would.
    fn take(&mut self, route: &ApiRoute) -> Result<(), String> {
        if self.routes == ROUTES_MAX {
            return Err(format!("an API has at most {ROUTES_MAX} routes"));
        }
        let scope: Scope = route.scope.parse().map_err(|_| "no scope can be named after it".to_owned())?;
        let (method, path) = (route.method.clone(), route.path.clone());
        let added = self.table.add(Route { method, path, scope, resource: None });
        added.map_err(|error| match error {
            RouteError::Collision(_) => "another route claims the same requests".to_owned(),
            other => other.to_string(),
        })?;
        self.routes += 1;
        Ok(())
    }

    /// What a call needs: what the document asks for, else what method and path suggest.
    fn scope(&self, operation: &Operation) -> (String, Option<String>) {
        let path = sent(&operation.path).0;
        let suggested = || scope_of_path(self.namespace, &operation.method, path, self.depth);
        let Asks::Scopes(asked) = &operation.asks else { return (self.as_known(suggested()), None) };
        let ours = asked.iter().filter_map(|text| scope_of_oauth(self.namespace, text));
        // A route has one scope. Of several it is the one that fewest hold, whatever the method; the first of equals.
        let strongest = ours.rev().max_by_key(|scope| power(scope));
        let remark = (asked.len() > 1).then(|| format!("the document wants all of {}", asked.join(", ")));
        match strongest {
            Some(scope) => (self.as_known(scope), remark),
            None => (self.as_known(suggested()), Some(format!("the document wants {}", asked.join(", ")))),
        }
    }

    /// The same name as it is spelled already.
    fn as_known(&self, scope: String) -> String {
        self.scopes.get(&scope.to_ascii_lowercase()).map_or(scope, |known| known.scope.name.clone())
    }

    fn declare(&mut self, operation: &Operation, name: &str) {
        let Asks::Scopes(asked) = &operation.asks else { return self.describe(name, &operation.summary) };
        let same = |text: &&String| {
            scope_of_oauth(self.namespace, text).is_some_and(|scope| scope.eq_ignore_ascii_case(name))
        };
        let from: Vec<_> = asked.iter().filter(same).cloned().collect();
        let Some(first) = from.first() else { return self.describe(name, &operation.summary) };
        let text = self.document.scopes.get(first).filter(|text| !text.is_empty());
        self.describe(name, text.unwrap_or(&operation.summary).clone().as_str());
        if let Some(draft) = self.scopes.get_mut(&name.to_ascii_lowercase()) {
            draft.from.extend(from);
        }
    }

    /// A scope is described by what it is for: by the calls that need it, as far as there is room.
    fn describe(&mut self, name: &str, text: &str) {
        let text = text.lines().next().unwrap_or_default().trim().trim_end_matches('.');
        let draft = self.scopes.entry(name.to_ascii_lowercase()).or_insert_with(|| DraftScope {
            scope: ApiScope { name: name.to_owned(), description: String::new(), implies: vec![] },
            from: BTreeSet::new(),
        });
        let description = &mut draft.scope.description;
        let is_room = description.chars().count() + text.chars().count() + 2 <= TEXT_CHARS_MAX;
        if description.is_empty() {
            *description = text.chars().take(TEXT_CHARS_MAX).collect();
        } else if is_room && !text.is_empty() && !description.split("; ").any(|part| part == text) {
            description.push_str("; ");
            description.push_str(text);
        }
    }
}

/// Why no route has the method.
fn no_method(method: &str) -> Option<String> {
    if method == ANY {
        let why = "the document allows every method there: write a route for each one that the API has";
        return Some(why.to_owned());
    }
    (!ROUTE_METHODS.contains(&method)).then(|| "no route has that method".to_owned())
}

fn remark_on_cut(cut: &str) -> Option<String> {
    let why = match cut.chars().next()? {
        '#' => "which no client sends",
        _ => "which is the query, and no route looks at it",
    };
    Some(format!("the document goes on with `{cut}`, {why}"))
}

fn remark_on_letters(path: &str) -> Option<String> {
    has_foreign_letters(path)
        .then(|| "the scope's name spells letters that no scope can have: look at it".to_owned())
}

/// A note about calls that want several scopes, for a route has one.
fn several_at_once(document: &Document) -> Option<String> {
    let is_several =
        |operation: &&Operation| matches!(&operation.asks, Asks::Scopes(asked) if asked.len() > 1);
    let count = document.operations.iter().filter(is_several).count();
    (count > 0).then(|| {
        format!(
            "{count} call(s) want several scopes at once, and a route has one: the draft takes one that may more than \
             read where there is one, and a comment names them all"
        )
    })
}

/// Notes about OAuth scopes that have become one of ours, though they may not mean the same.
fn same_names(document: &Document, namespace: &str) -> Vec<String> {
    let mut names: BTreeMap<_, (String, BTreeSet<&str>)> = BTreeMap::new();
    for operation in &document.operations {
        let Asks::Scopes(asked) = &operation.asks else { continue };
        for text in asked {
            let Some(scope) = scope_of_oauth(namespace, text) else { continue };
            let known = names.entry(scope.to_ascii_lowercase()).or_insert_with(|| (scope, BTreeSet::new()));
            known.1.insert(text);
        }
    }
    let several = names.into_values().filter(|(_, texts)| texts.len() > 1);
    several.map(|(scope, texts)| format!("{scope} stands for several scopes: {}", listed(texts))).collect()
}

/// The first few, and whether there are more.
pub(super) fn listed<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut texts = texts.into_iter();
    let first = texts.by_ref().take(LISTED_MAX).collect::<Vec<_>>().join(", ");
    if texts.next().is_none() { first } else { format!("{first} and more") }
}
