//! An OpenAPI document: what is called how, and what it asks for.
//!
//! OpenAPI 3.0 and 3.1 and Swagger 2.0, as JSON or YAML. Only what leads to routes and scopes is looked at. A document is
//! somebody else's file: its size is bounded, YAML that unfolds to more than it is gets refused, and nothing is fetched.
//! References make much of little as well: so there are only so many calls, and what each one says is cut when read.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::server::{ADDRESS_BYTES_MAX, Server};
use super::source;
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

/// The methods of OpenAPI, in the order in which a draft has them. A route can have the first seven.
const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "CONNECT"];
/// A call by every method.
pub(super) const ANY: &str = "ANY";
/// How a well-known gateway writes that.
const ANY_METHOD: &str = "x-amazon-apigateway-any-method";
/// Where OpenAPI 3.2 has methods that it does not know.
const ADDITIONAL: &str = "additionalOperations";
/// What is no call in a path item.
const NO_CALLS: [&str; 5] = ["$ref", "summary", "description", "parameters", "servers"];
/// Where a well-known tool puts paths that differ in their query only.
const MORE_PATHS: &str = "x-ms-paths";
/// Where calls are that the API makes.
const WEBHOOKS: [&str; 2] = ["webhooks", "x-webhooks"];

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
    /// In capitals; `ANY` is every one.
    pub(super) method: String,
    /// Below which path the API is.
    pub(super) base: String,
    /// The path as the document has it, below that.
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) asks: Asks,
    /// What is to be looked at.
    pub(super) remark: Option<String>,
    /// Why it cannot be read, if it cannot.
    pub(super) why: Option<String>,
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
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let mut notes = vec![];
        let root = source::value(bytes, &mut notes)?;
        let root = root
            .as_object()
            .ok_or_else(|| Error::usage("the document is not an object of keys, as OpenAPI documents are"))?;
        Reader::new(root, notes)?.read()
    }
}

struct Reader<'a> {
    root: &'a Map<String, Value>,
    is_swagger: bool,
    format: String,
    notes: Vec<String>,
    counts: Counts,
}

/// How many calls have something that a draft cannot say.
#[derive(Default)]
struct Counts {
    alternatives: usize,
    optional: usize,
    callbacks: usize,
    elsewhere: usize,
}

impl<'a> Reader<'a> {
    fn new(root: &'a Map<String, Value>, notes: Vec<String>) -> Result<Self> {
        let version = |name: &str| root.get(name).map(brief).unwrap_or_default();
        let (swagger, openapi) = (version("swagger"), version("openapi"));
        let is_swagger = swagger == "2.0" || swagger == "2";
        if !is_swagger && !openapi.starts_with("3.") {
            let detail =
                "the document is neither OpenAPI 3 (`openapi: 3.…`) nor Swagger 2.0 (`swagger: \"2.0\"`)";
            return Err(Error::usage(detail));
        }
        let format = if is_swagger { "Swagger 2.0".to_owned() } else { format!("OpenAPI {openapi}") };
        Ok(Self { root, is_swagger, format, notes, counts: Counts::default() })
    }

    fn read(mut self) -> Result<Document> {
        let root = self.root;
        let info = root.get("info");
        let told = |name: &str| info.and_then(|info| info.get(name)).map(brief).unwrap_or_default();
        let server = self.server()?;
        let mut operations = Vec::new();
        for name in ["paths", MORE_PATHS] {
            let paths = root.get(name).and_then(Value::as_object).into_iter().flatten();
            for (path, item) in paths.filter(|(path, _)| !path.starts_with("x-")) {
                self.path(path, item, &server, &mut operations)?;
            }
        }
        if WEBHOOKS.iter().any(|name| root.contains_key(*name)) {
            self.notes.push("webhooks are calls that the API makes; they are left out".to_owned());
        }
        self.notes.extend(self.counts.notes());
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
        let path = servers.first().and_then(|server| server.get("url")).and_then(Value::as_str);
        if path.is_some_and(|url| Server::at_path(url).contains('{')) {
            self.notes.push(format!(
                "the path of the server has variables; only their defaults count: `{}/`",
                server.base
            ));
        }
        Ok(server)
    }

    /// All calls at a path. What stands beside a reference counts before what it refers to.
    fn path(
        &mut self,
        path: &str,
        item: &'a Value,
        server: &Server,
        found: &mut Vec<Operation>,
    ) -> Result<()> {
        if path.len() > ADDRESS_BYTES_MAX {
            let detail = format!("the document has a path of more than {ADDRESS_BYTES_MAX} bytes");
            return Err(Error::usage(detail));
        }
        let before = found.len();
        let mut items = vec![item];
        match self.followed(item) {
            Ok(target) => items.extend((!std::ptr::eq(target, item)).then_some(target)),
            // Which calls these are cannot be known: so they could be any.
            Err(error) => {
                let unknown = Operation { why: Some(error.to_string()), ..unread(ANY, path, server) };
                push(found, unknown)?;
            }
        }
        let mut calls: Vec<(String, &Value, &Value)> = vec![];
        for item in items {
            for (method, call) in self.calls(path, item) {
                if !calls.iter().any(|(known, ..)| *known == method) {
                    calls.push((method, call, item));
                }
            }
        }
        calls.sort_by_key(|(method, ..)| {
            METHODS.iter().position(|known| known == method).unwrap_or(METHODS.len())
        });
        for (method, call, item) in calls {
            push(found, self.operation(&method, path, call, item, server)?)?;
        }
        if found.len() == before {
            self.notes.push(format!("`{path}` has no call"));
        }
        Ok(())
    }

