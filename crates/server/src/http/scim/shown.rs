//! Which attributes an answer has, and lists.

use axum::body::Body;
use axum::http::Response;
use jeton_api::Code;
use serde_json::{Value, json};

use super::super::problem;
use super::object::Object;
use crate::authority::Error;
use crate::store::Window;

/// Which attributes were asked for.
#[derive(Debug)]
pub(super) enum Shown {
    All,
    Only(Vec<Name>),
    AllBut(Vec<Name>),
}

/// An attribute, perhaps one within it, in lower case.
#[derive(Debug, PartialEq)]
pub(super) struct Name {
    attribute: String,
    sub: Option<String>,
}

impl Shown {
    pub(super) fn asked(only: Option<&str>, but: Option<&str>) -> Result<Self, Error> {
        match (only.map(names).filter(|names| !names.is_empty()), but.map(names)) {
            (None, None) => Ok(Self::All),
            (Some(names), None) => Ok(Self::Only(names)),
            (None, Some(names)) => Ok(Self::AllBut(names)),
            (Some(_), Some(_)) => {
                let detail = "only one of `attributes` and `excludedAttributes`";
                Err(Error::invalid("attributes", Code::InvalidField, detail))
            }
        }
    }

    /// Whether an answer has this attribute.
    pub(super) fn has(&self, attribute: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|name| name.attribute.eq_ignore_ascii_case(attribute)),
            Self::AllBut(names) => {
                !names.iter().any(|name| name.sub.is_none() && name.attribute.eq_ignore_ascii_case(attribute))
            }
        }
    }

    /// What remains of a resource. `schemas` and `id` always do.
    pub(super) fn of(&self, resource: Object) -> Object {
        let always = |key: &str| matches!(key, "schemas" | "id");
        let keep = |(key, value): (String, Value)| match always(&key) || self.has(&key) {
            true if always(&key) => Some((key, value)),
            true => Some((key.clone(), self.within(&key, value))),
            false => None,
        };
        resource.into_iter().filter_map(keep).collect()
    }

    fn within(&self, attribute: &str, value: Value) -> Value {
        match value {
            Value::Array(values) => values.into_iter().map(|value| self.within(attribute, value)).collect(),
            Value::Object(object) => {
                object.into_iter().filter(|(sub, _)| self.has_sub(attribute, sub)).collect()
            }
            simple => simple,
        }
    }

    fn has_sub(&self, attribute: &str, sub: &str) -> bool {
        let is = |name: &&Name| name.attribute.eq_ignore_ascii_case(attribute);
        let names_sub = |name: &Name| name.sub.as_ref().is_some_and(|named| named.eq_ignore_ascii_case(sub));
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().filter(is).any(|name| name.sub.is_none() || names_sub(name)),
            Self::AllBut(names) => !names.iter().filter(is).any(names_sub),
        }
    }
}

/// The names of a list with commas; the URN of a core schema before one says nothing new.
fn names(text: &str) -> Vec<Name> {
    let one = |text: &str| {
        let text = text.trim().to_ascii_lowercase();
        let text = text.rsplit(':').next().unwrap_or_default();
        match text.split_once('.') {
            Some((attribute, sub)) => Name { attribute: attribute.to_owned(), sub: Some(sub.to_owned()) },
            None => Name { attribute: text.to_owned(), sub: None },
        }
    };
    text.split(',').map(one).filter(|name| !name.attribute.is_empty()).collect()
}

/// Part of a list (RFC 7644, section 3.4.2).
#[expect(clippy::needless_pass_by_value, reason = "the value ends here")]
pub(super) fn list(resources: Vec<Object>, total: i64, window: Window) -> Response<Body> {
    problem::scim(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": window.skip + 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    }))
}
