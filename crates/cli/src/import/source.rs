//! From the bytes of a file to a value: JSON or YAML, as the tools that write and read such documents take them.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

use super::loose::Loose;
use crate::error::{Error, Result};
use crate::escape::safe;

/// So many of the keys that stand twice are named.
const NAMED_MAX: usize = 5;

/// Reads a document. What was passed over on the way goes into the notes.
pub(super) fn value(bytes: &[u8], notes: &mut Vec<String>) -> Result<Value> {
    let text = text(bytes)?;
    let start = text.trim_start();
    if start.starts_with('<') {
        return Err(Error::usage(
            "this is a web page or XML, not an OpenAPI document: save the document itself, often linked there as \
             `openapi.json` or `swagger.json`",
        ));
    }
    if ["{", "//", "/*"].iter().any(|json| start.starts_with(json)) {
        json(&text, notes)
    } else {
        yaml(&text, notes)
    }
}

/// UTF-8, or UTF-16 with a byte order mark.
fn text(bytes: &[u8]) -> Result<String> {
    let wide = |rest: &[u8], join: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).filter_map(|unit| Some(join(unit.try_into().ok()?)));
        char::decode_utf16(units).collect::<std::result::Result<String, _>>().ok()
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    text.ok_or_else(|| Error::usage("the document is not UTF-8 text: save it as UTF-8"))
}

fn json(text: &str, notes: &mut Vec<String>) -> Result<Value> {
    let strict = match strict_json(text, notes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if let Ok(value) = strict_json(&without_comments(text), notes) {
        notes.push(
            "the document has comments or commas that JSON does not have; they were passed over".to_owned(),
        );
        return Ok(value);
    }
    // A flow mapping of YAML begins like JSON.
    yaml(text, notes)
        .map_err(|_| Error::usage(format!("the document is neither JSON nor YAML: as JSON: {strict}")))
}

fn strict_json(text: &str, notes: &mut Vec<String>) -> serde_json::Result<Value> {
    let twice = RefCell::new(vec![]);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Keys(&twice).deserialize(&mut reader)?;
    reader.end()?;
    notes.extend(said_twice(&twice.into_inner()));
    Ok(value)
}

fn said_twice(keys: &[String]) -> Option<String> {
    let named =
        keys.iter().take(NAMED_MAX).map(|key| format!("`{}`", safe(key))).collect::<Vec<_>>().join(", ");
    let more = if keys.len() > NAMED_MAX { " and more" } else { "" };
    (!keys.is_empty()).then(|| {
        format!(
            "{} key(s) stand twice in one object, and only the last one counts: {named}{more}",
            keys.len()
        )
    })
}

fn yaml(text: &str, notes: &mut Vec<String>) -> Result<Value> {
    let loose = Loose::of(text);
    if let Some(line) = loose.tab {
        return Err(Error::usage(format!(
            "the document is not YAML: line {line} is indented by a tab, and YAML wants spaces there"
        )));
    }
    let error = match parsed(text, DuplicateKeyPolicy::Error) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let text = loose.indented.as_deref().unwrap_or(text);
    if let Ok(value) = parsed(text, DuplicateKeyPolicy::Error) {
        return Ok(value);
    }
    if let Ok(value) = parsed(text, DuplicateKeyPolicy::LastWins) {
        notes.push(format!("a key stands twice in one object, and only the last one counts: {error}"));
        return Ok(value);
    }
    Err(Error::usage(format!("the document is neither JSON nor YAML: {error}")))
}

/// The limits of the reader hold for aliases, too.
fn parsed(text: &str, duplicate_keys: DuplicateKeyPolicy) -> std::result::Result<Value, String> {
    // JSON has no such number, and no route asks for one.
    let options = serde_saphyr::options! {
        duplicate_keys: duplicate_keys,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        line.trim_start_matches("error: ").to_owned()
    })
}

/// The text without comments as JavaScript has them, and without a comma behind the last of a list.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let (mut is_string, mut is_escaped) = (false, false);
    while let Some(c) = rest.next() {
        if is_string {
            is_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            plain.push(c);
            continue;
        }
        match (c, rest.peek()) {
            ('/', Some('/')) => while rest.next_if(|c| *c != '\n').is_some() {},
            ('/', Some('*')) => skip_block(&mut rest),
            ('}' | ']', _) => {
                let kept = plain.trim_end().strip_suffix(',').map(str::len);
                plain.truncate(kept.unwrap_or(plain.len()));
                plain.push(c);
            }
            _ => {
                is_string = c == '"';
                plain.push(c);
            }
        }
    }
    plain
}

fn skip_block(rest: &mut impl Iterator<Item = char>) {
    let mut last = ' ';
    // The star that opens it does not close it.
    let _star = rest.next();
    for c in rest {
        if last == '*' && c == '/' {
            return;
        }
        last = c;
    }
}

/// Reads a value and notes which keys stand twice in one object.
#[derive(Clone, Copy)]
struct Keys<'a>(&'a RefCell<Vec<String>>);

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = vec![];
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            if object.insert(key.clone(), value).is_some() {
                self.0.borrow_mut().push(key);
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(bytes: &[u8]) -> (Result<Value>, Vec<String>) {
        let mut notes = vec![];
        (value(bytes, &mut notes), notes)
    }

    #[test]
    fn documents_are_read_in_the_forms_that_tools_write() {
        let wide = |order: fn(u16) -> [u8; 2]| {
            "\u{feff}{\"a\": 1}".encode_utf16().flat_map(order).collect::<Vec<_>>()
        };
        for bytes in [
            b"{\"a\": 1}".to_vec(),
            b"\xEF\xBB\xBF{\"a\": 1}".to_vec(),
            b"\xEF\xBB\xBFa: 1\n".to_vec(),
            wide(u16::to_le_bytes),
            wide(u16::to_be_bytes),
            b"{a: 1}".to_vec(),
            b"---\na: 1\n...\n".to_vec(),
        ] {
            let (value, notes) = read(&bytes);
            assert_eq!((value.unwrap(), notes), (json!({"a": 1}), vec![]), "{bytes:?}");
        }
    }

    #[test]
    fn comments_and_last_commas_are_passed_over_and_said() {
        let text = "// one\n{\"a\": \"//x /* \\\" */\", /* two \"*/ \"b\": [1, 2, ], }";
        let (value, notes) = read(text.as_bytes());
        assert_eq!(value.unwrap(), json!({"a": "//x /* \" */", "b": [1, 2]}));
        assert_eq!(notes.len(), 1, "{notes:?}");
    }

    #[test]
    fn keys_that_stand_twice_are_said() {
        for text in ["{\"a\": {\"/x\": 1, \"/x\": 2}}", "a:\n  /x: 1\n  /x: 2\n"] {
            let (value, notes) = read(text.as_bytes());
            assert_eq!(value.unwrap(), json!({"a": {"/x": 2}}));
            assert!(notes[0].contains("only the last one counts"), "{notes:?}");
        }
    }

    #[test]
    fn what_is_no_document_is_said_in_words_that_help() {
        for (bytes, why) in [
            (&b"<!DOCTYPE html>\n<html>"[..], "this is a web page or XML"),
            (b"\xFF\xFF\xFF", "is not UTF-8 text"),
            (b"{\"a\": ]}", "as JSON: expected value at line 1"),
            (b"a:\n\tb: 1\n", "line 2 is indented by a tab"),
        ] {
            let error = read(bytes).0.unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
