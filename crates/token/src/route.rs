//! From a request's method and path to the scope that it needs.
//!
//! A path that could mean two things to two servers (`/a/../b`, `%2f`, `;`, `\`) is refused instead of judged,
//! so that the upstream never serves another path than the one that was allowed. Braces belong to templates: a
//! request that has them is refused too, so that no value from a path can pass for a name.
//!
//! A path in the form of another router (`/a/*`, `/a/:id`) would be taken as it stands and match nothing that its author
//! means, so it is refused with what to write instead.
//!
//! Example: the route `/{o}/{p}` with the resource `{o}/{p}` makes `acme/web` of `/acme/web`, and nothing at all
//! of `/{p}/web`.

mod look_alike;

use std::collections::BTreeSet;
use std::fmt;

use crate::scope::Scope;

/// One line of an API's route table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method, in upper case.
    pub method: String,
    /// The path, not percent-encoded, with `{name}` for a whole segment that varies.
    pub path: String,
    /// What a caller needs.
    pub scope: Scope,
    /// Where it acts, `organization/project` with `{name}` from the path; absent: everywhere.
    pub resource: Option<String>,
}

/// Why a route table or a path is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The method is none of HTTP's.
    #[error("`{0}` is none of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS")]
    Method(String),
    /// The path template does not parse.
    #[error(
        "`{0}` is no path: it begins with `/`, is not percent-encoded, and a whole segment that varies is written \
         `{{name}}`, each with another name"
    )]
    Template(String),
    /// The path is written as another router writes it.
    #[error("`{0}` is written for another router, and here it would match only itself: {1}")]
    LookAlike(String, String),
    /// Two routes claim the same requests.
    #[error("`{0}` collides with another route")]
    Collision(String),
    /// The resource is no place, or names a segment that the path does not have.
    #[error(
        "`{0}` is no place: it is written `organization/project`, where `{{name}}` is a segment of the path"
    )]
    Resource(String),
    /// A request path that servers read differently.
    #[error("the path is ambiguous")]
    Ambiguous,
}

/// What a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMatch<'a> {
    /// The path of the route, as it is declared.
    pub path: &'a str,
    /// The required scope.
    pub scope: &'a Scope,
    /// The place that the request acts on, filled in from the path.
    pub resource: Option<String>,
}

/// The routes of one API, ready to be asked.
#[derive(Clone, Default)]
pub struct RouteTable(Vec<(String, matchit::Router<Route>)>);

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl RouteTable {
    /// The table of these routes.
    pub fn new(routes: impl IntoIterator<Item = Route>) -> Result<Self, RouteError> {
        let mut table = Self::default();
        routes.into_iter().try_for_each(|route| table.add(route))?;
        Ok(table)
    }

    /// The table of routes that were accepted before. Those that nobody could declare today go on meaning what they
    /// meant.
    pub fn of_declared(routes: impl IntoIterator<Item = Route>) -> Result<Self, RouteError> {
        let mut table = Self::default();
        routes.into_iter().try_for_each(|route| table.insert(route))?;
        Ok(table)
    }

    /// Adds one route. A table that refuses it is as it was.
    pub fn add(&mut self, route: Route) -> Result<(), RouteError> {
        let resource = route.resource.as_deref();
        match (look_alike::advice(&route.path), resource.filter(|resource| is_look_alike(resource))) {
            (Some(advice), _) => Err(RouteError::LookAlike(route.path, advice)),
            (None, Some(resource)) => Err(RouteError::Resource(resource.to_owned())),
            (None, None) => self.insert(route),
        }
    }

    fn insert(&mut self, route: Route) -> Result<(), RouteError> {
        check(&route)?;
        let path = route.path.clone();
        self.method(&route.method).insert(path.clone(), route).map_err(|error| refusal(&error, path))
    }

    /// What the request needs, or `None` when no route matches: then it is to be denied.
    pub fn find(&self, method: &str, path: &str) -> Result<Option<RouteMatch<'_>>, RouteError> {
        let path = canonical_path(path)?;
        let routers = self.0.iter().find(|(known, _)| known == method);
        let Some(found) = routers.and_then(|(_, router)| router.at(&path).ok()) else {
            return Ok(None);
        };
        let resource = found.value.resource.as_deref().map(|template| fill(template, &found.params));
        Ok(Some(RouteMatch { path: &found.value.path, scope: &found.value.scope, resource }))
    }

    fn method(&mut self, method: &str) -> &mut matchit::Router<Route> {
        let at = self.0.iter().position(|(known, _)| known == method).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push((method.to_owned(), matchit::Router::new()));
        }
        #[expect(clippy::indexing_slicing, reason = "`at` was found, or pushed just now")]
        &mut self.0[at].1
    }
}

impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(method, _)| method)).finish()
    }
}

/// The path as every server reads it, percent-decoded.
///
/// Refused: no leading `/`, empty or dot segments, `\`, `;`, `#`, `?`, braces, control characters,
/// percent-encodings of any of those or of `/` and `%`, broken encodings, and what is not UTF-8 once decoded.
pub fn canonical_path(path: &str) -> Result<String, RouteError> {
    let rest = path.strip_prefix('/').ok_or(RouteError::Ambiguous)?;
    let mut canonical = String::with_capacity(path.len());
    let mut segments = rest.split('/').peekable();
    while let Some(raw) = segments.next() {
        let segment = decode_segment(raw)?;
        // A single trailing slash is a path of its own; an empty segment anywhere else is a trick.
        if segment == "." || segment == ".." || (segment.is_empty() && segments.peek().is_some()) {
            return Err(RouteError::Ambiguous);
        }
        canonical.push('/');
        canonical.push_str(&segment);
    }
    Ok(canonical)
}

fn decode_segment(raw: &str) -> Result<String, RouteError> {
    let mut bytes = raw.bytes();
    let mut decoded = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' { decode_triplet(bytes.next(), bytes.next())? } else { byte });
    }
    let segment = String::from_utf8(decoded).map_err(|_| RouteError::Ambiguous)?;
    let is_tricky = |c: char| c.is_control() || "/\\;#?%{}".contains(c);
    if segment.contains(is_tricky) { Err(RouteError::Ambiguous) } else { Ok(segment) }
}

fn decode_triplet(high: Option<u8>, low: Option<u8>) -> Result<u8, RouteError> {
    let digit =
        |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    match (digit(high), digit(low)) {
        (Some(high), Some(low)) => Ok(high * 16 + low),
        _ => Err(RouteError::Ambiguous),
    }
}

fn check(route: &Route) -> Result<(), RouteError> {
    if !METHODS.contains(&route.method.as_str()) {
        return Err(RouteError::Method(route.method.clone()));
    }
    let names = names_of(&route.path).ok_or_else(|| RouteError::Template(route.path.clone()))?;
    match &route.resource {
        Some(resource) if !is_place(resource, &names) => Err(RouteError::Resource(resource.clone())),
        _ => Ok(()),
    }
}

/// The names in a path template, or `None` when it is none: as a request it would not be canonical, or a name
/// occurs twice.
fn names_of(template: &str) -> Option<BTreeSet<&str>> {
    let names: Vec<_> = template.split('/').filter_map(name_in).collect();
    let distinct: BTreeSet<_> = names.iter().copied().collect();
    (is_canonical(template) && distinct.len() == names.len()).then_some(distinct)
}

/// Whether a place is written as another router writes it. `acme/*` is a place: the organization.
fn is_look_alike(resource: &str) -> bool {
    look_alike::is_one(resource.strip_suffix("/*").unwrap_or(resource))
}

/// Whether the resource has two segments, each literal or a name of the path.
fn is_place(resource: &str, names: &BTreeSet<&str>) -> bool {
    let two =
        resource.split_once('/').is_some_and(|(o, p)| !o.is_empty() && !p.is_empty() && !p.contains('/'));
    let known = resource.split('/').filter_map(name_in).all(|name| names.contains(name));
    two && known && is_canonical(&format!("/{resource}"))
}

/// Whether the template is what a request with its names as values is canonically. A brace that is not around a
/// name remains, and is refused there.
fn is_canonical(template: &str) -> bool {
    let plain =
        template.split('/').map(|segment| name_in(segment).unwrap_or(segment)).collect::<Vec<_>>().join("/");
    canonical_path(&plain).is_ok_and(|canonical| canonical == plain)
}

/// The name, when the whole segment is `{name}`.
fn name_in(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let continues = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (starts && continues).then_some(name)
}

fn refusal(error: &matchit::InsertError, path: String) -> RouteError {
    match error {
        matchit::InsertError::Conflict { .. } => RouteError::Collision(path),
        _ => RouteError::Template(path),
    }
}

/// One pass over the template: a value from the path is never looked at as a template.
fn fill(template: &str, params: &matchit::Params<'_, '_>) -> String {
    let filled = template
        .split('/')
        .map(|segment| name_in(segment).and_then(|name| params.get(name)).unwrap_or(segment));
    filled.collect::<Vec<_>>().join("/")
}
