//! An OpenAPI document: what is called how, and what it asks for.
//!
//! OpenAPI 3.0 and 3.1 and Swagger 2.0, as JSON or YAML. Only what leads to routes and scopes is looked at. A document is
//! somebody else's file: its size is bounded, YAML that unfolds to more than it is gets refused, and nothing is fetched.
//! References make much of little as well: so there are only so many calls, and what each one says is cut when read.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::server::{ADDRESS_BYTES_MAX, Server};
use crate::error::{Error, Result};

/// The longest chain of references that is followed.
const REFERENCES_MAX: usize = 16;
/// The most calls of a document.
const OPERATIONS_MAX: usize = 4096;
/// The most scopes and alternatives that one call may want.
const WANTED_MAX: usize = 64;
/// The longest name of an OAuth scope, in bytes.
const SCOPE_BYTES_MAX: usize = 256;
/// The most schemes, flows of one and scopes of a flow whose descriptions are looked at.
const SCHEMES_MAX: usize = 64;
const FLOWS_MAX: usize = 8;
const SCOPES_MAX: usize = 4096;
/// The longest text for people, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 200;

const METHODS: [(&str, &str); 7] = [
    ("get", "GET"),
    ("head", "HEAD"),
    ("post", "POST"),
    ("put", "PUT"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
];

/// What a document says about an API.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) title: String,
    /// Its own version, and that of its format.
    pub(super) version: String,
    pub(super) format: String,
    /// Where the API is, if the document says so.
    pub(super) address: Option<String>,
    pub(super) operations: Vec<Operation>,
    /// OAuth scopes and what they are for.
    pub(super) scopes: BTreeMap<String, String>,
    /// What is left out, and why.
    pub(super) notes: Vec<String>,
}

/// One call.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: &'static str,
    /// Below which path the API is.
    pub(super) base: String,
    /// The path as the document has it, below that.
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) asks: Asks,
}

/// What the document wants of whoever calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Nothing: it says that anybody may.
    Nothing,
    /// It does not say which right, or not in words of scopes.
    Something,
    /// All of these OAuth scopes.
    Scopes(Vec<String>),
}

impl Document {
    /// Reads a document.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let root = value(text)?;
        let root = root.as_object().ok_or_else(|| Error::usage("the document is no object"))?;
        Reader::new(root)?.read()
    }
}

/// JSON, or YAML. The limits of the YAML reader hold for aliases, too.
fn value(text: &str) -> Result<Value> {
    if text.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default().to_owned();
        Error::usage(format!("the document is neither JSON nor YAML: {first}"))
    })
}

