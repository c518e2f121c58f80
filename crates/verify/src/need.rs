//! What a request needs, from the route table.
//!
//! The table decodes a path before it matches, and many routers match first. So for them `/tasks/%6cogs` is the task
//! `logs`, and for the table it is `/tasks/logs`, with another scope. Such a path is refused: an encoded segment may
//! fill a `{name}`, where both readings agree, and nothing else.

use std::ptr;

use http::Method;
use jeton_token::{RouteError, RouteMatch, RouteTable};

/// A segment that no route names. It is a private-use character, so it only ever fills a `{name}`.
const NAMELESS: &str = "\u{10FFFD}";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NeedError {
    /// The path may mean two things.
    Ambiguous,
    /// No route matches.
    NoRoute,
}

/// What the request needs. A HEAD without a route of its own needs what the GET needs (RFC 9110, section 9.3.2).
pub(crate) fn find<'a>(
    routes: &'a RouteTable,
    method: &Method,
    path: &str,
) -> Result<RouteMatch<'a>, NeedError> {
    let found = look_up(routes, method, path)?.ok_or(NeedError::NoRoute)?;
    if path.contains('%') {
        let undecoded = look_up(routes, method, &without_encoded(path))?;
        // INVARIANT: each scope lives inside its route, so the same scope in memory is the same route.
        if !undecoded.is_some_and(|other| ptr::eq(other.scope, found.scope)) {
            return Err(NeedError::Ambiguous);
        }
    }
    Ok(found)
}

fn look_up<'a>(
    routes: &'a RouteTable,
    method: &Method,
    path: &str,
) -> Result<Option<RouteMatch<'a>>, NeedError> {
    let find =
        |method: &Method| routes.find(method.as_str(), path).map_err(|_: RouteError| NeedError::Ambiguous);
    match find(method)? {
        None if *method == Method::HEAD => find(&Method::GET),
        found => Ok(found),
    }
}

fn without_encoded(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.contains('%') { NAMELESS } else { segment });
    segments.collect::<Vec<_>>().join("/")
}
