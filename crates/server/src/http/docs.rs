//! `/docs`: the description of the API as a page, rendered here. It has no script, so that it needs no leave for one.

#![expect(
    clippy::indexing_slicing,
    reason = "a missing member of a JSON value reads as null and is written as new"
)]

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::{Map, Value};

use super::fixed::Fixed;
use super::problem::Problem;
use super::{Doors, openapi};

const STYLE: &str = include_str!("../../assets/docs.css");

/// `GET /docs`.
pub(super) async fn show(
    State(doors): State<Doors>,
    asked: HeaderMap,
) -> Result<Response<axum::body::Body>, Problem> {
    if let Some(made) = doors.fixed.docs.get() {
        return Ok(made.answer(&asked));
    }
    let document = openapi::document(&doors.public_url);
    let page = Page::of(&document).render().map_err(|_| Problem::Internal)?;
    Ok(doors.fixed.docs.get_or_init(|| Fixed::document(page)).answer(&asked))
}

/// `GET /assets/docs.css`.
pub(super) async fn style(State(doors): State<Doors>, asked: HeaderMap) -> Response<axum::body::Body> {
    doors.fixed.docs_style.get_or_init(|| Fixed::style(STYLE)).answer(&asked)
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Page<'a> {
    title: &'a str,
    version: &'a str,
    about: &'a str,
    server: &'a str,
    groups: Vec<Group<'a>>,
    schemas: Vec<Schema<'a>>,
}

struct Group<'a> {
    name: &'a str,
    about: &'a str,
    operations: Vec<Operation<'a>>,
}

struct Operation<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    summary: &'a str,
    about: &'a str,
    action: &'a str,
    parameters: Vec<Field<'a>>,
    body: Option<Body>,
    answers: Vec<Answer<'a>>,
}

struct Body {
    kind: Kind,
    media: String,
}

struct Answer<'a> {
    status: &'a str,
    /// Lines; each with the code that it is about, if any.
    lines: Vec<(&'a str, &'a str)>,
    kind: Option<Kind>,
}

struct Field<'a> {
    name: &'a str,
    /// Where it stands, for a parameter.
    place: &'a str,
    kind: Kind,
    is_required: bool,
    about: &'a str,
}

struct Schema<'a> {
    name: &'a str,
    about: &'a str,
    fields: Vec<Field<'a>>,
    /// What else it is, when it has no fields of its own.
    otherwise: String,
}

/// A type in words, and the schema that it leads to.
#[derive(Default)]
struct Kind {
    words: String,
    leads_to: Option<String>,
}

impl<'a> Page<'a> {
    fn of(document: &'a Value) -> Self {
        let tags = items(&document["tags"]);
        Self {
            title: text(&document["info"]["title"]),
            version: text(&document["info"]["version"]),
            about: text(&document["info"]["description"]),
            server: text(&document["servers"][0]["url"]),
            groups: tags.map(|tag| Group::of(tag, document)).collect(),
            schemas: members(&document["components"]["schemas"]).map(Schema::of).collect(),
        }
    }
}

impl<'a> Group<'a> {
    fn of(tag: &'a Value, document: &'a Value) -> Self {
        let all = members(&document["paths"])
            .flat_map(|(path, methods)| members(methods).map(move |(method, said)| (method, path, said)));
        let own = all.filter(|(_, _, said)| said["tags"][0] == tag["name"]);
        let operations =
            own.map(|(method, path, said)| Operation::of(method, path, said, document)).collect();
        Self { name: text(&tag["name"]), about: text(&tag["description"]), operations }
    }
}

impl<'a> Operation<'a> {
    fn of(method: &str, path: &'a str, said: &'a Value, document: &'a Value) -> Self {
        let body = members(&said["requestBody"]["content"]).next();
        let body =
            body.map(|(media, body)| Body { kind: Kind::of(&body["schema"]), media: media.to_owned() });
        Self {
            id: text(&said["operationId"]),
            method: method.to_ascii_uppercase(),
            path,
            summary: text(&said["summary"]),
            about: text(&said["description"]),
            action: text(&said["x-jeton-action"]),
            parameters: items(&said["parameters"]).map(Field::of_parameter).collect(),
            body,
            answers: members(&said["responses"]).map(|answer| Answer::of(answer, document)).collect(),
        }
    }
}