struct Reader<'a> {
    root: &'a Map<String, Value>,
    is_swagger: bool,
    format: String,
    notes: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(root: &'a Map<String, Value>) -> Result<Self> {
        let version = |name: &str| root.get(name).map(brief).unwrap_or_default();
        let (swagger, openapi) = (version("swagger"), version("openapi"));
        let is_swagger = swagger == "2.0" || swagger == "2";
        if !is_swagger && !openapi.starts_with("3.") {
            let detail =
                "the document is neither OpenAPI 3 (`openapi: 3.…`) nor Swagger 2.0 (`swagger: \"2.0\"`)";
            return Err(Error::usage(detail));
        }
        let format = if is_swagger { "Swagger 2.0".to_owned() } else { format!("OpenAPI {openapi}") };
        Ok(Self { root, is_swagger, format, notes: vec![] })
    }

    fn read(mut self) -> Result<Document> {
        let root = self.root;
        let info = root.get("info");
        let told = |name: &str| info.and_then(|info| info.get(name)).map(brief).unwrap_or_default();
        let server = self.server()?;
        let mut operations = Vec::new();
        let paths = root.get("paths").and_then(Value::as_object).into_iter().flatten();
        for (path, item) in paths.filter(|(path, _)| !path.starts_with("x-")) {
            let item = self.followed(item)?;
            self.operations_of(path, item, &server, &mut operations)?;
        }
        if operations.is_empty() {
            return Err(Error::usage("the document has no operation, so there is nothing to draft"));
        }
        if self.root.contains_key("webhooks") {
            self.notes.push("webhooks are calls that the API makes; they are left out".to_owned());
        }
        let (title, version, format) = (told("title"), told("version"), self.format.clone());
        let scopes = self.oauth_scopes()?;
        Ok(Document {
            title,
            version,
            format,
            address: server.address,
            operations,
            scopes,
            notes: self.notes,
        })
    }

    fn server(&mut self) -> Result<Server> {
        if self.is_swagger {
            let text = |name: &str| self.root.get(name).map(plain).unwrap_or_default();
            return Server::of_swagger(&text("host"), &text("basePath"));
        }
        let servers =
            self.root.get("servers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let server = servers.first().map(Server::of).transpose()?.unwrap_or_default();
        let others = servers.iter().skip(1).map(Server::of).collect::<Result<Vec<_>>>()?;
        if others.iter().any(|other| other.base != server.base) {
            let note =
                format!("servers have other paths than the first one, `{}/`: only that counts", server.base);
            self.notes.push(note);
        }
        Ok(server)
    }

    fn operations_of(
        &mut self,
        path: &str,
        item: &Value,
        server: &Server,
        found: &mut Vec<Operation>,
    ) -> Result<()> {
        if path.len() > ADDRESS_BYTES_MAX {
            return Err(Error::usage(format!(
                "the document has a path of more than {ADDRESS_BYTES_MAX} bytes"
            )));
        }
        for (name, method) in METHODS {
            let Some(operation) = item.get(name) else { continue };
            let operation = self.followed(operation)?;
            let servers = operation.get("servers").or_else(|| item.get("servers"));
            let own = servers.and_then(|servers| servers.get(0)).map(Server::of).transpose()?;
            let said = ["summary", "operationId", "description"].iter().find_map(|name| operation.get(name));
            let asked = operation.get("security").or_else(|| self.root.get("security"));
            if found.len() == OPERATIONS_MAX {
                let detail = format!("the document has more than {OPERATIONS_MAX} operations: split it");
                return Err(Error::usage(detail));
            }
            found.push(Operation {
                method,
                base: own.map_or_else(|| server.base.clone(), |own| own.base),
                path: path.to_owned(),
                summary: said.map(brief).unwrap_or_default(),
                asks: self.asks(asked)?,
            });
        }
        if item.get("trace").is_some() {
            self.notes.push(format!("TRACE {path} is left out: no route has that method"));
        }
        Ok(())
    }

    /// Each element is an alternative; the first one in words of OAuth scopes counts.
    fn asks(&self, asked: Option<&Value>) -> Result<Asks> {
        let Some(alternatives) = asked.and_then(Value::as_array) else { return Ok(Asks::Something) };
        if alternatives.len() > WANTED_MAX {
            return Err(wants_too_much());
        }
        let is_empty = |alternative: &Value| alternative.as_object().is_none_or(Map::is_empty);
        if alternatives.iter().all(is_empty) {
            return Ok(Asks::Nothing);
        }
        for alternative in alternatives.iter().filter_map(Value::as_object) {
            let mut scopes = Vec::new();
            if alternative.len() > WANTED_MAX {
                return Err(wants_too_much());
            }
            for (scheme, names) in alternative {
                if self.is_oauth(scheme)? {
                    scopes.extend(names.as_array().into_iter().flatten().take(WANTED_MAX + 1));
                }
            }
            let scopes = names_of(&scopes)?;
            if !scopes.is_empty() {
                return Ok(Asks::Scopes(scopes));
            }
        }
        Ok(Asks::Something)
    }

    fn is_oauth(&self, scheme: &str) -> Result<bool> {
        let scheme = self.schemes().and_then(|schemes| schemes.get(scheme));
        let scheme = scheme.map(|scheme| self.followed(scheme)).transpose()?;
        let kind = scheme.and_then(|scheme| scheme.get("type")).and_then(Value::as_str);
        Ok(matches!(kind, Some("oauth2" | "openIdConnect")))
    }

    fn oauth_scopes(&self) -> Result<BTreeMap<String, String>> {
        let mut scopes = BTreeMap::new();
        for scheme in self.schemes().into_iter().flat_map(Map::values).take(SCHEMES_MAX) {
            let scheme = self.followed(scheme)?;
            let flows = scheme.get("flows").and_then(Value::as_object).into_iter().flat_map(Map::values);
            let flows = flows.take(FLOWS_MAX).chain([scheme]);
            for declared in flows.filter_map(|flow| flow.get("scopes")?.as_object()) {
                let declared = declared.iter().take(SCOPES_MAX);
                scopes.extend(declared.map(|(name, text)| (name.clone(), brief(text))));
            }
        }
        Ok(scopes)
    }

    fn schemes(&self) -> Option<&'a Map<String, Value>> {
        let schemes = self.root.get("components").and_then(|components| components.get("securitySchemes"));
        schemes.or_else(|| self.root.get("securityDefinitions"))?.as_object()
    }

    /// What a value refers to, within the document.
    fn followed<'v>(&self, value: &'v Value) -> Result<&'v Value>
    where
        'a: 'v,
    {
        let mut here = value;
        for _ in 0..REFERENCES_MAX {
            let Some(reference) = here.get("$ref").and_then(Value::as_str) else { return Ok(here) };
            if reference.len() > ADDRESS_BYTES_MAX {
                let detail = format!("the document has a reference of more than {ADDRESS_BYTES_MAX} bytes");
                return Err(Error::usage(detail));
            }
            let pointer = reference.strip_prefix('#').ok_or_else(|| elsewhere(reference))?;
            here = self.at(pointer).ok_or_else(|| {
                Error::usage(format!("the document refers to `{reference}`, which it does not have"))
            })?;
        }
        Err(Error::usage("the document refers in circles"))
    }

    /// A JSON pointer (RFC 6901), percent-encoded as in an address.
    fn at(&self, pointer: &str) -> Option<&'a Value> {
        let pointer = pointer.replace("%7B", "{").replace("%7D", "}").replace("%7b", "{").replace("%7d", "}");
        let (first, rest) = pointer.strip_prefix('/')?.split_once('/')?;
        self.root.get(first)?.pointer(&format!("/{rest}"))
    }
}

fn elsewhere(reference: &str) -> Error {
    let detail =
        format!("the document refers to `{reference}`, which is another file, and nothing is fetched");
    Error::usage(format!("{detail}: put it all into one document first"))
}

/// Names of OAuth scopes that are wanted at once.
fn names_of(scopes: &[&Value]) -> Result<Vec<String>> {
    if scopes.len() > WANTED_MAX {
        return Err(wants_too_much());
    }
    let names = scopes.iter().filter_map(|name| name.as_str()).map(|name| {
        let is_short = name.len() <= SCOPE_BYTES_MAX;
        is_short.then(|| name.to_owned()).ok_or_else(wants_too_much)
    });
    names.collect()
}

fn wants_too_much() -> Error {
    let detail = format!(
        "the document has a call that wants more than {WANTED_MAX} scopes or alternatives, or a scope of more than \
         {SCOPE_BYTES_MAX} bytes"
    );
    Error::usage(detail)
}

/// The beginning of a text for people. It is cut here, for references could repeat a long one thousands of times.
fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().take(TEXT_CHARS_MAX).collect(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// A text, or what YAML made of one: `2.0` is a number there.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
