//! Where a document says that the API is.

use serde_json::Value;

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
    pub(super) fn of(server: &Value) -> Self {
        let mut url = server.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
        let variables = server.get("variables").and_then(Value::as_object);
        for (name, variable) in variables.into_iter().flatten() {
            let default = variable.get("default").and_then(Value::as_str).unwrap_or_default();
            url = url.replace(&format!("{{{name}}}"), default);
        }
        Self::at(url.trim_end_matches('/'))
    }

    /// Swagger 2.0: a host and a path.
    pub(super) fn of_swagger(host: &str, path: &str) -> Self {
        let path = path.trim_end_matches('/');
        if host.is_empty() { Self::at(path) } else { Self::at(&format!("https://{host}{path}")) }
    }

    fn at(url: &str) -> Self {
        let (host, path) = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or((rest, ""), |at| rest.split_at(at)),
            None => ("", url),
        };
        // What is left of a variable without a default says nothing.
        let is_plain = |text: &str| !text.contains(['{', '}', '?', '#', ' ']);
        let address = Some(url.to_owned()).filter(|url| !host.is_empty() && is_plain(url));
        let base = if is_plain(path) { path.trim_matches('/') } else { "" };
        Self { address, base: if base.is_empty() { String::new() } else { format!("/{base}") } }
    }
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
            assert_eq!(Server::of(&server), expected, "{server}");
        }
        assert_eq!(Server::of_swagger("a.example", "/v1/").base, "/v1");
        assert_eq!(Server::of_swagger("", "/v1").address, None);
    }
}
