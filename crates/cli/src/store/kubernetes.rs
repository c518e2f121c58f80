//! `--store kubernetes-secret`: a manifest of a `v1` Secret, to hand to `kubectl apply --server-side -f`.
//!
//! `kubectl apply` without `--server-side` writes all that it sends into an annotation, values too, and a manifest that
//! comes from the cluster brings it along. The annotation is left out, because it would keep an old value.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

const DEFAULT_KEY: &str = "token";
/// Where `kubectl apply` keeps a copy of what it sent.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const MAX_NAME: usize = 253;
const MAX_NAMESPACE: usize = 63;

/// Which key of which secret: `[NAMESPACE/]NAME[:KEY]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretKey {
    namespace: Option<String>,
    name: String,
    key: String,
}

impl FromStr for SecretKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (namespace, rest) =
            text.split_once('/').map_or((None, text), |(space, rest)| (Some(space), rest));
        let (name, key) = rest.split_once(':').unwrap_or((rest, DEFAULT_KEY));
        if !namespace.is_none_or(|label| is_label(label) && label.len() <= MAX_NAMESPACE) {
            return Err("a namespace has 1 to 63 of `a-z0-9-`, and `-` not at its ends");
        }
        if name.len() > MAX_NAME || !name.split('.').all(is_label) {
            return Err("a secret's name has 1 to 253 of `a-z0-9.-`, and `-` and `.` not at its ends");
        }
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if key.is_empty() || key.len() > MAX_NAME || !key.bytes().all(is_part) || matches!(key, "." | "..") {
            return Err("a secret's key has 1 to 253 of `A-Za-z0-9-_.`");
        }
        Ok(Self { namespace: namespace.map(str::to_owned), name: name.to_owned(), key: key.to_owned() })
    }
}

impl fmt::Display for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, name, key } = self;
        match namespace {
            Some(namespace) => write!(f, "{namespace}/{name}:{key}"),
            None => write!(f, "{name}:{key}"),
        }
    }
}

/// The manifest with this key set. One that is there must be of the same secret; its other keys, labels and so on
/// stay.
pub(super) fn merge(text: &str, at: &SecretKey, value: &str) -> Result<String> {
    let mut manifest = if text.trim().is_empty() { Map::new() } else { read(text, at)? };
    let fields = [("apiVersion", json!("v1")), ("kind", json!("Secret")), ("type", json!("Opaque"))];
    for (field, default) in fields {
        manifest.entry(field).or_insert(default);
    }
    let metadata = object(&mut manifest, "metadata")?;
    metadata.insert("name".to_owned(), json!(at.name));
    if let Some(namespace) = &at.namespace {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    forget_last_applied(metadata);
    if manifest.contains_key("data") {
        object(&mut manifest, "data")?.remove(&at.key);
    }
    object(&mut manifest, "stringData")?.insert(at.key.clone(), json!(value));
    let options = serde_saphyr::ser_options! { quote_all: true };
    let mut merged = String::new();
    serde_saphyr::to_fmt_writer_with_options(&mut merged, &manifest, options)?;
    Ok(merged)
}

/// What this key holds, in `data` and in `stringData`.
pub(super) fn values(text: &str, at: &SecretKey) -> Result<Vec<String>> {
    if text.trim().is_empty() {
        return Ok(vec![]);
    }
    let manifest = read(text, at)?;
    let of = |field: &str| manifest.get(field).and_then(|field| field.get(&at.key)).and_then(Value::as_str);
    let decoded = of("data").map(|value| {
        // What cannot be read is a value all the same.
        let bytes = STANDARD.decode(value.replace(['\n', '\r', ' '], "")).ok();
        bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| value.to_owned())
    });
    Ok(decoded.into_iter().chain(of("stringData").map(str::to_owned)).collect())
}

/// Leaves out the copy of what was applied before, which holds the old value.
fn forget_last_applied(metadata: &mut Map<String, Value>) {
    let Some(Value::Object(annotations)) = metadata.get_mut("annotations") else { return };
    if annotations.remove(LAST_APPLIED).is_some() && annotations.is_empty() {
        metadata.remove("annotations");
    }
}

fn read(text: &str, at: &SecretKey) -> Result<Map<String, Value>> {
    // Not the error's own text: it quotes what stands there.
    let documents = serde_saphyr::from_multiple::<Value>(text).ok().context("it is not valid YAML")?;
    let [Value::Object(manifest)] = documents.as_slice() else {
        bail!("it does not hold exactly one manifest: name another file with `--store-to`");
    };
    let is = |field: &str, value: &str| manifest.get(field).and_then(Value::as_str) == Some(value);
    if !is("apiVersion", "v1") || !is("kind", "Secret") {
        bail!("it does not hold a `v1` Secret: name another file with `--store-to`");
    }
    let metadata = manifest.get("metadata");
    let field = |name: &str| metadata.and_then(|metadata| metadata.get(name)).and_then(Value::as_str);
    if field("name") != Some(&at.name)
        || at.namespace.as_deref().is_some_and(|it| field("namespace") != Some(it))
    {
        bail!("it holds another secret: name that one with `--store-as`, or another file with `--store-to`");
    }
    if manifest.get("immutable") == Some(&json!(true)) {
        bail!("its secret is immutable, so Kubernetes would refuse the new value");
    }
    Ok(manifest.clone())
}

