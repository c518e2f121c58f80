//! Filters and paths (RFC 7644, sections 3.4.2.2 and 3.5.2), as much of them as is understood here: comparisons with
//! `eq`, joined by `and`.

use jeton_api::Code;
use serde_json::Value;

use crate::authority::Error;

/// `attribute eq value`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comparison {
    /// In lower case, without the URN of a core schema.
    pub(super) attribute: String,
    pub(super) value: Value,
}

/// Where an operation acts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Path {
    /// In lower case, without the URN of a core schema.
    pub(super) attribute: String,
    /// Which of several values.
    pub(super) filter: Option<Vec<Comparison>>,
    /// In lower case.
    pub(super) sub: Option<String>,
}

/// All that must be so.
pub(super) fn filter(text: &str) -> Result<Vec<Comparison>, Error> {
    comparisons(text).ok_or_else(|| {
        unsupported("the filter can be `attribute eq \"value\"`, and several of them joined by `and`")
    })
}

pub(super) fn unsupported(detail: impl Into<String>) -> Error {
    Error::invalid("filter", Code::InvalidFilter, detail)
}

pub(super) fn path(text: &str) -> Result<Path, Error> {
    parsed_path(text).ok_or_else(|| no_such_path(text))
}

/// The attribute that a path begins with, in lower case and without the URN of a core schema, whatever follows it.
pub(super) fn attribute(path: &str) -> Option<String> {
    let path = path.trim();
    let name = name(path.split_once('[').map_or(path, |(name, _)| name))?;
    if name.starts_with("urn:") {
        return Some(name);
    }
    let attribute = name.split_once('.').map_or(name.as_str(), |(attribute, _)| attribute);
    simple(attribute)
}

pub(super) fn no_such_path(text: &str) -> Error {
    const CHARS: usize = 100;
    let shown: String = text.chars().filter(|c| !c.is_control()).take(CHARS).collect();
    Error::invalid("/path", Code::InvalidPath, format!("`{shown}` names nothing that can be changed so"))
}

fn comparisons(text: &str) -> Option<Vec<Comparison>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    loop {
        let (attribute, after) = word(rest)?;
        let (operator, after) = word(after)?;
        let (value, after) = value(after)?;
        if !operator.eq_ignore_ascii_case("eq") {
            return None;
        }
        found.push(Comparison { attribute: name(attribute)?, value });
        if after.trim().is_empty() {
            return Some(found);
        }
        let (join, after) = word(after.strip_prefix(' ')?)?;
        if !join.eq_ignore_ascii_case("and") {
            return None;
        }
        rest = after;
    }
}

fn word(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.trim_start().split_once(' ')?;
    (!word.is_empty()).then_some((word, rest))
}

/// A text, number, flag or null in JSON, and what follows it.
fn value(text: &str) -> Option<(Value, &str)> {
    let text = text.trim_start();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value: Value = values.next()?.ok()?;
    let rest = text.get(values.byte_offset()..)?;
    (!value.is_array() && !value.is_object()).then_some((value, rest))
}

/// An attribute, perhaps with a sub-attribute, in lower case and without the URN of a core schema.
fn name(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let name = without_core(&text);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_' | '-' | '$');
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$') && name.chars().all(fits);
    is_name.then(|| name.to_owned())
}

/// The name of an attribute without the URN of a core schema, which says nothing new; in lower case.
pub(super) fn without_core(text: &str) -> &str {
    let core =
        ["urn:ietf:params:scim:schemas:core:2.0:user:", "urn:ietf:params:scim:schemas:core:2.0:group:"];
    core.iter().find_map(|urn| text.strip_prefix(urn)).unwrap_or(text)
}

