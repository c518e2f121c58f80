//! `jeton api import`: from an OpenAPI document to a draft of what the API declares.
//!
//! Nothing is asked and nothing is changed: the draft is a file that somebody looks through before `jeton api apply`
//! reads it. So all that was guessed stands in a comment, and what has no route is said aloud.

mod document;
mod draft;
mod loose;
mod path;
mod server;
mod shadow;
mod source;
mod text;
mod words;

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jeton_api::{ApiRoute, ApiScope};
use jeton_token::{PrincipalName, ScopePattern};
use serde::Serialize;

use crate::apply;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::output::{Output, Show};
use crate::toml_file::TomlFile;
use document::Document;
use draft::{Draft, LeftOut, Line, listed, nothing_left};
use words::{has_foreign_letters, pascal, slug, spelled};

pub(crate) use words::scope_of_path;

/// The largest document that is read, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// `jeton api import`
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// An OpenAPI 3 or Swagger 2.0 document, as YAML or JSON; `-` is standard input
    #[arg(value_name = "FILE|-")]
    document: PathBuf,

    /// The API's name at Jeton; default: from the title
    #[arg(long)]
    name: Option<String>,

    /// The first segment of all its scopes; default: from the name
    #[arg(long)]
    namespace: Option<String>,

    /// Who tokens are for, as the API calls itself; default: the address of its first server
    #[arg(long)]
    audience: Option<String>,

    /// The organization that it serves; default: `default`
    #[arg(long)]
    organization: Option<String>,

    /// Write the draft into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Replace the file if it is there
    #[arg(long, requires = "file")]
    force: bool,
}

/// Runs the verb.
pub(crate) fn run(output: Output, args: &ImportArgs) -> Result<()> {
    let document = Document::parse(&read(&args.document)?)?;
    let imported = Imported::new(&document, args).map_err(|refused| {
        // What explains an error goes before it.
        refused.notes.iter().for_each(|note| output.note(&format!("- {}", safe(note))));
        refused.error
    })?;
    imported.check()?;
    imported.tell(output);
    match &args.file {
        None => output.show(&imported),
        Some(file) => {
            write(file, &imported.text, args.force)?;
            output.note(&format!("wrote `{}`: look through it, then `jeton api apply`", file.display()));
            Ok(())
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let mut text = vec![];
    let source: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("`{shown}`"))?)
    };
    source.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut text).with_context(|| format!("`{shown}`"))?;
    if u64::try_from(text.len()).is_ok_and(|length| length > DOCUMENT_BYTES_MAX) {
        return Err(Error::usage(format!("`{shown}` is larger than {DOCUMENT_BYTES_MAX} bytes")));
    }
    Ok(text)
}

fn write(path: &Path, text: &str, replace: bool) -> Result<()> {
    let shown = path.display();
    let mut options = File::options();
    let options = if replace { options.create(true).truncate(true) } else { options.create_new(true) };
    let mut file = match options.write(true).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Error::usage(format!("`{shown}` is there already; `--force` replaces it")));
        }
        opened => opened.with_context(|| format!("`{shown}`"))?,
    };
    file.write_all(text.as_bytes()).with_context(|| format!("`{shown}`"))?;
    Ok(())
}

/// A draft with its names.
#[derive(Serialize)]
struct Imported {
    name: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
    namespace: String,
    audience: String,
    scopes: Vec<ApiScope>,
    routes: Vec<ApiRoute>,
    /// What is to be looked at.
    notes: Vec<String>,
    #[serde(skip)]
    text: String,
}

/// Why there is no draft, and what explains it.
struct Refused {
    notes: Vec<String>,
    error: Error,
}

impl Imported {
    fn new(document: &Document, args: &ImportArgs) -> Result<Self, Refused> {
        if document.operations.is_empty() {
            return Err(Refused { notes: document.notes.clone(), error: nothing_left(document) });
        }
        let named = name(args, &document.title).and_then(|name| Ok((namespace(args, &name)?, name)));
        let (namespace, name) = named.map_err(|error| Refused { notes: document.notes.clone(), error })?;
        let draft = Draft::of(document, &namespace)
            .map_err(|refused| Refused { notes: notes(&refused.draft, false), error: refused.error })?;
        let audience = args.audience.clone().or_else(|| document.address.clone());
        let is_guessed = audience.is_none();
        let is_named = args.name.is_none().then(|| {
            format!("`{name}` and `{namespace}` come from the title and stay for good: `--name` and `--namespace` choose others")
        });
        let mut imported = Self {
            audience: audience.unwrap_or_else(|| format!("https://{name}.example")),
            organization: args.organization.clone(),
            title: if document.title.is_empty() { name.clone() } else { document.title.clone() },
            scopes: draft.scopes.iter().map(|draft| draft.scope.clone()).collect(),
            routes: draft.routes().cloned().collect(),
            notes: is_named.into_iter().chain(notes(&draft, is_guessed)).collect(),
            text: String::new(),
            name,
            namespace,
        };
        imported.text = text::text(&imported, document, &draft);
        Ok(imported)
    }

