//! JSON objects whose names do not depend on case (RFC 7643, section 2.1), and values as providers write them.

use jeton_api::Code;
use serde_json::{Map, Value};

use super::super::v1::parse;
use super::syntax::without_core;
use crate::authority::Error;
use crate::limits::EXTERNAL_ID_BYTES_MAX;

pub(super) type Object = Map<String, Value>;

/// The attribute of this name, with or without the URN of its schema. Null is the same as nothing.
pub(super) fn get<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    let is_it = |key: &str| without_core(&key.to_ascii_lowercase()).eq_ignore_ascii_case(name);
    let found = object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    let found = found.or_else(|| object.iter().find(|(key, _)| is_it(key)));
    found.map(|(_, value)| value).filter(|value| !value.is_null())
}

/// A text; null is the empty one.
pub(super) fn text(name: &str, value: &Value) -> Result<String, Error> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => parse::text(&format!("/{name}"), text.clone()),
        _ => Err(wrong(name, "is a text")),
    }
}

/// A flag. Some providers write it as a text.
pub(super) fn flag(name: &str, value: &Value) -> Result<bool, Error> {
    let as_text = |text: &str| match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let flag = value.as_bool().or_else(|| value.as_str().and_then(as_text));
    flag.ok_or_else(|| wrong(name, "is `true` or `false`"))
}

/// A provider's own id for something.
pub(super) fn external_id(value: &Value) -> Result<String, Error> {
    let id = text("externalId", value)?;
    if id.len() > EXTERNAL_ID_BYTES_MAX || id.chars().any(char::is_control) {
        return Err(wrong("externalId", "has at most 512 bytes and no control characters"));
    }
    Ok(id)
}

/// The values of an attribute that has several; one alone does not need the brackets.
pub(super) fn several(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

pub(super) fn wrong(name: &str, what: &str) -> Error {
    Error::invalid(format!("/{name}"), Code::InvalidField, format!("`{name}` {what}"))
}

pub(super) fn missing(name: &str) -> Error {
    wrong(name, "is missing")
}
