//! Where a document says that the API is.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The longest address or path, in bytes.
pub(super) const ADDRESS_BYTES_MAX: usize = 2048;

/// A server of a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    /// The whole address; none where the document does not say on which host.
    pub(super) address: Option<String>,
    /// The path below which all paths are, without a trailing slash.
    pub(super) base: String,
}

impl Server {
    /// OpenAPI 3: an address, or a path, with variables that have defaults.
    pub(super) fn of(server: &Value) -> Result<Self> {
        let url = server.get("url").and_then(Value::as_str).unwrap_or_default();
        let url = match server.get("variables").and_then(Value::as_object) {
            Some(variables) => filled(url, variables)?,
            None => url.to_owned(),
        };
        Self::at(url.trim_end_matches('/'))
    }

    /// Swagger 2.0: a host and a path.
    pub(super) fn of_swagger(host: &str, path: &str) -> Result<Self> {
        let path = path.trim_end_matches('/');
        if host.is_empty() { Self::at(path) } else { Self::at(&format!("https://{host}{path}")) }
    }

    /// The path of an address, as it is written.
    pub(super) fn at_path(url: &str) -> &str {
        let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
        if rest.len() == url.len() {
            rest
        } else {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
        }
    }

    /// Whether that address is on the same host.
    pub(super) fn is_at(&self, address: &str) -> bool {
        let host =
            |url: &str| url.split_once("://").map(|(_, rest)| rest.split('/').next().map(str::to_owned));
        self.address.as_deref().is_some_and(|own| host(own) == host(address))
    }

    fn at(url: &str) -> Result<Self> {
        if is_too_long(url) {
            return Err(too_long());
        }
        let (host, path) = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or((rest, ""), |at| rest.split_at(at)),
            // Without a scheme it is that of the document.
            None => match url.strip_prefix("//") {
                Some(_) => return Self::at(&format!("https:{url}")),
                None => ("", url),
            },
        };
        // What is left of a variable without a default says nothing.
        let is_plain = |text: &str| !text.contains(['{', '}', '?', '#', ' ']);
        let address = Some(url.to_owned()).filter(|url| !host.is_empty() && is_plain(url));
        let base = if is_plain(path) { path.trim_matches('/') } else { "" };
        Ok(Self { address, base: if base.is_empty() { String::new() } else { format!("/{base}") } })
    }
}

/// The address with the defaults of its variables. One pass: a default is never looked at for variables, for those
/// could double it again and again.
fn filled(url: &str, variables: &Map<String, Value>) -> Result<String> {
    let (mut filled, mut rest) = (String::new(), url);
    while let Some((before, variable, after)) = next_variable(rest).filter(|_| !is_too_long(&filled)) {
        let default = variables.get(variable).map(|said| said.get("default").and_then(Value::as_str));
        filled.push_str(before);
        match default {
            Some(default) => filled.push_str(default.unwrap_or_default()),
            None => filled.extend(["{", variable, "}"]),
        }
        rest = after;
    }
    if is_too_long(&filled) { Err(too_long()) } else { Ok(filled + rest) }
}

/// What stands before, in and after the first braces.
fn next_variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (variable, after) = rest.split_once('}')?;
    Some((before, variable, after))
}

fn is_too_long(address: &str) -> bool {
    address.len() > ADDRESS_BYTES_MAX
}

fn too_long() -> Error {
    Error::usage(format!("the document has a server address of more than {ADDRESS_BYTES_MAX} bytes"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_server_is_an_address_and_a_path() {
        for (server, address, base) in [
            (json!({"url": "https://a.example/v1/"}), Some("https://a.example/v1"), "/v1"),
            (json!({"url": "https://a.example"}), Some("https://a.example"), ""),
            (json!({"url": "/v1"}), None, "/v1"),
            (json!({"url": "v1"}), None, "/v1"),
            (json!({"url": "//a.example/v2"}), Some("https://a.example/v2"), "/v2"),
            (json!({"url": "//a.example"}), Some("https://a.example"), ""),
            (json!({"url": "/"}), None, ""),
            (json!({}), None, ""),
            (
                json!({"url": "https://{host}/{v}", "variables": {"host": {"default": "a"}, "v": {"default": "v2"}}}),
                Some("https://a/v2"),
                "/v2",
            ),
            (json!({"url": "https://{host}/v1"}), None, "/v1"),
            (json!({"url": "https://a.example/{tenant}"}), None, ""),
        ] {
            let expected = Server { address: address.map(str::to_owned), base: base.to_owned() };
            assert_eq!(Server::of(&server).unwrap(), expected, "{server}");
        }
        assert_eq!(Server::of_swagger("a.example", "/v1/").unwrap().base, "/v1");
        assert_eq!(Server::of_swagger("", "/v1").unwrap().address, None);
    }

    #[test]
    fn attack_23_variables_that_hold_variables_stay_small() {
        let doubled = json!({"a": {"default": "{b}{b}"}, "b": {"default": "{c}{c}"}, "c": {"default": "x"}});
        let server = Server::of(&json!({"url": "https://h/{a}", "variables": doubled})).unwrap();
        assert_eq!((server.address, server.base), (None, String::new()));
        let long = json!({"a": {"default": "x".repeat(2000)}});
        for url in ["https://h/{a}{a}", "{a}{a}{a}", &"x".repeat(2049)] {
            let refused = Server::of(&json!({"url": url, "variables": long})).unwrap_err();
            assert!(refused.to_string().contains("a server address of more than 2048 bytes"), "{refused}");
        }
    }
}
