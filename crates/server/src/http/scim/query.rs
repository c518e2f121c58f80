//! Queries of lists. Parameters that this server does not know are ignored: sorting is announced as unsupported.

use jeton_api::Code;
use serde::Deserialize;

use super::shown::Shown;
use super::syntax::{self, Comparison};
use crate::authority::Error;
use crate::limits::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};
use crate::store::Window;

/// What a client can ask of any answer with a resource in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneQuery {
    attributes: Option<String>,
    excluded_attributes: Option<String>,
}

/// The query of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListQuery {
    filter: Option<String>,
    start_index: Option<String>,
    count: Option<String>,
    attributes: Option<String>,
    excluded_attributes: Option<String>,
}

impl OneQuery {
    pub(super) fn shown(&self) -> Result<Shown, Error> {
        Shown::asked(self.attributes.as_deref(), self.excluded_attributes.as_deref())
    }
}

impl ListQuery {
    pub(super) fn filter(&self) -> Result<Vec<Comparison>, Error> {
        self.filter.as_deref().map(syntax::filter).transpose().map(Option::unwrap_or_default)
    }

    /// Numbers below what makes sense mean the least that does (RFC 7644, section 3.4.2.4).
    pub(super) fn window(&self) -> Result<Window, Error> {
        let start = number("startIndex", self.start_index.as_deref())?.unwrap_or(1);
        let count = number("count", self.count.as_deref())?.unwrap_or(i64::from(PAGE_SIZE_DEFAULT));
        Ok(Window { skip: start.max(1) - 1, limit: count.clamp(0, i64::from(PAGE_SIZE_MAX)) })
    }

    pub(super) fn shown(&self) -> Result<Shown, Error> {
        Shown::asked(self.attributes.as_deref(), self.excluded_attributes.as_deref())
    }
}

fn number(name: &str, text: Option<&str>) -> Result<Option<i64>, Error> {
    let refused = |_| Error::invalid(name, Code::InvalidField, format!("`{name}` is a whole number"));
    text.map(|text| text.parse::<i64>().map_err(refused)).transpose()
}
