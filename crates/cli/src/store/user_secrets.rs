//! `--store dotnet-user-secrets`: a key in `~/.microsoft/usersecrets/ID/secrets.json`, where .NET looks for what
//! developers keep out of their repositories.
//!
//! `dotnet user-secrets set "A:B"` writes the key flat, as `"A:B"`; people also nest it, as `{"A": {"B": …}}`. Both
//! mean the same and case does not count, and .NET refuses a file that says the same key twice. So a key is set
//! where it stands, however it is written, and is written flat if it is new.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// Whether this can be the id of a project's user secrets, which is the name of a folder.
pub(super) fn is_id(id: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !id.is_empty() && id.bytes().all(is_part) && !id.bytes().all(|byte| byte == b'.')
}

/// Whether this can be a key of .NET's configuration: words with `:` between them.
pub(super) fn is_key(key: &str) -> bool {
    key.split(':').all(|part| !part.is_empty() && !part.contains(char::is_control))
}

/// The document with this key set; all else stays.
pub(super) fn merge(text: &str, key: &str, value: &str) -> Result<String> {
    let mut document = read(text)?;
    if !set(&mut document, key, value)? {
        document.insert(key.to_owned(), value.into());
    }
    let mut merged = serde_json::to_string_pretty(&document)?;
    merged.push('\n');
    Ok(merged)
}

/// What the key is set to, however it is written.
pub(super) fn values(text: &str, key: &str) -> Result<Vec<String>> {
    let mut found = vec![];
    collect(&read(text)?, key, &mut found);
    Ok(found)
}

fn collect(object: &Map<String, Value>, key: &str, found: &mut Vec<String>) {
    for (name, child) in object {
        match (below(name, key), child) {
            (Some(""), Value::String(value)) => found.push(value.clone()),
            (Some(""), Value::Null) | (None, _) => {}
            (Some(""), other) => found.push(other.to_string()),
            (Some(rest), Value::Object(inner)) => collect(inner, rest, found),
            (Some(_), _) => {}
        }
    }
}

fn read(text: &str) -> Result<Map<String, Value>> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    // Not the error's own text beyond the place: it could quote what stands there.
    let read = serde_json::from_str::<Map<String, Value>>(text);
    read.map_err(|error| anyhow::anyhow!("line {}, column {}", error.line(), error.column()))
        .context("it is not a JSON object, or it has comments, which would be lost")
}

/// Sets the key where it stands, and answers whether it stood anywhere.
fn set(object: &mut Map<String, Value>, key: &str, value: &str) -> Result<bool> {
    let mut is_set = false;
    for (name, child) in object.iter_mut() {
        match (below(name, key), &mut *child) {
            (Some(""), Value::Object(_) | Value::Array(_)) => {
                bail!("`{key}` holds further keys there, so it can hold no value")
            }
            (Some(""), _) => {
                *child = value.into();
                is_set = true;
            }
            (Some(rest), Value::Object(inner)) => is_set |= set(inner, rest, value)?,
            (Some(_), Value::Array(_)) => bail!("`{name}` is a list there, so it can hold no key"),
            _ => {}
        }
    }
    Ok(is_set)
}

/// What of the key lies below this name: nothing if the name is the key; `None` if it lies elsewhere.
fn below<'k>(name: &str, key: &'k str) -> Option<&'k str> {
    let (head, rest) = key.split_at_checked(name.len())?;
    if head.to_lowercase() != name.to_lowercase() {
        return None;
    }
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(':') }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(text: &str, key: &str) -> Value {
        serde_json::from_str(&merge(text, key, "new").unwrap()).unwrap()
    }

    #[test]
    fn a_new_key_is_written_flat() {
        for text in ["", "  \n", "{}", "\u{feff}{}"] {
            assert_eq!(merged(text, "A:B"), json!({"A:B": "new"}), "{text:?}");
        }
        let text = r#"{"C": {"D": [1, null]}, "A": {"X": "y"}}"#;
        assert_eq!(merged(text, "A:B"), json!({"C": {"D": [1, null]}, "A": {"X": "y"}, "A:B": "new"}));
    }

    #[test]
    fn a_key_is_set_where_it_stands_however_it_is_written() {
        let table = [
            (r#"{"A:B": "old"}"#, json!({"A:B": "new"})),
            (r#"{"a:b": 1}"#, json!({"a:b": "new"})),
            (r#"{"A": {"B": null, "C": 1}}"#, json!({"A": {"B": "new", "C": 1}})),
            (
                r#"{"A": {"B:C": "x"}, "AB": {"B": 1}}"#,
                json!({"A": {"B:C": "x"}, "AB": {"B": 1}, "A:B": "new"}),
            ),
        ];
        for (text, document) in table {
            assert_eq!(merged(text, "A:B"), document, "{text}");
        }
        assert_eq!(merged(r#"{"A:B": {"C": 1}}"#, "A:B:C"), json!({"A:B": {"C": "new"}}));
    }

    #[test]
    fn a_key_is_read_however_it_is_written() {
        let table = [
            ("", vec![]),
            (r#"{"A:B": null, "A": {"C": "x"}}"#, vec![]),
            (r#"{"a:b": "x"}"#, vec!["x"]),
            (r#"{"A": {"B": 1}, "A:B": ""}"#, vec!["1", ""]),
        ];
        for (text, expected) in table {
            assert_eq!(values(text, "A:B").unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_would_be_destroyed_is_refused() {
        for text in [r#"{"A:B": {"C": 1}}"#, r#"{"A": {"B": []}}"#, r#"{"A": [1]}"#] {
            assert!(merge(text, "A:B", "new").is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_object_is_refused_and_not_quoted() {
        for text in ["[]", "\"hidden\"", "{\"A\": \"hidden\" // why\n}", "{\"A\": \"hidden\""] {
            let error = format!("{:#}", merge(text, "A:B", "new").unwrap_err());
            assert!(error.contains("line ") && !error.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn ids_name_one_folder_and_keys_have_no_empty_part() {
        assert!(is_id("7f3b-a.b_c") && is_key("Taskurai:Token") && is_key("Token"));
        for id in ["", ".", "..", "a/b", "a\\b", "a b"] {
            assert!(!is_id(id), "{id}");
        }
        for key in ["", ":", "A:", ":A", "A::B", "A\n"] {
            assert!(!is_key(key), "{key:?}");
        }
    }
}
