//! Text that callers send. Each kind has a length and an alphabet, checked once, when it is read.
//!
//! None may hold a control character: a name with a newline in it would let its author write lines
//! of a log that the platform never wrote.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{CORRELATION_BYTES_MAX, IMAGE_BYTES_MAX, MESSAGE_BYTES_MAX, NAME_BYTES_MAX};

macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $bytes_max:expr, $allowed:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
        #[serde(try_from = "String")]
        pub(crate) struct $name(String);

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let fits = text.len() <= $bytes_max && !text.trim().is_empty();
                if fits && text.chars().all($allowed) { Ok(Self(text)) } else { Err($rule) }
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

bounded_text!(
    /// What people call a task. Two tasks may have the same.
    Name,
    NAME_BYTES_MAX,
    is_printable,
    "a name has 1 to 128 bytes and no control characters"
);
bounded_text!(
    /// The name of a container image, as its registry writes it.
    Image,
    IMAGE_BYTES_MAX,
    |c| c.is_ascii_alphanumeric() || "._-/:@".contains(c),
    "an image has 1 to 255 letters, digits and `._-/:@`"
);
bounded_text!(
    /// Joins the tasks that belong to one piece of work.
    Correlation,
    CORRELATION_BYTES_MAX,
    |c| c.is_ascii_alphanumeric() || "._-".contains(c),
    "a correlation id has 1 to 64 letters, digits and `._-`"
);
bounded_text!(
    /// One line of a command's output.
    Message,
    MESSAGE_BYTES_MAX,
    |c| is_printable(c) || c == '\t',
    "a line of output has 1 to 2048 bytes and no control characters"
);

impl Correlation {
    /// The id of a task that named none: its own number.
    pub(crate) fn numbered(number: u64) -> Self {
        Self(format!("correlation-{number}"))
    }
}

pub(crate) fn is_printable(character: char) -> bool {
    !character.is_control()
}
