//! Queries of lists: names in camel or in snake case, an empty value like none, and what is not known here is ignored.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawQuery};
use axum::http::request::Parts;
use jeton_api::Code;

use super::super::problem::Problem;
use crate::authority::Error;

/// The parameters of a request.
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let RawQuery(text) = RawQuery::from_request_parts(parts, state).await.unwrap_or(RawQuery(None));
        let pairs = url::form_urlencoded::parse(text.as_deref().unwrap_or_default().as_bytes());
        let pairs = pairs.filter(|(_, value)| !value.is_empty());
        Ok(Self(pairs.map(|(name, value)| (plain(&name), value.into_owned())).collect()))
    }
}

impl Query {
    /// The text of a parameter that is there once at most.
    pub(in crate::http::compat) fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        let mut found = self.texts(name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(refused(name, "is there more than once")),
            (text, None) => Ok(text),
        }
    }

    /// A whole number; 0 when it is not said.
    pub(in crate::http::compat) fn number(&self, name: &str) -> Result<i64, Error> {
        self.text(name)?.map_or(Ok(0), |text| number(name, text))
    }

    /// All whole numbers under a name that may be repeated.
    pub(in crate::http::compat) fn numbers(&self, name: &str) -> Result<Vec<i64>, Error> {
        self.texts(name).map(|text| number(name, text)).collect()
    }

    /// A truth value, in one of the spellings that Go reads, which are those of the others, too.
    pub(in crate::http::compat) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.text(name)? {
            None => Ok(None),
            Some("1" | "t" | "T" | "true" | "True" | "TRUE") => Ok(Some(true)),
            Some("0" | "f" | "F" | "false" | "False" | "FALSE") => Ok(Some(false)),
            Some(_) => Err(refused(name, "is `true` or `false`")),
        }
    }

    /// A word of a list of words.
    pub(in crate::http::compat) fn word<T: FromStr + Default>(&self, name: &str) -> Result<T, Error> {
        let word = self.text(name)?;
        word.map_or(Ok(T::default()), |word| word.parse().map_err(|_| refused(name, "has no such word")))
    }

    fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let wanted = plain(name);
        self.0.iter().filter(move |(name, _)| *name == wanted).map(|(_, text)| text.as_str())
    }
}

/// What is the same in `tokenIds` and `token_ids`.
fn plain(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

fn number(name: &str, text: &str) -> Result<i64, Error> {
    text.parse().map_err(|_| refused(name, "is a whole number"))
}

pub(in crate::http::compat) fn refused(name: &str, what: &str) -> Error {
    Error::invalid(name, Code::InvalidField, format!("`{name}` {what}"))
}
