//! Times on the wire.

use jeton_api::{PatchToken, Timestamp};
use serde_json::{Value, json};

fn read(value: Value) -> Result<Timestamp, serde_json::Error> {
    serde_json::from_value(value)
}

#[test]
fn a_time_is_written_in_rfc_3339_and_utc() {
    for (ms, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (1_767_225_600_000, "2026-01-01T00:00:00Z"),
        (1_767_225_600_250, "2026-01-01T00:00:00.25Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ] {
        let time = Timestamp::from_millisecond(ms).unwrap();
        assert_eq!(serde_json::to_value(time).unwrap(), json!(text));
        assert_eq!(read(json!(text)).unwrap(), time);
    }
}

#[test]
fn a_time_with_an_offset_is_read_as_the_same_moment() {
    for text in ["2026-01-01T02:00:00+02:00", "2025-12-31T19:00:00-05:00", "2026-01-01t00:00:00z"] {
        assert_eq!(read(json!(text)).unwrap(), read(json!("2026-01-01T00:00:00Z")).unwrap(), "{text}");
    }
}

#[test]
fn what_is_no_moment_is_refused() {
    for value in [
        json!(1_767_225_600),
        json!("1767225600"),
        json!(""),
        json!("tomorrow"),
        json!("2026-01-01"),
        json!("2026-01-01T00:00:00"),
        json!("2026-02-30T00:00:00Z"),
        json!("2026-01-01T25:00:00Z"),
        json!("2026-01-01T00:00:00Z "),
        json!(null),
    ] {
        assert!(read(value.clone()).is_err(), "{value}");
    }
}

#[test]
fn a_time_in_a_request_follows_the_same_rules() {
    let body = |time: Value| serde_json::from_value::<PatchToken>(json!({ "expires_at": time }));
    assert!(body(json!("2026-01-01T00:00:00Z")).unwrap().expires_at.is_some());
    assert!(body(json!("2026-01-01")).is_err());
    assert!(body(json!(0)).is_err());
}
