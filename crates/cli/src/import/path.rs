//! From a path of a document to one of a route.

use std::collections::BTreeSet;

/// The most segments of a path.
pub(super) const SEGMENTS_MAX: usize = 64;

const PART: &str = "only a part of a segment varies";
const GREEDY: &str = "a variable spans several segments, and `{name}` of a route is one";
const OPTIONAL: &str = "a segment may be missing: write a route with it and one without";

/// What a client sends of a path, and what stands behind that in the document: a query, a fragment, or a variable for
/// one of these.
pub(super) fn sent(path: &str) -> (&str, &str) {
    let mut is_variable = false;
    for (at, c) in path.char_indices() {
        let is_cut = match c {
            '?' | '#' => !is_variable,
            '{' => path.get(at + 1..).is_some_and(|rest| rest.starts_with(['?', '&', '#'])),
            _ => false,
        };
        if is_cut {
            return path.split_at(at);
        }
        is_variable = c == '{' || (is_variable && c != '}');
    }
    (path, "")
}

/// The path with each varying segment as `{name}`, or why there is none.
///
/// A route's names have letters, digits and `_`; others are spelled with those, for only their places count.
pub(super) fn template(path: &str) -> Result<String, &'static str> {
    if !path.starts_with('/') {
        return Err("it does not begin with `/`");
    }
    if path.split('/').count() > SEGMENTS_MAX {
        return Err("it has too many segments");
    }
    if on_one_segment(path).split('/').any(is_greedy) {
        return Err(GREEDY);
    }
    let mut names = BTreeSet::new();
    let segments = path.split('/').map(|segment| one(segment, &mut names));
    Ok(segments.collect::<Result<Vec<_>, _>>()?.join("/"))
}

/// The path with each variable that has slashes of its own, such as `{name=a/*/b/*}`, as one that spans segments.
pub(super) fn on_one_segment(path: &str) -> String {
    let (mut flat, mut rest) = (String::new(), path);
    while let Some((before, variable, after)) = rest
        .split_once('{')
        .and_then(|(before, rest)| rest.split_once('}').map(|(name, after)| (before, name, after)))
    {
        let name = if variable.contains('/') { "+" } else { variable };
        flat.extend([before, "{", name, "}"]);
        rest = after;
    }
    flat + rest
}

/// Whether the segment stands for any number of segments, in the ways that routers write it: `{proxy+}`, `{*rest}`,
/// `{+name}`, `{rest...}`, `{name=**}`, `{rest:path}`, `{rest:.*}`, `*`, `**`.
pub(super) fn is_greedy(segment: &str) -> bool {
    let variables = segment.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let is_wide = |name: &str| {
        let rule = name.split_once([':', '=']).map_or("", |(_, rule)| rule);
        name.starts_with(['*', '+'])
            || name.ends_with('+') && rule.is_empty()
            || name.ends_with("...")
            || matches!(rule, "path" | "**")
            || rule.contains(".*")
            || rule.contains(".+")
    };
    matches!(segment, "*" | "**") || variables.into_iter().any(is_wide)
}

fn one(segment: &str, names: &mut BTreeSet<String>) -> Result<String, &'static str> {
    let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        let is_plain = !segment.contains(['{', '}']);
        return is_plain.then(|| segment.to_owned()).ok_or(PART);
    };
    if name.contains(['{', '}']) {
        return Err(PART);
    }
    if name.ends_with('?') {
        return Err(OPTIONAL);
    }
    let spelled = spelled(name);
    let numbered = (2..).map(|number| format!("{spelled}_{number}"));
    let free = [spelled.clone()].into_iter().chain(numbered).find(|name| !names.contains(name));
    let free = free.unwrap_or(spelled);
    names.insert(free.clone());
    Ok(format!("{{{free}}}"))
}

/// Without the rule that some routers write behind a name, as in `{id:[0-9]+}`.
fn spelled(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let text: String = name.split([':', '=']).next().unwrap_or(name).chars().map(plain).collect();
    if text.starts_with(|c: char| c.is_ascii_digit()) || text.is_empty() { format!("_{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_routes_have_them() {
        for (path, expected) in [
            ("/", Ok("/")),
            ("/pets/", Ok("/pets/")),
            ("/pets/{petId}", Ok("/pets/{petId}")),
            ("/pets/{pet-id}/{pet.id}", Ok("/pets/{pet_id}/{pet_id_2}")),
            ("/{a}/{a}", Ok("/{a}/{a_2}")),
            ("/{2fa}/{}", Ok("/{_2fa}/{_}")),
            ("/{id:[0-9]+}/{x:int}/{name=*}", Ok("/{id}/{x}/{name}")),
            ("/files/{name}.json", Err(PART)),
            ("/{a}{b}", Err(PART)),
            ("/{from}-{to}", Err(PART)),
            ("/a/{b", Err(PART)),
            ("/a/{b?}", Err(OPTIONAL)),
            ("pets", Err("it does not begin with `/`")),
        ] {
            assert_eq!(template(path), expected.map(str::to_owned), "{path}");
        }
        assert!(template(&"/{a}".repeat(63)).is_ok_and(|path| path.ends_with("/{a_63}")));
        assert_eq!(template(&"/{a}".repeat(64)), Err("it has too many segments"));
    }

    #[test]
    fn a_variable_of_several_segments_is_no_route() {
        for path in [
            "/{proxy+}",
            "/files/{*rest}",
            "/files/{**rest}",
            "/files/{rest...}",
            "/v1/{+name}",
            "/v1/{+name}:cancel",
            "/v1/{name=**}",
            "/v1/{name=projects/*/topics/*}:publish",
            "/files/{rest:path}",
            "/files/{rest:.*}",
            "/files/{rest:.+}",
            "/files/*",
            "/files/**",
        ] {
            assert_eq!(template(path), Err(GREEDY), "{path}");
        }
    }

    #[test]
    fn what_is_never_sent_or_not_looked_at_is_cut_off() {
        for (path, expected) in [
            ("/docs", ("/docs", "")),
            ("/docs#purge", ("/docs", "#purge")),
            ("/docs?action=purge", ("/docs", "?action=purge")),
            ("/docs?a={a}#b", ("/docs", "?a={a}#b")),
            ("/docs{?all,page}", ("/docs", "{?all,page}")),
            ("/docs/{id}{&x}", ("/docs/{id}", "{&x}")),
            ("/docs/{id:[a-z]?}", ("/docs/{id:[a-z]?}", "")),
            ("/docs/{id?}", ("/docs/{id?}", "")),
            ("/#Target=Create", ("/", "#Target=Create")),
        ] {
            assert_eq!(sent(path), expected, "{path}");
        }
    }
}
