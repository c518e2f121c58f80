//! Ids of numbered things, written as a word and a number: `task-12`.
//!
//! Each number has exactly one spelling, so `task-012` and `task-+12` are no ids.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub(crate) struct $name(u64);

        impl $name {
            pub(crate) const fn numbered(number: u64) -> Self {
                Self(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($word, "-{}"), self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.strip_prefix(concat!($word, "-"))
                    .and_then(|number| number.parse().ok())
                    .map(Self)
                    .filter(|id| id.to_string() == text)
                    .ok_or(concat!("an id looks like `", $word, "-12`"))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

numbered!(
    /// A task.
    TaskId,
    "task"
);
numbered!(
    /// The one run of a task's command.
    CommandId,
    "command"
);
numbered!(
    /// A machine of the pool that runs tasks.
    WorkerId,
    "worker"
);
