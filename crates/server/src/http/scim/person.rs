//! What a directory calls a person: the name to sign in with, and the parts of their own name.

use jeton_api::Code;
use jeton_token::PrincipalName;
use serde_json::{Map, Value, json};

use super::object::{self, text, wrong};
use super::patch::{Step, Verb};
use crate::authority::Error;
use crate::store::{NameParts, PrincipalRecord, Provisioned};

/// The names of a person, as they were sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PersonName {
    /// Empty where the directory's name is the name itself.
    pub(super) user_name: String,
    pub(super) parts: NameParts,
}

const PARTS: [&str; 3] = ["formatted", "givenName", "familyName"];

impl PersonName {
    /// What is kept. The directory's name counts as long as the user's name follows from it: somebody may have renamed
    /// the user here.
    pub(super) fn of(user: &PrincipalRecord, kept: &Provisioned) -> Self {
        let follows =
            |label: &&String| PrincipalName::of_directory(label).is_ok_and(|name| name.as_str() == user.name);
        let user_name = kept.user_name.as_ref().filter(follows).cloned().unwrap_or_default();
        Self { user_name, parts: kept.parts.clone() }
    }

    /// The `userName` to show: as it was sent.
    pub(super) fn user_name_of<'a>(&'a self, user: &'a PrincipalRecord) -> &'a str {
        if self.user_name.is_empty() { &user.name } else { &self.user_name }
    }

    /// Takes a `userName`; answers the name that stands for it.
    pub(super) fn set_user_name(&mut self, value: &Value) -> Result<PrincipalName, Error> {
        let label = value.as_str().ok_or_else(|| wrong("userName", "is a text"))?;
        let name = PrincipalName::of_directory(label);
        let name =
            name.map_err(|error| Error::invalid("/userName", Code::InvalidField, error.to_string()))?;
        self.user_name = if name.as_str() == label { String::new() } else { label.to_owned() };
        Ok(name)
    }

    /// A name to show where none is said.
    pub(super) fn to_show(&self) -> Option<String> {
        let NameParts { formatted, given, family } = &self.parts;
        let joined = [given.as_str(), family.as_str()].join(" ");
        // A name that differs in case alone is shown well enough as it is.
        let is_name = self.user_name.parse::<PrincipalName>().is_ok();
        let user_name = if is_name { "" } else { &self.user_name };
        [formatted, joined.trim(), user_name].into_iter().find(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Takes the parts that an object says.
    pub(super) fn set_parts(&mut self, value: &Value) -> Result<(), Error> {
        let said = value.as_object().ok_or_else(|| wrong("name", "is an object"))?;
        for part in PARTS {
            if let Some(value) = object::get(said, part) {
                self.set(&part.to_ascii_lowercase(), value)?;
            }
        }
        Ok(())
    }

    /// A step of a PATCH on `name`.
    pub(super) fn step(&mut self, step: &Step) -> Result<(), Error> {
        match (&step.path.filter, step.path.sub.as_deref(), step.verb) {
            (Some(_), ..) => step.check_simple(),
            (None, None, Verb::Remove) => {
                self.parts = NameParts::default();
                Ok(())
            }
            (None, None, _) => self.set_parts(&step.value),
            (None, Some(part), Verb::Remove) => self.set(part, &Value::Null),
            (None, Some(part), _) => self.set(part, &step.value),
        }
    }

    /// What was put together from the parts that there were does not outlive them, unless these steps say it again.
    pub(super) fn forget_outdated(&mut self, had: &Self, steps: &[Step]) {
        let NameParts { given, family, .. } = &self.parts;
        let is_other = *given != had.parts.given || *family != had.parts.family;
        if is_other && !steps.iter().any(says_formatted) {
            self.parts.formatted.clear();
        }
    }

    /// As SCIM shows the parts.
    pub(super) fn parts_json(&self) -> Option<Value> {
        let NameParts { formatted, given, family } = &self.parts;
        let said = PARTS.into_iter().zip([formatted, given, family]).filter(|(_, text)| !text.is_empty());
        let said: Map<_, _> = said.map(|(part, text)| (part.to_owned(), json!(text))).collect();
        Some(Value::Object(said)).filter(|_| self.parts != NameParts::default())
    }

    fn set(&mut self, part: &str, value: &Value) -> Result<(), Error> {
        let place = match part {
            "formatted" => &mut self.parts.formatted,
            "givenname" => &mut self.parts.given,
            "familyname" => &mut self.parts.family,
            // Of a name, nothing else is kept.
            _ => return Ok(()),
        };
        *place = text("name", value)?;
        Ok(())
    }
}

fn says_formatted(step: &Step) -> bool {
    let within =
        |value: &Value| value.as_object().is_some_and(|name| object::get(name, "formatted").is_some());
    let sub = step.path.sub.as_deref();
    step.path.attribute == "name" && (sub == Some("formatted") || sub.is_none() && within(&step.value))
}