impl<'a> Answer<'a> {
    fn of((status, said): (&'a str, &'a Value), document: &'a Value) -> Self {
        let shared = said["$ref"].as_str().and_then(|to| document.pointer(to.trim_start_matches('#')));
        let said = shared.unwrap_or(said);
        let content = members(&said["content"]).find(|(media, _)| *media != "application/problem+json");
        let lines = text(&said["description"]).lines().map(|line| {
            let coded = line.strip_prefix("- `").and_then(|line| line.split_once("`: "));
            coded.unwrap_or(("", line))
        });
        Self {
            status,
            lines: lines.collect(),
            kind: content.map(|(_, content)| Kind::of(&content["schema"])),
        }
    }
}

impl<'a> Field<'a> {
    fn of_parameter(said: &'a Value) -> Self {
        Self {
            name: text(&said["name"]),
            place: text(&said["in"]),
            kind: Kind::of(&said["schema"]),
            is_required: said["required"] == true,
            about: text(&said["description"]),
        }
    }

    fn of_property((name, said): (&'a str, &'a Value), required: &Value) -> Self {
        let is_required = items(required).any(|one| one == name);
        Self { name, place: "", kind: Kind::of(said), is_required, about: text(&said["description"]) }
    }
}

impl<'a> Schema<'a> {
    fn of((name, said): (&'a str, &'a Value)) -> Self {
        // A type that is flattened into another one stands in `allOf`, beside the rest.
        let parts = std::iter::once(said).chain(items(&said["allOf"]));
        let fields = parts.flat_map(|part| {
            members(&part["properties"]).map(|field| Field::of_property(field, &part["required"]))
        });
        let also: Vec<_> = items(&said["allOf"]).filter_map(|part| part["$ref"].as_str()).collect();
        let fields: Vec<_> = fields.collect();
        let otherwise = match (fields.is_empty(), also.as_slice()) {
            (true, _) => Kind::of(said).words,
            (false, []) => String::new(),
            (false, also) => {
                format!("and the fields of {}", also.iter().map(|to| last(to)).collect::<String>())
            }
        };
        Self { name, about: text(&said["description"]), fields, otherwise }
    }
}

impl Kind {
    fn of(schema: &Value) -> Self {
        if let Some(to) = schema["$ref"].as_str() {
            return Self { words: last(to).to_owned(), leads_to: Some(last(to).to_owned()) };
        }
        if schema["type"] == "array" {
            let of = Self::of(&schema["items"]);
            return Self { words: format!("list of {}", of.words), ..of };
        }
        for one_of in ["oneOf", "anyOf", "allOf"] {
            if let Some(choices) = schema[one_of].as_array() {
                return Self::of_choices(choices);
            }
        }
        if let Some(words) = schema["enum"].as_array() {
            let words: Vec<_> = words.iter().map(text).collect();
            return Self { words: words.join(" | "), leads_to: None };
        }
        Self { words: plain(schema), leads_to: None }
    }

    fn of_choices(choices: &[Value]) -> Self {
        let kinds: Vec<_> = choices.iter().map(Self::of).collect();
        let words: Vec<_> = kinds.iter().map(|kind| kind.words.as_str()).collect();
        let words = words.join(" or ");
        Self { words, leads_to: kinds.into_iter().find_map(|kind| kind.leads_to) }
    }
}

fn plain(schema: &Value) -> String {
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        kind => text(kind).to_owned(),
    };
    match schema["format"].as_str() {
        Some(format) if !kinds.is_empty() => format!("{kinds} ({format})"),
        _ if kinds.is_empty() => "anything".to_owned(),
        _ => kinds,
    }
}

fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}
