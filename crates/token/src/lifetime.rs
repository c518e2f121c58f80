//! Moments and ends.

/// A moment: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment this many milliseconds later, at most the end of time.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// When something ends. `At` sorts before `Never`, so the earliest end of several is their minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expiry {
    /// It is over from this moment on.
    At(Timestamp),
    /// It does not end by itself.
    Never,
}

impl Expiry {
    /// Whether it is over: the one place that says so, and the moment itself is already over.
    pub fn is_over(self, now: Timestamp) -> bool {
        matches!(self, Self::At(end) if now >= end)
    }

    /// The end as stored: `None` is never.
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(end) => Some(end),
            Self::Never => None,
        }
    }
}

impl From<Option<Timestamp>> for Expiry {
    fn from(end: Option<Timestamp>) -> Self {
        end.map_or(Self::Never, Self::At)
    }
}