/// The mapping under this name; made if it is missing.
fn object<'m>(manifest: &'m mut Map<String, Value>, name: &str) -> Result<&'m mut Map<String, Value>> {
    let field = manifest.entry(name).or_insert(Value::Null);
    if field.is_null() {
        *field = json!({});
    }
    field.as_object_mut().with_context(|| format!("`{name}` is not a mapping"))
}

/// A label as RFC 1123 has it.
fn is_label(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_part) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SecretKey {
        text.parse().unwrap()
    }

    fn parsed(text: &str) -> Value {
        serde_saphyr::from_str(text).unwrap()
    }

    #[test]
    fn a_secret_is_named_by_namespace_name_and_key() {
        for (text, shown) in
            [("web", "web:token"), ("team/web.v1", "team/web.v1:token"), ("a/b:C_d.e", "a/b:C_d.e")]
        {
            assert_eq!(at(text).to_string(), shown);
        }
        for text in ["", "/a", "a/", "A", "a_b", "-a", "a-", "a..b", "a/b/c", "a:", "a:b c", "a:.."] {
            assert!(text.parse::<SecretKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_new_manifest_is_a_secret_of_version_one() {
        let manifest = merge("", &at("team/web:api"), "jtn_x").unwrap();
        let expected = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web", "namespace": "team"},
            "stringData": {"api": "jtn_x"}, "type": "Opaque",
        });
        assert_eq!(parsed(&manifest), expected);
        assert!(
            !parsed(&merge("", &at("web"), "x").unwrap())["metadata"]
                .as_object()
                .unwrap()
                .contains_key("namespace")
        );
    }

    #[test]
    fn what_a_manifest_holds_stays() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: web, namespace: team, labels: {app: 'yes'}}\n\
            type: example.com/kind\ndata: {token: b2xk, other: b3RoZXI=}\nstringData:\n  note: '012'\n  y: \"1:30\"\n";
        let manifest = merge(text, &at("web"), "new").unwrap();
        let expected = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "example.com/kind",
            "metadata": {"name": "web", "namespace": "team", "labels": {"app": "yes"}},
            "data": {"other": "b3RoZXI="}, "stringData": {"note": "012", "y": "1:30", "token": "new"},
        });
        assert_eq!(parsed(&manifest), expected);
        for quoted in ["\"012\"", "\"1:30\"", "\"yes\""] {
            assert!(manifest.replace('\'', "\"").contains(quoted), "{manifest}");
        }
        assert_eq!(parsed(&merge(&manifest, &at("web"), "new").unwrap()), expected);
    }

    #[test]
    fn the_copy_of_what_was_applied_before_goes() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\n  annotations:\n    \
            kubectl.kubernetes.io/last-applied-configuration: |\n      {\"stringData\":{\"token\":\"old\"}}\n";
        let manifest = merge(text, &at("web"), "new").unwrap();
        assert_eq!(parsed(&manifest)["metadata"], json!({"name": "web"}), "{manifest}");
        let manifest = merge(&format!("{text}    team: a\n"), &at("web"), "new").unwrap();
        assert_eq!(parsed(&manifest)["metadata"], json!({"name": "web", "annotations": {"team": "a"}}));
        assert!(!manifest.contains("old"), "{manifest}");
    }

    #[test]
    fn a_key_is_read_where_it_stands() {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\n";
        let table = [
            ("", vec![]),
            ("stringData: {other: x}\n", vec![]),
            ("data: {token: b2xk}\n", vec!["old"]),
            ("data: {token: '%'}\n", vec!["%"]),
            ("data: {token: b2xk}\nstringData: {token: new}\n", vec!["old", "new"]),
        ];
        for (more, expected) in table {
            assert_eq!(values(&format!("{secret}{more}"), &at("web")).unwrap(), expected, "{more}");
        }
        assert!(values("", &at("web")).unwrap().is_empty());
    }

    #[test]
    fn anything_but_this_secret_is_refused() {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: web, namespace: team}\n";
        let table = [
            ("kind: [hidden".to_owned(), "it is not valid YAML"),
            (format!("{secret}---\n{secret}"), "does not hold exactly one manifest"),
            (secret.replace("Secret", "ConfigMap"), "does not hold a `v1` Secret"),
            (secret.replace("web", "other"), "another secret"),
            (secret.replace("team", "other"), "another secret"),
            (format!("{secret}immutable: true\n"), "immutable"),
            (format!("{secret}stringData: [1]\n"), "`stringData` is not a mapping"),
        ];
        for (text, reason) in table {
            let error = format!("{:#}", merge(&text, &at("team/web"), "new").unwrap_err());
            assert!(error.contains(reason) && !error.contains("hidden"), "{error}");
        }
    }
}
