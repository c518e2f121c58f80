//! PATCH (RFC 7644, section 3.5.2), as different providers write it: one step for each attribute.

use jeton_api::Code;
use serde_json::Value;

use super::kept::{Kind, Standing};
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
}

impl Step {
    pub(super) fn read_only(&self) -> Error {
        read_only(&self.path.attribute)
    }

    /// Only whole attributes that have nothing within them.
    pub(super) fn check_simple(&self) -> Result<(), Error> {
        if self.path.filter.is_none() && self.path.sub.is_none() {
            return Ok(());
        }
        Err(syntax::no_such_path(&self.path.attribute))
    }
}

/// The steps of a request on what is kept, in its order.
pub(super) fn steps(request: &Object, kind: Kind) -> Result<Vec<Step>, Error> {
    let operations = object::get(request, "Operations").ok_or_else(|| missing("Operations"))?;
    let operations = operations.as_array().ok_or_else(|| wrong("Operations", "is a list"))?;
    if operations.is_empty() || operations.len() > SCIM_OPERATIONS_MAX {
        return Err(wrong("Operations", "has 1 to 1000 entries"));
    }
    let mut steps = Vec::new();
    for operation in operations {
        let operation = operation.as_object().ok_or_else(|| wrong("Operations", "has objects in it"))?;
        add_steps(operation, kind, &mut steps)?;
    }
    Ok(steps)
}

fn add_steps(operation: &Object, kind: Kind, steps: &mut Vec<Step>) -> Result<(), Error> {
    let verb = verb(operation)?;
    let value = object::get(operation, "value");
    let path =
        object::get(operation, "path").map(|path| path.as_str().ok_or_else(|| wrong("path", "is a text")));
    match (path.transpose()?, value) {
        (None, _) if verb == Verb::Remove => {
            Err(Error::invalid("/path", Code::NoTarget, "`remove` needs a `path`"))
        }
        (None, Some(Value::Object(attributes))) => add_all(verb, kind, attributes, steps),
        (None, _) => Err(wrong("value", "is an object where there is no `path`")),
        (Some(path), value) => {
            let attribute = syntax::attribute(path).ok_or_else(|| syntax::no_such_path(path))?;
            match kind.standing(&attribute) {
                Standing::Ignored => return Ok(()),
                Standing::ReadOnly => return Err(read_only(&attribute)),
                Standing::Kept => {}
            }
            if verb != Verb::Remove && !operation.keys().any(|key| key.eq_ignore_ascii_case("value")) {
                return Err(missing("value"));
            }
            steps.push(Step { verb, path: syntax::path(path)?, value: value.cloned().unwrap_or_default() });
            Ok(())
        }
    }
}

/// As in a whole resource: what is not kept, or the server's, does not matter.
fn add_all(verb: Verb, kind: Kind, attributes: &Object, steps: &mut Vec<Step>) -> Result<(), Error> {
    for (name, value) in attributes {
        let standing = syntax::attribute(name).map(|attribute| kind.standing(&attribute));
        if standing == Some(Standing::Kept) {
            steps.push(Step { verb, path: syntax::path(name)?, value: value.clone() });
        }
    }
    Ok(())
}

fn read_only(attribute: &str) -> Error {
    let detail = format!("`{attribute}` is the server's, or has to stay");
    Error::invalid("/path", Code::ReadOnly, detail)
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
