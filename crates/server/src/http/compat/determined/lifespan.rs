//! How long a token shall live, in the syntax that Go has for durations: `72h`, `1h30m`, `1.5h`, `2s`.

use jeton_api::Code;

use crate::authority::{End, Error};
use crate::limits::LIFETIME_MINUTES_MAX;

const MS: i128 = 1_000_000;
const SECOND: i128 = 1_000 * MS;
const MINUTE: i128 = 60 * SECOND;

/// The end that a lifespan asks for. `-1` is the longest there is; nothing said is the usual.
pub(super) fn end(text: Option<&str>) -> Result<End, Error> {
    match text {
        None => Ok(End::Default),
        Some("-1") => Ok(End::Longest),
        Some(text) => milliseconds(text).map(End::Within).ok_or_else(refused),
    }
}

fn refused() -> Error {
    let detail = "a lifespan is a duration like `72h`, more than nothing and at most 100 years, or `-1`";
    Error::invalid("/lifespan", Code::InvalidField, detail)
}

fn milliseconds(text: &str) -> Option<i64> {
    let nanoseconds = duration(text)?;
    let longest = i128::from(LIFETIME_MINUTES_MAX) * MINUTE;
    let fits = (MS..=longest).contains(&nanoseconds);
    fits.then(|| i64::try_from(nanoseconds / MS).ok()).flatten()
}

/// A duration in nanoseconds; `None` for what is none.
fn duration(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut sum = None;
    while !rest.is_empty() {
        let (part, after) = next_part(rest)?;
        sum = Some(sum.unwrap_or(0_i128).checked_add(part)?);
        rest = after;
    }
    sum.map(|sum: i128| sign * sum)
}

/// One number with its unit, in nanoseconds, and what stands behind it.
fn next_part(text: &str) -> Option<(i128, &str)> {
    let (whole, rest) = digits(text)?;
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest)?,
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(end)?;
    let unit = nanoseconds_of(unit)?;
    let whole: i128 = if whole.is_empty() { 0 } else { i128::from(whole.parse::<u64>().ok()?) };
    Some((whole * unit + fraction_of(fraction, unit), rest))
}

fn digits(text: &str) -> Option<(&str, &str)> {
    text.split_at_checked(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// What the digits behind a point are of a unit; those that are worth less than a nanosecond do not count.
fn fraction_of(digits: &str, unit: i128) -> i128 {
    let (mut sum, mut worth) = (0, unit);
    for digit in digits.chars().filter_map(|digit| digit.to_digit(10)) {
        worth /= 10;
        sum += i128::from(digit) * worth;
    }
    sum
}

fn nanoseconds_of(unit: &str) -> Option<i128> {
    match unit {
        "ns" => Some(1),
        "us" | "µs" | "μs" => Some(1_000),
        "ms" => Some(MS),
        "s" => Some(SECOND),
        "m" => Some(MINUTE),
        "h" => Some(60 * MINUTE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(milliseconds(text), expected, "{text}");
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, ms) in [
            ("2s", 2_000),
            ("4m", 240_000),
            ("72h", 259_200_000),
            ("720h", 2_592_000_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            (".5h", 1_800_000),
            ("1.h", 3_600_000),
            ("+2s", 2_000),
            ("1h1h", 7_200_000),
            ("1ms", 1),
            ("1000us", 1),
            ("1000µs", 1),
            ("1000μs", 1),
            ("1000000ns", 1),
            ("878400h", 100 * 366 * 24 * 3_600_000),
        ] {
            check(text, Some(ms));
        }
    }

    #[test]
    fn what_is_no_life_is_refused() {
        for text in [
            "",
            "-",
            "+",
            ".",
            "0",
            "0h",
            "-0h",
            "-120h",
            "-2",
            "1",
            "h",
            "1d",
            "1h.",
            "1h-1m",
            "1 h",
            " 1h",
            "1H",
            "1.5",
            "1e3h",
            "١h",
            "999999ns",
            "878401h",
            "4800000h",
            "99999999999999999999h",
            "NaN",
            "--1h",
            "1..5h",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn minus_one_is_the_longest_and_nothing_the_usual() {
        assert_eq!(end(Some("-1")).unwrap(), End::Longest);
        assert_eq!(end(None).unwrap(), End::Default);
        assert_eq!(end(Some("1h")).unwrap(), End::Within(3_600_000));
    }
}
