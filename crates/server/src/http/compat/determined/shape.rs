//! Bodies of requests as protocol buffers write them in JSON: names in camel or in snake case, whole numbers as
//! numbers or as texts, null like nothing, and fields that are not known here are left alone.

use std::fmt;

use jeton_api::Secret;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// `POST /api/v1/auth/login`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Login {
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    /// Whether the password is the hash that the client computes of it.
    #[serde(alias = "is_hashed")]
    pub(super) is_hashed: Option<bool>,
}

/// `POST /api/v1/tokens`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewToken {
    /// Zero, like every number that is not said; nobody has it.
    #[serde(default, alias = "user_id", deserialize_with = "integer")]
    pub(super) user_id: i64,
    pub(super) description: Option<String>,
    pub(super) lifespan: Option<String>,
}

/// `PATCH /api/v1/tokens/{id}`. Which token is meant stands in the path.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenPatch {
    pub(super) description: Option<String>,
    #[serde(alias = "set_revoked")]
    pub(super) set_revoked: Option<bool>,
}

fn integer<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    from.deserialize_any(Integer)
}

struct Integer;

impl Visitor<'_> for Integer {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<i64, E> {
        Ok(0)
    }
}
