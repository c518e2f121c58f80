//! Moments as clients of that product write them.

use jeton_api::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The moment that a text says. One without a zone is in UTC, as that product reads it: its clients write
/// `2027-01-31T12:00:00` and `2027-01-31` as well.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let without_zone =
        || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    text.parse::<Timestamp>().ok().or_else(without_zone)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_moment_without_a_zone_is_in_utc() {
        for (text, expected) in [
            ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
            ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"),
            ("2027-01-31T12:00:00", "2027-01-31T12:00:00Z"),
            ("2027-01-31T12:00:00.1234567", "2027-01-31T12:00:00.1234567Z"),
            ("2027-01-31 12:00:00", "2027-01-31T12:00:00Z"),
            ("2027-01-31T12:00", "2027-01-31T12:00:00Z"),
            (" 2027-01-31 ", "2027-01-31T00:00:00Z"),
        ] {
            assert_eq!(parse(text).map(|at| at.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "tomorrow", "12:00", "31.01.2027", "2027-02-30", "2027-01-31T25:00:00", "1800000000"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