fn parsed_path(text: &str) -> Option<Path> {
    let text = text.trim();
    if let Some((attribute, rest)) = text.split_once('[') {
        let (filter, rest) = rest.rsplit_once(']')?;
        let sub = match rest.strip_prefix('.') {
            Some(sub) => Some(simple(&name(sub)?)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        let attribute = name(attribute)?;
        return Some(Path {
            attribute: simple_or_extension(&attribute)?,
            filter: Some(comparisons(filter)?),
            sub,
        });
    }
    let attribute = name(text)?;
    if attribute.starts_with("urn:") {
        return Some(Path { attribute, ..Path::default() });
    }
    match attribute.split_once('.') {
        Some((attribute, sub)) => {
            Some(Path { attribute: simple(attribute)?, filter: None, sub: Some(simple(sub)?) })
        }
        None => Some(Path { attribute: simple(&attribute)?, ..Path::default() }),
    }
}

fn simple_or_extension(name: &str) -> Option<String> {
    if name.starts_with("urn:") { Some(name.to_owned()) } else { simple(name) }
}

fn simple(name: &str) -> Option<String> {
    (!name.is_empty() && !name.contains(['.', ':'])).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Comparison, Path, comparisons, parsed_path};

    fn is(attribute: &str, value: serde_json::Value) -> Comparison {
        Comparison { attribute: attribute.to_owned(), value }
    }

    #[test]
    fn comparisons_are_read_in_any_case_and_joined_by_and() {
        let long =
            "urn:ietf:params:scim:schemas:core:2.0:User:userName Eq \"a \\\"and\\\" b\" AND  id eq \"x\" ";
        assert_eq!(comparisons(long).unwrap(), [is("username", json!("a \"and\" b")), is("id", json!("x"))]);
        assert_eq!(comparisons("active eq true").unwrap(), [is("active", json!(true))]);
    }

    #[test]
    fn what_is_no_such_filter_is_none() {
        for text in [
            "",
            " ",
            "userName",
            "userName eq",
            "userName eq ",
            "userName eq x",
            "userName ne \"x\"",
            "userName pr",
            "userName eq \"x",
            "userName eq \"x\"and id eq \"y\"",
            "userName eq \"x\" or id eq \"y\"",
            "not (userName eq \"x\")",
            "(userName eq \"x\")",
            "userName eq [\"x\"]",
            "userName eq {}",
            "userName eq \"x\" and",
            "emails[type eq \"work\"]",
            "user Name eq \"x\"",
            "ü eq \"x\"",
            "' eq \"x\"",
        ] {
            assert_eq!(comparisons(text), None, "{text}");
        }
    }

    #[test]
    fn paths_have_an_attribute_perhaps_a_filter_and_perhaps_a_sub_attribute() {
        let path = |attribute: &str, filter: Option<Vec<Comparison>>, sub: Option<&str>| {
            Some(Path { attribute: attribute.to_owned(), filter, sub: sub.map(ToOwned::to_owned) })
        };
        assert_eq!(parsed_path("displayName"), path("displayname", None, None));
        assert_eq!(parsed_path("name.familyName"), path("name", None, Some("familyname")));
        let filter = Some(vec![is("value", json!("a]b"))]);
        assert_eq!(parsed_path("members[value eq \"a]b\"]"), path("members", filter, None));
        let filter = Some(vec![is("type", json!("work"))]);
        assert_eq!(parsed_path("emails[type eq \"work\"].value"), path("emails", filter, Some("value")));
        let core = "urn:ietf:params:scim:schemas:core:2.0:User:userName";
        assert_eq!(parsed_path(core), path("username", None, None));
        let other = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
        assert_eq!(super::attribute(other).unwrap(), other.to_ascii_lowercase());
        for text in [
            "",
            "[",
            "a[",
            "a]",
            "a[]",
            "a[x]",
            "a.b.c",
            ".a",
            "a.",
            "a[x eq 1]b",
            "a[x eq 1].",
            "a b",
            "1",
            "a/b",
        ] {
            assert_eq!(parsed_path(text), None, "{text}");
        }
    }
}
