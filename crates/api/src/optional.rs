//! Optional fields that may be left out but not set to null.

use serde::{Deserialize, Deserializer};

/// Reads a field that is there. `null` is refused: it could be read as "leave it" or as "remove it".
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