    /// What is written is read as `api apply` reads it: a draft that it would not take is a fault of ours.
    fn check(&self) -> Result<()> {
        let (name, put) = apply::read_text(&TomlFile::new("the draft".to_owned(), self.text.clone()))?;
        let is_same = name == self.name && put.scopes == self.scopes && put.routes == self.routes;
        is_same.then_some(()).ok_or_else(|| Error::usage("the draft does not say what it should"))
    }

    fn tell(&self, output: Output) {
        let (scopes, routes) = (self.scopes.len(), self.routes.len());
        output.note(&format!("a draft of `{}`: {scopes} scopes, {routes} routes", safe(&self.name)));
        self.notes.iter().for_each(|note| output.note(&format!("- {}", safe(note))));
    }
}

fn name(args: &ImportArgs, title: &str) -> Result<String> {
    let name = args.name.clone().unwrap_or_else(|| slug(title));
    if args.name.is_none() && has_foreign_letters(title) {
        return Err(unspelled(title, &name));
    }
    if name.is_empty() {
        return Err(Error::usage("the document has no title to make a name of: add `--name`"));
    }
    let parsed: PrincipalName =
        name.parse().map_err(|error| Error::usage(format!("`{}`: {error}", safe(&name))))?;
    Ok(parsed.to_string())
}

/// A name stays for good, so its spelling is not guessed.
fn unspelled(title: &str, name: &str) -> Error {
    let example = if has_foreign_letters(&spelled(title)) || name.is_empty() {
        String::new()
    } else {
        format!(", for example `--name {name}`")
    };
    Error::usage(format!(
        "the title `{}` has letters that a name cannot have, and a name stays for good: add `--name`{example}",
        safe(title)
    ))
}

fn namespace(args: &ImportArgs, name: &str) -> Result<String> {
    let namespace = args.namespace.clone().unwrap_or_else(|| pascal(name));
    let refused = |why: &str| Err(Error::usage(format!("`{}` {why}: add `--namespace`", safe(&namespace))));
    if namespace.eq_ignore_ascii_case("Jeton") {
        return refused("is Jeton's own namespace");
    }
    match ScopePattern::namespace(&namespace) {
        Ok(_) => Ok(namespace),
        Err(_) => refused("is no namespace: it has 1 to 64 characters from A-Z, a-z, 0-9, `_` and `-`"),
    }
}

fn notes(draft: &Draft, is_audience_guessed: bool) -> Vec<String> {
    let mut notes = draft.notes.clone();
    if is_audience_guessed {
        notes.push("the document names no server: `audience` is made up".to_owned());
    }
    let open = draft.lines.iter().filter(|line| matches!(line, Line::Open(_))).count();
    if open > 0 {
        notes.push(format!(
            "{open} call(s) need no token, says the document, and have no route: let your gateway pass them by name, or \
             take the `#` away to want a token"
        ));
    }
    for line in &draft.lines {
        match line {
            Line::LeftOut(LeftOut { method, path, why, .. }) => {
                notes.push(format!("{method} {path} is left out: {why}"));
            }
            Line::Shadows(route, _, calls) => {
                let (call, passing) = (format!("{} {}", route.method, route.path), passing(calls));
                notes.push(format!("{call} is commented out: {passing}"));
            }
            Line::Route(..) | Line::Open(_) => {}
        }
    }
    notes
}

/// Why a route is written as a comment.
fn passing(calls: &[String]) -> String {
    let calls = listed(calls.iter().map(String::as_str));
    format!("it would also let through what has no route and needs another scope: {calls}")
}

impl Show for Imported {
    fn table(&self) -> String {
        self.text.trim_end().to_owned()
    }

    fn values(&self) -> Vec<String> {
        vec![self.name.clone()]
    }
}
