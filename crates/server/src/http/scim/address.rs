//! The one address of a user that is kept, out of as many as a provider sends.

#![expect(
    clippy::indexing_slicing,
    reason = "a missing member of a JSON value reads as null and is written as new"
)]

use serde_json::{Value, json};

use super::object::{self, flag, several, text, wrong};
use super::patch::{Step, Verb};
use super::syntax::{self, Comparison};
use crate::authority::Error;
use crate::store::EmailLabel;

/// An address with its labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Address {
    pub(super) value: String,
    pub(super) label: EmailLabel,
}

/// What is kept of an address.
const LABELS: [&str; 3] = ["value", "type", "primary"];

impl Address {
    /// Of several the primary one, else the one for work, else the first.
    pub(super) fn chosen(value: &Value) -> Result<Option<Self>, Error> {
        let mut all = Vec::new();
        for one in several(value) {
            all.extend(Self::parsed(one)?);
        }
        let first = |is_it: fn(&Self) -> bool| all.iter().find(|one| is_it(one));
        let primary = first(|one| one.label.primary == Some(true));
        let work = first(|one| one.label.kind.as_deref() == Some("work"));
        Ok(primary.or(work).or(all.first()).cloned())
    }

    /// As SCIM shows it.
    pub(super) fn json(&self) -> Value {
        let mut shown = json!({ "value": self.value });
        if let Some(kind) = &self.label.kind {
            shown["type"] = json!(kind);
        }
        if let Some(primary) = self.label.primary {
            shown["primary"] = json!(primary);
        }
        shown
    }

    fn parsed(value: &Value) -> Result<Option<Self>, Error> {
        let Some(address) = value.as_object() else {
            return Err(wrong("emails", "has objects with a `value` in it"));
        };
        let mut parsed = Self::default();
        for sub in LABELS {
            if let Some(value) = object::get(address, sub) {
                parsed.set(sub, value)?;
            }
        }
        Ok(Some(parsed).filter(|parsed| !parsed.value.is_empty()))
    }

    fn set(&mut self, sub: &str, value: &Value) -> Result<(), Error> {
        match sub {
            "value" => self.value = text("emails", value)?,
            "type" => self.label.kind = Some(text("emails", value)?).filter(|kind| !kind.is_empty()),
            "primary" if value.is_null() => self.label.primary = None,
            "primary" => self.label.primary = Some(flag("emails", value)?),
            _ => {}
        }
        Ok(())
    }

    fn fits(&self, filter: &[Comparison]) -> bool {
        filter.iter().all(|comparison| match (comparison.attribute.as_str(), &comparison.value) {
            ("type", Value::String(kind)) => {
                self.label.kind.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(kind))
            }
            ("value", Value::String(value)) => self.value.eq_ignore_ascii_case(value),
            ("primary", value) => flag("emails", value).is_ok_and(|flag| self.label.primary == Some(flag)),
            _ => false,
        })
    }
}

/// The address after a step.
pub(super) fn after(step: &Step, had: Option<Address>) -> Result<Option<Address>, Error> {
    match (&step.path.filter, step.verb) {
        (None, _) if step.path.sub.is_none() => whole(step, had),
        (None, _) => within(step, had.unwrap_or_default()),
        (Some(filter), verb) => {
            let blank = blank(filter)?;
            match had {
                Some(had) if had.fits(filter) => within(step, had),
                // Another one than the one that is kept.
                had if verb == Verb::Remove => Ok(had),
                Some(had) if had.label.primary == Some(true) => Ok(Some(had)),
                _ => within(step, blank),
            }
        }
    }
}

fn whole(step: &Step, had: Option<Address>) -> Result<Option<Address>, Error> {
    match (step.verb, had) {
        (Verb::Remove, _) => Ok(None),
        (Verb::Replace, _) => Address::chosen(&step.value),
        (Verb::Add, had) => {
            let added = Address::chosen(&step.value)?;
            let wins = |added: &Address| had.is_none() || added.label.primary == Some(true);
            Ok(added.filter(wins).or(had))
        }
    }
}

/// A change within one address. One without a value is none.
fn within(step: &Step, mut address: Address) -> Result<Option<Address>, Error> {
    match (&step.path.sub, step.verb) {
        (None, Verb::Remove) => return Ok(None),
        (Some(sub), Verb::Remove) => address.set(sub, &Value::Null)?,
        (Some(sub), _) => address.set(sub, &step.value)?,
        (None, _) => {
            let first = several(&step.value).first().and_then(Value::as_object);
            let first = first.ok_or_else(|| wrong("emails", "has objects in it"))?;
            for sub in LABELS {
                if let Some(value) = object::get(first, sub) {
                    address.set(sub, value)?;
                }
            }
        }
    }
    Ok(Some(address).filter(|address| !address.value.is_empty()))
}

/// An address of which all is known that a filter asks for.
fn blank(filter: &[Comparison]) -> Result<Address, Error> {
    let mut address = Address::default();
    for Comparison { attribute, value } in filter {
        if !["type", "primary", "value", "display"].contains(&attribute.as_str()) {
            return Err(syntax::unsupported(format!("addresses have no `{attribute}`")));
        }
        address.set(attribute, value)?;
    }
    Ok(address)
}
