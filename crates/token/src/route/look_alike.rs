//! Paths that are written for another router, and how to write them here.
//!
//! Only what nobody means as it stands counts: `/$metadata`, `/tasks(1)` and `/tasks:cancel` are paths of real APIs.

use std::collections::BTreeSet;

use super::name_in;

/// Whether a segment of the path is written like that.
pub(super) fn is_one(path: &str) -> bool {
    path.split('/').any(is_look_alike)
}

/// What to write instead; `None` when nothing looks like that.
pub(super) fn advice(path: &str) -> Option<String> {
    if !path.starts_with('/') || !is_one(path) {
        return None;
    }
    let mut advice = format!("write `{}`", instead(path));
    if path.split('/').any(|segment| segment.contains("**") || rest_in_braces(segment)) {
        advice
            .push_str(", and one more route for each number of segments, because a name stands for just one");
    }
    Some(advice)
}

/// A star, a colon before a name, a name in brackets of another kind, or a regular expression.
fn is_look_alike(segment: &str) -> bool {
    let enclosed = |open: char, close: char| segment.starts_with(open) && segment.ends_with(close);
    let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let in_braces = inner.is_some_and(|inner| !inner.contains(['{', '}']))
        && name_in(segment).is_none()
        && !name_of(segment).is_empty();
    let has_name = segment.strip_prefix(':').is_some_and(|name| name.starts_with(is_first));
    let is_expression = segment.starts_with('^')
        || ["[^", ".+", "(?", "\\d", "\\w", "[0-9", "[a-z", "[A-Z"].iter().any(|part| segment.contains(part));
    segment.contains('*')
        || has_name
        || in_braces
        || enclosed('<', '>')
        || enclosed('[', ']')
        || is_expression
}

/// `{proxy+}`, `{*path}` and `[...path]` stand for any number of segments elsewhere.
fn rest_in_braces(segment: &str) -> bool {
    segment.ends_with("+}")
        || segment.starts_with("{*")
        || segment.starts_with("[...")
        || segment.starts_with("<path:")
}

/// The same path with a name for each such segment.
fn instead(path: &str) -> String {
    let mut used: BTreeSet<String> = path.split('/').filter_map(name_in).map(str::to_owned).collect();
    let written = path.split('/').map(|segment| {
        if !is_look_alike(segment) {
            return segment.to_owned();
        }
        let name = match name_of(segment) {
            "" => "name",
            name => name,
        };
        let fresh = (1..).map(|number| if number == 1 { name.to_owned() } else { format!("{name}{number}") });
        let name = fresh.take(used.len() + 1).find(|name| !used.contains(name)).unwrap_or_default();
        let written = format!("{{{name}}}");
        used.insert(name);
        written
    });
    written.collect::<Vec<_>>().join("/")
}

/// What the segment calls its value: `id` in `:id`, `<int:id>`, `[id]` and `{id:int}`.
fn name_of(segment: &str) -> &str {
    let inner = match segment.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
        // The type stands before the name there.
        Some(inner) => inner.rsplit(':').next().unwrap_or(inner),
        None => segment.trim_start_matches([':', '{', '[', '*', '.', '}', ']']),
    };
    let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
    let name = inner.get(..end).unwrap_or_default();
    if name.starts_with(is_first) && !segment.starts_with('^') { name } else { "" }
}

fn is_first(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}
