//! From a path of a document to one of a route.

use std::collections::BTreeSet;

/// The most segments of a path.
pub(super) const SEGMENTS_MAX: usize = 64;

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
    let mut names = BTreeSet::new();
    let segments = path.split('/').map(|segment| one(segment, &mut names));
    Ok(segments.collect::<Result<Vec<_>, _>>()?.join("/"))
}

fn one(segment: &str, names: &mut BTreeSet<String>) -> Result<String, &'static str> {
    let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        let is_plain = !segment.contains(['{', '}']);
        return is_plain.then(|| segment.to_owned()).ok_or("only a part of a segment varies");
    };
    if name.contains(['{', '}']) {
        return Err("only a part of a segment varies");
    }
    let spelled = spelled(name);
    let numbered = (2..).map(|number| format!("{spelled}_{number}"));
    let free = [spelled.clone()].into_iter().chain(numbered).find(|name| !names.contains(name));
    let free = free.unwrap_or(spelled);
    names.insert(free.clone());
    Ok(format!("{{{free}}}"))
}

fn spelled(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let text: String = name.trim_start_matches(['*', '+']).chars().map(plain).collect();
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
            ("/{2fa}/{}/{*rest}", Ok("/{_2fa}/{_}/{rest}")),
            ("/files/{name}.json", Err("only a part of a segment varies")),
            ("/{a}{b}", Err("only a part of a segment varies")),
            ("/a/{b", Err("only a part of a segment varies")),
            ("pets", Err("it does not begin with `/`")),
        ] {
            assert_eq!(template(path), expected.map(str::to_owned), "{path}");
        }
        assert!(template(&"/{a}".repeat(63)).is_ok_and(|path| path.ends_with("/{a_63}")));
        assert_eq!(template(&"/{a}".repeat(64)), Err("it has too many segments"));
    }
}
