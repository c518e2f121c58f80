//! Every answer that a test gets is one that the description of the API knows: its status and, for a problem, its code.

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::Value;

use super::answer::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| jeton_server::document("http://localhost"));

/// Complains about an answer that the description does not have.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let Some(operation) = operation(method, path) else { return };
    let said = &operation["responses"][answer.status.to_string()];
    let line = format!("{method} {path} answers {} {}", answer.status, answer.text);
    assert!(said.is_object(), "{line}: describe the status in crates/server/src/http/openapi");
    if answer.header("content-type") == "application/problem+json" {
        let said =
            said["$ref"].as_str().map_or(said, |to| DOCUMENT.pointer(to.trim_start_matches('#')).unwrap());
        let schema = &said["content"]["application/problem+json"]["schema"];
        let codes = schema["allOf"][1]["properties"]["code"]["enum"].as_array();
        let is_described = codes.is_some_and(|codes| codes.contains(&answer.body["code"]));
        assert!(is_described, "{line}: describe the code in crates/server/src/http/openapi");
    }
}

/// The operation that such a request is for. Where a template and a plain path fit, the plain one is meant.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let method = method.as_str().to_ascii_lowercase();
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let fitting = paths.filter(|(template, _)| fits(template, path));
    let (_, methods) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
    methods.get(&method)
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given))
                if wanted == given || (wanted.starts_with('{') && !given.is_empty()) => {}
            _ => return false,
        }
    }
}