    /// The calls of a path item, each with its method. What is not known is said.
    fn calls<'v>(&mut self, path: &str, item: &'v Value) -> Vec<(String, &'v Value)> {
        let mut calls = vec![];
        for (key, value) in item.as_object().into_iter().flatten() {
            let method = key.to_ascii_uppercase();
            if METHODS.contains(&method.as_str()) {
                calls.push((method, value));
            } else if key == ANY_METHOD {
                calls.push((ANY.to_owned(), value));
            } else if key == ADDITIONAL {
                let more = value.as_object().into_iter().flatten();
                calls.extend(more.map(|(method, value)| (brief(&Value::from(method.as_str())), value)));
            } else if !NO_CALLS.contains(&key.as_str()) && !key.starts_with("x-") {
                self.notes.push(format!("`{key}` of {path} is left out: OpenAPI has no such method"));
            }
        }
        calls
    }

    fn operation(
        &mut self,
        method: &str,
        path: &str,
        call: &'a Value,
        item: &Value,
        server: &Server,
    ) -> Result<Operation> {
        let call = match self.followed(call) {
            Ok(call) => call,
            Err(error) => {
                let why = Some(error.to_string());
                return Ok(Operation { why, ..unread(method, path, server) });
            }
        };
        let servers = call.get("servers").or_else(|| item.get("servers"));
        let own = servers.and_then(|servers| servers.get(0)).map(Server::of).transpose()?;
        let other = own.as_ref().and_then(|own| own.address.clone()).filter(|own| !server.is_at(own));
        let said = ["summary", "operationId", "description"].iter().find_map(|name| call.get(name));
        let asked = call.get("security").or_else(|| self.root.get("security"));
        self.counts.add(call, asked, other.is_some());
        Ok(Operation {
            base: own.map_or_else(|| server.base.clone(), |own| own.base),
            summary: said.map(brief).unwrap_or_default(),
            asks: self.asks(asked)?,
            remark: other.map(|address| format!("the document has it at another server: {address}")),
            ..unread(method, path, server)
        })
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
                // OpenAPI 3.1 has names of roles for all other schemes, too.
                if self.is_oauth(scheme)? || !self.is_swagger {
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

    /// A JSON pointer in a fragment of an address (RFC 6901, section 6): percent-encoded, and within that `~1` and `~0`.
    fn at(&self, pointer: &str) -> Option<&'a Value> {
        let pointer = percent_decoded(pointer)?;
        let (first, rest) = pointer.strip_prefix('/')?.split_once('/')?;
        self.root.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(&format!("/{rest}"))
    }
}

impl Counts {
    fn add(&mut self, call: &Value, asked: Option<&Value>, is_elsewhere: bool) {
        let alternatives = asked.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_empty = |alternative: &&Value| alternative.as_object().is_none_or(Map::is_empty);
        let empty = alternatives.iter().filter(is_empty).count();
        self.alternatives += usize::from(alternatives.len() - empty > 1);
        self.optional += usize::from(empty > 0 && empty < alternatives.len());
        self.callbacks += usize::from(call.get("callbacks").is_some());
        self.elsewhere += usize::from(is_elsewhere);
    }

    fn notes(&self) -> Vec<String> {
        let notes = [
            (
                self.alternatives,
                "may be made with one of several credentials; the first one with scopes counts",
            ),
            (self.optional, "may be made without a token, too, says the document; the draft wants one"),
            (self.callbacks, "name callbacks, which are calls that the API makes; those are left out"),
            (self.elsewhere, "are at another server, says the document; a comment names it"),
        ];
        let notes = notes.into_iter().filter(|(count, _)| *count > 0);
        notes.map(|(count, what)| format!("{count} call(s) {what}")).collect()
    }
}

/// A call of which no more is known.
fn unread(method: &str, path: &str, server: &Server) -> Operation {
    Operation {
        method: method.to_owned(),
        base: server.base.clone(),
        path: path.to_owned(),
        summary: String::new(),
        asks: Asks::Something,
        remark: None,
        why: None,
    }
}

fn push(found: &mut Vec<Operation>, operation: Operation) -> Result<()> {
    if found.len() == OPERATIONS_MAX {
        return Err(Error::usage(format!(
            "the document has more than {OPERATIONS_MAX} operations: split it"
        )));
    }
    found.push(operation);
    Ok(())
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)?.try_into().ok());
    while let Some(byte) = bytes.next() {
        let plain = if byte == b'%' {
            let (high, low): (u8, u8) = (digit(bytes.next())?, digit(bytes.next())?);
            high * 16 + low
        } else {
            byte
        };
        decoded.push(plain);
    }
    String::from_utf8(decoded).ok()
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
