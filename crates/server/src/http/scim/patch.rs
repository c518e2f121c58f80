//! PATCH (RFC 7644, section 3.5.2), as different providers write it: one step for each attribute.

use jeton_api::Code;
use serde_json::Value;

use super::object::{self, Object, missing, wrong};
use super::syntax::{self, Path};
use crate::authority::Error;
use crate::limits::SCIM_OPERATIONS_MAX;

pub(super) const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What to do at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Replace,
    Remove,
}

/// One operation on one attribute.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) verb: Verb,
    pub(super) path: Path,
    /// Null where there is none.
    pub(super) value: Value,
    /// It stood among others in an object, as in a whole resource: there, what is not kept here does not matter.
    pub(super) among_others: bool,
}

/// Attributes that the server alone writes.
const READ_ONLY: [&str; 4] = ["id", "meta", "schemas", "groups"];

/// Attributes of users (RFC 7643, section 4.1) that are not kept here.
const NOT_KEPT: [&str; 15] = [
    "name",
    "nickname",
    "profileurl",
    "title",
    "usertype",
    "preferredlanguage",
    "locale",
    "timezone",
    "password",
    "phonenumbers",
    "ims",
    "photos",
    "addresses",
    "entitlements",
    "roles",
];

impl Step {
    /// For an attribute that is none of those kept here: whether to go on, or why not.
    pub(super) fn elsewhere(&self) -> Result<(), Error> {
        let attribute = self.path.attribute.as_str();
        let known = NOT_KEPT.contains(&attribute) || attribute == "x509certificates";
        if self.among_others || self.path.is_extension() || known {
            return Ok(());
        }
        if READ_ONLY.contains(&attribute) {
            return Err(self.read_only());
        }
        Err(syntax::no_such_path(attribute))
    }

    pub(super) fn read_only(&self) -> Error {
        let detail = format!("`{}` is the server's, or has to stay", self.path.attribute);
        Error::invalid("/path", Code::ReadOnly, detail)
    }

    /// Only whole attributes that have nothing within them.
    pub(super) fn check_simple(&self) -> Result<(), Error> {
        if self.path.filter.is_none() && self.path.sub.is_none() {
            return Ok(());
        }
        Err(syntax::no_such_path(&self.path.attribute))
    }
}

/// The steps of a request, in its order.
pub(super) fn steps(request: &Object) -> Result<Vec<Step>, Error> {
    let operations = object::get(request, "Operations").ok_or_else(|| missing("Operations"))?;
    let operations = operations.as_array().ok_or_else(|| wrong("Operations", "is a list"))?;
    if operations.is_empty() || operations.len() > SCIM_OPERATIONS_MAX {
        return Err(wrong("Operations", "has 1 to 1000 entries"));
    }
    let mut steps = Vec::new();
    for operation in operations {
        let operation = operation.as_object().ok_or_else(|| wrong("Operations", "has objects in it"))?;
        add_steps(operation, &mut steps)?;
    }
    Ok(steps)
}

fn add_steps(operation: &Object, steps: &mut Vec<Step>) -> Result<(), Error> {
    let verb = verb(operation)?;
    let value = object::get(operation, "value");
    let path =
        object::get(operation, "path").map(|path| path.as_str().ok_or_else(|| wrong("path", "is a text")));
    match (path.transpose()?, value) {
        (None, _) if verb == Verb::Remove => {
            Err(Error::invalid("/path", Code::NoTarget, "`remove` needs a `path`"))
        }
        (None, Some(Value::Object(attributes))) => {
            for (name, value) in attributes {
                // A name that is none belongs to nothing that is kept here.
                if let Ok(path) = syntax::path(name) {
                    steps.push(Step { verb, path, value: value.clone(), among_others: true });
                }
            }
            Ok(())
        }
        (None, _) => Err(wrong("value", "is an object where there is no `path`")),
        (Some(path), value) => {
            if verb != Verb::Remove && !operation.keys().any(|key| key.eq_ignore_ascii_case("value")) {
                return Err(missing("value"));
            }
            let value = value.cloned().unwrap_or_default();
            steps.push(Step { verb, path: syntax::path(path)?, value, among_others: false });
            Ok(())
        }
    }
}

fn verb(operation: &Object) -> Result<Verb, Error> {
    let word = object::get(operation, "op").and_then(Value::as_str).unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "add" => Ok(Verb::Add),
        "replace" => Ok(Verb::Replace),
        "remove" => Ok(Verb::Remove),
        _ => Err(wrong("op", "is one of `add`, `replace` and `remove`")),
    }
}
