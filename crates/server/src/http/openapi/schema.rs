//! JSON schemas of the types on the wire, out of their derives.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

type Named = Vec<(String, RefOr<Schema>)>;

/// A type on the wire.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    shape: Shape,
    name: fn() -> Cow<'static, str>,
    schema: fn() -> RefOr<Schema>,
    nested: fn(&mut Named),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    One,
    /// One page of a list of them.
    List,
}

/// Every schema that some operation refers to, by name.
#[derive(Default)]
pub(super) struct Schemas(BTreeMap<String, Value>);

impl Kind {
    pub(super) fn of<T: ToSchema>() -> Self {
        Self { shape: Shape::One, name: T::name, schema: T::schema, nested: T::schemas }
    }

    pub(super) fn list_of<T: ToSchema>() -> Self {
        Self { shape: Shape::List, ..Self::of::<T>() }
    }

    /// The schema itself.
    pub(super) fn schema(&self) -> Value {
        tightened(value(&(self.schema)()))
    }

    /// Whether it is this type.
    pub(super) fn is<T: ToSchema>(&self) -> bool {
        (self.name)() == T::name()
    }

    /// Whether it can be left out: nothing of it has to be there.
    pub(super) fn is_optional(&self) -> bool {
        self.schema().get("required").is_none()
    }
}

impl Schemas {
    /// A reference to the type; plain texts need none.
    pub(super) fn refer(&mut self, kind: Kind) -> Value {
        let schema = kind.schema();
        if schema.get("properties").is_none() && schema.get("type") == Some(&json!("string")) {
            return schema;
        }
        let mut nested = vec![((kind.name)().into_owned(), (kind.schema)())];
        (kind.nested)(&mut nested);
        for (name, schema) in nested {
            self.0.entry(name).or_insert_with(|| tightened(value(&schema)));
        }
        let one = reference(&(kind.name)());
        match kind.shape {
            Shape::One => one,
            Shape::List => self.list_of(&(kind.name)(), &one),
        }
    }

    pub(super) fn into_value(self) -> Value {
        self.0.into_iter().collect::<serde_json::Map<_, _>>().into()
    }

    fn list_of(&mut self, name: &str, one: &Value) -> Value {
        let list = json!({
            "type": "object",
            "description": format!("One page of a list of `{name}`: stable while rows change."),
            "required": ["items"],
            "properties": {
                "items": {"type": "array", "items": one, "description": "The items of this page."},
                "next_page_token": {
                    "type": "string",
                    "description": "Hand this back as `page_token` for the next page; absent on the last one.",
                },
            },
        });
        let name = format!("ListOf{name}");
        let reference = reference(&name);
        self.0.insert(name, list);
        reference
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn value(schema: &RefOr<Schema>) -> Value {
    let mut value = serde_json::to_value(schema).unwrap_or_default();
    without_links(&mut value);
    value
}

/// Comments in the source link to other types; here the names of those are enough.
fn without_links(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" => {
                        *text = text.replace("`](crate::Code)", "`").replace("[`", "`").replace("`]", "`");
                    }
                    member => without_links(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_links),
        _ => {}
    }
}

/// What refuses unknown fields is a request, and a request's optional field may be left out but not be null.
fn tightened(mut schema: Value) -> Value {
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
        fields.into_iter().flat_map(serde_json::Map::values_mut).for_each(without_null);
    }
    schema
}

fn without_null(field: &mut Value) {
    let Some(field) = field.as_object_mut() else { return };
    if let Some(Value::Array(kinds)) = field.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            field.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = field.get_mut("oneOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            field.remove("oneOf");
            field.extend(only);
        }
    }
}
