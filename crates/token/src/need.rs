//! What a request needs, from the route table: the one place that says so, for every door and for `jeton-verify`.
//!
//! The table decodes a path before it matches, and many routers match first. So for them `/tasks/%6cogs` is the task
//! `logs`, and for the table it is `/tasks/logs`, with another scope. Such a path is refused: an encoded segment may
//! fill a `{name}`, where both readings agree, and nothing else.
//!
//! A HEAD without a route of its own needs what the GET needs (RFC 9110, section 9.3.2). An OPTIONS needs a route of
//! its own, like every other method: what asks before a browser's request (CORS) has no token, and is answered by
//! whoever stands in front.

use std::ptr;

use crate::route::{RouteError, RouteMatch, RouteTable};

/// A segment that no route names. It is a private-use character, so it only ever fills a `{name}`.
const NAMELESS: &str = "\u{10FFFD}";

/// Why a table does not say what a request needs. Either way it is to be denied.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NeedError {
    /// The path may mean two things.
    #[error("the path can be read in two ways; send it without dots and needless escapes")]
    Ambiguous,
    /// No route matches.
    #[error("no route of this API allows that to anybody")]
    NoRoute,
}

impl From<RouteError> for NeedError {
    fn from(_: RouteError) -> Self {
        Self::Ambiguous
    }
}

impl RouteTable {
    /// What the request needs. The path is that of the request line, without its query.
    pub fn need(&self, method: &str, path: &str) -> Result<RouteMatch<'_>, NeedError> {
        let found = self.look_up(method, path)?.ok_or(NeedError::NoRoute)?;
        if path.contains('%') {
            let undecoded = self.look_up(method, &without_encoded(path))?;
            // INVARIANT: each scope lives inside its route, so the same scope in memory is the same route.
            if !undecoded.is_some_and(|other| ptr::eq(other.scope, found.scope)) {
                return Err(NeedError::Ambiguous);
            }
        }
        Ok(found)
    }

    fn look_up(&self, method: &str, path: &str) -> Result<Option<RouteMatch<'_>>, RouteError> {
        match self.find(method, path)? {
            None if method == "HEAD" => self.find("GET", path),
            found => Ok(found),
        }
    }
}

fn without_encoded(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.contains('%') { NAMELESS } else { segment });
    segments.collect::<Vec<_>>().join("/")
}
