//! Optional fields that may be left out but not set to null.

use serde::{Deserialize, Deserializer};

use crate::token::PrincipalRef;

/// Reads a field that is there. `null` is refused: it could be read as "leave it" or as "remove it".
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// A [`PrincipalRef`] in a request, where a field that it does not have is a mistake. In answers it may get more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    #[serde(rename = "type")]
    kind: String,
    name: String,
}

impl From<Named> for PrincipalRef {
    fn from(Named { kind, name }: Named) -> Self {
        Self { kind, name }
    }
}

/// Reads somebody's name in a request.
pub(crate) fn named<'de, D: Deserializer<'de>>(from: D) -> Result<PrincipalRef, D::Error> {
    Named::deserialize(from).map(Into::into)
}

/// The same of several, as [`given`].
pub(crate) fn all_named<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<PrincipalRef>>, D::Error> {
    let all = Vec::<Named>::deserialize(from)?;
    Ok(Some(all.into_iter().map(Into::into).collect()))
}
