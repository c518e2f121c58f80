//! Lengths of time as people write them: `90m`, `12h`, `30d`, `2w`.

use std::str::FromStr;

/// A whole number of minutes, more than none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Minutes(pub(crate) i64);

/// How long an old value goes on working; `0` is not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overlap(pub(crate) i64);

impl FromStr for Overlap {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        if text == "0" { Ok(Self(0)) } else { text.parse().map(|Minutes(minutes)| Self(minutes)) }
    }
}

/// A text that is no length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a whole number and a unit are needed: m, h, d or w, as in `30d`")]
pub(crate) struct DurationError;

/// Whole days: `30`, `30d` or `4w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days(pub(crate) i64);

/// A text that is no number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a whole number of days or weeks is needed, as in `30`, `30d` or `4w`")]
pub(crate) struct DaysError;

impl FromStr for Days {
    type Err = DaysError;

    fn from_str(text: &str) -> Result<Self, DaysError> {
        const DAY: i64 = 24 * 60;
        let text = if text.ends_with(['d', 'w']) { text.to_owned() } else { format!("{text}d") };
        let Minutes(minutes) = text.parse().map_err(|_| DaysError)?;
        Ok(Self(minutes / DAY))
    }
}

impl Minutes {
    /// So many days.
    pub(crate) fn of_days(days: u32) -> Self {
        Self(i64::from(days) * 24 * 60)
    }
}

impl FromStr for Minutes {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let unit = text.chars().next_back().ok_or(DurationError)?;
        let minutes = match unit {
            'm' => 1,
            'h' => 60,
            'd' => 24 * 60,
            'w' => 7 * 24 * 60,
            _ => return Err(DurationError),
        };
        let count = text.strip_suffix(unit).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let count: i64 = count.and_then(|digits| digits.parse().ok()).ok_or(DurationError)?;
        count.checked_mul(minutes).filter(|minutes| *minutes > 0).map(Self).ok_or(DurationError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_minutes_hours_days_and_weeks() {
        for (text, minutes) in [("90m", 90), ("12h", 720), ("30d", 43_200), ("2w", 20_160), ("007d", 10_080)]
        {
            assert_eq!(text.parse(), Ok(Minutes(minutes)), "{text}");
        }
        assert_eq!(Minutes::of_days(30), Minutes(43_200));
    }

    #[test]
    fn days_are_whole_days() {
        for (text, days) in [("30", 30), ("30d", 30), ("4w", 28), ("1", 1)] {
            assert_eq!(text.parse(), Ok(Days(days)), "{text}");
        }
        for wrong in ["", "0", "0d", "-1", "12h", "90m", "1.5", "d", "30dd", "soon"] {
            assert_eq!(wrong.parse::<Days>(), Err(DaysError), "{wrong}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let wrong =
            ["", "d", "30", "30 d", "-1d", "+1d", "1.5h", "0m", "30D", "1y", "1d2h", "999999999999999999w"];
        for text in wrong {
            assert_eq!(text.parse::<Minutes>(), Err(DurationError), "{text}");
        }
    }
}
