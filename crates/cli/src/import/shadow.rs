//! Calls without a route that a route lets through.
//!
//! `GET /docs/{id}:export` cannot be a route, and yet `/docs/7:export` matches `/docs/{id}`: whoever may read could
//! export. So that no draft gives away more than its document, such a route is written as a comment.

use std::collections::VecDeque;

use super::document::ANY;
use super::draft::{LISTED_MAX, LeftOut, Line};
use super::path::{SEGMENTS_MAX, is_greedy, on_one_segment, sent};

/// A call that must not pass by another call's route.
struct Call {
    method: String,
    path: String,
    scope: String,
}

/// Turns routes that would let through a call without one into comments. Those are calls without a route then, too.
pub(super) fn comment_out(lines: &mut [Line]) {
    let mut calls: VecDeque<_> = lines.iter().filter_map(left_out).collect();
    while let Some(call) = calls.pop_front() {
        for line in lines.iter_mut() {
            calls.extend(shadow(line, &call));
        }
    }
}

fn left_out(line: &Line) -> Option<Call> {
    let Line::LeftOut(LeftOut { method, path, scope, .. }) = line else { return None };
    // No route has more.
    let is_short = path.split('/').count() <= SEGMENTS_MAX;
    is_short.then_some(Call { method: method.clone(), path: path.clone(), scope: scope.clone()? })
}

/// Notes the call at the route that it would pass by. Gives that route's own call if it was none before.
fn shadow(line: &mut Line, call: &Call) -> Option<Call> {
    let (Line::Route(route, _) | Line::Shadows(route, ..)) = &*line else { return None };
    let is_same = route.scope.eq_ignore_ascii_case(&call.scope);
    let is_met = call.method == route.method || call.method == ANY;
    if !is_met || is_same || !takes(&route.path, &call.path, call.method == ANY) {
        return None;
    }
    let said = || format!("`{} {}` (`{}`)", call.method, call.path, call.scope);
    match line {
        Line::Shadows(_, _, calls) => {
            // One more than is listed says that there are more.
            calls.extend((calls.len() <= LISTED_MAX).then(said));
            None
        }
        Line::Route(route, remark) => {
            let (route, remark) = (route.clone(), remark.take());
            let (method, path, scope) = (route.method.clone(), route.path.clone(), route.scope.clone());
            *line = Line::Shadows(route, remark, vec![said()]);
            Some(Call { method, path, scope })
        }
        Line::Open(_) | Line::LeftOut(_) => None,
    }
}

/// Whether the route matches requests that belong to the call. Those of a route that is narrower than the call are its
/// own: documents mean the more concrete path first, and a method by its name before every method.
fn takes(route: &str, call: &str, is_any: bool) -> bool {
    // What comes after `?` or `#` tells calls apart in a document, and in no route.
    let path = on_one_segment(sent(call).0);
    let route = segments(route);
    let call = segments(&path);
    let Some(at) = call.iter().position(|segment| is_greedy(segment)) else {
        return takes_each(&route, &call, is_any);
    };
    // It spans as many segments as the route has left for it.
    let (before, rest) = call.split_at(at);
    let Some(spanned) = route.len().checked_sub(call.len()) else { return false };
    let stretched: Vec<_> = before
        .iter()
        .copied()
        .chain(std::iter::repeat_n("{}", spanned))
        .chain(rest.iter().copied())
        .collect();
    takes_each(&route, &stretched, true)
}

fn takes_each(route: &[&str], call: &[&str], is_wide: bool) -> bool {
    let pairs = || route.iter().zip(call);
    let is_within = pairs().all(|(route, call)| is_within(route, call));
    let is_narrower =
        is_within && (is_wide || pairs().any(|(route, call)| !is_variable(route) && route != call));
    route.len() == call.len() && pairs().all(|(route, call)| meets(route, call)) && !is_narrower
}

fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix('/').unwrap_or(path).split('/').collect()
}

fn is_variable(segment: &str) -> bool {
    segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| !name.contains(['{', '}']))
}

/// Whether some value fits both; in doubt it does.
fn meets(route: &str, call: &str) -> bool {
    if is_variable(route) {
        return !call.is_empty();
    }
    if !call.contains(['{', '}', '%']) {
        return route == call;
    }
    let (before, after) = (call.split(['{', '%']).next(), call.rsplit(['}', '%']).next());
    let ends = call.contains('%') || after.is_some_and(|after| route.ends_with(after));
    ends && before.is_some_and(|before| route.starts_with(before))
}

/// Whether all that fits the route's segment fits the call's; in doubt it does not.
fn is_within(route: &str, call: &str) -> bool {
    if is_variable(route) { is_variable(call) } else { !call.contains('%') && meets(route, call) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_takes_what_it_matches_unless_it_is_narrower() {
        for (route, call, expected) in [
            ("/docs/{id}", "/docs/{id}:export", true),
            ("/docs/{id}", "/docs/{other}", true),
            ("/{a}/{b}", "/docs/{id}", true),
            ("/a/{x}/c", "/a/b/{y}", true),
            ("/docs", "/docs?action=purge", true),
            ("/docs", "/docs{?all}", true),
            ("/docs", "/docs#purge", true),
            ("/docs", "docs", true),
            ("/a b/{id}", "/a%20b/{id}", true),
            ("/{a}/{id}", "/a%20b/{id}", true),
            ("/docs/{id}", "/docs/{b", true),
            ("/docs/mine", "/docs/{id}", false),
            ("/docs/list.json", "/docs/{name}.json", false),
            ("/docs/{id}", "/docs", false),
            ("/docs/{id}", "/docs/", false),
            ("/docs/{id}", "/docs/{id}/{part}.json", false),
            ("/docs/{id}", "/notes/{id}:export", false),
            ("/docs/list.xml", "/docs/{name}.json", false),
            ("/docs/{id}", "/{proxy+}", false),
            ("/docs", "/{proxy+}", false),
            ("/{a}/{b}", "/docs/{rest+}", true),
            ("/{a}/{b}/{c}", "/docs/{*rest}", true),
            ("/docs", "/docs/{rest+}", false),
            ("/v1/{id}", "/v1/{+name}:cancel", true),
            ("/v1/{a}/{b}", "/v1/{name=docs/*}:cancel", true),
        ] {
            assert_eq!(takes(route, call, false), expected, "{route} {call}");
        }
        assert!(!takes("/docs/{id}", "/docs/{id}", true), "a method by its name goes first");
        assert!(takes("/{a}/{id}", "/docs/{id}", true));
    }
}
